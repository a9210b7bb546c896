"""What a user has and may have: counts over the user's clusters against the hub's limits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub_settings import Limits

GIB = 1024**3


class LimitReached(Exception):
    """A request would pass a limit; the text names the limit and what is in use."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What some clusters use: their number, their workers, the workers' CPUs and bytes."""

    clusters: int = 0
    workers: int = 0
    cores: float = 0.0
    memory: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(
            clusters=self.clusters + other.clusters,
            workers=self.workers + other.workers,
            cores=self.cores + other.cores,
            memory=self.memory + other.memory,
        )


def use_of(config: Mapping[str, Any], workers: int) -> Use:
    """What one cluster with `workers` workers uses, by its configuration."""
    return Use(
        clusters=1,
        workers=workers,
        cores=workers * float(config.get("worker_cores_limit") or 0),
        memory=workers * int(config.get("worker_memory_limit") or 0),
    )


def total(uses: Iterable[Use]) -> Use:
    """The sum."""
    return sum(uses, start=Use())


def refuse_creation(limits: Limits, used: Use) -> None:
    """LimitReached when a user with `used` may not have one more cluster."""
    most = limits.clusters_per_user
    if most is not None and used.clusters >= most:
        raise LimitReached(
            f"you have {used.clusters} of at most {most} clusters; shut one down first (clustersPerUser)"
        )


def most_workers(limits: Limits, others: Use, config: Mapping[str, Any]) -> tuple[int, str] | None:
    """How many workers a cluster may have beside what the user's `others` use, and why; None for no limit."""
    bounds = []
    if limits.workers_per_user is not None:
        left = limits.workers_per_user - others.workers
        why = f"workersPerUser is {limits.workers_per_user}, {others.workers} are in your other clusters"
        bounds.append((max(0, left), why))
    cores = float(config.get("worker_cores_limit") or 0)
    if limits.cores_per_user is not None and cores:
        left_cores = limits.cores_per_user - others.cores
        why = f"coresPerUser is {limits.cores_per_user:g}, {others.cores:g} are in your other clusters"
        bounds.append((max(0, int(left_cores // cores)), why))
    memory = int(config.get("worker_memory_limit") or 0)
    if limits.memory_per_user is not None and memory:
        left_memory = limits.memory_per_user - others.memory
        why = f"memoryPerUser is {_gib(limits.memory_per_user)}, {_gib(others.memory)} are in your other clusters"
        bounds.append((max(0, left_memory // memory), why))
    return min(bounds, default=None)


def _gib(amount: int) -> str:
    return f"{amount / GIB:.1f} GiB"
