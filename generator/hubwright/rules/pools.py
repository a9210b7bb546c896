"""Rules about node pools and the hubs that use them."""

from __future__ import annotations

from collections.abc import Iterator

from hubwright.catalog import closest
from hubwright.findings import Severity
from hubwright.model import Cluster, Hub
from hubwright.rules.registry import Fault, cluster_rule, hub_rule


@cluster_rule(
    "mixed-machine-shapes",
    Severity.ERROR,
    "A worker pool mixes machines with different CPUs or architectures. No worker size fills all of them, and "
    "autoscalers take the first type for all.",
    "make one pool for each number of CPUs",
)
def mixed_machine_shapes(cluster: Cluster) -> Iterator[Fault]:
    """Worker pools whose machines differ in CPUs or architecture."""
    for pool in cluster.worker_pools():
        shapes = {(c.machine.vcpus, c.machine.arch) for c in pool.capacities}
        if len(shapes) > 1:
            listed = ", ".join(f"{c.machine.name} ({c.machine.vcpus} CPU {c.machine.arch})" for c in pool.capacities)
            path = ("nodePools", pool.name, "machineTypes")
            yield Fault(places=cluster.source, path=path, message=f"machines of different shape: {listed}")


@cluster_rule(
    "dedicated-to-unknown-hub",
    Severity.ERROR,
    "A node pool is dedicated to a hub that the cluster does not have, so nothing can ever use it.",
    "correct the name, or add the hub's folder",
)
def dedicated_to_unknown_hub(cluster: Cluster) -> Iterator[Fault]:
    """Pools dedicated to a hub without a folder."""
    known = cluster.hub_names
    for pool in cluster.pools:
        if pool.dedicated_to and pool.dedicated_to not in known:
            close = closest(pool.dedicated_to, list(known))
            message = f"cluster {cluster.name} has no hub {pool.dedicated_to}"
            remedy = f"did you mean {close}?" if close else ""
            path = ("nodePools", pool.name, "dedicatedTo")
            yield Fault(places=cluster.source, path=path, message=message, remedy=remedy)


@hub_rule(
    "hub-without-worker-pool",
    Severity.ERROR,
    "A hub has no worker pool: its users' workers would stay Pending for ever.",
    "add a pool with purpose worker to cluster.yaml, or set enabled: false",
)
def hub_without_worker_pool(hub: Hub, cluster: Cluster) -> Iterator[Fault]:
    """Enabled hubs whose cluster has no worker pool for them."""
    if not hub.pools and "nodePools" not in hub.settings.get("workers", {}):
        taken = [f"{pool.name} is dedicated to {pool.dedicated_to}" for pool in cluster.worker_pools()]
        detail = f" ({'; '.join(taken)})" if taken else ""
        yield Fault(places=hub.merged, path=(), message=f"no worker pool is open to this hub{detail}")


@hub_rule(
    "pool-of-another-hub",
    Severity.ERROR,
    "A hub uses a node pool that is dedicated to another hub.",
    "use another pool, or remove dedicatedTo from the pool",
)
def pool_of_another_hub(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Hubs that name a pool dedicated to somebody else."""
    for index, pool in enumerate(hub.pools):
        if pool.dedicated_to not in (None, hub.name):
            message = f"{pool.name} is dedicated to {pool.dedicated_to}"
            yield Fault(places=hub.merged, path=("workers", "nodePools", index), message=message)


@cluster_rule(
    "pool-without-hub",
    Severity.WARNING,
    "No hub with a Dask Gateway uses the worker pool.",
    "remove the pool, or let a hub use it",
)
def pool_without_hub(cluster: Cluster) -> Iterator[Fault]:
    """Worker pools that no enabled hub names or may use."""
    used = {pool.name for hub in cluster.enabled_hubs() for pool in hub.pools}
    for pool in cluster.worker_pools():
        if pool.name not in used and cluster.complete:
            owner = f"; it is dedicated to {pool.dedicated_to}" if pool.dedicated_to else ""
            path = ("nodePools", pool.name)
            yield Fault(places=cluster.source, path=path, message=f"no hub uses {pool.name}{owner}")


@cluster_rule(
    "pool-shared-by-hubs",
    Severity.INFO,
    "Several hubs share a worker pool, so that one of them can use up the nodes of the others.",
    "dedicate a pool to each hub, or set limits",
)
def pool_shared_by_hubs(cluster: Cluster) -> Iterator[Fault]:
    """Worker pools of more than one hub."""
    for pool in cluster.worker_pools():
        hubs = [hub.name for hub in cluster.enabled_hubs() if pool in hub.pools]
        if len(hubs) > 1:
            path = ("nodePools", pool.name)
            yield Fault(places=cluster.source, path=path, message=f"shared by {' and '.join(hubs)}")
