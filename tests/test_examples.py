"""Runs every folder under tests/examples: adding a case is adding a folder.

A case has a values folder and expected.txt, the exact output of `hubwright lint --level info` there less the time it took.
HUBWRIGHT_UPDATE_EXAMPLES=1 writes expected.txt anew, to be read before it is committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hubwright.cli import hubwright
from hubwright.rules import RULES

EXAMPLES = Path(__file__).parent / "examples"
CASES = sorted(path.parent.parent.relative_to(EXAMPLES) for path in EXAMPLES.glob("*/*/values/.") if path.is_dir())
CASES = sorted({path.parent.relative_to(EXAMPLES) for path in EXAMPLES.glob("*/*/values")})


def lint(folder: Path) -> tuple[str, int]:
    result = CliRunner().invoke(hubwright, ["lint", "values", "--level", "info"], standalone_mode=False)
    assert result.exception is None, result.exception
    return re.sub(r", \d+\.\d+ s$", "", result.output, flags=re.MULTILINE), int(result.return_value or 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_example(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = EXAMPLES / case
    monkeypatch.chdir(folder)

    output, code = lint(folder)

    expected = folder / "expected.txt"
    if os.environ.get("HUBWRIGHT_UPDATE_EXAMPLES"):
        expected.write_text(output, encoding="utf-8")
    assert output == expected.read_text(encoding="utf-8")
    assert code == (0 if case.parts[0] == "valid" else 1)


def test_there_is_an_example_of_every_rule() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/*/expected.txt"))

    assert {rule for rule in RULES if f" {rule}]" not in told} == {"unreadable"}  # test_source.py makes such files
