"""Makes guide.md: the guide for the hub's users, with this hub's address, machines, sizes and limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hubwright.model import PREFIX, Cluster, Hub, InstanceType
from hubwright.outputs.yaml_text import source_name
from hubwright.packing import Preset

if TYPE_CHECKING:
    from jinja2 import Template

_LIMITS = {
    "workersPerCluster": "workers in one cluster",
    "coresPerCluster": "CPUs in one cluster",
    "memoryPerCluster": "memory in one cluster",
    "clustersPerUser": "clusters of yours at a time",
    "workersPerUser": "workers in all your clusters",
    "coresPerUser": "CPUs in all your clusters",
    "memoryPerUser": "memory in all your clusters",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table of sizes."""

    label: str
    threads: int
    workers_per_node: int


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("hubwright.outputs"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template("guide.md.j2")


def text(hub: Hub, cluster: Cluster) -> str:
    """The file's whole content."""
    return _template().render(**context(hub, cluster))


def context(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    """What the template may name."""
    limits = hub.settings.get("limits", {})
    return {
        "source": source_name(hub),
        "hub": hub,
        "url": hub.public_url,
        "gateway_url": f"{hub.public_url}{PREFIX}",
        "choices": [
            (choice.name, _machines(choice), [_row(p) for p in choice.presets]) for choice in hub.instance_types
        ],
        "first": hub.instance_types[0],
        "example": _example(hub.instance_types[0]),
        "scale_to": min(10, limits.get("workersPerCluster", 10)),
        "limits": [(words, limits[key]) for key, words in _LIMITS.items() if key in limits],
        "groups": hub.settings.get("access", {}).get("groups", []),
        "environment": hub.settings.get("environment", {}),
        "spot": any(pool.capacity == "spot" for pool in hub.pools),
        "provider": cluster.provider,
    }


def _machines(choice: InstanceType) -> str:
    return ", ".join(capacity.machine.name for capacity in choice.capacities)


def _row(preset: Preset) -> Row:
    return Row(label=preset.label, threads=preset.threads, workers_per_node=preset.workers_per_node)


def _example(choice: InstanceType) -> Preset:
    """A middle size for the examples: 4 CPUs where there is one, else the largest below."""
    below = [preset for preset in choice.presets if preset.cpus <= 4]
    return below[-1] if below else choice.presets[0]
