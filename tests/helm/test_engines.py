"""Two engines, one behaviour: the same templates, the same refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hubwright import helm
from tests.conftest import ROOT
from tests.tools.build import program

CHART = ROOT / "chart"
ENGINES = {"embedded": helm.engine("embedded"), "binary": helm.engine("binary", str(program("helm")))}


def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / "ci/minimal-values.yaml").read_text())
    return loaded


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_tells_the_version_of_helm(name: str) -> None:
    assert ENGINES[name].version().lstrip("v").startswith("4.2.3")


@pytest.mark.parametrize("name", ENGINES)
def test_manifests_come_by_template(name: str) -> None:
    made = ENGINES[name].render(CHART, values(), release="dask-gateway", namespace="prod")

    assert yaml.safe_load(made["templates/gateway/service.yaml"])["metadata"]["namespace"] == "prod"
    assert len(list(yaml.safe_load_all(made["templates/proxy/middleware.yaml"]))) == 2
    assert not any("crds" in path for path in made)


@pytest.mark.parametrize("name", ENGINES)
def test_what_a_check_refuses_is_told_without_helms_wrapping(name: str) -> None:
    broken = {**values(), "options": {"image": ""}}

    with pytest.raises(helm.HelmFailed) as refusal:
        ENGINES[name].render(CHART, broken, release="dask-gateway", namespace="prod")
    assert str(refusal.value) == "- clusters need an image: set options.image"


@pytest.mark.parametrize("name", ENGINES)
def test_what_the_schema_refuses_names_the_key(name: str) -> None:
    broken = {**values(), "gatway": {}}

    with pytest.raises(helm.HelmFailed, match="gatway"):
        ENGINES[name].render(CHART, broken, release="dask-gateway", namespace="prod")


@pytest.mark.parametrize("name", ENGINES)
def test_a_folder_that_is_no_chart_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(helm.HelmFailed, match=r"Chart\.yaml"):
        ENGINES[name].render(tmp_path, {}, release="a", namespace="b")


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(helm.HelmFailed, match="there is no program nohelm; install Helm, or name it with --helm"):
        helm.engine("binary", "nohelm").version()


def test_without_the_library_the_other_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "helm_python", None)

    with pytest.raises(helm.HelmFailed, match="use --engine binary"):
        helm.engine("embedded")
