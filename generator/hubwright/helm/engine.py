"""What an engine does, and its failures in readable words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class HelmFailed(Exception):
    """Helm refused the values or a template; the text is Helm's own reason without its wrapping."""


class Engine(Protocol):
    """Renders a chart."""

    def version(self) -> str:
        """Version of Helm itself."""

    def render(self, chart: Path, values: Mapping[str, Any], *, release: str, namespace: str) -> dict[str, str]:
        """Template path (`templates/...`) to manifest text, without CRDs. HelmFailed when Helm refuses."""


_WRAPPINGS = (
    re.compile(r"^.*?error calling fail: ", re.DOTALL),
    re.compile(r"^.*?error calling include: ", re.DOTALL),
    re.compile(r"^Error: "),
    re.compile(r"^execution error at \([^)]*\): "),
    re.compile(
        r"^.*?values don't meet the specifications of the schema\(s\) in the following chart\(s\):\s*", re.DOTALL
    ),
)


def reason(text: str) -> str:
    """Helm's message without the path of calls around it."""
    cleaned = text.strip()
    for wrapping in _WRAPPINGS:
        cleaned = wrapping.sub("", cleaned, count=1)
    return cleaned.strip().removesuffix("Use --debug flag to render out invalid YAML").strip()
