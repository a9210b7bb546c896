"""Rules about worker sizes and the machines they must fit."""

from __future__ import annotations

from collections.abc import Iterator

from hubwright import packing
from hubwright.findings import Severity
from hubwright.model import Cluster, Hub, InstanceType
from hubwright.rules.registry import Fault, hub_rule

PATH = ("workers", "presets")


def _faults(hub: Hub, kind: str) -> Iterator[Fault]:
    sizes = hub.presets or ()
    for choice in hub.instance_types:
        wanted = list(sizes) or list(packing.default_presets(choice.capacities[0].machine.vcpus))
        for problem in packing.problems(choice.capacities, wanted):
            if problem.kind != kind or (kind == "too-big" and _fits_elsewhere(hub, problem.cpus)):
                continue
            path = (*PATH, sizes.index(problem.cpus)) if sizes else PATH
            message = f"{_names(choice)}: {problem.message}"
            yield Fault(places=hub.merged, path=path, message=message)


def _fits_elsewhere(hub: Hub, cpus: int) -> bool:
    """A size too big for one choice of the form is fine where another choice takes it."""
    return any(preset.cpus == cpus for choice in hub.instance_types for preset in choice.presets)


def _names(choice: InstanceType) -> str:
    return ", ".join(capacity.machine.name for capacity in choice.capacities)


@hub_rule(
    "preset-too-big",
    Severity.ERROR,
    "A worker size has more CPUs than any machine of the hub's pools, so no worker of it can ever start.",
    "remove the size, or give the hub a pool of larger machines",
)
def preset_too_big(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Sizes above the machine's CPUs."""
    return _faults(hub, "too-big")


@hub_rule(
    "preset-no-room",
    Severity.ERROR,
    "After the system's and the daemon sets' share the machine has too little left for a worker of this size.",
    "remove the size, or use machines with more memory for each CPU",
)
def preset_no_room(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Sizes that leave a worker next to nothing."""
    return _faults(hub, "no-room")


@hub_rule(
    "preset-wastes-nodes",
    Severity.WARNING,
    "A worker size does not divide the machine, so a part of each node stays empty and is paid for.",
    "use sizes that divide the machine's CPUs",
)
def preset_wastes_nodes(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Sizes that do not divide the machine."""
    return _faults(hub, "not-a-divisor")
