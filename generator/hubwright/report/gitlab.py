"""Findings as GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from hubwright.findings import Finding, Severity

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def document(findings: Sequence[Finding]) -> str:
    """A JSON list; fingerprints stay when lines move, so that GitLab sees what is new."""
    seen: Counter[str] = Counter()
    return json.dumps([_entry(finding, seen) for finding in findings], indent=2, ensure_ascii=False)


def _entry(finding: Finding, seen: Counter[str]) -> dict[str, object]:
    return {
        "description": finding.words,
        "check_name": finding.rule,
        "fingerprint": fingerprint(finding, seen),
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": finding.place.file.removeprefix("./"), "lines": {"begin": finding.place.line}},
    }


def fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """A hash of rule, file, path and message; the second of equal findings gets another."""
    text = "\n".join((finding.rule, finding.place.file, finding.path, finding.message))
    seen[text] += 1
    return hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()
