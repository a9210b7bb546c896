"""Findings as JUnit XML: one test case a file and rule, with a failure where something was found."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Sequence

from hubwright.findings import Finding, Severity, worst

# XML 1.0 has no way to write these.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def document(findings: Sequence[Finding]) -> str:
    """A suite; without findings one passed case, since some readers refuse an empty suite."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[(finding.place.file, finding.rule)].append(finding)
    failed = sum(_fails(group) for group in groups.values())
    count = str(len(groups) or 1)
    suite = ET.Element("testsuite", name="hubwright lint", tests=count, failures=str(failed), errors="0", skipped="0")
    for (file, rule), group in groups.items():
        _case(suite, file, rule, group)
    if not groups:
        ET.SubElement(suite, "testcase", classname="hubwright", name="no findings")
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode")


def _fails(group: Sequence[Finding]) -> bool:
    highest = worst(group)
    return highest is not None and highest > Severity.INFO


def _case(suite: ET.Element, file: str, rule: str, group: Sequence[Finding]) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=_text(file), name=rule, file=_text(file), line=str(group[0].place.line)
    )
    body = "\n".join(_text(finding.text) for finding in group)
    if _fails(group):
        failure = ET.SubElement(case, "failure", type=group[0].severity.word, message=_text(group[0].message))
        failure.text = body
    else:
        ET.SubElement(case, "system-out").text = body


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
