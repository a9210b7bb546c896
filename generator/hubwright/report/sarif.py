"""Findings as SARIF 2.1.0, for GitHub code scanning and other readers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from hubwright import __version__
from hubwright.findings import Finding, Severity
from hubwright.report.gitlab import fingerprint
from hubwright.rules import RULES

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def document(findings: Sequence[Finding]) -> str:
    """One run with the rules that found something, in the order of their ids."""
    ids = sorted({finding.rule for finding in findings})
    seen: Counter[str] = Counter()
    rules = [_rule(rule_id) for rule_id in ids]
    run = {
        "tool": {"driver": {"name": "hubwright", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, ids, seen) for finding in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(rule_id: str) -> dict[str, Any]:
    rule = RULES[rule_id]
    return {
        "id": rule_id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": f"What to do: {rule.remedy}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, ids: list[str], seen: Counter[str]) -> dict[str, Any]:
    place = finding.place
    location = {
        "artifactLocation": {"uri": quote(place.file.removeprefix("./"))},
        "region": {"startLine": place.line, "startColumn": place.column},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.words},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint(finding, seen)},
    }
