"""What is generated and committed is what its sources make today; key names agree everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reference
import yaml

import hubwright
import schemas
from hubwright import fleet, writing
from hubwright.commands import common
from hubwright.commands.generate import planned
from hubwright.outputs import gateway
from tests.conftest import ROOT


@pytest.mark.parametrize("path", sorted(schemas.outputs(ROOT)), ids=lambda path: path.name)
def test_each_generated_schema_is_the_one_of_its_source(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == schemas.outputs(ROOT)[path], "run make generate"


@pytest.mark.parametrize("path", sorted(reference.outputs(ROOT)), ids=lambda path: path.name)
def test_each_reference_page_is_the_one_of_its_source(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == reference.outputs(ROOT)[path], "run make generate"


def test_every_committed_file_of_the_fleet_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    loaded = common.load(["values"], None)

    stale = [change.words for change in writing.changes(planned(loaded))]

    assert stale == []


def test_there_is_no_generated_file_that_nothing_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = {file.path for file in planned(common.load(["values"], None))}

    assert set(Path("values").glob("**/rendered/*")) == made


def test_one_version_everywhere() -> None:
    chart = yaml.safe_load((ROOT / "chart/Chart.yaml").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert chart["version"] == hubwright.__version__
    assert f"## [{hubwright.__version__}]" in changelog


def test_the_server_in_the_chart_is_one_that_its_python_was_tested_with() -> None:
    from hub_informers import TESTED_VERSIONS

    chart = yaml.safe_load((ROOT / "chart/Chart.yaml").read_text())
    image = chart_values()["gateway"]["image"]

    assert chart["appVersion"] == image["tag"]
    assert image["tag"] in TESTED_VERSIONS
    assert f"dask-gateway-server[kubernetes]=={image['tag']}" in (ROOT / "pyproject.toml").read_text()


# Values that no template names by itself: parent charts, and what hub.json takes whole.
WHOLE = ("global", "enabled", "hub", "scheduler", "workers", "options", "limits", "securityContext")


def paths(values: Any, at: str = "") -> Iterator[str]:
    """Dotted paths of the leaves; an empty map or list is a leaf."""
    if isinstance(values, dict) and values:
        for key, child in values.items():
            yield from paths(child, f"{at}.{key}" if at else key)
    else:
        yield at


def schema_paths(schema: dict[str, Any], root: dict[str, Any], at: str = "") -> Iterator[str]:
    """Dotted paths that the schema names."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    for name, child in schema.get("properties", {}).items():
        path = f"{at}.{name}" if at else name
        yield path
        yield from schema_paths(child, root, path)


def chart_values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "chart/values.yaml").read_text())
    return loaded


def chart_schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "chart/values.schema.json").read_text())
    return loaded


def known_paths() -> set[str]:
    return set(schema_paths(chart_schema(), chart_schema()))


def value_paths(values: dict[str, Any]) -> set[str]:
    """Paths of `values` down to where the schema names no more keys (free maps); an unknown key stays whole."""
    known = known_paths()
    found = set()
    for path in paths(values):
        cut = path
        while cut and cut not in known:
            cut = cut.rpartition(".")[0]
        found.add(cut or path)
    return found


def test_every_chart_value_is_in_the_schema() -> None:
    assert value_paths(chart_values()) - known_paths() == set()


def test_every_key_of_the_schema_has_a_default_in_the_chart() -> None:
    """Keys inside lists, free maps and defaults that are set as a whole aside."""
    defaults = value_paths(chart_values())
    parents = {path.rsplit(".", depth)[0] for path in defaults for depth in range(path.count(".") + 1)}
    known = known_paths()
    free = re.compile(r"resources\.|podDisruptionBudget\.minAvailable|resources$")

    assert [path for path in sorted(known - defaults - parents) if not free.search(path)] == []


COMPONENTS = ("gateway", "controller", "proxy")
# Keys that shared templates take from a component's values by `get` or through a local.
SHARED = {
    "gateway": {"topologySpreadConstraints", "replicas", "podDisruptionBudget", "extraEnv"},
    "controller": {"extraEnv"},
    "proxy": {"topologySpreadConstraints", "replicas", "podDisruptionBudget", "imagePullSecrets"},
}
SHARED_BY_ALL = {
    "priorityClassName",
    "nodeSelector",
    "affinity",
    "tolerations",
    "podLabels",
    "podAnnotations",
    "serviceAccount",
}


