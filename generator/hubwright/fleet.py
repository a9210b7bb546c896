"""Finds the users' files, reads them and builds the fleet; every finding of every file at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hubwright import schema
from hubwright.build import Builder
from hubwright.catalog import closest
from hubwright.findings import CannotGoOn, Finding, Place
from hubwright.layers import Layer, merge
from hubwright.model import Cluster, Fleet, Hub
from hubwright.source import Source, load

VALUES = "values"
DEFAULTS_FILE = "defaults.yaml"
CLUSTER_FILE = "cluster.yaml"
HUB_FILE = "hub.yaml"
RENDERED = "rendered"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which hubs of which values folder a command is about; no names mean all."""

    root: Path
    clusters: frozenset[str] = frozenset()
    hubs: frozenset[tuple[str, str]] = frozenset()

    def has_cluster(self, name: str) -> bool:
        """Whether the cluster's own file is selected."""
        return not (self.clusters or self.hubs) or name in self.clusters

    def has_hub(self, cluster: str, hub: str) -> bool:
        """Whether the hub is selected, by itself or with its cluster."""
        return self.has_cluster(cluster) or (cluster, hub) in self.hubs

    def reads(self, cluster: str) -> bool:
        """Whether anything of the cluster must be read."""
        return self.has_cluster(cluster) or any(name == cluster for name, _ in self.hubs)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The fleet as far as it could be built, the findings, and how many files were read."""

    fleet: Fleet
    findings: list[Finding]
    files: int
    selection: Selection
    defaults: Source | None

    @property
    def hubs(self) -> list[Hub]:
        """The selected hubs."""
        return [hub for hub in self.fleet.hubs if self.selection.has_hub(hub.cluster, hub.name)]


def find_root(given: str | None) -> Path:
    """The values folder: `given`, or found upwards from where we stand."""
    start = Path(given) if given else Path.cwd()
    if given and not start.is_dir():
        raise CannotGoOn(f"--root {given}: there is no such folder")
    candidates = [start] if given else [start, *start.resolve().parents]
    for folder in candidates:
        if is_root(folder):
            return _relative(folder)
        if is_root(folder / VALUES) or (folder / VALUES).is_dir():
            return _relative(folder / VALUES)
    raise CannotGoOn(
        f"no folder {VALUES}/ {'in ' + given if given else 'here or above'}; begin with: hubwright init CLUSTER/HUB "
        "--provider gcp, or name it with --root"
    )


def is_root(folder: Path) -> bool:
    """Whether `folder` is a values folder: it has a cluster in it, or the defaults."""
    return (folder / DEFAULTS_FILE).is_file() or any(folder.glob(f"*/{CLUSTER_FILE}"))


def select(targets: Sequence[str], root: str | None) -> Selection:
    """What `targets` name: folders, files, CLUSTER or CLUSTER/HUB; nothing means everything."""
    if not targets:
        return Selection(root=find_root(root))
    parts = [_select_one(target, root) for target in targets]
    roots = {part.root.resolve() for part in parts}
    if len(roots) > 1:
        raise CannotGoOn("the arguments lie in different values folders; call once for each")
    if any(not part.clusters and not part.hubs for part in parts):
        return Selection(root=parts[0].root)
    clusters = frozenset().union(*(part.clusters for part in parts))
    hubs = frozenset().union(*(part.hubs for part in parts))
    return Selection(root=parts[0].root, clusters=clusters, hubs=hubs)


def _select_one(target: str, root: str | None) -> Selection:
    path = Path(target)
    found = _from_path(path) if path.exists() else None
    if found and (root is None or found.root.resolve() == find_root(root).resolve()):
        return found
    base = find_root(root)
    cluster, _, hub = target.strip("/").partition("/")
    known = [folder.name for folder in _cluster_folders(base)]
    if cluster not in known:
        raise CannotGoOn(f"{target}: no such cluster in {base}{_hint(cluster, known)}")
    if not hub:
        return Selection(root=base, clusters=frozenset({cluster}))
    hubs = [folder.name for folder in _hub_folders(base / cluster)]
    if hub not in hubs:
        raise CannotGoOn(f"{target}: cluster {cluster} has no such hub{_hint(hub, hubs)}")
    return Selection(root=base, hubs=frozenset({(cluster, hub)}))


def _from_path(path: Path) -> Selection | None:
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and path.name not in (HUB_FILE, CLUSTER_FILE, DEFAULTS_FILE):
        raise CannotGoOn(f"{path}: not a hub.yaml, cluster.yaml or defaults.yaml")
    if is_root(folder):
        return Selection(root=folder)
    if (folder / CLUSTER_FILE).exists():
        return Selection(root=folder.parent, clusters=frozenset({folder.resolve().name}))
    if (folder / HUB_FILE).exists() or (folder / HUB_FILE).is_symlink():
        cluster = folder.resolve().parent
        return Selection(root=_relative(cluster.parent), hubs=frozenset({(cluster.name, folder.resolve().name)}))
    if (folder / VALUES).is_dir() or folder.name == VALUES:
        return Selection(root=folder / VALUES if (folder / VALUES).is_dir() else folder)
    return None


def _hint(name: str, known: list[str]) -> str:
    close = closest(name, known)
    if close:
        return f"; did you mean {close}?"
    return f"; there are: {', '.join(known)}" if known else "; there are none yet"


def _relative(path: Path) -> Path:
    """The path as users see it: relative to where they stand when it is not far away."""
    relative = os.path.relpath(path)
    return path if relative.startswith("../../..") else Path(relative)


def _cluster_folders(root: Path) -> list[Path]:
    return sorted(
        folder
        for folder in root.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and folder.name != RENDERED
    )


def _hub_folders(cluster: Path) -> list[Path]:
    return sorted(
        folder
        for folder in cluster.iterdir()
        if folder.is_dir() and folder.name != RENDERED and _present(folder / HUB_FILE)
    )


def _present(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def read(selection: Selection) -> Loaded:
    """Read all files of the selection and build the model."""
    reader = _Reader(selection.root)
    defaults = reader.defaults()
    clusters = [
        cluster
        for folder in _cluster_folders(selection.root)
        if selection.reads(folder.name) and (cluster := reader.cluster(folder, defaults))
    ]
    findings = [*reader.findings, *reader.builder.findings]
    return Loaded(
        fleet=Fleet(clusters=clusters), findings=findings, files=reader.files, selection=selection, defaults=defaults
    )


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = 0
        self.findings: list[Finding] = []
        self.builder = Builder()
        self.defaults_broken = False

    def defaults(self) -> Source | None:
        """The fleet's defaults; None where there are none or they cannot be used."""
        path = self.root / DEFAULTS_FILE
        if not _present(path):
            return None
        source = self.file(path, "defaults")
        self.defaults_broken = source is None
        return source

    def file(self, path: Path, kind: str) -> Source | None:
        """A file that its schema accepts; None with findings otherwise."""
        self.files += 1
        source = load(path, str(path))
        if not isinstance(source, Source):
            self.findings += source
            return None
        faults = schema.check(source, kind)
        self.findings += faults
        return None if faults else source

    def cluster(self, folder: Path, defaults: Source | None) -> Cluster | None:
        """One cluster with those of its hubs that could be built."""
        if not _present(folder / CLUSTER_FILE):
            self._missing_cluster_file(folder)
            return None
        source = self.file(folder / CLUSTER_FILE, "cluster")
        sources = [(hub.name, self.file(hub / HUB_FILE, "hub")) for hub in _hub_folders(folder)]
        if source is None:
            return None
        cluster = self.builder.cluster(folder.name, source, frozenset(name for name, _ in sources))
        if self.defaults_broken:  # what hubs lack may stand in the broken file
            return cluster
        hubs = self._hubs(sources, cluster, source, defaults)
        return dataclasses.replace(cluster, hubs=tuple(hubs))

    def _hubs(
        self, sources: Iterable[tuple[str, Source | None]], cluster: Cluster, source: Source, defaults: Source | None
    ) -> Iterable[Hub]:
        below = [Layer(source=defaults)] if defaults else []
        below.append(Layer(source=source, root=("hubDefaults",)))
        for name, hub_source in sources:
            if hub_source is None:
                continue
            merged = merge([*below, Layer(source=hub_source)])
            hub = self.builder.hub(name, cluster, merged)
            if hub is not None:
                yield hub

    def _missing_cluster_file(self, folder: Path) -> None:
        if any(_present(child / HUB_FILE) for child in folder.iterdir() if child.is_dir()):
            place = Place(file=str(folder / CLUSTER_FILE))
            message, remedy = "the folder has hubs and no cluster.yaml", "write one with provider and nodePools"
            self.findings.append(Finding(place=place, rule="missing-cluster-file", message=message, remedy=remedy))
