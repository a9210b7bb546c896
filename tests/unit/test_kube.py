"""What is said about a cluster, from answers of its API: definitions, taints, reasons, ages."""

from __future__ import annotations

import copy
from types import SimpleNamespace as Thing
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from hubwright import resources
from hubwright.commands.status import duration
from hubwright.helm.releases import Release
from hubwright.kube import clusters, connection, crds, doctor, reasons

OURS = next(one for one in resources.crds() if one["metadata"]["name"] == "daskclusters.gateway.dask.org")


def theirs(version: str | None = None, **changes: Any) -> dict[str, Any]:
    """The definition as a cluster has it."""
    found = copy.deepcopy(OURS)
    annotations = found["metadata"]["annotations"]
    if version is None:
        del annotations[crds.VERSION_ANNOTATION]
    else:
        annotations[crds.VERSION_ANNOTATION] = version
    found["spec"]["versions"][0].update(changes)
    return found


@pytest.mark.parametrize(
    ("there", "state"),
    [
        (theirs("1"), crds.State.SAME),
        (theirs("0"), crds.State.OLDER),
        (theirs("2"), crds.State.NEWER),
        (theirs("1", schema={"openAPIV3Schema": {"type": "object"}}), crds.State.DIFFERENT),
        (theirs("1", served=False), crds.State.DIFFERENT),
        (theirs(), crds.State.FOREIGN),
        (theirs("by-hand"), crds.State.FOREIGN),
        (theirs(name="v1"), crds.State.UNSERVED),
        (theirs(served=False), crds.State.UNSERVED),
    ],
)
def test_a_definition_is_compared_by_its_version_and_what_it_serves(there: dict[str, Any], state: crds.State) -> None:
    assert crds.state_of(OURS, there) == state


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "dedicated", "operator": "Equal", "value": "worker", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "worker"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "value": "other"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_taints_are_tolerated_as_kubernetes_does(toleration: dict[str, str], tolerated: bool) -> None:
    node = Thing(spec=Thing(taints=[Thing(key="dedicated", value="worker", effect="NoSchedule")]))

    assert (doctor._untolerated(node, [toleration]) == []) is tolerated


def test_a_taint_that_only_prefers_stops_nobody() -> None:
    node = Thing(spec=Thing(taints=[Thing(key="a", value=None, effect="PreferNoSchedule")]))

    assert doctor._untolerated(node, []) == []


def found_nodes(least: int | None, *nodes: Thing) -> list[tuple[str, str, str]]:
    return list(doctor._nodes_for(nodes, "workers", {"pool": "a"}, [], least))


def node(*taints: Thing, **labels: str) -> Thing:
    return Thing(metadata=Thing(name="n1", labels=labels), spec=Thing(taints=list(taints)))


def test_a_pool_without_nodes_is_an_error_unless_it_grows_from_zero() -> None:
    assert found_nodes(0)[0][0] == "ok"
    assert found_nodes(2)[0][:2] == ("error", "workers: no node has the labels pool=a")
    assert found_nodes(None)[0][0] == "error"


def test_nodes_are_found_by_their_labels_and_a_taint_in_the_way_is_named() -> None:
    taint = Thing(key="gpu", value="yes", effect="NoSchedule")

    assert found_nodes(None, node(pool="b"))[0][0] == "error"
    assert found_nodes(None, node(pool="a"))[0][:2] == ("ok", "workers: 1 nodes (pool=a)")
    assert "gpu=yes:NoSchedule" in found_nodes(None, node(taint, pool="a"))[0][1]


def pod(phase: str = "Pending", *, scheduled: str = "", waiting: str = "", component: str = "dask-worker") -> Thing:
    """A pod that waits for a node (`scheduled` is the scheduler's message) or for a container (`waiting`)."""
    conditions = [Thing(type="PodScheduled", status="False", message=scheduled)] if scheduled else []
    state = Thing(waiting=Thing(reason="ImagePullBackOff", message=waiting), terminated=None)
    containers = [Thing(state=state, last_state=None, restart_count=0)] if waiting else []
    status = Thing(phase=phase, conditions=conditions, container_statuses=containers)
    return Thing(metadata=Thing(name="p", labels={"app.kubernetes.io/component": component}), status=status)


def test_the_same_reason_is_told_once_with_its_number_of_pods() -> None:
    message = "0/3 nodes are available: 3 Insufficient memory."

    told = clusters.why_waiting([pod(scheduled=message), pod(scheduled=message), pod("Running")])

    assert told == [f"2 x worker: no node takes it: {message}"]


def test_a_scheduler_whose_image_cannot_be_pulled_is_told_apart_from_workers() -> None:
    told = clusters.why_waiting([pod(waiting="not found", component="dask-scheduler"), pod()])

    assert told == ["scheduler: ImagePullBackOff: not found", "worker: is starting"]


def test_a_crash_is_told_with_its_exit_code() -> None:
    ended = Thing(exit_code=137, reason="OOMKilled")
    status = Thing(state=Thing(waiting=None, terminated=None), last_state=Thing(terminated=ended))

    assert reasons.container_reason(status) == "ended with 137 (OOMKilled)"


def test_pods_that_could_not_be_made_are_told_by_their_deployment() -> None:
    conditions = [
        Thing(type="ReplicaFailure", status="True", message="exceeded quota: small"),
        Thing(type="Available", status="False", message="no"),
    ]
    deployment = Thing(metadata=Thing(name="gateway"), status=Thing(conditions=conditions))

    assert reasons.of_deployment(deployment) == ["gateway: exceeded quota: small"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"), (90000, "1d01h")],
)
def test_ages_have_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ApiException(status=403, reason="Forbidden"), "403: Forbidden; ask the cluster's administrators"),
        (
            ApiException(status=401, reason="Unauthorized"),
            "401: Unauthorized; log in again, your credentials are not valid",
        ),
        (ApiException(status=0, reason="closed\nby peer"), "cannot be reached: closed by peer"),
        (OSError("no route"), "cannot be reached: no route"),
    ],
)
def test_an_error_of_the_api_is_one_line(error: Exception, text: str) -> None:
    assert connection.explain(error) == text


@pytest.mark.parametrize(
    ("status", "interrupted"),
    [
        ("deployed", False),
        ("failed", False),
        ("pending-install", True),
        ("pending-upgrade", True),
        ("pending-rollback", True),
    ],
)
def test_a_release_that_an_action_left_pending_is_known(status: str, interrupted: bool) -> None:
    release = Release(revision=1, status=status, deployed_at="", chart_version="")

    assert release.interrupted is interrupted
