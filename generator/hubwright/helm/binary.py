"""The `helm` program as an engine: for machines without the library, and to compare with."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubwright.helm.engine import HelmFailed, reason

_SOURCE = re.compile(r"^---\n# Source: [^/\n]+/(.+)\n", re.MULTILINE)


class BinaryEngine:
    """Runs `helm template` with the values on its standard input."""

    def __init__(self, *, program: str) -> None:
        self._program = program

    def version(self) -> str:
        """Version of the program."""
        return self._run(["version", "--template", "{{.Version}}"], "").removeprefix("v")

    def render(self, chart: Path, values: Mapping[str, Any], *, release: str, namespace: str) -> dict[str, str]:
        """See Engine."""
        command = ["template", release, str(chart), "--namespace", namespace, "--values", "-"]
        text = self._run(command, json.dumps(values))
        parts = _SOURCE.split(text)
        made: dict[str, str] = {}
        for path, manifest in zip(parts[1::2], parts[2::2], strict=True):
            made[path] = f"{made[path]}---\n{manifest}" if path in made else manifest
        return made

    def _run(self, arguments: list[str], given: str) -> str:
        try:
            done = subprocess.run([self._program, *arguments], input=given, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            message = f"there is no program {self._program}; install Helm, or name it with --helm"
            raise HelmFailed(message) from error
        except PermissionError as error:
            raise HelmFailed(f"{self._program} cannot be run: permission denied") from error
        if done.returncode:
            raise HelmFailed(reason(done.stderr))
        return done.stdout
