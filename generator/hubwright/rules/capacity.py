"""Rules about how many nodes and CPUs a hub and a cluster may ask for, against what the provider grants."""

from __future__ import annotations

from collections.abc import Iterator

from hubwright.capacity import DAEMON_SETS
from hubwright.findings import Severity
from hubwright.model import Cluster, Hub, NodePool
from hubwright.quantity import format_cpu, format_memory
from hubwright.rules.registry import Fault, cluster_rule, hub_rule

# Longest names: GKE node pools 40, EKS managed node groups 63, AKS pools 12 lower-case letters and digits.
NAME_LENGTH = {"gcp": 40, "aws": 63, "azure": 12}


def vcpus(pool: NodePool) -> int:
    """CPUs of the largest machine of a pool; 0 where none is known."""
    return max((c.machine.vcpus for c in pool.capacities), default=0)


def ceiling(pools: tuple[NodePool, ...]) -> tuple[int, int] | None:
    """The most nodes and CPUs of some pools; None where one has no maximum."""
    if any(pool.max_nodes is None for pool in pools):
        return None
    return sum(p.max_nodes or 0 for p in pools), sum((p.max_nodes or 0) * vcpus(p) for p in pools)


@cluster_rule(
    "machine-type-not-measured",
    Severity.INFO,
    "The memory that kubelet never sees was not measured on this machine type; our figure lies above what its "
    "relatives hide, so workers may be smaller than they could be.",
    "state the pool's allocatable once a node was seen",
)
def machine_type_not_measured(cluster: Cluster) -> Iterator[Fault]:
    """Types of worker pools whose figures follow a rule, in pools that do not state what they offer."""
    for pool in cluster.worker_pools():
        if "allocatable" in cluster.settings["nodePools"][pool.name]:
            continue
        for capacity in pool.capacities:
            if capacity.machine.basis == "rule":
                index = pool.machine_types.index(capacity.machine.name)
                path = ("nodePools", pool.name, "machineTypes", index)
                yield Fault(places=cluster.source, path=path, message=f"{capacity.machine.name} was never measured")


@cluster_rule(
    "reserved-below-usual",
    Severity.WARNING,
    "A pool states less for daemon sets than the provider's usual ones ask for; if that is wrong, the largest worker "
    "size never starts.",
    "sum up the requests of the daemon sets on a node of the pool",
)
def reserved_below_usual(cluster: Cluster) -> Iterator[Fault]:
    """Pools whose `reserved` is below the usual figure of the provider."""
    usual = DAEMON_SETS[cluster.provider]
    for pool in cluster.worker_pools():
        reserved = next((c.reserved for c in pool.capacities), usual)
        if reserved.cpu_millicores < usual.cpu_millicores or reserved.memory_bytes < usual.memory_bytes:
            message = (
                f"{format_cpu(reserved.cpu_millicores)} CPU and {format_memory(reserved.memory_bytes)} are below the "
                f"usual {format_cpu(usual.cpu_millicores)} and {format_memory(usual.memory_bytes)}"
            )
            yield Fault(places=cluster.source, path=("nodePools", pool.name, "reserved"), message=message)


@cluster_rule(
    "pool-name-too-long",
    Severity.WARNING,
    "The pool's name is longer than the provider's names may be, or has characters that it does not take; tools that "
    "make the pool must cut it.",
    "choose a shorter name",
)
def pool_name_too_long(cluster: Cluster) -> Iterator[Fault]:
    """Pools whose name the provider would not take."""
    most = NAME_LENGTH.get(cluster.provider)
    for pool in cluster.pools:
        if most and len(pool.name) > most:
            message = f"{pool.name} has {len(pool.name)} characters, {cluster.provider} takes {most}"
        elif cluster.provider == "azure" and not pool.name.isalnum():
            message = f"{pool.name} has characters other than lower-case letters and digits, azure takes no others"
        else:
            continue
        yield Fault(places=cluster.source, path=("nodePools", pool.name), message=message)


