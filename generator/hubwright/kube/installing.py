"""One install: what stands in its way, doing it with progress, and why it failed."""

from __future__ import annotations

import contextlib
import difflib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hubwright.helm.engine import HelmFailed
from hubwright.helm.releases import Cancelled, Release, Releases
from hubwright.kube import clusters, reasons
from hubwright.kube.connection import ApiError, Connection

Say = Callable[[str], None]
PAUSE = 1.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be installed, and where."""

    connection: Connection
    releases: Releases
    chart: Path
    namespace: str
    release: str
    selector: str
    values: Mapping[str, Any]


def settle(job: Job, *, recover: bool, say: Say) -> None:
    """Deal with an action that was begun and never ended. HelmFailed with the remedy unless `recover`."""
    history = job.releases.history(job.release)
    if not history or not history[-1].interrupted:
        return
    last = history[-1]
    words = f"release {job.release} in {job.namespace} is {last.status} since {last.deployed_at}"
    if not recover:
        raise HelmFailed(
            f"{words}: an earlier action was interrupted, or goes on elsewhere; "
            "when it does not, run the command again with --recover"
        )
    good = [one for one in history if one.status in ("deployed", "superseded")]
    if good:
        say(f"{words}; rolling back to revision {good[-1].revision}")
        job.releases.roll_back(job.release, good[-1].revision, seconds=60)
    else:
        say(f"{words}; removing it, no revision of it ever ran")
        job.releases.remove(job.release, seconds=60)


def put(job: Job, *, seconds: int, say: Say, stop: threading.Event) -> Release:
    """Install or upgrade and wait, telling what becomes ready. HelmFailed with the reasons; Cancelled after `stop`."""
    result: list[Release | BaseException] = []

    def work() -> None:
        try:
            result.append(job.releases.put(job.chart, job.release, job.values, seconds=seconds))
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    told = ""
    while thread.is_alive():
        if stop.is_set():
            job.releases.cancel()
        told = _tell(job, told, say)
        thread.join(PAUSE)
    outcome = result[0]
    if isinstance(outcome, Release):
        return outcome
    if isinstance(outcome, HelmFailed) and not isinstance(outcome, Cancelled):
        raise HelmFailed(explained(job, str(outcome))) from outcome
    raise outcome


def _tell(job: Job, told: str, say: Say) -> str:
    """Say what is ready when that changed."""
    try:
        found = clusters.components(job.connection, job.namespace, job.selector)
    except ApiError:
        return told
    now = ", ".join(f"{one.name} {one.ready}/{one.wanted}" for one in found)
    if now and now != told:
        say(f"ready: {now}")
    return now


def explained(job: Job, failure: str) -> str:
    """Helm's words, then what the cluster says of each thing that is not ready."""
    try:
        why = reasons.unready(job.connection, job.namespace, job.selector)
    except ApiError:
        why = []
    return "\n".join([failure, *(f"  {line}" for line in why)])


def difference(job: Job) -> str:
    """Unified diff, object by object, from what is deployed to what an install would make. Changes nothing."""
    there = job.releases.current(job.release)
    made = job.releases.put(job.chart, job.release, job.values, seconds=60, dry_run=True)
    old, new = _objects(there.manifest if there else ""), _objects(made.manifest)
    parts = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, ""), new.get(name, "")
        lines = difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), f"{name} (deployed)", f"{name} (new)"
        )
        parts.append("".join(lines))
    return "".join(parts)


def _objects(manifest: str) -> dict[str, str]:
    found = {}
    for document in yaml.safe_load_all(manifest):
        if document:
            found[f"{document['kind']}/{document['metadata']['name']}"] = yaml.dump(
                document, Dumper=_Readable, width=200
            )
    return found


class _Readable(yaml.SafeDumper):
    """Texts of several lines, and JSON, line by line, so that a diff shows the line that changed."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if text.startswith("{"):
        with contextlib.suppress(ValueError):
            text = json.dumps(json.loads(text), indent=2)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)
