"""From what machines offer to worker sizes that fill them: n workers of a preset take a node of any type of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hubwright.capacity import GIB, Capacity
from hubwright.catalog import MIB

DEFAULT_PRESETS = (1, 2, 4, 8, 16)
# Below this a Dask worker with a usual scientific image does not start.
LEAST_WORKER_MEMORY = 256 * MIB

Kind = Literal["too-big", "not-a-divisor", "no-room"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One worker size. `share` is the least part of a node's available memory that its workers use, over the types."""

    cpus: int
    label: str
    workers_per_node: int
    cpu_request_millicores: int
    cpu_limit_millicores: int
    memory_bytes: int
    threads: int
    share: Fraction


@dataclass(frozen=True, kw_only=True)
class PackingProblem:
    """Why a size does not suit the machines."""

    cpus: int
    kind: Kind
    message: str


def default_presets(vcpus: int) -> tuple[int, ...]:
    """The usual sizes that divide a machine of `vcpus` CPUs; the whole machine where none does."""
    return tuple(cpus for cpus in DEFAULT_PRESETS if vcpus % cpus == 0) or (vcpus,)


def pack(capacities: Sequence[Capacity], sizes: Sequence[int]) -> tuple[Preset, ...]:
    """The presets of `sizes` CPUs, ascending, for machines of one shape. ValueError when the shapes differ."""
    _shape(capacities)
    return tuple(_preset(capacities, cpus) for cpus in sorted(set(sizes)))


def problems(capacities: Sequence[Capacity], sizes: Sequence[int]) -> list[PackingProblem]:
    """What is wrong with `sizes` on these machines. ValueError when the shapes differ."""
    vcpus = _shape(capacities)
    return [problem for cpus in sizes if (problem := _problem(capacities, vcpus, cpus))]


def fits(preset: Preset, capacity: Capacity) -> int:
    """How many workers of `preset` a node takes."""
    by_cpu = capacity.available.cpu_millicores // preset.cpu_request_millicores
    return min(by_cpu, capacity.available.memory_bytes // preset.memory_bytes)


def _shape(capacities: Sequence[Capacity]) -> int:
    shapes = sorted({(c.machine.vcpus, c.machine.arch) for c in capacities})
    if len(shapes) != 1:
        listed = ", ".join(f"{c.machine.name} has {c.machine.vcpus} CPUs ({c.machine.arch})" for c in capacities)
        raise ValueError(f"worker sizes fit machines of one shape only: {listed or 'no machine named'}")
    return shapes[0][0]


def _preset(capacities: Sequence[Capacity], cpus: int) -> Preset:
    count = max(1, capacities[0].machine.vcpus // cpus)
    limit = cpus * 1000
    request = min(limit, *(c.available.cpu_millicores // count for c in capacities))
    memory = _memory(capacities, count)
    return Preset(
        cpus=cpus,
        label=f"{cpus} CPU, {_whole_memory(memory)}",
        workers_per_node=count,
        cpu_request_millicores=request,
        cpu_limit_millicores=limit,
        memory_bytes=memory,
        threads=cpus,
        share=min((Fraction(count * memory, c.available.memory_bytes or 1) for c in capacities), default=Fraction(0)),
    )


def _memory(capacities: Sequence[Capacity], count: int) -> int:
    return min(c.available.memory_bytes // count for c in capacities)


def _whole_memory(memory: int) -> str:
    return f"{memory // GIB} GiB" if memory >= GIB else f"{memory // MIB} MiB"


def _problem(capacities: Sequence[Capacity], vcpus: int, cpus: int) -> PackingProblem | None:
    if cpus > vcpus:
        message = f"{cpus} CPUs are more than the machine's {vcpus}"
        return PackingProblem(cpus=cpus, kind="too-big", message=message)
    preset = _preset(capacities, cpus)
    if preset.cpu_request_millicores <= 0 or preset.memory_bytes < LEAST_WORKER_MEMORY:
        message = f"{cpus} CPUs would come with {preset.memory_bytes // MIB} MiB and {preset.cpu_request_millicores}m"
        return PackingProblem(cpus=cpus, kind="no-room", message=message)
    if vcpus % cpus:
        used = preset.workers_per_node * cpus
        message = f"{preset.workers_per_node} workers of {cpus} CPUs use {used} of the machine's {vcpus} CPUs"
        return PackingProblem(cpus=cpus, kind="not-a-divisor", message=message)
    return None
