"""Where the real kube-scheduler puts schedulers and workers: nodes of every machine type of the fleet, as observed."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from hubwright import fleet, helm
from hubwright.capacity import Capacity
from hubwright.commands import template
from hubwright.model import Cluster, Hub, InstanceType, NodePool, node_labels
from hubwright.outputs.gateway import pool_taints
from hubwright.packing import Preset
from hubwright.quantity import format_cpu
from tests.conftest import ROOT
from tests.e2e.kube import Json, Kube, until
from tests.gateway.test_pods import pod as real_pod
from tests.unit.test_capacity import EXCEPTIONS

SLOT = "e2e/slot"
NAMESPACE = "scheduling"


@pytest.fixture(scope="session")
def whole_fleet() -> list[tuple[Hub, Cluster]]:
    """Every hub of the example fleet with its cluster."""
    loaded = fleet.read(fleet.select((), str(ROOT / "values")))
    clusters = {cluster.name: cluster for cluster in loaded.fleet.clusters}
    return [(hub, clusters[hub.cluster]) for hub in loaded.fleet.hubs if hub.enabled]


@pytest.fixture(scope="session")
def observed() -> dict[str, tuple[str, int]]:
    """Machine type to the least allocatable CPU (cores) and memory (bytes) that was seen of it."""
    with (ROOT / "tests/data/observed.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["allocatable_memory_bytes"]]
    found: dict[str, tuple[str, int]] = {}
    for row in sorted(rows, key=lambda row: -int(row["allocatable_memory_bytes"])):
        if (row["machine_type"], row["date"]) not in EXCEPTIONS:
            found[row["machine_type"]] = (row["allocatable_cpu"], int(row["allocatable_memory_bytes"]))
    return found


@pytest.fixture
def nodes(kube: Kube) -> Iterator[list[str]]:
    """Names of nodes that a test makes; they go afterwards, and the pods of the namespace with them."""
    made: list[str] = []
    kube.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    until("the namespace's account", lambda: kube.core.read_namespaced_service_account("default", NAMESPACE))
    yield made
    kube.core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)
    until("no pod is left", lambda: not kube.core.list_namespaced_pod(NAMESPACE).items)
    for name in made:
        kube.core.delete_node(name)


def make_node(kube: Kube, name: str, labels: dict[str, str], taints: tuple[str, ...], cpu: str, memory: int) -> None:
    """A node that says it is Ready, though no kubelet runs there."""
    parsed = []
    for taint in taints:
        rest, _, effect = taint.rpartition(":")
        key, _, value = rest.partition("=")
        parsed.append({"key": key, "value": value, "effect": effect})
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": parsed},
    }
    kube.core.create_node(node)
    sizes = {"cpu": cpu, "memory": str(memory), "pods": "250"}
    conditions = [{"type": "Ready", "status": "True", "reason": "Test", "message": "of a test"}]
    kube.core.patch_node_status(name, {"status": {"capacity": sizes, "allocatable": sizes, "conditions": conditions}})


def daemon_set_pod(name: str, node: str, capacity: Capacity) -> Json:
    """What the daemon sets of a node ask for, as one pod that is there already."""
    asked = {
        "cpu": format_cpu(capacity.reserved.cpu_millicores),
        "memory": str(capacity.reserved.memory_bytes),
    }
    container = {"name": "all", "image": "localhost/pause:1", "resources": {"requests": asked}}
    spec = {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def bare(made: Json, name: str, **selector: str) -> Json:
    """A pod of the controller without what only its cluster has: secrets, owner, services."""
    spec = made["spec"]
    container = {"name": "dask", "image": "localhost/pause:1", "resources": spec["containers"][0]["resources"]}
    kept = {key: spec[key] for key in ("affinity", "tolerations") if key in spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {**kept, "nodeSelector": selector, "containers": [container], "terminationGracePeriodSeconds": 0},
    }


def create(pods: list[Json]) -> None:
    """Many pods at once."""
    kubeconfig_api = _APIS["core"]
    with ThreadPoolExecutor(max_workers=12) as pool:
        list(pool.map(lambda pod: kubeconfig_api.create_namespaced_pod(NAMESPACE, pod), pods))


_APIS: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _api(kube: Kube) -> None:
    _APIS["core"] = kube.core


def hub_json(hub: Hub, cluster: Cluster, engine: helm.Engine) -> Json:
    """The settings that the hub's controller reads, as Helm renders them."""
    for text in template.rendered(engine, hub, cluster).values():
        for document in yaml.safe_load_all(text):
            if document and document["kind"] == "ConfigMap" and "hub.json" in document["data"]:
                loaded: Json = json.loads(document["data"]["hub.json"])
                return loaded
    raise AssertionError(hub.reference)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One worker size on one machine type."""

    hub: Hub
    cluster: Cluster
    choice: InstanceType
    pool: NodePool
    capacity: Capacity
    preset: Preset


def cases(whole_fleet: list[tuple[Hub, Cluster]]) -> list[Case]:
    """Every preset on every machine type that any hub has it on, once for each different request."""
    found: dict[Any, Case] = {}
    for hub, cluster in whole_fleet:
        for choice in hub.instance_types:
            for pool in choice.pools:
                for capacity in pool.capacities:
                    for preset in choice.presets:
                        key = (capacity.machine.name, capacity.allocatable, capacity.reserved, preset)
                        found.setdefault(
                            key,
                            Case(hub=hub, cluster=cluster, choice=choice, pool=pool, capacity=capacity, preset=preset),
                        )
    return list(found.values())


def test_exactly_n_workers_of_each_size_land_on_a_node_of_each_type(
    kube: Kube, whole_fleet: list[tuple[Hub, Cluster]], observed: dict[str, tuple[str, int]], nodes: list[str]
) -> None:
    engine = helm.engine("embedded")
    every = cases(whole_fleet)
    wanted: dict[str, int] = {}
    pods: list[Json] = []
    for number, case in enumerate(every):
        name = f"fit-{number}"
        nodes.append(name)
        offered = case.capacity.allocatable
        cpu, memory = observed.get(
            case.capacity.machine.name, (format_cpu(offered.cpu_millicores), offered.memory_bytes)
        )
        labels = {**node_labels(case.pool), SLOT: name}
        make_node(kube, name, labels, pool_taints(case.pool, case.cluster.provider), cpu, memory)
        pods.append(daemon_set_pod(f"{name}-daemons", name, case.capacity))
        settings = hub_json(case.hub, case.cluster, engine)
        options = {"instance_type": case.choice.name, "worker_resource_allocation": case.preset.label}
        worker = real_pod(settings, worker=True, **options)
        wanted[name] = case.preset.workers_per_node
        pods += [bare(worker, f"{name}-{i}", **{SLOT: name}) for i in range(case.preset.workers_per_node + 1)]
    create(pods)

    def settled() -> dict[str, Counter[str]]:
        """Per node, how many workers it took and how many found no place; empty while any is undecided."""
        told: dict[str, Counter[str]] = {name: Counter() for name in wanted}
        for pod in kube.core.list_namespaced_pod(NAMESPACE).items:
            if pod.metadata.name.endswith("-daemons"):
                continue
            decided = pod.spec.node_name or any(c.type == "PodScheduled" for c in pod.status.conditions or [])
            if not decided:
                return {}
            told[pod.spec.node_selector[SLOT]]["placed" if pod.spec.node_name else "refused"] += 1
        return told

    found = until("every worker is placed or refused", settled, seconds=300)

    wrong = {name: dict(counts) for name, counts in found.items() if counts != {"placed": wanted[name], "refused": 1}}
    described = {
        f"{every[int(n[4:])].capacity.machine.name} {every[int(n[4:])].preset.label}": v for n, v in wrong.items()
    }
    assert described == {}
    assert len({case.capacity.machine.name for case in every}) > 30