def used_in_templates() -> set[str]:
    """Value paths that the templates read."""
    folder = ROOT / "chart/templates"
    config = (folder / "gateway/configmap.yaml").read_text()
    whole = "".join(path.read_text() for path in folder.rglob("*.*")) + config.replace("$values.", ".Values.")
    used = set(re.findall(r"\.Values\.([A-Za-z]+(?:\.[A-Za-z]+)*)", whole))
    used |= {
        f"controller.{key}"
        for key in re.findall(r'"([A-Za-z]+)"', config.split("pick $values.controller")[1].split(")")[0])
    }
    used.discard("controller")
    for component in COMPONENTS:
        own = "".join(path.read_text() for path in (folder / component).glob("*.yaml") if path.name != "configmap.yaml")
        used |= {f"{component}.{key}" for key in re.findall(r"\$values\.([A-Za-z]+(?:\.[A-Za-z]+)*)", own)}
        used |= {f"{component}.{key}" for key in SHARED_BY_ALL | SHARED[component]}
    return used


def test_templates_read_values_of_the_schema_alone() -> None:
    assert sorted(used_in_templates() - known_paths()) == []


def test_templates_read_every_chart_value() -> None:
    used = used_in_templates()

    unused = [
        path
        for path in sorted(value_paths(chart_values()))
        if path.split(".")[0] not in WHOLE and not any(path == one or path.startswith(f"{one}.") for one in used)
    ]
    assert unused == []


def test_the_keys_of_shared_templates_stand_in_them() -> None:
    shared = "".join(path.read_text() for path in (ROOT / "chart/templates").glob("_*.tpl"))

    assert [key for key in SHARED_BY_ALL.union(*SHARED.values()) if key not in shared] == []


def test_outputs_name_chart_values_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    loaded = fleet.read(fleet.select(["tests/examples/valid/everything/values"], None))
    made = gateway.values(loaded.hubs[0], loaded.fleet.clusters[0])

    assert value_paths(made) - known_paths() == set()


def test_every_key_of_every_schema_is_described_with_an_example() -> None:
    lacking = []
    for name in ("hub", "cluster", "defaults", "chart-values"):
        schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
        lacking += [f"{name}: {path}" for path in _undescribed(schema, schema, "")]

    assert lacking == []


def _undescribed(node: Any, root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _undescribed(child, root, at)
    if not isinstance(node, dict):
        return
    for name, child in node.get("properties", {}).items():
        views = [child, *(part for part in child.get("allOf", []))]
        views += [root["definitions"][v["$ref"].rsplit("/", 1)[1]] for v in views if "$ref" in v]
        if not any("description" in view for view in views) or not any("examples" in view for view in views):
            yield f"{at}.{name}"
    for key, child in node.items():
        if key not in ("examples", "default", "enum"):
            yield from _undescribed(child, root, f"{at}.{key}")


KEYWORDS = {
    "$schema", "title", "description", "examples", "default", "type", "properties", "additionalProperties", "required",
    "items", "enum", "const", "pattern", "patternErrorMessage", "minimum", "maximum", "exclusiveMinimum", "minLength",
    "maxLength", "minItems", "uniqueItems", "allOf", "oneOf", "anyOf", "$ref", "definitions", "propertyNames",
}  # fmt: skip


@pytest.mark.parametrize("name", ["hub", "cluster", "defaults", "chart-values"])
def test_schemas_use_known_keywords_alone(name: str) -> None:
    """A comma too many in YAML makes half a sentence a keyword, which every validator would ignore."""
    schema = yaml.safe_load((ROOT / f"schemas/{name}.schema.yaml").read_text())

    assert set(_keywords(schema)) <= KEYWORDS


def _keywords(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _keywords(child)
    if isinstance(node, dict):
        for key, child in node.items():
            yield key
            if key in ("properties", "definitions"):
                for inner in child.values():
                    yield from _keywords(inner)
            elif key not in ("examples", "default", "enum", "const"):
                yield from _keywords(child)
