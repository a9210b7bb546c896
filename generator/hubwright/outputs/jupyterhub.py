"""Makes jupyterhub.values.yaml: what the JupyterHub chart (zero-to-jupyterhub) must know of the gateway."""

from __future__ import annotations

import json
from typing import Any

from hubwright.layers import merge_maps
from hubwright.model import PREFIX, SERVICE_NAME, Cluster, Hub
from hubwright.outputs.yaml_text import values_text

SCOPE = f"access:services!service={SERVICE_NAME}"
# Helm replaces lists, so what JupyterHub itself gives these two roles is said again.
BASE_SCOPES = {
    "user": ["self"],
    "server": ["users:activity!user", "access:servers!server"],
}
GROUP_ROLE = "dask-gateway-users"
PROXY_HTTP_LABEL = {"hub.jupyter.org/network-access-proxy-http": "true"}


def text(hub: Hub, cluster: Cluster) -> str:
    """The file's whole content."""
    extra = hub.settings.get("extraValues", {}).get("jupyterhub", {})
    return values_text(hub, merge_maps(values(hub, cluster), extra), "jupyterhub")


def values(hub: Hub, _cluster: Cluster) -> dict[str, Any]:
    """The values of the JupyterHub chart: static YAML, no Python."""
    return {
        "hub": {
            "services": {SERVICE_NAME: {"display": False, "url": f"http://{hub.proxy_host}"}},
            "loadRoles": roles(hub),
        },
        "singleuser": _singleuser(hub),
    }


def roles(hub: Hub) -> dict[str, Any]:
    """Role entries with every scope they must have. The token of a user's server holds at most the user's own scopes,
    so the scope stands in both roles; with groups only their members have it."""
    groups = hub.settings.get("access", {}).get("groups", [])
    extra = hub.settings.get("jupyterhub", {}).get("scopes", {})
    wanted = {
        "user": [*BASE_SCOPES["user"], *([] if groups else [SCOPE])],
        "server": [*BASE_SCOPES["server"], SCOPE],
    }
    if groups:
        wanted[GROUP_ROLE] = [SCOPE]
    for role, scopes in extra.items():
        wanted[role] = list(dict.fromkeys([*wanted.get(role, []), *scopes]))
    made: dict[str, Any] = {role: {"scopes": scopes} for role, scopes in wanted.items()}
    if groups:
        made[GROUP_ROLE]["groups"] = list(groups)
    return made


def _singleuser(hub: Hub) -> dict[str, Any]:
    made: dict[str, Any] = {
        "extraEnv": environment(hub),
        "extraLabels": PROXY_HTTP_LABEL,
        "networkPolicy": {"egress": [_egress_to_proxy(hub)]},
    }
    block = hub.settings.get("jupyterhub", {}).get("blockCloudMetadata")
    if block is not None:
        made["cloudMetadata"] = {"blockWithIptables": block}
    return made


def environment(hub: Hub) -> dict[str, str]:
    """Variables of the user's pod. KubeSpawner expands braces, so those meant for the client are doubled."""
    proxy_url = hub.settings.get("jupyterhub", {}).get("proxyUrl", "http://proxy-public").rstrip("/")
    own: dict[str, str] = hub.settings.get("environment", {})
    made = dict(own)
    made["DASK_GATEWAY__ADDRESS"] = f"{proxy_url}{PREFIX}"
    made["DASK_GATEWAY__PROXY_ADDRESS"] = f"gateway://{hub.proxy_host}:80"
    made["DASK_GATEWAY__PUBLIC_ADDRESS"] = f"{hub.public_url}{PREFIX}"
    made["DASK_GATEWAY__AUTH__TYPE"] = "jupyterhub"
    made["DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE"] = "{{JUPYTER_IMAGE_SPEC}}"
    if own:
        forwarded = json.dumps({name: f"$({name})" for name in own})
        made["DASK_GATEWAY__CLUSTER__OPTIONS__ENVIRONMENT"] = "{" + forwarded + "}"
    made["DASK_DISTRIBUTED__DASHBOARD__LINK"] = "{{JUPYTERHUB_SERVICE_PREFIX}}proxy/{{port}}/status"
    return made


def _egress_to_proxy(hub: Hub) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/name": SERVICE_NAME,
        "app.kubernetes.io/instance": hub.release,
        "app.kubernetes.io/component": "proxy",
    }
    return {"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": 8000}]}
