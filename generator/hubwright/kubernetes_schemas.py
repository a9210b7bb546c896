"""Checks manifests against Kubernetes' own schemas, of the oldest and newest known version, and against our CRDs."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hubwright import resources
from hubwright.schema import draft7

VERSIONS = ("1.30", "1.37")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one object."""

    kind: str
    name: str
    version: str
    path: str
    message: str

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        version = f" (Kubernetes {self.version})" if self.version else ""
        return f"{self.kind}/{self.name}: {path}{self.message}{version}"


@cache
def _document(version: str) -> dict[str, Any]:
    path = resources.data_folder() / "kubernetes" / f"{version}.json.gz"
    loaded: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return loaded


@cache
def _validator(version: str, kind: str) -> Any:
    document = _document(version)
    if kind not in document["kinds"]:
        return None
    schema = {"$ref": f"#/definitions/{document['kinds'][kind]}", "definitions": document["definitions"]}
    return draft7()(schema)


def validate(obj: dict[str, Any], version: str) -> list[str]:
    """`path: reason` of everything that Kubernetes `version` would not take in an object of its own kinds."""
    kind = f"{obj.get('apiVersion')}/{obj.get('kind')}"
    validator = _validator(version, kind)
    if validator is None:
        return [f"{kind} is not a kind that is known here"]
    return [_words(error) for error in validator.iter_errors(obj)]


def validate_manifests(
    objects: Sequence[dict[str, Any]], versions: Iterable[str], crds: Iterable[dict[str, Any]]
) -> list[Problem]:
    """Every problem of a release's objects; custom ones are held against `crds`."""
    custom = _custom_validators(crds)
    found = list(_doubles(objects))
    for obj in objects:
        key = f"{obj.get('apiVersion')}/{obj.get('kind')}"
        if key in custom:
            found += [_problem(obj, "", _words(error)) for error in custom[key].iter_errors(obj)]
        else:
            found += [_problem(obj, version, text) for version in versions for text in validate(obj, version)]
        found += [_problem(obj, "", text) for text in _double_variables(obj)]
    return found


def _custom_validators(crds: Iterable[dict[str, Any]]) -> dict[str, Any]:
    made = {}
    for crd in crds:
        spec = crd["spec"]
        for version in spec["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"], top=True)
            made[f"{spec['group']}/{version['name']}/{spec['names']['kind']}"] = draft7()(schema)
    return made


def _closed(node: Any, *, top: bool = False) -> Any:
    """A CRD's schema as strict validation reads it: fields that it does not name are errors, unless it keeps them."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _closed(value) if key != "properties" else value for key, value in node.items()}
    if isinstance(node.get("properties"), dict):
        made["properties"] = {name: _closed(child) for name, child in node["properties"].items()}
        if not node.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in node:
            made["additionalProperties"] = False
    if top:
        made["properties"] = {"apiVersion": {}, "kind": {}, "metadata": {}, **made.get("properties", {})}
    if node.get("x-kubernetes-int-or-string"):
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return made


def _words(error: Any) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    message = error.message if len(error.message) <= 200 else error.message[:197] + "..."
    return f"{path}: {message}" if path else str(message)


def _problem(obj: dict[str, Any], version: str, text: str) -> Problem:
    path, separator, message = text.partition(": ")
    name = str(obj.get("metadata", {}).get("name", ""))
    where = (path, message) if separator else ("", text)
    return Problem(kind=str(obj.get("kind")), name=name, version=version, path=where[0], message=where[1])


def _doubles(objects: Sequence[dict[str, Any]]) -> Iterator[Problem]:
    def identity(obj: dict[str, Any]) -> tuple[str, str, str]:
        metadata = obj.get("metadata", {})
        return str(obj.get("kind")), str(metadata.get("namespace", "")), str(metadata.get("name", ""))

    counts = Counter(identity(obj) for obj in objects)
    for (kind, _, name), count in counts.items():
        if count > 1:
            yield Problem(kind=kind, name=name, version="", path="", message=f"is there {count} times")


def _double_variables(obj: dict[str, Any]) -> Iterator[str]:
    pod = obj.get("spec", {}).get("template", {}).get("spec", {}) if isinstance(obj.get("spec"), dict) else {}
    for container in pod.get("containers", []):
        counts = Counter(entry.get("name") for entry in container.get("env", []))
        for name, count in counts.items():
            if count > 1:
                yield f"container {container.get('name')} sets the variable {name} {count} times"
