"""JupyterHub in the cluster, with the objects, labels and NetworkPolicies of its chart, from the generated values."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
CONFIG = Path(__file__).with_name("jupyterhub_config.py")
IMAGE = "localhost/jupyterhub:5.5.0"
TOKEN = "of-the-proxy"
SECURE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def objects(namespace: str, generated: Json, *, image: str, groups: Json) -> list[Json]:
    """Everything, in the order in which it is to be made."""
    values = merged(generated, {"hub": {"config": {"groups": groups}}, "singleuser": {"image": image}})
    text = base64.b64encode(yaml.safe_dump(values).encode()).decode()
    made = [
        _object("v1", "Secret", "hub", data={"values.yaml": text}),
        _object("v1", "ConfigMap", "hub", data={"jupyterhub_config.py": CONFIG.read_text(encoding="utf-8")}),
        _object("v1", "ServiceAccount", "hub"),
        _object("rbac.authorization.k8s.io/v1", "Role", "hub", rules=_RULES),
        _object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "hub",
            subjects=[{"kind": "ServiceAccount", "name": "hub", "namespace": namespace}],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "hub"},
        ),
        _service("hub", "hub", {8081: 8081}),
        _service("proxy-api", "proxy", {8001: 8001}),
        _service("proxy-public", "proxy", {80: 8000}),
        _deployment("hub", _hub_pod()),
        _deployment("proxy", _proxy_pod()),
        *_policies(values["singleuser"].get("networkPolicy", {}).get("egress", [])),
    ]
    for obj in made:
        obj["metadata"]["namespace"] = namespace
    return made


def merged(left: Json, right: Json) -> Json:
    """As Helm merges values: maps key by key, anything else replaced."""
    both = dict(left)
    for key, value in right.items():
        inner = both.get(key)
        both[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


_RULES = [
    {"apiGroups": [""], "resources": ["pods", "persistentvolumeclaims", "secrets", "services"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "list", "watch"]},
]


def _object(version: str, kind: str, name: str, **content: Any) -> Json:
    labels = {"app": "jupyterhub", "component": name}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels}, **content}


def _service(name: str, component: str, ports: dict[int, int]) -> Json:
    listed = [{"name": f"port-{port}", "port": port, "targetPort": target} for port, target in ports.items()]
    return _object("v1", "Service", name, spec={"selector": _labels(component), "ports": listed})


def _labels(component: str) -> Json:
    return {"app": "jupyterhub", "component": component}


def _deployment(component: str, pod: Json) -> Json:
    # The hub's chart puts these on its own pods.
    access = {
        "hub": {
            "hub.jupyter.org/network-access-proxy-api": "true",
            "hub.jupyter.org/network-access-proxy-http": "true",
        },
        "proxy": {"hub.jupyter.org/network-access-hub": "true"},
    }[component]
    access["hub.jupyter.org/network-access-singleuser"] = "true"
    spec = {
        "selector": {"matchLabels": _labels(component)},
        "strategy": {"type": "Recreate"},
        "template": {"metadata": {"labels": {**_labels(component), **access}}, "spec": pod},
    }
    return _object("apps/v1", "Deployment", component, spec=spec)


def _hub_pod() -> Json:
    config = {"sources": [{"secret": {"name": "hub"}}, {"configMap": {"name": "hub"}}]}
    return {
        "serviceAccountName": "hub",
        "securityContext": {"fsGroup": 1000},
        "containers": [
            {
                "name": "hub",
                "image": IMAGE,
                "imagePullPolicy": "Never",
                "args": ["jupyterhub", "--config", "/etc/jupyterhub/jupyterhub_config.py"],
                "workingDir": "/tmp",
                "env": [
                    {"name": "CONFIGPROXY_AUTH_TOKEN", "value": TOKEN},
                    {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                ],
                "ports": [{"containerPort": 8081}],
                "readinessProbe": {"httpGet": {"path": "/hub/health", "port": 8081}, "periodSeconds": 2},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/jupyterhub"}],
                "securityContext": SECURE,
            }
        ],
        "volumes": [{"name": "config", "projected": config}],
    }


def _proxy_pod() -> Json:
    arguments = ["--ip=", "--api-ip=", "--api-port=8001", "--port=8000", "--default-target=http://hub:8081"]
    return {
        "automountServiceAccountToken": False,
        "containers": [
            {
                "name": "chp",
                "image": IMAGE,
                "imagePullPolicy": "Never",
                "args": ["configurable-http-proxy", *arguments, "--error-target=http://hub:8081/hub/error"],
                "env": [{"name": "CONFIGPROXY_AUTH_TOKEN", "value": TOKEN}],
                "ports": [{"containerPort": 8000}, {"containerPort": 8001}],
                "readinessProbe": {"httpGet": {"path": "/_chp_healthz", "port": 8000}, "periodSeconds": 2},
                "securityContext": SECURE,
            }
        ],
    }


def _policies(extra_egress: list[Json]) -> list[Json]:
    """As the chart's: what may reach each component by label, and where user pods may go."""

    def admitted(label: str, port: int) -> Json:
        peer = {"podSelector": {"matchLabels": {f"hub.jupyter.org/network-access-{label}": "true"}}}
        return {"from": [peer], "ports": [{"port": port, "protocol": "TCP"}]}

    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    internet = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}}]}

    def towards(component: str, port: int) -> Json:
        return {"to": [{"podSelector": {"matchLabels": _labels(component)}}], "ports": [{"port": port}]}

    def policy(component: str, **spec: Any) -> Json:
        selector = {"matchLabels": {"component": component}}
        return _object("networking.k8s.io/v1", "NetworkPolicy", component, spec={"podSelector": selector, **spec})

    return [
        policy("hub", policyTypes=["Ingress"], ingress=[admitted("hub", 8081)]),
        # The public port is open to everyone, as it is behind a load balancer.
        policy(
            "proxy",
            policyTypes=["Ingress"],
            ingress=[{"ports": [{"port": 8000, "protocol": "TCP"}]}, admitted("proxy-api", 8001)],
        ),
        policy(
            "singleuser-server",
            policyTypes=["Ingress", "Egress"],
            ingress=[admitted("singleuser", 8888)],
            egress=[towards("hub", 8081), towards("proxy", 8000), dns, internet, *extra_egress],
        ),
    ]
