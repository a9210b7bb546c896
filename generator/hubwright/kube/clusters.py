"""What runs of a hub: the gateway's components and the clusters of its users, with the reasons of what waits."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from hubwright.kube import reasons
from hubwright.kube.connection import TIMEOUT, Connection

# States of a cluster that is over; its object is kept for a while.
ENDED = ("Stopped", "Failed")


@dataclass(frozen=True, kw_only=True)
class Component:
    """A deployment of the chart."""

    name: str
    ready: int
    wanted: int
    image: str


@dataclass(frozen=True, kw_only=True)
class UserCluster:
    """A Dask cluster; ages and idle time in seconds, idle None when the scheduler did not tell."""

    name: str
    owner: str
    state: str
    age: float
    workers_asked: int
    workers_running: int
    workers_pending: int
    why: tuple[str, ...]
    scheduler_pod: str = ""
    idle: float | None = None


def components(connection: Connection, namespace: str, selector: str) -> list[Component]:
    """The deployments of a release. Raises ApiException."""
    found = connection.apps.list_namespaced_deployment(namespace, label_selector=selector, _request_timeout=TIMEOUT)
    return [
        Component(
            name=one.metadata.labels.get("app.kubernetes.io/component", one.metadata.name),
            ready=one.status.ready_replicas or 0,
            wanted=one.spec.replicas or 0,
            image=one.spec.template.spec.containers[0].image,
        )
        for one in found.items
    ]


def user_clusters(connection: Connection, namespace: str, instance: str) -> list[UserCluster]:
    """The users' clusters of a gateway that have not ended, oldest first. Raises ApiException."""
    objects = connection.custom.list_namespaced_custom_object(
        "gateway.dask.org", "v1alpha1", namespace, "daskclusters", _request_timeout=TIMEOUT
    )["items"]
    pods = connection.core.list_namespaced_pod(
        namespace, label_selector="gateway.dask.org/cluster", _request_timeout=TIMEOUT
    )
    by_cluster: dict[str, list[Any]] = {}
    for pod in pods.items:
        by_cluster.setdefault(pod.metadata.labels["gateway.dask.org/cluster"], []).append(pod)
    mine = [o for o in objects if o["metadata"].get("labels", {}).get("gateway.dask.org/instance") == instance]
    now = datetime.datetime.now(datetime.UTC)
    made = [_user_cluster(obj, by_cluster.get(obj["metadata"]["name"], []), now) for obj in mine]
    made = [one for one in made if one.state not in ENDED]
    return sorted(made, key=lambda one: -one.age)


def _user_cluster(obj: dict[str, Any], pods: list[Any], now: datetime.datetime) -> UserCluster:
    created = datetime.datetime.fromisoformat(obj["metadata"]["creationTimestamp"])
    status = obj.get("status", {})
    workers = [pod for pod in pods if _component(pod) == "dask-worker"]
    phases = Counter(pod.status.phase for pod in workers)
    return UserCluster(
        name=obj["metadata"]["name"],
        owner=obj["spec"].get("username", ""),
        state=status.get("phase", "Pending"),
        age=(now - created).total_seconds(),
        workers_asked=int(obj["spec"].get("replicas") or 0),
        workers_running=phases["Running"],
        workers_pending=phases["Pending"],
        why=tuple(why_waiting(pods)),
        scheduler_pod=next((pod.metadata.name for pod in pods if _component(pod) == "dask-scheduler"), ""),
    )


def end(connection: Connection, namespace: str, names: list[str]) -> None:
    """Delete clusters; what belongs to them goes with them. Raises ApiException."""
    for name in names:
        try:
            connection.custom.delete_namespaced_custom_object(
                "gateway.dask.org",
                "v1alpha1",
                namespace,
                "daskclusters",
                name,
                propagation_policy="Foreground",
                _request_timeout=TIMEOUT,
            )
        except ApiException as error:
            if error.status != 404:
                raise


def why_waiting(pods: list[Any]) -> list[str]:
    """The reasons of pods that do not run, each once with the number of pods that it holds up."""
    told: Counter[str] = Counter()
    for pod in pods:
        if pod.status.phase in ("Running", "Succeeded"):
            continue
        kind = _component(pod).removeprefix("dask-") or "pod"
        why = reasons.pending_reason(pod)
        for container in pod.status.container_statuses or []:
            why = why or reasons.container_reason(container)
        told[f"{kind}: {why or 'is starting'}"] += 1
    return [f"{count} x {why}" if count > 1 else why for why, count in told.most_common()]


def _component(pod: Any) -> str:
    return str(pod.metadata.labels.get("app.kubernetes.io/component", ""))
