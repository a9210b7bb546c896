"""Finds the chart and the schemas: inside the installed wheel, or in the repository of an editable install."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).resolve().parent
_REPOSITORY = _PACKAGE.parents[1]


def chart_folder() -> Path:
    """The folder with Chart.yaml."""
    return _shipped("_chart", "chart")


def crds() -> list[dict[str, Any]]:
    """The chart's custom resource definitions."""
    files = sorted((chart_folder() / "crds").glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text(encoding="utf-8")) if document]


def schema_folder() -> Path:
    """The folder with the generated JSON schemas."""
    return _shipped("_schemas", "schemas")


def data_folder() -> Path:
    """The folder with the catalogue and the Kubernetes schemas."""
    return _PACKAGE / "data"


def _shipped(in_wheel: str, in_repository: str) -> Path:
    packed = _PACKAGE / in_wheel
    return packed if packed.is_dir() else _REPOSITORY / in_repository
