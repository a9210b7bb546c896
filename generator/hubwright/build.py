"""Schema-checked data to the model; what the schema cannot say of one file (amounts, machine types) is found here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hubwright import catalog, packing
from hubwright.capacity import Capacity, capacity_of
from hubwright.findings import Finding
from hubwright.layers import Merged
from hubwright.model import (
    POOL_LABEL,
    PURPOSE_LABEL,
    USER_TAINTS,
    WORKER_TAINTS,
    Cluster,
    Hub,
    IdleTimeout,
    InstanceType,
    NodePool,
    RequestLimit,
)
from hubwright.quantity import Resources, parse_cpu, parse_memory
from hubwright.source import KeyPath, Source, dotted

Places = Source | Merged
DEFAULT_SCHEDULER = {"cpu": {"request": "500m", "limit": 2}, "memory": "2Gi"}


class Builder:
    """Builds the model of one cluster and gathers the findings on the way."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, places: Places, path: KeyPath, rule: str, message: str, remedy: str) -> None:
        """Note an error at `path`."""
        self.findings.append(
            Finding(place=places.place(path), rule=rule, path=dotted(path), message=message, remedy=remedy)
        )

    def cluster(self, name: str, source: Source, hub_names: frozenset[str]) -> Cluster:
        """The cluster without its hubs; `hub_names` are those that have a folder."""
        data = source.data
        pools = tuple(
            self.pool(pool, spec, data["provider"], source) for pool, spec in data.get("nodePools", {}).items()
        )
        return Cluster(
            name=name,
            provider=data["provider"],
            pools=pools,
            hubs=(),
            hub_names=hub_names,
            settings=data,
            source=source,
        )

    def pool(self, name: str, spec: dict[str, Any], provider: str, source: Source) -> NodePool:
        """One node pool; its machine types that cannot be found are findings."""
        path: KeyPath = ("nodePools", name)
        purpose = spec.get("purpose", "worker")
        reserved = self.amounts(spec.get("reserved"), source, (*path, "reserved"))
        stated = self.amounts(spec.get("allocatable"), source, (*path, "allocatable"))
        capacities = [
            self.capacity(machine, spec, provider, reserved, stated, source, (*path, "machineTypes", index))
            for index, machine in enumerate(spec["machineTypes"])
        ]
        nodes = spec.get("nodes", {})
        taints = WORKER_TAINTS if purpose == "worker" else USER_TAINTS if purpose == "scheduler" else ()
        return NodePool(
            name=name,
            purpose=purpose,
            capacity=spec.get("capacity", "on-demand"),
            machine_types=tuple(spec["machineTypes"]),
            capacities=tuple(found for found in capacities if found),
            min_nodes=nodes.get("min", 0),
            max_nodes=nodes.get("max"),
            zones=tuple(spec.get("zones", ())),
            disk_gib=spec.get("diskGiB"),
            disk_type=spec.get("diskType"),
            dedicated_to=spec.get("dedicatedTo"),
            generation=spec.get("generation"),
            node_selector=spec.get("nodeSelector") or {PURPOSE_LABEL: purpose, POOL_LABEL: name},
            labels=spec.get("labels", {}),
            taints=tuple(spec.get("taints", taints)),
            tags=spec.get("tags", {}),
        )

    def capacity(
        self,
        name: str,
        spec: dict[str, Any],
        provider: str,
        reserved: Resources | None,
        stated: Resources | None,
        source: Source,
        path: KeyPath,
    ) -> Capacity | None:
        """What one machine type of a pool offers; None with a finding when it is not known."""
        machine = None if provider == "generic" else catalog.find(provider, name)
        if machine is None:
            if stated is None or "vcpus" not in spec:
                self._unknown_machine(name, spec, provider, source, path)
                return None
            machine = catalog.stated(
                provider, name, vcpus=spec["vcpus"], arch=spec.get("architecture", "amd64"), allocatable=stated
            )
        return capacity_of(machine, max_pods=spec.get("maxPods"), reserved=reserved, allocatable=stated)

    def _unknown_machine(self, name: str, spec: dict[str, Any], provider: str, source: Source, path: KeyPath) -> None:
        missing = " and ".join(key for key in ("vcpus", "allocatable") if key not in spec)
        state_it = f"state the pool's {missing}"
        if provider == "generic":
            message = f"{name} is a machine of your own and the pool does not say what it offers"
            self.add(source, path, "unknown-machine-type", message, state_it)
            return
        other = catalog.provider_of(name)
        close = catalog.suggest(provider, name)
        remedy = f"did you mean {close}? If not, {state_it}" if close else state_it
        message = f"{name} is not a machine type that we know of {provider}"
        if other and other != provider:
            message += f"; it is one of {other}"
        self.add(source, path, "unknown-machine-type", message, remedy)

    def amounts(self, spec: Mapping[str, Any] | None, places: Places, path: KeyPath) -> Resources | None:
        """CPU and memory of a `{cpu, memory}` mapping."""
        if not spec:
            return None
        return Resources(
            cpu_millicores=self.number(parse_cpu, spec["cpu"], places, (*path, "cpu")),
            memory_bytes=self.number(parse_memory, spec["memory"], places, (*path, "memory")),
        )

    def number(self, parse: Callable[[Any], int], value: Any, places: Places, path: KeyPath) -> int:
        """A quantity as an integer; 0 with a finding when it is none."""
        try:
            return parse(value)
        except ValueError as error:
            self.add(places, path, "quantity", str(error), "write an amount as in Kubernetes, like 500m or 4Gi")
            return 0

    def hub(self, name: str, cluster: Cluster, merged: Merged) -> Hub | None:
        """One hub; None with findings when it lacks what it must say."""
        data = merged.data
        enabled = data.get("enabled", True)
        missing = [key for key in ("domain", "image") if key not in data] if enabled else []
        for key in missing:
            remedy = f"set {key} in hub.yaml, in the cluster's hubDefaults or in defaults.yaml"
            self.add(merged, (), f"missing-{key}", f"the hub has no {key}", remedy)
        pools = self.pools_of_hub(name, cluster, merged) if enabled else ()
        if missing:
            return None
        presets = data.get("workers", {}).get("presets")
        return Hub(
            cluster=cluster.name,
            name=name,
            enabled=enabled,
            domain=data.get("domain", ""),
            namespace=data.get("namespace", name),
            release=data.get("release", "dask-gateway"),
            image=data.get("image", ""),
            offered_images=tuple(data.get("offeredImages", ())),
            pools=pools,
            presets=tuple(presets) if presets else None,
            instance_types=instance_types(pools, presets),
            scheduler=self.scheduler(merged),
            idle_timeout=_idle_timeout(data.get("idleTimeoutMinutes", {})),
            settings=data,
            merged=merged,
        )

    def pools_of_hub(self, name: str, cluster: Cluster, merged: Merged) -> tuple[NodePool, ...]:
        """The worker pools of a hub, in the order of its file, else of the cluster's."""
        workers = {pool.name: pool for pool in cluster.worker_pools()}
        named = merged.data.get("workers", {}).get("nodePools")
        if named is None:
            return tuple(pool for pool in workers.values() if pool.dedicated_to in (None, name))
        found = []
        for index, pool_name in enumerate(named):
            if pool_name in workers:
                found.append(workers[pool_name])
            else:
                self._unknown_pool(pool_name, cluster, merged, ("workers", "nodePools", index))
        return tuple(found)

    def _unknown_pool(self, name: str, cluster: Cluster, merged: Merged, path: KeyPath) -> None:
        worker_names = [pool.name for pool in cluster.worker_pools()]
        if name in {pool.name for pool in cluster.pools}:
            message = f"{name} is not a pool of workers"
        else:
            message = f"cluster {cluster.name} has no node pool {name}"
        close = catalog.closest(name, worker_names)
        listed = ", ".join(worker_names) or "none yet"
        remedy = f"did you mean {close}?" if close else f"worker pools of {cluster.name}: {listed}"
        self.add(merged, path, "unknown-node-pool", message, remedy)

    def scheduler(self, merged: Merged) -> RequestLimit:
        """Size of each cluster's scheduler."""
        spec = {**DEFAULT_SCHEDULER, **merged.data.get("scheduler", {})}
        path: KeyPath = ("scheduler",)
        cpu = _pair(spec["cpu"])
        memory = _pair(spec["memory"])
        size = RequestLimit(
            request=Resources(
                cpu_millicores=self.number(parse_cpu, cpu["request"], merged, (*path, "cpu")),
                memory_bytes=self.number(parse_memory, memory["request"], merged, (*path, "memory")),
            ),
            limit=Resources(
                cpu_millicores=self.number(parse_cpu, cpu["limit"], merged, (*path, "cpu")),
                memory_bytes=self.number(parse_memory, memory["limit"], merged, (*path, "memory")),
            ),
        )
        for key, request, limit in (
            ("cpu", size.request.cpu_millicores, size.limit.cpu_millicores),
            ("memory", size.request.memory_bytes, size.limit.memory_bytes),
        ):
            if request > limit:
                message = f"the scheduler's {key} request is above its limit"
                self.add(merged, (*path, key), "request-above-limit", message, "raise the limit or lower the request")
        return size


