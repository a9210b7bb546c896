"""Each report format is what its reader takes: GitHub, GitLab, SARIF, JUnit."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hubwright.findings import Finding, Place, Severity
from hubwright.report import github, gitlab, junit, sarif
from tests.conftest import ROOT, Run


def finding(number: int = 1, severity: Severity = Severity.ERROR, **more: Any) -> Finding:
    made: dict[str, Any] = {
        "place": Place(file="values/a/prod/hub.yaml", line=number, column=2),
        "rule": "no-limit",
        "path": "limits",
        "message": "50 % more, than\nallowed",
        "remedy": "lower it",
        "severity": severity,
    }
    return Finding(**{**made, **more})


def test_github_gets_one_command_a_finding_with_its_place() -> None:
    assert github.document([finding(3)]) == (
        "::error file=values/a/prod/hub.yaml,line=3,col=2,title=no-limit::limits: 50 %25 more, than%0Aallowed; lower it"
    )


def test_github_gets_signs_of_its_own_language_escaped() -> None:
    odd = finding(place=Place(file="values/a,b:c/hub.yaml"))

    assert "file=values/a%2Cb%3Ac/hub.yaml,line=1" in github.document([odd])


@pytest.mark.parametrize(("severity", "kind"), [(Severity.WARNING, "warning"), (Severity.INFO, "notice")])
def test_github_gets_the_kind_of_each_severity(severity: Severity, kind: str) -> None:
    assert github.document([finding(severity=severity)]).startswith(f"::{kind} ")


@pytest.mark.parametrize(("count", "last"), [(10, "line=10"), (11, "2 more"), (500, "491 more")])
def test_github_never_gets_more_than_it_shows(count: int, last: str) -> None:
    lines = github.document([finding(number) for number in range(1, count + 1)]).splitlines()

    assert len(lines) == 10
    assert last in lines[-1]


def test_github_counts_each_kind_apart() -> None:
    findings = [finding(n, s) for s in (Severity.ERROR, Severity.WARNING) for n in range(1, 11)]

    assert len(github.document(findings).splitlines()) == 20


def test_gitlab_gets_a_list_with_its_keys() -> None:
    (entry,) = json.loads(gitlab.document([finding(3, place=Place(file="./values/a/hub.yaml", line=3))]))

    assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert entry["severity"] == "major"
    assert entry["location"] == {"path": "values/a/hub.yaml", "lines": {"begin": 3}}


def test_gitlab_fingerprints_are_unique_and_stay_when_lines_move() -> None:
    def prints(findings: Sequence[Finding]) -> list[str]:
        return [entry["fingerprint"] for entry in json.loads(gitlab.document(findings))]

    assert prints([finding(1), finding(2)]) == prints([finding(5), finding(9)])
    assert len(set(prints([finding(1), finding(2)]))) == 2


def test_sarif_names_rule_place_and_level() -> None:
    log = json.loads(sarif.document([finding(3), finding(4, Severity.INFO, rule="worst-case")]))
    (run,) = log["runs"]

    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["no-limit", "worst-case"]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], second["level"]) == ("no-limit", "error", "note")
    assert run["tool"]["driver"]["rules"][second["ruleIndex"]]["id"] == "worst-case"
    location = first["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "values/a/prod/hub.yaml"
    assert location["region"] == {"startLine": 3, "startColumn": 2}
    assert first["partialFingerprints"]["primaryLocationLineHash"]


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    assert json.loads(sarif.document([]))["runs"][0]["results"] == []


def test_junit_has_one_case_a_file_and_rule() -> None:
    suite = ET.fromstring(junit.document([finding(1), finding(2), finding(3, Severity.INFO, rule="worst-case")]))

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    first, second = suite
    assert first.get("name") == "no-limit"
    failure = first.find("failure")
    assert failure is not None
    assert "values/a/prod/hub.yaml:2:2" in (failure.text or "")
    assert second.find("failure") is None


def test_junit_of_nothing_is_one_passed_case() -> None:
    suite = ET.fromstring(junit.document([]))

    assert [case.get("name") for case in suite] == ["no findings"]


def test_junit_is_xml_whatever_a_file_holds() -> None:
    suite = ET.fromstring(junit.document([finding(message="\x00<&>\x1b\ufffe")]))

    assert suite[0].get("name") == "no-limit"


def test_several_reports_come_from_one_run(hubwright: Run, tmp_path: Path) -> None:
    done = hubwright(
        "lint", "values", "--root", str(ROOT), "--format", "github",
        "--output", f"sarif={tmp_path}/a.sarif", "--output", f"junit={tmp_path}/a.xml", cwd=ROOT,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("::warning file=values/")
    assert json.loads((tmp_path / "a.sarif").read_text())["runs"][0]["results"]
    assert ET.parse(tmp_path / "a.xml").getroot().tag == "testsuite"
    assert "80 warnings" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "sarif"], "--output sarif: write FORMAT=FILE with one of text, json, github"),
        (["--output", "pdf=a"], "--output pdf=a: write FORMAT=FILE with one of text, json, github"),
        (["--output", "json=/proc/nothing/a"], "/proc/nothing/a: cannot be written"),
        (["--select", "no-limt"], "there is no rule no-limt; did you mean no-limit?"),
        (["--ignore", "no-limt"], "there is no rule no-limt; did you mean no-limit?"),
    ],
)
def test_what_cannot_be_reported_is_said(hubwright: Run, arguments: list[str], message: str) -> None:
    done = hubwright("lint", "cluster-f", *arguments, cwd=ROOT)

    assert done.returncode == 2
    assert message in done.stderr


def test_rules_are_selected_and_ignored_by_name(hubwright: Run) -> None:
    selected = hubwright("lint", "--select", "ceiling-doubled", "--quiet", cwd=ROOT).stdout.splitlines()
    ignored = hubwright("lint", "--ignore", "ceiling-doubled", cwd=ROOT).stdout

    assert len(selected) == 2
    assert "ceiling-doubled" not in ignored


def test_information_is_shown_on_demand(hubwright: Run) -> None:
    assert "worst-case" not in hubwright("lint", "cluster-f", cwd=ROOT).stdout
    assert "worst-case" in hubwright("lint", "cluster-f", "--level", "info", cwd=ROOT).stdout
    assert "worst-case" in hubwright("lint", "cluster-f", "--fail-level", "info", cwd=ROOT).stdout


def test_findings_of_other_hubs_are_left_out(hubwright: Run) -> None:
    one = hubwright("lint", "cluster-d/prod", "--quiet", cwd=ROOT).stdout

    assert "cluster-d/prod/hub.yaml" in one
    assert "cluster-d/staging/hub.yaml" not in one
