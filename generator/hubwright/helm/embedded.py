"""Helm as a library, from the wheel helm-python-sdk; a chart is loaded once and rendered many times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubwright.helm.engine import HelmFailed, reason


class EmbeddedEngine:
    """The default engine: needs no program on the machine."""

    def __init__(self) -> None:
        try:
            import helm_python
        except ImportError as error:
            message = "embedded Helm is not available on this machine; install helm and use --engine binary"
            raise HelmFailed(message) from error
        self._helm = helm_python
        self._charts: dict[Path, Any] = {}

    def version(self) -> str:
        """Version of Helm inside the library."""
        return str(self._helm.helm_sdk_version())

    def render(self, chart: Path, values: Mapping[str, Any], *, release: str, namespace: str) -> dict[str, str]:
        """See Engine."""
        try:
            loaded = self._charts.get(chart)
            if loaded is None:
                loaded = self._charts[chart] = self._helm.Chart.load(chart)
            loaded.validate_schema(dict(values))
            made = loaded.render(dict(values), name=release, namespace=namespace, is_install=True)
        except self._helm.HelmError as error:
            raise HelmFailed(reason(str(error))) from error
        return {path.partition("/")[2]: text for path, text in made.items() if text.strip()}
