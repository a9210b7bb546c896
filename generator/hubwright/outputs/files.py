"""The table of generated files: name, place and the function that makes each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hubwright.model import Cluster, Hub
from hubwright.outputs import gateway, guide, jupyterhub

RENDERED = "rendered"
HUB_FILES: dict[str, Callable[[Hub, Cluster], str]] = {
    "gateway.values.yaml": gateway.text,
    "jupyterhub.values.yaml": jupyterhub.text,
    "guide.md": guide.text,
}


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file to be written, with its whole content."""

    path: Path
    content: str


def rendered_folder(root: Path, hub: Hub) -> Path:
    """Where the generated files of a hub stand."""
    return root / hub.cluster / hub.name / RENDERED


def files_of_hub(root: Path, hub: Hub, cluster: Cluster) -> list[OutputFile]:
    """Every file of an enabled hub."""
    folder = rendered_folder(root, hub)
    return [OutputFile(path=folder / name, content=make(hub, cluster)) for name, make in HUB_FILES.items()]
