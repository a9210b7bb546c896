"""Writes the JSON form of the hand-written schemas: schemas/*.schema.json and chart/values.schema.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART_VALUES = "chart-values"


def bundle(name: str, folder: Path) -> dict[str, Any]:
    """The schema `name` with every definition it takes from another file copied in."""
    schema: dict[str, Any] = _load(folder / f"{name}.schema.yaml")
    definitions: dict[str, Any] = {}
    bundled: dict[str, Any] = _localise(schema, definitions, folder)
    merged = {**bundled.get("definitions", {}), **definitions}
    if merged:
        bundled["definitions"] = dict(sorted(merged.items()))
    return bundled


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _localise(node: Any, definitions: dict[str, Any], folder: Path) -> Any:
    if isinstance(node, list):
        return [_localise(item, definitions, folder) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        file_name, _, pointer = reference.partition("#/definitions/")
        _take(file_name, pointer, definitions, folder)
        return {"$ref": f"#/definitions/{pointer}"}
    return {key: _localise(value, definitions, folder) for key, value in node.items()}


def _take(file_name: str, wanted: str, definitions: dict[str, Any], folder: Path) -> None:
    source = _load(folder / file_name)["definitions"]
    pending = [wanted]
    while pending:
        name = pending.pop()
        if name in definitions:
            continue
        definitions[name] = source[name]
        text = json.dumps(source[name])
        pending += [other for other in source if f'"#/definitions/{other}"' in text]


def outputs(root: Path) -> dict[Path, str]:
    """Path to content of every generated schema file under the project `root`."""
    folder = root / "schemas"
    written: dict[Path, str] = {}
    for source in sorted(folder.glob("*.schema.yaml")):
        name = source.name.removesuffix(".schema.yaml")
        text = json.dumps(bundle(name, folder), indent=2, ensure_ascii=False) + "\n"
        written[folder / f"{name}.schema.json"] = text
        if name == CHART_VALUES:
            written[root / "chart" / "values.schema.json"] = text
    return written


if __name__ == "__main__":
    for path, text in outputs(ROOT).items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
