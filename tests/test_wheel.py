"""The installed wheel alone can generate and render: chart, schemas and data are inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_carries_chart_schemas_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    for path in (ROOT / "chart").rglob("*"):
        inside = path.relative_to(ROOT / "chart")
        if path.is_file() and inside.parts[0] not in ("tests", "ci") and path.suffix != ".pyc":
            assert f"hubwright/_chart/{inside}" in names
    for path in (ROOT / "schemas").glob("*.json"):
        assert f"hubwright/_schemas/{path.name}" in names
    assert "hubwright/data/catalogue/aws.csv" in names
    assert "hubwright/data/kubernetes/1.30.json.gz" in names
    assert "hubwright/outputs/templates/guide.md.j2" in names
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyc")]


def test_the_wheel_alone_goes_from_nothing_to_manifests(wheel: Path, tmp_path: Path) -> None:
    """The wheel is put in front of the environment's libraries; the tree is not on the path."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    work = tmp_path / "work"
    work.mkdir()

    def run(*arguments: str) -> str:
        program = f"import sys; sys.path.insert(0, {str(site)!r}); import hubwright.__main__ as m; sys.exit(m.run(sys.argv[1:]))"
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("init", "cluster-a/prod", "--provider", "aws")
    run("lint")
    run("generate")
    assert "valid: 23 objects of 1 hub" in run("template", "cluster-a/prod", "--validate")
    run("chart", "chart")
    assert "presets" in run("presets", "cluster-a/prod", "--format", "json")
