"""Kubernetes' own schemas refuse what the API server would refuse."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from hubwright.kubernetes_schemas import VERSIONS, validate, validate_manifests

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: n}
spec:
  replicas: 1
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - {name: a, image: b, resources: {limits: {memory: 1Gi, cpu: 500m}}, ports: [{containerPort: 80}]}
"""
CRD: dict[str, Any] = {
    "spec": {
        "group": "example.org",
        "names": {"kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer"},
                                    "port": {"x-kubernetes-int-or-string": True},
                                },
                            },
                            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {}},
                        },
                    }
                },
            }
        ],
    }
}


def deployment() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(DEPLOYMENT)
    return loaded


def thing(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "t"}, **fields}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sound_object_passes(version: str) -> None:
    assert validate(deployment(), version) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["spec"].update(replica=1),
            "spec: Additional properties are not allowed ('replica' was unexpected)",
        ),
        (lambda d: d["spec"].update(replicas="two"), "spec.replicas: 'two' is not of type 'integer'"),
        (lambda d: d["spec"].pop("selector"), "spec: 'selector' is a required property"),
        (
            lambda d: d["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"].update(memory="1GB"),
            "spec.template.spec.containers.0.resources.limits.memory: '1GB' is not valid under any of the given schemas",
        ),
    ],
)
def test_a_broken_object_is_told(version: str, change: Any, message: str) -> None:
    obj = deployment()
    change(obj)

    assert validate(obj, version) == [message]


def test_a_kind_that_is_not_known_is_told() -> None:
    assert validate({"apiVersion": "v9", "kind": "Foo"}, "1.30") == ["v9/Foo is not a kind that is known here"]


@pytest.mark.parametrize(
    ("obj", "messages"),
    [
        (thing(spec={"size": 1, "port": "http"}), []),
        (thing(spec={"size": 1, "port": 80}), []),
        (thing(free={"anything": [1]}), []),
        (thing(spec={"size": "1"}), ["Thing/t: spec.size: '1' is not of type 'integer'"]),
        (thing(spec={"sice": 1}), ["Thing/t: spec: Additional properties are not allowed ('sice' was unexpected)"]),
        (thing(spec={"port": []}), ["Thing/t: spec.port: [] is not valid under any of the given schemas"]),
        (thing(extra=1), ["Thing/t: Additional properties are not allowed ('extra' was unexpected)"]),
    ],
)
def test_custom_objects_are_held_against_their_definition(obj: dict[str, Any], messages: list[str]) -> None:
    assert [str(problem) for problem in validate_manifests([obj], VERSIONS, [CRD])] == messages


def test_two_objects_of_one_name_are_told() -> None:
    found = validate_manifests([deployment(), deployment()], ["1.30"], [])

    assert [str(problem) for problem in found] == ["Deployment/a: is there 2 times"]


def test_a_variable_set_twice_is_told() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]

    found = validate_manifests([obj], ["1.30"], [])

    assert [str(problem) for problem in found] == ["Deployment/a: container a sets the variable A 2 times"]
