"""Where the real kube-scheduler puts schedulers and workers: nodes of every machine type of the fleet, as observed."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from hubwright import fleet, helm
from hubwright.capacity import Capacity, capacity_of
from hubwright.commands import template
from hubwright.model import (
    CORE_TAINTS,
    PURPOSE_LABEL,
    USER_TAINTS,
    Cluster,
    Hub,
    node_labels,
)
from hubwright.outputs import gateway
from hubwright.outputs.gateway import pool_taints
from hubwright.packing import default_presets, pack
from hubwright.quantity import format_cpu
from tests.conftest import ROOT
from tests.e2e.kube import Json, Kube, until
from tests.gateway.test_pods import pod as real_pod
from tests.unit.test_capacity import EXCEPTIONS, NODES

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
    kube.make_namespace(NAMESPACE)
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


def create(kube: Kube, pods: list[Json]) -> None:
    """Many pods at once."""
    with ThreadPoolExecutor(max_workers=12) as pool:
        list(pool.map(lambda pod: kube.core.create_namespaced_pod(NAMESPACE, pod), pods))


def placements(kube: Kube) -> dict[str, str]:
    """Pod to node, empty text for one that has none."""
    return {pod.metadata.name: pod.spec.node_name or "" for pod in kube.core.list_namespaced_pod(NAMESPACE).items}


def all_placed(kube: Kube, count: int) -> dict[str, str]:
    """As `placements`, but nothing until `count` pods have a node."""
    found = placements(kube)
    return found if sum(map(bool, found.values())) >= count else {}


def hub_json(hub: Hub, cluster: Cluster, engine: helm.Engine) -> Json:
    """The settings that the hub's controller reads, as Helm renders them."""
    for document in template.objects_of(template.rendered(engine, hub, cluster)):
        if document["kind"] == "ConfigMap" and "hub.json" in document["data"]:
            loaded: Json = json.loads(document["data"]["hub.json"])
            return loaded
    raise AssertionError(hub.reference)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One worker size on one machine type: the node, what its daemon sets ask for, and a worker."""

    name: str
    cpu: str
    memory: int
    capacity: Capacity
    wanted: int
    worker: Json
    labels: dict[str, str]
    taints: tuple[str, ...]


def of_fleet(whole_fleet: list[tuple[Hub, Cluster]], observed: dict[str, tuple[str, int]]) -> list[Case]:
    """Every preset on every machine type that a hub has it on, once for each different request; real workers."""
    engine = helm.engine("embedded")
    found: dict[Any, Case] = {}
    for hub, cluster in whole_fleet:
        settings = hub_json(hub, cluster, engine)
        for choice in hub.instance_types:
            offers = [(pool, capacity) for pool in choice.pools for capacity in pool.capacities]
            for (pool, capacity), preset in itertools.product(offers, choice.presets):
                key = (capacity.machine.name, capacity.allocatable, capacity.reserved, preset)
                offered = capacity.allocatable
                predicted = (format_cpu(offered.cpu_millicores), offered.memory_bytes)
                cpu, memory = observed.get(capacity.machine.name, predicted)
                options = {"instance_type": choice.name, "worker_resource_allocation": preset.label}
                found[key] = Case(
                    name=f"{capacity.machine.name}, {preset.label}, {hub.reference}",
                    cpu=cpu,
                    memory=memory,
                    capacity=capacity,
                    wanted=preset.workers_per_node,
                    worker=real_pod(settings, worker=True, **options),
                    labels=node_labels(pool),
                    taints=pool_taints(pool, cluster.provider),
                )
    return list(found.values())


def of_observed_nodes() -> list[Case]:
    """The usual presets on every machine type of which a node was observed."""
    found: dict[Any, Case] = {}
    for seen in NODES:
        if seen.key in EXCEPTIONS:
            continue
        capacity = capacity_of(seen.machine)
        for preset in pack([capacity], default_presets(seen.machine.vcpus)):
            asked = {"cpu": format_cpu(preset.cpu_request_millicores), "memory": str(preset.memory_bytes)}
            container = {"resources": {"requests": asked}}
            cpu = seen.cpu_millicores or capacity.allocatable.cpu_millicores
            found[seen.machine.name, preset.cpus] = Case(
                name=f"{seen.machine.name}, {preset.label}, observed {seen.date}",
                cpu=format_cpu(cpu),
                memory=seen.memory_bytes,
                capacity=capacity,
                wanted=preset.workers_per_node,
                worker={"spec": {"containers": [container]}},
                labels={},
                taints=(),
            )
    return list(found.values())


def test_exactly_n_workers_of_each_size_land_on_a_node_of_each_type(
    kube: Kube, whole_fleet: list[tuple[Hub, Cluster]], observed: dict[str, tuple[str, int]], nodes: list[str]
) -> None:
    every = [*of_fleet(whole_fleet, observed), *of_observed_nodes()]
    pods: list[Json] = []
    for number, case in enumerate(every):
        name = f"fit-{number}"
        nodes.append(name)
        make_node(kube, name, {**case.labels, SLOT: name}, case.taints, case.cpu, case.memory)
        pods.append(daemon_set_pod(f"{name}-daemons", name, case.capacity))
        # One more than fits, which must find no place.
        pods += [bare(case.worker, f"{name}-{copy}", **{SLOT: name}) for copy in range(case.wanted + 1)]
    create(kube, pods)

    def counted() -> dict[str, int]:
        """Workers placed, by case; nothing while fewer are placed than there should be in all."""
        nodes_of = placements(kube)
        placed = Counter(node for pod, node in nodes_of.items() if node and not pod.endswith("-daemons"))
        return placed if placed.total() >= sum(case.wanted for case in every) else {}

    found = until("the workers are placed", counted, seconds=300)

    wrong = {
        case.name: (found[f"fit-{number}"], case.wanted)
        for number, case in enumerate(every)
        if found[f"fit-{number}"] != case.wanted
    }
    assert wrong == {}
    assert len({case.capacity.machine.name for case in every}) > 40


def whole_cluster(kube: Kube, cluster: Cluster, nodes: list[str]) -> dict[str, str]:
    """A large node of each pool, and a core node and a user's node beside them; node to pool."""
    made = {}
    for pool in cluster.pools:
        made[f"{cluster.name}-{pool.name}"] = (pool.name, node_labels(pool), pool_taints(pool, cluster.provider))
    core = {"hub.jupyter.org/node-purpose": "core", PURPOSE_LABEL: "core"}
    made[f"{cluster.name}-core-node"] = ("(core)", core, CORE_TAINTS)
    for hub in cluster.enabled_hubs():
        # Schedulers run beside the users' notebooks, each hub's on its own where it says so.
        selected = gateway.chart_values(hub, cluster)["scheduler"]["nodeSelector"]
        user = {"hub.jupyter.org/node-purpose": "user", **selected}
        made[f"{cluster.name}-{hub.name}-users"] = ("(user)", user, USER_TAINTS)
    for name, (_, labels, taints) in made.items():
        nodes.append(name)
        make_node(kube, name, {**labels, SLOT: cluster.name}, taints, "4000", 2**45)
    return {name: pool for name, (pool, _, _) in made.items()}


