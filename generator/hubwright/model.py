"""The fleet as frozen data: what the users' files say, checked and with defaults filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hubwright.capacity import Capacity
from hubwright.layers import Merged
from hubwright.packing import Preset
from hubwright.quantity import Resources
from hubwright.source import Source

PURPOSE_LABEL = "k8s.dask.org/node-purpose"
POOL_LABEL = "k8s.dask.org/node-pool"
# Google's node pools refuse a slash in a taint's name, so fleets carry the underscore form as well.
WORKER_TAINTS = ("k8s.dask.org/dedicated=worker:NoSchedule", "k8s.dask.org_dedicated=worker:NoSchedule")
USER_TAINTS = ("hub.jupyter.org/dedicated=user:NoSchedule", "hub.jupyter.org_dedicated=user:NoSchedule")
CORE_TAINTS = ("hub.jupyter.org/dedicated=core:NoSchedule", "hub.jupyter.org_dedicated=core:NoSchedule")
# AKS puts this taint on every spot node by itself.
AKS_SPOT_TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
SERVICE_NAME = "dask-gateway"
PREFIX = f"/services/{SERVICE_NAME}"


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """Nodes of one list of machine types."""

    name: str
    purpose: str
    capacity: Literal["spot", "on-demand"]
    machine_types: tuple[str, ...]
    capacities: tuple[Capacity, ...]
    min_nodes: int
    max_nodes: int | None
    zones: tuple[str, ...]
    disk_gib: int | None
    disk_type: str | None
    dedicated_to: str | None
    generation: str | None
    node_selector: Mapping[str, str]
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    tags: Mapping[str, str]

    @property
    def shape(self) -> tuple[int, str] | None:
        """CPUs and architecture of its machines; None when they differ or are unknown."""
        shapes = {(c.machine.vcpus, c.machine.arch) for c in self.capacities}
        return shapes.pop() if len(shapes) == 1 else None


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One choice of the users' form: pools of machines with the same CPUs and architecture."""

    name: str
    pools: tuple[NodePool, ...]
    presets: tuple[Preset, ...]

    @property
    def capacities(self) -> tuple[Capacity, ...]:
        """Every machine type behind the choice, once."""
        return tuple({c.machine.name: c for pool in self.pools for c in pool.capacities}.values())


@dataclass(frozen=True, kw_only=True)
class RequestLimit:
    """CPU in millicores and memory in bytes, asked for and at most."""

    request: Resources
    limit: Resources


@dataclass(frozen=True, kw_only=True)
class IdleTimeout:
    """Minutes without work after which a cluster is closed."""

    default: int = 30
    maximum: int = 720
    allow_never: bool = False


@dataclass(frozen=True, kw_only=True)
class Hub:
    """One JupyterHub with its gateway. `settings` holds what the outputs take over as written."""

    cluster: str
    name: str
    enabled: bool
    domain: str
    namespace: str
    release: str
    image: str
    offered_images: tuple[str, ...]
    pools: tuple[NodePool, ...]
    presets: tuple[int, ...] | None
    instance_types: tuple[InstanceType, ...]
    scheduler: RequestLimit
    idle_timeout: IdleTimeout
    settings: Mapping[str, Any]
    merged: Merged = field(repr=False)

    @property
    def reference(self) -> str:
        """`CLUSTER/HUB`, as commands take it."""
        return f"{self.cluster}/{self.name}"

    @property
    def resource_name(self) -> str:
        """Name in front of every object of the chart (`fullnameOverride`)."""
        name = self.release if SERVICE_NAME in self.release else f"{self.release}-{SERVICE_NAME}"
        return name[:50].rstrip("-")

    @property
    def instance(self) -> str:
        """Value of the label `gateway.dask.org/instance` of its users' clusters, as in the chart."""
        name = f"{self.namespace}.{self.resource_name}"
        if len(name) <= 63:
            return name
        return f"{name[:54].removesuffix('-').removesuffix('.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

    @property
    def proxy_host(self) -> str:
        """Name of the gateway's proxy inside the cluster."""
        return f"{self.resource_name}-proxy.{self.namespace}"

    @property
    def public_url(self) -> str:
        """Address of the hub in the browser, without a slash at the end."""
        url: str = self.settings.get("jupyterhub", {}).get("publicUrl") or f"https://{self.domain}"
        return url.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One Kubernetes cluster with its pools and hubs."""

    name: str
    provider: str
    pools: tuple[NodePool, ...]
    hubs: tuple[Hub, ...]
    hub_names: frozenset[str]
    settings: Mapping[str, Any]
    source: Source = field(repr=False)

    def enabled_hubs(self) -> tuple[Hub, ...]:
        """The hubs that have a Dask Gateway."""
        return tuple(hub for hub in self.hubs if hub.enabled)

    @property
    def complete(self) -> bool:
        """Whether every hub that has a folder could be built."""
        return {hub.name for hub in self.hubs} == self.hub_names

    def worker_pools(self) -> tuple[NodePool, ...]:
        """The pools that workers run on."""
        return tuple(pool for pool in self.pools if pool.purpose == "worker")


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """All clusters that were read."""

    clusters: Sequence[Cluster]

    @property
    def hubs(self) -> list[Hub]:
        """Every hub of every cluster."""
        return [hub for cluster in self.clusters for hub in cluster.hubs]


def node_labels(pool: NodePool) -> dict[str, str]:
    """Every label that the nodes of `pool` carry: what pods select and what the file adds."""
    return {PURPOSE_LABEL: pool.purpose, POOL_LABEL: pool.name, **pool.labels, **pool.node_selector}
