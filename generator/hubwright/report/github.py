"""Findings as GitHub's workflow commands, which show them in the changed lines of a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hubwright.findings import Finding, Severity

# GitHub shows ten annotations of each kind for a step and drops the rest without a word.
SHOWN = 10
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def document(findings: Sequence[Finding]) -> str:
    """One command a finding; where there are more than GitHub shows, the tenth says how many and where to see them."""
    counts = Counter(finding.severity for finding in findings)
    told: Counter[Severity] = Counter()
    lines = []
    for finding in findings:
        severity = finding.severity
        told[severity] += 1
        hidden = counts[severity] - (SHOWN - 1) if counts[severity] > SHOWN else 0
        if hidden and told[severity] == SHOWN:
            lines.append(f"::{_KINDS[severity]} title=hubwright::{hidden} more; write --output sarif=FILE to see all")
        elif told[severity] <= SHOWN - bool(hidden):
            lines.append(_command(finding))
    return "\n".join(lines)


def _command(finding: Finding) -> str:
    place = finding.place
    where = f"file={_property(place.file)},line={place.line},col={place.column},title={_property(finding.rule)}"
    return f"::{_KINDS[finding.severity]} {where}::{_data(finding.words)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
