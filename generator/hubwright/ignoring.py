"""Takes accepted findings out: what `lint.ignore` of a file names, with its reason; stale entries are findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hubwright.findings import Finding, Severity
from hubwright.model import Cluster, Hub
from hubwright.rules import RULES
from hubwright.source import KeyPath, Source, dotted


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of `lint.ignore` and the files that it is about; None is every file."""

    rule: str
    source: Source
    path: KeyPath
    files: frozenset[str] | None

    def matches(self, finding: Finding) -> bool:
        """Whether the entry takes `finding` out."""
        here = self.files is None or finding.place.file in self.files
        return here and finding.rule == self.rule and finding.severity < Severity.ERROR


def apply(findings: Sequence[Finding], clusters: Iterable[Cluster], defaults: Source | None) -> list[Finding]:
    """The findings that count, and one for each entry that matches none."""
    entries = list(_entries(clusters, defaults))
    kept = [finding for finding in findings if not any(entry.matches(finding) for entry in entries)]
    unused = [entry for entry in entries if not any(entry.matches(finding) for finding in findings)]
    return kept + [_unused(entry) for entry in unused]


def _entries(clusters: Iterable[Cluster], defaults: Source | None) -> Iterator[Entry]:
    if defaults is not None:
        yield from _of(defaults, ("lint",), None)
    for cluster in clusters:
        files = frozenset({cluster.source.file, *(own_file(hub) for hub in cluster.hubs)})
        yield from _of(cluster.source, ("lint",), files)
        yield from _of(cluster.source, ("hubDefaults", "lint"), files)
        for hub in cluster.hubs:
            yield from _of(hub.merged.layers[-1].source, ("lint",), frozenset({own_file(hub)}))


def own_file(hub: Hub) -> str:
    """The hub's own file, as findings name it."""
    return hub.merged.layers[-1].source.file


def _of(source: Source, path: KeyPath, files: frozenset[str] | None) -> Iterator[Entry]:
    data = source.data
    for part in path:
        data = data.get(str(part), {})
    for index, entry in enumerate(data.get("ignore", [])):
        yield Entry(rule=entry["rule"], source=source, path=(*path, "ignore", index), files=files)


def _unused(entry: Entry) -> Finding:
    if entry.rule not in RULES:
        message = f"there is no rule {entry.rule}"
    elif RULES[entry.rule].severity == Severity.ERROR:
        message = f"{entry.rule} is an error and cannot be ignored"
    else:
        message = f"{entry.rule} finds nothing here"
    return Finding(
        place=entry.source.place(entry.path),
        rule="unused-ignore",
        path=dotted(entry.path),
        message=message,
        remedy=RULES["unused-ignore"].remedy,
        severity=Severity.WARNING,
    )