@cluster_rule(
    "quota-below-ceiling",
    Severity.WARNING,
    "A pool, or all worker pools of the cluster, may grow beyond what the provider grants; workers then stay Pending.",
    "lower nodes.max, or ask the provider for more and raise quotas",
)
def quota_below_ceiling(cluster: Cluster) -> Iterator[Fault]:
    """Maxima of pools above the declared quotas, for each pool and in all."""
    quotas = cluster.settings.get("quotas", {})
    bounds = [("vcpus", cluster.worker_pools())]
    bounds.append(("spotVcpus", tuple(p for p in cluster.worker_pools() if p.capacity == "spot")))
    for key, pools in bounds:
        granted = quotas.get(key)
        if granted is None:
            continue
        over = [pool for pool in pools if (pool.max_nodes or 0) * vcpus(pool) > granted]
        for pool in over:
            wanted = (pool.max_nodes or 0) * vcpus(pool)
            message = f"{pool.max_nodes} nodes of {vcpus(pool)} CPUs are {wanted}, {key} grants {granted}"
            yield Fault(places=cluster.source, path=("nodePools", pool.name, "nodes", "max"), message=message)
        total = sum((pool.max_nodes or 0) * vcpus(pool) for pool in pools)
        if total > granted and not over:
            message = f"all worker pools together may have {total} CPUs, {granted} are granted"
            yield Fault(places=cluster.source, path=("quotas", key), message=message)
    groups, granted = cluster.settings.get("nodeGroups"), quotas.get("nodeGroups")
    if groups is not None and granted is not None and groups > granted:
        message = f"the cluster has {groups} node groups, {granted} are granted"
        yield Fault(places=cluster.source, path=("nodeGroups",), message=message)


@cluster_rule(
    "schedulers-on-spot",
    Severity.WARNING,
    "All pools for schedulers are spot: when such a node is taken back, the user's whole cluster is lost.",
    "add a pool with purpose scheduler and capacity on-demand",
)
def schedulers_on_spot(cluster: Cluster) -> Iterator[Fault]:
    """Clusters whose scheduler pools are spot only."""
    pools = [pool for pool in cluster.pools if pool.purpose == "scheduler"]
    if pools and all(pool.capacity == "spot" for pool in pools):
        path = ("nodePools", pools[0].name, "capacity")
        yield Fault(places=cluster.source, path=path, message="schedulers have spot nodes only")


@hub_rule(
    "ceiling-doubled",
    Severity.WARNING,
    "Two pools of the same machines stand behind one choice of the form, so the hub may have the nodes of both.",
    "remove the older pool, or halve nodes.max while both exist",
)
def ceiling_doubled(hub: Hub, cluster: Cluster) -> Iterator[Fault]:
    """Hubs with several pools of equal machines and capacity."""
    seen: dict[tuple[tuple[str, ...], str], NodePool] = {}
    for pool in hub.pools:
        first = seen.setdefault((pool.machine_types, pool.capacity), pool)
        if first is not pool and pool.max_nodes and first.max_nodes:
            message = f"with {first.name}, {hub.name} may have {first.max_nodes + pool.max_nodes} nodes"
            yield Fault(places=cluster.source, path=("nodePools", pool.name), message=message)


@hub_rule(
    "worst-case",
    Severity.INFO,
    "The most nodes and CPUs that a hub's workers may ever have: what a forgotten loop can cost.",
    "lower nodes.max of the pools or set limits when it is more than you would pay",
)
def worst_case(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """States the ceiling of every hub."""
    most = ceiling(hub.pools)
    if hub.pools and most:
        yield Fault(places=hub.merged, path=(), message=f"at worst {most[0]} worker nodes with {most[1]} CPUs")
    elif hub.pools:
        yield Fault(places=hub.merged, path=(), message="a worker pool of this hub has no maximum of nodes")
