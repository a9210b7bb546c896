"""The catalogue of machine types: CPUs, memory and what is known of the memory that kubelet never sees.

One data file a provider under data/catalogue, each with its sources and date; read when first asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hubwright import resources
from hubwright.quantity import Resources

MIB = 1024 * 1024
PROVIDERS = ("aws", "gcp", "azure")


@dataclass(frozen=True, kw_only=True)
class MachineType:
    """One machine type.

    `basis` says where the hidden memory comes from: `measured` on that type, by a `rule`, or `stated` by the operator.
    `max_pods` is what the provider's images reserve memory for (EKS), `hidden_bytes` what kubelet never sees.
    """

    name: str
    provider: str
    basis: str
    vcpus: int
    memory_bytes: int
    arch: str
    gpus: int = 0
    max_pods: int | None = None
    hidden_bytes: int | None = None


@cache
def _table(provider: str) -> dict[str, MachineType]:
    path = resources.data_folder() / "catalogue" / f"{provider}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.split(",") for line in lines if not line.startswith("#"))
    return {row[0]: _machine(provider, row) for row in rows}


def _machine(provider: str, row: Sequence[str]) -> MachineType:
    name, vcpus, memory, gpus, arch, basis, max_pods, hidden = row
    return MachineType(
        name=name,
        provider=provider,
        basis=basis,
        vcpus=int(vcpus),
        memory_bytes=int(memory) * MIB,
        arch=arch,
        gpus=int(gpus),
        max_pods=int(max_pods) if max_pods else None,
        hidden_bytes=int(hidden) * MIB if hidden else None,
    )


def find(provider: str, name: str) -> MachineType | None:
    """The machine type `name` of `provider`; None where the catalogue has none."""
    return _table(provider).get(name) if provider in PROVIDERS else None


def names(provider: str) -> tuple[str, ...]:
    """All names of a provider, in the order of its families."""
    return tuple(_table(provider)) if provider in PROVIDERS else ()


def provider_of(name: str) -> str | None:
    """The provider that has a machine type of this name."""
    return next((provider for provider in PROVIDERS if name in _table(provider)), None)


def stated(provider: str, name: str, *, vcpus: int, arch: str, allocatable: Resources) -> MachineType:
    """A machine of the operator's own; its nominal memory is unknown, so what it offers stands for it."""
    return MachineType(
        name=name,
        provider=provider,
        basis="stated",
        vcpus=vcpus,
        memory_bytes=allocatable.memory_bytes,
        arch=arch,
    )


def suggest(provider: str, wrong: str) -> str | None:
    """The name that was probably meant; None when nothing is near."""
    return closest(wrong, names(provider))


def closest(wrong: str, known: Sequence[str]) -> str | None:
    """The nearest of the `known` names: the same letters and digits first, then the most alike."""
    flat = _flat(wrong)
    for name in known:
        if _flat(name) == flat:
            return name
    by_flat = {_flat(name): name for name in known}
    for other, name in by_flat.items():  # Azure's types are often named without their first word
        if len(flat) >= 5 and other.endswith(flat):
            return name
    near = difflib.get_close_matches(flat, by_flat, n=1, cutoff=0.75)
    return by_flat[near[0]] if near else None


def _flat(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
