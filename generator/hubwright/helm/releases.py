"""Releases of the chart in a cluster, through embedded Helm: what is there, install, upgrade, roll back, remove."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubwright.helm.engine import HelmFailed, reason

# Helm's own limit of what it remembers of a release.
HISTORY = 10
FIELD_MANAGER = b"helm"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One revision of a release."""

    revision: int
    status: str
    deployed_at: str
    chart_version: str
    manifest: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether an action on it was begun and not ended; Helm refuses any other until it is settled."""
        return self.status.startswith("pending-")


def act_as_helm() -> None:
    """Give this process the name `helm`, by which Kubernetes knows who owns a field of an object.

    Helm takes the field manager from the process's name. Under Python's, an upgrade of what the helm program installed
    would be refused as a conflict, and the other way round. Call it before embedded Helm is
    loaded: Go reads the name then.
    """
    try:
        name = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "program_invocation_name")
    except (ValueError, OSError, TypeError):  # not glibc: the field manager is then the interpreter's name
        return
    if name.value and len(ctypes.string_at(name.value)) >= len(FIELD_MANAGER):
        ctypes.memmove(name.value, FIELD_MANAGER + b"\0", len(FIELD_MANAGER) + 1)


class Cancelled(HelmFailed):
    """The action was interrupted; Helm has noted the revision as failed."""


class Releases:
    """The releases of one namespace. One action on a release at a time; different releases may go on together."""

    def __init__(self, *, kubeconfig: str | None, context: str | None, namespace: str) -> None:
        try:
            import helm_python
        except ImportError as error:
            message = (
                "embedded Helm is not available on this machine; install the rendered values with the helm program"
            )
            raise HelmFailed(message) from error
        self._helm = helm_python
        self._config = helm_python.Config(kubeconfig_path=kubeconfig, kube_context=context, namespace=namespace)
        self._cancel = helm_python.HelmContext()

    def history(self, name: str) -> list[Release]:
        """Every revision, oldest first; none when there is no such release."""
        with self._failures():
            try:
                return [_release(one) for one in self._config.history(name)]
            except self._helm.HelmNotFoundError:
                return []

    def current(self, name: str) -> Release | None:
        """The newest revision with its manifest; None when there is no such release."""
        with self._failures():
            try:
                return _release(self._config.status(name))
            except self._helm.HelmNotFoundError:
                return None

    def put(self, chart: Path, name: str, values: Mapping[str, Any], *, seconds: int, dry_run: bool = False) -> Release:
        """Install or upgrade, and wait until it is ready. HelmFailed when it is not, after `seconds`."""
        exists = bool(self.history(name))
        # Without the CRDs: they are the whole cluster's, and a namespace's administrator may not touch them.
        with self._failures(), _without_crds(chart) as folder:
            options: dict[str, Any] = {"context": self._cancel, "timeout": seconds, "wait": "watcher"}
            if dry_run:
                options = {"dry_run": "server"}
            if exists:
                made = self._config.upgrade(
                    folder, name, dict(values), reset_values=True, max_history=HISTORY, **options
                )
            else:
                made = self._config.install(folder, name, dict(values), create_namespace=True, **options)
        return _release(made)

    def roll_back(self, name: str, revision: int | None, *, seconds: int) -> None:
        """Make an earlier revision (None: the one before) the newest, and wait until it is ready."""
        with self._failures():
            self._config.rollback(name, version=revision, timeout=seconds, wait="watcher")

    def remove(self, name: str, *, seconds: int) -> None:
        """Remove what the release made, and wait until it is gone."""
        with self._failures():
            self._config.uninstall(name, timeout=seconds, wait="watcher", ignore_not_found=True)

    def cancel(self) -> None:
        """End a running `put` soon. From any thread."""
        self._cancel.cancel()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._helm.HelmCancelledError as error:
            # Helm says the same of a time that ran out and of a cancellation.
            text = reason(str(error))
            raise (Cancelled if "context canceled" in text else HelmFailed)(text) from error
        except self._helm.HelmError as error:
            raise HelmFailed(reason(str(error))) from error


@contextlib.contextmanager
def _without_crds(chart: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hubwright-chart-") as folder:
        copy = Path(folder) / chart.name
        shutil.copytree(chart, copy, ignore=lambda path, _: ["crds", "tests", "ci"] if Path(path) == chart else [])
        yield copy


def _release(told: Mapping[str, Any]) -> Release:
    return Release(
        revision=int(told["revision"]),
        status=str(told["status"]),
        deployed_at=str(told.get("deployed_at", "")),
        chart_version=str(told.get("chart_version", "")),
        manifest=str(told.get("manifest", "")),
    )
