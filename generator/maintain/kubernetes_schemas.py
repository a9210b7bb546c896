"""Makes data/kubernetes/VERSION.json.gz from Kubernetes' own OpenAPI document: the kinds that the chart makes.

    go mod download -json k8s.io/kubernetes@v1.37.2       # prints Dir
    python kubernetes_schemas.py DIR/api/openapi-spec/swagger.json 1.37

Kubernetes is under Apache-2.0. Descriptions are left out; unknown fields become errors, as with strict validation.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "hubwright" / "data" / "kubernetes"
KINDS = {
    "v1/ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "v1/Pod": "io.k8s.api.core.v1.Pod",
    "v1/Secret": "io.k8s.api.core.v1.Secret",
    "v1/Service": "io.k8s.api.core.v1.Service",
    "v1/ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "apps/v1/Deployment": "io.k8s.api.apps.v1.Deployment",
    "networking.k8s.io/v1/NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "policy/v1/PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1/Role": "io.k8s.api.rbac.v1.Role",
    "rbac.authorization.k8s.io/v1/RoleBinding": "io.k8s.api.rbac.v1.RoleBinding",
    "apiextensions.k8s.io/v1/CustomResourceDefinition": (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"
    ),
}
# JSON schemas inside a CRD refer to themselves and hold any JSON.
FREE = ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",)
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
QUANTITY_PATTERN = r"^[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"


def reduce(document: dict[str, Any]) -> dict[str, Any]:
    """The definitions that KINDS need, strict and without prose."""
    source = document["definitions"]
    kept: dict[str, Any] = {}
    pending = list(KINDS.values())
    while pending:
        name = pending.pop()
        if name not in kept:
            kept[name] = {} if name in FREE else _strict(name, source[name])
            pending += _references(kept[name])
    return {"kinds": KINDS, "definitions": dict(sorted(kept.items()))}


def _strict(name: str, node: Any) -> Any:
    if name == QUANTITY:
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": QUANTITY_PATTERN}]}
    if isinstance(node, list):
        return [_strict("", item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string":
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    made = {
        key: {field: _strict("", child) for field, child in value.items()}
        if key == "properties"
        else _strict("", value)
        for key, value in node.items()
        if key in ("type", "properties", "required", "items", "additionalProperties", "$ref", "enum")
    }
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rsplit("/", 1)[1]] if isinstance(node.get("$ref"), str) else []
    return own + [name for value in node.values() for name in _references(value)]


if __name__ == "__main__":
    reduced = reduce(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    DATA.mkdir(parents=True, exist_ok=True)
    text = json.dumps(reduced, separators=(",", ":")).encode()
    (DATA / f"{sys.argv[2]}.json.gz").write_bytes(gzip.compress(text, mtime=0))
    sys.stdout.write(f"{sys.argv[2]}: {len(reduced['definitions'])} definitions, {len(text)} bytes\n")
