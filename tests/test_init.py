"""A stranger's first minutes, in an empty folder: init, lint, generate, template, chart."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Run


@pytest.mark.parametrize("provider", ["gcp", "aws", "azure", "generic"])
def test_what_init_writes_is_valid_and_renders(hubwright: Run, tmp_path: Path, provider: str) -> None:
    assert hubwright("init", "cluster-a/prod", "--provider", provider, cwd=tmp_path).returncode == 0
    for command in (["lint", "--fail-level", "warning"], ["generate"], ["template", "cluster-a/prod", "--validate"]):
        done = hubwright(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_files_explain_themselves(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--provider", "gcp", "--domain", "hub.my.org", "--image", "a/b:1", cwd=tmp_path)

    hub = (tmp_path / "values/cluster-a/prod/hub.yaml").read_text()
    assert "domain: hub.my.org" in hub
    assert "image: a/b:1" in hub
    assert "# environment:" in hub


def test_every_comment_that_is_a_setting_would_be_valid(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--provider", "gcp", cwd=tmp_path)
    for path in (tmp_path / "values").rglob("*.yaml"):
        lines = path.read_text().splitlines()
        settings = [line.removeprefix("# ") if _is_setting(line) else line for line in lines]
        path.write_text("\n".join(settings) + "\n")

    done = hubwright("lint", cwd=tmp_path)

    assert "warning" not in done.stdout, done.stdout
    assert "error" not in done.stdout, done.stdout


def _is_setting(line: str) -> bool:
    return (
        line.startswith("# ")
        and ":" in line
        and "All below" not in line
        and "What every" not in line
        and "$schema" not in line
    )


def test_the_first_line_leads_editors_to_a_schema_that_is_there(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--provider", "gcp", cwd=tmp_path)

    for path in (tmp_path / "values").rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (path.parent / first.partition("$schema=")[2]).is_file()


def test_every_file_of_the_fleet_leads_editors_to_its_schema() -> None:
    files = [path for path in (ROOT / "values").rglob("*.yaml") if "rendered" not in path.parts]

    for path in files:
        first = path.read_text().splitlines()[0]
        kind = {"hub.yaml": "hub", "cluster.yaml": "cluster", "defaults.yaml": "defaults"}[path.name]
        target = (path.parent / first.partition("$schema=")[2]).resolve()
        assert target == ROOT / f"schemas/{kind}.schema.json"


def test_a_second_hub_leaves_the_cluster_file_alone(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--provider", "gcp", cwd=tmp_path)
    before = (tmp_path / "values/cluster-a/cluster.yaml").read_text()

    done = hubwright("init", "cluster-a/staging", cwd=tmp_path)

    assert done.returncode == 0
    assert (tmp_path / "values/cluster-a/cluster.yaml").read_text() == before
    assert hubwright("lint", cwd=tmp_path).returncode == 0


def test_a_new_cluster_needs_its_provider(hubwright: Run, tmp_path: Path) -> None:
    done = hubwright("init", "cluster-a/prod", cwd=tmp_path)

    assert done.returncode == 2
    assert "cluster cluster-a is new; say --provider gcp, aws, azure or generic" in done.stderr
    assert not (tmp_path / "values/cluster-a").exists()


def test_a_machine_type_tells_its_provider(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--machine-type", "r7i.4xlarge", cwd=tmp_path)

    cluster = yaml.safe_load((tmp_path / "values/cluster-a/cluster.yaml").read_text())
    assert cluster["provider"] == "aws"
    assert cluster["nodePools"]["dask"]["machineTypes"] == ["r7i.4xlarge"]


def test_a_misspelt_machine_type_is_refused(hubwright: Run, tmp_path: Path) -> None:
    done = hubwright("init", "c/prod", "--provider", "gcp", "--machine-type", "n2-high-mem16", cwd=tmp_path)

    assert done.returncode == 2
    assert "n2-high-mem16 is not a machine type that we know of gcp; did you mean n2-highmem-16?" in done.stderr


def test_the_chart_is_written_and_replaced(hubwright: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert hubwright("chart", "chart", cwd=tmp_path).returncode == 0

    assert (tmp_path / "chart/Chart.yaml").read_text() == (ROOT / "chart/Chart.yaml").read_text()
    assert (tmp_path / "chart/files/gateway/hub_options.py").is_file()
    assert (tmp_path / "chart/crds/daskclusters.gateway.dask.org.yaml").is_file()
    assert not (tmp_path / "chart/tests").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["chart"]


def test_schemas_for_editors_follow_the_program(hubwright: Run, tmp_path: Path) -> None:
    hubwright("init", "cluster-a/prod", "--provider", "gcp", cwd=tmp_path)
    schema = tmp_path / "values/.schemas/hub.schema.json"
    schema.write_text("{}")

    hubwright("generate", cwd=tmp_path)

    assert schema.read_text() == (ROOT / "schemas/hub.schema.json").read_text()
