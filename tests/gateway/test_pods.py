"""The pods that the real controller makes of the form's answers: placement, security, labels, names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dask_gateway_server.backends.kubernetes.backend import KubeClusterConfig
from dask_gateway_server.utils import FrozenAttrDict
from hypothesis import given
from hypothesis import strategies as st

import hub_placement
import hub_settings
from hub_controller import HubController
from hub_options import make_options
from tests.gateway.conftest import TWO_SHAPES, Json

LABEL = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")


def pod(hub_json: Json, *, worker: bool, user: str = "ada", **options: Any) -> Json:
    """A pod as the controller would create it."""
    form = make_options(hub_settings.parse(hub_json))
    answers = form.parse_options(options)
    overrides = form.get_configuration(answers, SimpleNamespace(name=user))
    config = FrozenAttrDict(json.loads(json.dumps(KubeClusterConfig(**overrides).to_dict())))
    controller = HubController(gateway_instance="prod.dask-gateway", api_url="http://api")
    made: Json = controller.make_pod("prod", "c0ffee", config, is_worker=worker)
    return made


def terms(made: Json, kind: str = "required") -> list[dict[str, list[str]]]:
    affinity = made["spec"]["affinity"]["nodeAffinity"]
    if kind == "required":
        found = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    else:
        found = [one["preference"] for one in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])]
    return [{e["key"]: e["values"] for e in term["matchExpressions"]} for term in found]


def test_workers_run_on_the_pools_of_the_chosen_machines_alone(hub_json: Json) -> None:
    large = pod(hub_json, worker=True, instance_type="r5.4xlarge")
    small = pod(hub_json, worker=True, instance_type="r5.xlarge", worker_resource_allocation="4 CPU, 29 GiB")

    assert [term["k8s.dask.org/node-pool"] for term in terms(large)] == [["spot"], ["demand"]]
    assert [term["k8s.dask.org/node-pool"] for term in terms(small)] == [["small"]]


def test_spot_nodes_are_preferred_where_there_are_both_kinds(hub_json: Json) -> None:
    both = pod(hub_json, worker=True, instance_type="r5.4xlarge")
    one = pod(hub_json, worker=True, instance_type="r5.xlarge")

    assert [term["k8s.dask.org/node-pool"] for term in terms(both, "preferred")] == [["spot"]]
    assert terms(one, "preferred") == []


def test_pools_with_the_same_labels_are_asked_for_once(hub_json: Json) -> None:
    for pool in hub_json["workers"]["instanceTypes"][0]["nodePools"]:
        pool["nodeSelector"] = {"example.org/hub-name": "prod"}

    assert terms(pod(hub_json, worker=True)) == [{"example.org/hub-name": ["prod"]}]


def test_schedulers_run_on_their_own_nodes_and_are_not_evicted(hub_json: Json) -> None:
    made = pod(hub_json, worker=False)

    assert terms(made) == [{"k8s.dask.org/node-purpose": ["scheduler"]}]
    assert made["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert "safe-to-evict" not in json.dumps(pod(hub_json, worker=True))


def test_a_scheduler_without_a_selector_may_run_anywhere(hub_json: Json) -> None:
    hub_json["scheduler"]["nodeSelector"] = {}

    assert "affinity" not in pod(hub_json, worker=False)["spec"]


def test_both_spellings_of_the_taints_are_tolerated(hub_json: Json) -> None:
    worker = {toleration["key"] for toleration in pod(hub_json, worker=True)["spec"]["tolerations"]}
    scheduler = {toleration["key"] for toleration in pod(hub_json, worker=False)["spec"]["tolerations"]}

    assert {"k8s.dask.org/dedicated", "k8s.dask.org_dedicated"} <= worker
    assert {"hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated"} == scheduler


def test_the_taint_of_azures_spot_nodes_is_tolerated_where_the_pool_has_it(hub_json: Json) -> None:
    azure = "kubernetes.azure.com/scalesetpriority"

    large = pod(hub_json, worker=True, instance_type="r5.4xlarge")["spec"]["tolerations"]
    small = pod(hub_json, worker=True, instance_type="r5.xlarge")["spec"]["tolerations"]

    assert azure in {toleration["key"] for toleration in large}
    assert azure not in {toleration["key"] for toleration in small}


@pytest.mark.parametrize("worker", [True, False])
def test_pods_meet_the_restricted_pod_security_standard(hub_json: Json, worker: bool) -> None:
    spec = pod(hub_json, worker=worker)["spec"]
    (container,) = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert {next(iter(set(volume) - {"name"})) for volume in spec["volumes"]} == {"secret"}
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("worker", [True, False])
def test_costs_can_be_told_apart_by_labels(hub_json: Json, worker: bool) -> None:
    labels = pod(hub_json, worker=worker)["metadata"]["labels"]

    assert labels["hub.jupyter.org/username"] == "ada"
    assert labels["hubwright/hub"] == "prod"
    assert labels["hubwright/cluster"] == "cluster-a"
    assert labels["k8s.dask.org/node-purpose"] == ("worker" if worker else "scheduler")


def test_labels_and_the_service_account_of_the_hub_are_on_its_pods(hub_json: Json) -> None:
    made = pod(hub_json, worker=True)

    assert made["metadata"]["labels"]["example.org/team"] == "ocean"
    assert made["spec"]["serviceAccountName"] == "user-sa"


def test_the_true_name_of_the_user_is_kept_as_an_annotation(hub_json: Json) -> None:
    metadata = pod(hub_json, worker=True, user="Ada Lovelace <ada@example.org>")["metadata"]

    assert metadata["annotations"]["hub.jupyter.org/username"] == "Ada Lovelace <ada@example.org>"
    assert LABEL.match(metadata["labels"]["hub.jupyter.org/username"])


def test_the_resources_of_a_worker_are_exact(hub_json: Json) -> None:
    resources = pod(hub_json, worker=True)["spec"]["containers"][0]["resources"]

    assert resources == {
        "requests": {"cpu": "0.978", "memory": "8077807616"},
        "limits": {"cpu": "1.000", "memory": "8077807616"},
    }


def test_the_size_of_a_scheduler_is_the_hubs(hub_json: Json) -> None:
    resources = pod(hub_json, worker=False)["spec"]["containers"][0]["resources"]

    assert resources == {
        "requests": {"cpu": "0.500", "memory": str(2 * 2**30)},
        "limits": {"cpu": "2.000", "memory": str(4 * 2**30)},
    }


@given(st.text(max_size=300))
def test_every_name_of_a_user_gives_a_label(name: str) -> None:
    label = hub_placement.label_value(name)

    assert LABEL.match(label)
    assert 0 < len(label) <= 63
    assert label == hub_placement.label_value(name)


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_users_never_share_a_label(one: str, other: str) -> None:
    if one != other:
        assert hub_placement.label_value(one) != hub_placement.label_value(other)


def test_a_name_that_looks_like_another_ones_label_gets_its_own() -> None:
    pretender = hub_placement.label_value("Ada Lovelace")

    assert hub_placement.label_value(pretender) != pretender


def test_a_simple_name_stays_as_it_is() -> None:
    assert hub_placement.label_value("ada.lovelace") == "ada.lovelace"


def test_the_sample_is_what_the_chart_renders() -> None:
    assert hub_settings.load(Path(TWO_SHAPES)).instance_types[0].name == "r5.4xlarge"