def test_workers_land_on_their_hubs_pools_alone_and_schedulers_never_on_spot(
    kube: Kube, whole_fleet: list[tuple[Hub, Cluster]], nodes: list[str]
) -> None:
    engine = helm.engine("embedded")
    pool_of: dict[str, str] = {}
    for cluster in {cluster.name: cluster for _, cluster in whole_fleet}.values():
        pool_of |= whole_cluster(kube, cluster, nodes)
    allowed: dict[str, set[str]] = {}
    spot: set[str] = {
        f"{cluster.name}-{pool.name}" for _, cluster in whole_fleet for pool in cluster.pools if pool.capacity == "spot"
    }
    pods: list[Json] = []
    for number, (hub, cluster) in enumerate(whole_fleet):
        settings = hub_json(hub, cluster, engine)
        for index, choice in enumerate(hub.instance_types):
            name = f"worker-{number}-{index}"
            worker = real_pod(
                settings, worker=True, instance_type=choice.name, worker_resource_allocation=choice.presets[0].label
            )
            pods += [bare(worker, f"{name}-{copy}", **{SLOT: cluster.name}) for copy in range(3)]
            allowed |= {f"{name}-{copy}": {pool.name for pool in choice.pools} for copy in range(3)}
        pods.append(bare(real_pod(settings, worker=False), f"scheduler-{number}", **{SLOT: cluster.name}))
    create(kube, pods)

    settled = until("every pod is placed", lambda: all_placed(kube, len(pods)), seconds=120)

    astray = {pod: pool_of[settled[pod]] for pod, pools in allowed.items() if pool_of[settled[pod]] not in pools}
    schedulers = {pod: node for pod, node in settled.items() if pod.startswith("scheduler")}
    assert astray == {}
    assert not spot & set(schedulers.values())
    for number, (hub, cluster) in enumerate(whole_fleet):
        own = gateway.chart_values(hub, cluster)["scheduler"]["nodeSelector"]
        if "example.org/hub-name" in own:
            assert schedulers[f"scheduler-{number}"] == f"{cluster.name}-{hub.name}-users"
    assert len(allowed) > 3 * len(whole_fleet)


def test_spot_is_filled_first_and_on_demand_takes_the_rest(
    kube: Kube, whole_fleet: list[tuple[Hub, Cluster]], nodes: list[str]
) -> None:
    hub, cluster, choice = next(
        (hub, cluster, choice)
        for hub, cluster in whole_fleet
        for choice in hub.instance_types
        if {pool.capacity for pool in choice.pools} == {"spot", "on-demand"}
    )
    preset = choice.presets[-1]
    for pool in choice.pools:
        capacity = pool.capacities[0]
        offered = capacity.allocatable
        for copy in range(2):
            name = f"{pool.capacity}-{copy}"
            nodes.append(name)
            labels = {**node_labels(pool), SLOT: "mixed"}
            taints = pool_taints(pool, cluster.provider)
            make_node(kube, name, labels, taints, format_cpu(offered.cpu_millicores), offered.memory_bytes)
    settings = hub_json(hub, cluster, helm.engine("embedded"))
    worker = real_pod(settings, worker=True, instance_type=choice.name, worker_resource_allocation=preset.label)
    full = 2 * preset.workers_per_node

    create(kube, [bare(worker, f"first-{i}", **{SLOT: "mixed"}) for i in range(full)])
    first = until("the first are placed", lambda: all_placed(kube, full))
    create(kube, [bare(worker, f"second-{i}", **{SLOT: "mixed"}) for i in range(preset.workers_per_node)])
    second = until("the others are placed", lambda: all_placed(kube, full + preset.workers_per_node))

    assert {node.rpartition("-")[0] for node in first.values()} == {"spot"}
    assert {node.rpartition("-")[0] for pod, node in second.items() if pod.startswith("second")} == {"on-demand"}
