"""Findings as text: one line each, `file:line:column: path: message; remedy`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from hubwright.findings import Finding, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def line(finding: Finding) -> str:
    """One finding with its severity and rule."""
    place = finding.place
    where = click.style(f"{place.file}:{place.line}:{place.column}: ", bold=True)
    mark = click.style(f"[{finding.severity.word} {finding.rule}]", fg=_COLOURS[finding.severity])
    return f"{where}{finding.words} {mark}"


def listing(findings: Sequence[Finding]) -> str:
    """All findings, a line each."""
    return "\n".join(line(finding) for finding in findings)


def counted(number: int, noun: str) -> str:
    """`1 hub`, `2 hubs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(findings: Sequence[Finding], files: int, hubs: int, seconds: float) -> str:
    """The last line of a lint."""
    counts = Counter(finding.severity for finding in findings)
    told = [
        counted(counts[s], s.word) if s != Severity.INFO else f"{counts[s]} info" for s in sorted(counts, reverse=True)
    ]
    return f"{', '.join(told) or 'no findings'} in {counted(files, 'file')}, {counted(hubs, 'hub')}, {seconds:.2f} s"
