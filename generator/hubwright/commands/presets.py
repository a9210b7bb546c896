"""`hubwright presets`: the worker sizes of a hub or of a list of machine types, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hubwright import catalog, packing
from hubwright.capacity import Capacity, capacity_of
from hubwright.commands import common
from hubwright.findings import CannotGoOn
from hubwright.packing import Preset
from hubwright.quantity import Resources, format_cpu, parse_cpu, parse_memory

if TYPE_CHECKING:
    from rich.console import Console

BAR_CELLS = 20
GIB = 1024**3


@click.command(
    "presets",
    short_help="Show worker sizes and how they fill the machines.",
    epilog="""
    \b
    Examples:
      hubwright presets cluster-a/prod
      hubwright presets --machine-type r5.4xlarge --machine-type r7i.4xlarge
      hubwright presets --machine-type n2-highmem-16 --cpus 4 --cpus 8 --format json
    """,
)
@common.targets_argument
@common.root_option
@click.option(
    "--machine-type", "machine_types", multiple=True, metavar="TYPE", help="A machine type; repeat for a mixed pool."
)
@click.option(
    "--cpus", multiple=True, type=click.IntRange(1, 512), help="A worker size in CPUs; repeat. Default: 1 2 4 8 16."
)
@click.option(
    "--max-pods", type=click.IntRange(8, 1000), help="Pods that kubelet takes on a node (with --machine-type)."
)
@click.option(
    "--reserved-cpu", metavar="CPU", help="What daemon sets ask for on a node, like 300m (with --machine-type)."
)
@click.option("--reserved-memory", metavar="MEMORY", help="The same for memory, like 400Mi.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    targets: tuple[str, ...],
    root: str | None,
    machine_types: tuple[str, ...],
    cpus: tuple[int, ...],
    max_pods: int | None,
    reserved_cpu: str | None,
    reserved_memory: str | None,
    form: str,
) -> int:
    """Show what machines offer, the worker sizes that fill them and how much of a node each uses.

    TARGET is a hub (CLUSTER/HUB), or several; or name machine types with --machine-type.
    """
    if bool(machine_types) == bool(targets):
        raise click.UsageError("name a hub, or machine types with --machine-type; not both, not neither")
    if machine_types:
        reserved = _reserved(reserved_cpu, reserved_memory)
        capacities = [_capacity(name, max_pods, reserved) for name in machine_types]
        choices = {", ".join(machine_types): (capacities, _pack(capacities, cpus))}
    else:
        if cpus or max_pods or reserved_cpu or reserved_memory:
            raise click.UsageError(
                "--cpus, --max-pods and --reserved-* go with --machine-type; a hub's file says its own"
            )
        choices = {}
        loaded = common.load(targets, root)
        if common.refuse_errors(loaded, "no sizes can be told"):
            return 1
        for hub, _ in common.one_or_more(common.enabled_hubs(loaded)):
            for choice in hub.instance_types:
                choices[f"{hub.reference}: {choice.name}"] = (list(choice.capacities), choice.presets)
    if form == "json":
        click.echo(_json(choices))
    else:
        _print(choices)
    return 0


def _reserved(cpu: str | None, memory: str | None) -> Resources | None:
    if cpu is None and memory is None:
        return None
    if cpu is None or memory is None:
        raise click.UsageError("--reserved-cpu and --reserved-memory go together")
    try:
        return Resources(cpu_millicores=parse_cpu(cpu), memory_bytes=parse_memory(memory))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _capacity(name: str, max_pods: int | None, reserved: Resources | None) -> Capacity:
    provider = catalog.provider_of(name)
    if provider is None:
        close = next((found for p in catalog.PROVIDERS if (found := catalog.suggest(p, name))), None)
        hint = f"; did you mean {close}?" if close else ""
        raise CannotGoOn(f"{name} is not in the catalogue of machine types{hint}")
    machine = catalog.find(provider, name)
    assert machine is not None  # provider_of found it
    return capacity_of(machine, max_pods=max_pods, reserved=reserved)


def _pack(capacities: Sequence[Capacity], cpus: Sequence[int]) -> tuple[Preset, ...]:
    try:
        wanted = sorted(set(cpus)) or list(packing.default_presets(capacities[0].machine.vcpus))
        problems = [p for p in packing.problems(capacities, wanted) if p.kind != "not-a-divisor"]
        if cpus and problems:
            raise CannotGoOn("; ".join(problem.message for problem in problems))
        unfit = {problem.cpus for problem in problems}
        return packing.pack(capacities, [size for size in wanted if size not in unfit])
    except ValueError as error:
        raise CannotGoOn(str(error)) from error


Choices = dict[str, tuple[list[Capacity], tuple[Preset, ...]]]


def _json(choices: Choices) -> str:
    """`machineTypes` and `presets` of all choices; with several, each entry says its `choice`."""
    document: dict[str, list[dict[str, Any]]] = {"machineTypes": [], "presets": []}
    for name, (capacities, presets) in choices.items():
        mark = {"choice": name} if len(choices) > 1 else {}
        document["machineTypes"] += [{**mark, **_machine_record(capacity)} for capacity in capacities]
        document["presets"] += [{**mark, **_preset_record(preset)} for preset in presets]
    return json.dumps(document, indent=2)


def _machine_record(capacity: Capacity) -> dict[str, Any]:
    machine = capacity.machine
    return {
        "name": machine.name,
        "provider": machine.provider,
        "basis": machine.basis,
        "nominal": _amounts(capacity.nominal),
        "allocatable": _amounts(capacity.allocatable),
        "available": _amounts(capacity.available),
    }


def _preset_record(preset: Preset) -> dict[str, Any]:
    return {
        "cpus": preset.cpus,
        "label": preset.label,
        "workersPerNode": preset.workers_per_node,
        "cpuRequestMillicores": preset.cpu_request_millicores,
        "memoryBytes": preset.memory_bytes,
        "threads": preset.threads,
        "share": round(float(preset.share), 4),
    }


def _amounts(amounts: Resources) -> dict[str, int]:
    return {"cpuMillicores": amounts.cpu_millicores, "memoryBytes": amounts.memory_bytes}


def _print(choices: Choices) -> None:
    from rich.console import Console

    plain = Console()
    console = plain if plain.is_terminal else Console(width=140, no_color=True, highlight=False)
    for name, (capacities, presets) in choices.items():
        _print_machines(console, name, capacities)
        _print_presets(console, presets)


def _print_machines(console: Console, name: str, capacities: Sequence[Capacity]) -> None:
    from rich.table import Table

    table = Table(title=name, title_justify="left", title_style="bold")
    table.add_column("machine type", no_wrap=True)
    for head in ("basis", "nominal", "allocatable", "available"):
        table.add_column(head, justify="right" if head != "basis" else "left")
    for c in capacities:
        table.add_row(c.machine.name, c.machine.basis, _words(c.nominal), _words(c.allocatable), _words(c.available))
    console.print(table)


def _print_presets(console: Console, presets: Sequence[Preset]) -> None:
    from rich.table import Table

    table = Table()
    table.add_column("worker size", no_wrap=True)
    for head in ("workers per node", "CPU", "memory", "threads"):
        table.add_column(head, justify="right")
    table.add_column("of a node in use", no_wrap=True)
    for p in presets:
        share = float(p.share)
        bar = "█" * round(share * BAR_CELLS)
        table.add_row(
            p.label,
            str(p.workers_per_node),
            format_cpu(p.cpu_request_millicores),
            f"{p.memory_bytes / GIB:.2f} GiB",
            str(p.threads),
            f"{bar:<{BAR_CELLS}} {int(share * 1000) / 10:5.1f} %",
        )
    console.print(table)


def _words(amounts: Resources) -> str:
    return f"{amounts.cpu_millicores / 1000:g} CPU, {amounts.memory_bytes / GIB:.2f} GiB"