def instance_types(pools: tuple[NodePool, ...], presets: list[int] | None) -> tuple[InstanceType, ...]:
    """The choices of the form: pools of one shape together, in the order of the pools."""
    by_shape: dict[tuple[int, str], list[NodePool]] = {}
    for pool in pools:
        if pool.shape:
            by_shape.setdefault(pool.shape, []).append(pool)
    choices = []
    for (vcpus, _), group in by_shape.items():
        capacities = tuple({c.machine.name: c for pool in group for c in pool.capacities}.values())
        sizes = [cpus for cpus in presets if cpus <= vcpus] if presets else packing.default_presets(vcpus)
        problems = {problem.cpus for problem in packing.problems(capacities, sizes) if problem.kind != "not-a-divisor"}
        usable = sorted(cpus for cpus in sizes if cpus not in problems)
        choices.append(
            InstanceType(name=group[0].machine_types[0], pools=tuple(group), presets=packing.pack(capacities, usable))
        )
    return tuple(_named_apart(choices))


def _named_apart(choices: list[InstanceType]) -> list[InstanceType]:
    """A form cannot have two choices of one name; the second pool of such a name adds its pool's name."""
    seen: set[str] = set()
    named = []
    for choice in choices:
        name = choice.name if choice.name not in seen else f"{choice.name} ({choice.pools[0].name})"
        seen.add(name)
        named.append(InstanceType(name=name, pools=choice.pools, presets=choice.presets))
    return named


def _idle_timeout(spec: Mapping[str, Any]) -> IdleTimeout:
    plain = IdleTimeout()
    return IdleTimeout(
        default=spec.get("default", plain.default),
        maximum=spec.get("max", plain.maximum),
        allow_never=spec.get("allowNever", plain.allow_never),
    )


def _pair(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {"request": value, "limit": value}
