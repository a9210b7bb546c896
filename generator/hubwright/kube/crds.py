"""The custom resource definitions, which all hubs of a cluster share: compare, apply, never downgrade."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException

from hubwright import resources
from hubwright.kube.connection import TIMEOUT, Connection

VERSION_ANNOTATION = "hubwright/crd-version"
FIELD_MANAGER = "hubwright"
_KIND = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class State(StrEnum):
    """How a definition in the cluster stands to ours."""

    MISSING = "missing"
    OLDER = "older"
    DIFFERENT = "different"
    SAME = "same"
    NEWER = "newer"
    FOREIGN = "foreign"
    UNSERVED = "foreign, and without our version"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One definition: ours, the cluster's, and how they compare."""

    name: str
    ours: dict[str, Any]
    theirs: dict[str, Any] | None
    state: State


def compare(connection: Connection) -> list[Definition]:
    """Every definition of the chart next to the cluster's. Raises ApiException."""
    return [_compare(connection.custom, definition) for definition in resources.crds()]


def apply(connection: Connection, definition: Definition) -> None:
    """Server-side apply with our field manager. Raises ApiException."""
    _apply(connection, definition.ours, dry_run=False)


def preview(connection: Connection, definition: Definition) -> str:
    """Unified diff from the cluster's definition to what applying ours would make of it; empty when nothing changes."""
    made = _apply(connection, definition.ours, dry_run=True)
    old = yaml.safe_dump((definition.theirs or {}).get("spec", {})).splitlines(keepends=True)
    new = yaml.safe_dump(made["spec"]).splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, f"{definition.name} (in the cluster)", f"{definition.name} (ours)"))


def _compare(api: Any, definition: dict[str, Any]) -> Definition:
    name = definition["metadata"]["name"]
    try:
        # As plain data: the typed client drops fields that it does not know.
        theirs = api.get_cluster_custom_object(*_KIND, name, _request_timeout=TIMEOUT)
    except ApiException as error:
        if error.status != 404:
            raise
        return Definition(name=name, ours=definition, theirs=None, state=State.MISSING)
    return Definition(name=name, ours=definition, theirs=theirs, state=state_of(definition, theirs))


def state_of(ours: dict[str, Any], theirs: dict[str, Any]) -> State:
    """By the version that the annotation tells; a definition without it belongs to somebody else."""
    told = theirs["metadata"].get("annotations", {}).get(VERSION_ANNOTATION, "")
    if not told.isdigit():
        return State.FOREIGN if served(ours) <= served(theirs) else State.UNSERVED
    mine = int(ours["metadata"]["annotations"][VERSION_ANNOTATION])
    if int(told) != mine:
        return State.OLDER if int(told) < mine else State.NEWER
    return State.SAME if _versions(ours) == _versions(theirs) else State.DIFFERENT


def served(definition: dict[str, Any]) -> set[str]:
    """The versions that the API server answers for."""
    return {version["name"] for version in definition["spec"]["versions"] if version["served"]}


def _versions(definition: dict[str, Any]) -> list[Any]:
    """The part of a definition to which the API server adds nothing of its own."""
    return [(v["name"], v["served"], v["storage"], v.get("schema")) for v in definition["spec"]["versions"]]


def _apply(connection: Connection, definition: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    answer = connection.custom.patch_cluster_custom_object(
        *_KIND,
        definition["metadata"]["name"],
        definition,
        field_manager=FIELD_MANAGER,
        force=True,
        dry_run="All" if dry_run else None,
        _content_type="application/apply-patch+yaml",
        _preload_content=False,
        _request_timeout=TIMEOUT,
    )
    made: dict[str, Any] = json.loads(answer.data)
    return made
