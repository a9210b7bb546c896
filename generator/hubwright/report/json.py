"""Findings as one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hubwright.findings import Finding, Severity


def record(finding: Finding) -> dict[str, Any]:
    """One finding as plain data."""
    return {
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "path": finding.path,
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def document(findings: Sequence[Finding], files: int, hubs: int) -> str:
    """All findings and their counts."""
    counts = {s.word: sum(f.severity == s for f in findings) for s in sorted(Severity, reverse=True)}
    summary = {**counts, "files": files, "hubs": hubs}
    return json.dumps({"findings": [record(f) for f in findings], "summary": summary}, indent=2, ensure_ascii=False)
