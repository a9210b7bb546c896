"""Makes gateway.values.yaml: the values of our chart for one hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hubwright.layers import merge_maps
from hubwright.model import (
    AKS_SPOT_TAINT,
    CORE_TAINTS,
    PREFIX,
    PURPOSE_LABEL,
    SERVICE_NAME,
    USER_TAINTS,
    WORKER_TAINTS,
    Cluster,
    Hub,
    InstanceType,
    NodePool,
)
from hubwright.outputs.yaml_text import values_text
from hubwright.packing import Preset
from hubwright.quantity import format_cpu, format_memory

# JupyterHub's chart admits pods with this label to the hub's API.
HUB_ACCESS_LABEL = {"hub.jupyter.org/network-access-hub": "true"}


def text(hub: Hub, cluster: Cluster) -> str:
    """The file's whole content."""
    return values_text(hub, chart_values(hub, cluster), "gateway")


def chart_values(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    """What the chart is rendered with: the file's values without the nesting of an umbrella chart."""
    extra: dict[str, Any] = hub.settings.get("extraValues", {}).get("gateway", {})
    return merge_maps(values(hub, cluster), extra)


def values(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    """The chart values, in the chart's order."""
    made = {
        "fullnameOverride": hub.resource_name,
        "commonLabels": hub.settings.get("labels", {}),
        "hub": {"name": hub.name, "cluster": hub.cluster},
        "gateway": _gateway(hub, cluster),
        "controller": _component(hub, cluster, "controller"),
        "proxy": _component(hub, cluster, "proxy"),
        "scheduler": _scheduler(hub, cluster),
        "workers": _workers(hub, cluster),
        "options": _options(hub),
        "imagePullSecrets": hub.settings.get("imagePullSecrets", []),
        "imagePullPolicy": hub.settings.get("imagePullPolicy", ""),
        "limits": _limits(hub.settings.get("limits", {})),
        "networkPolicy": hub.settings.get("networkPolicy", {}),
    }
    return _without_empty(made)


def _gateway(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    component = _component(hub, cluster, "gateway")
    jupyterhub = {"serviceName": SERVICE_NAME}
    if "apiUrl" in hub.settings.get("jupyterhub", {}):
        jupyterhub["apiUrl"] = hub.settings["jupyterhub"]["apiUrl"]
    labels = {**HUB_ACCESS_LABEL, **component.pop("podLabels", {})}
    return {
        "prefix": PREFIX,
        "auth": {"type": "jupyterhub", "jupyterhub": jupyterhub},
        "podLabels": labels,
        **component,
    }


def _component(hub: Hub, cluster: Cluster, name: str) -> dict[str, Any]:
    """Placement on core nodes, and what the hub says of the component."""
    core = cluster.settings.get("core", {})
    said = dict(hub.settings.get(name, {}))
    if "image" in said:
        said["image"] = split_image(said["image"])
    if "resources" in said:
        said["resources"] = {
            kind: {what: str(amount) for what, amount in amounts.items()} for kind, amounts in said["resources"].items()
        }
    if name == "controller":
        said.pop("replicas", None)
        said.pop("image", None)
    return {
        **said,
        "nodeSelector": core.get("nodeSelector", {PURPOSE_LABEL: "core"}),
        "tolerations": core.get("tolerations", tolerations(CORE_TAINTS)),
    }


def split_image(image: str) -> dict[str, str]:
    """An image reference as the chart's repository, tag and digest."""
    rest, _, digest = image.partition("@")
    folder, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return {"repository": f"{folder}{slash}{name}", "tag": tag, "digest": digest}


def _scheduler(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    said = hub.settings.get("scheduler", {})
    size = hub.scheduler
    own_taints = (taint for pool in cluster.pools if pool.purpose == "scheduler" for taint in pool.taints)
    extra = [t for t in tolerations(own_taints) if t not in tolerations(USER_TAINTS)] + said.get("tolerations", [])
    made = {
        "cpu": {"request": format_cpu(size.request.cpu_millicores), "limit": format_cpu(size.limit.cpu_millicores)},
        "memory": {
            "request": format_memory(size.request.memory_bytes),
            "limit": format_memory(size.limit.memory_bytes),
        },
        "nodeSelector": said.get("nodeSelector", {PURPOSE_LABEL: "scheduler"}),
        "tolerations": [*tolerations(USER_TAINTS), *extra] if extra else [],
    }
    return {**made, **_pod(hub, said)}


def _pod(hub: Hub, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "serviceAccountName": said.get("serviceAccount") or hub.settings.get("serviceAccount", ""),
        "podLabels": {**hub.settings.get("labels", {}), **said.get("labels", {})},
        "podAnnotations": said.get("annotations", {}),
        "priorityClassName": said.get("priorityClassName", ""),
    }


def _workers(hub: Hub, cluster: Cluster) -> dict[str, Any]:
    said = hub.settings.get("workers", {})
    choices = [_instance_type(choice, cluster.provider) for choice in hub.instance_types]
    return {**_pod(hub, said), "instanceTypes": choices}


def _instance_type(choice: InstanceType, provider: str) -> dict[str, Any]:
    taints = [taint for pool in choice.pools for taint in pool_taints(pool, provider) if taint not in WORKER_TAINTS]
    return _without_empty(
        {
            "name": choice.name,
            "nodePools": [
                {"name": pool.name, "capacity": pool.capacity, "nodeSelector": dict(pool.node_selector)}
                for pool in choice.pools
            ],
            "tolerations": tolerations(dict.fromkeys(taints)),
            "presets": [_preset(preset) for preset in choice.presets],
        }
    )


def _preset(preset: Preset) -> dict[str, Any]:
    return {
        "label": preset.label,
        "cpus": preset.cpus,
        "cpuRequest": format_cpu(preset.cpu_request_millicores),
        "cpuLimit": format_cpu(preset.cpu_limit_millicores),
        "memory": format_memory(preset.memory_bytes),
        "threads": preset.threads,
    }


def pool_taints(pool: NodePool, provider: str) -> tuple[str, ...]:
    """Every taint that the nodes of a pool carry, the provider's own included."""
    spot_on_aks = provider == "azure" and pool.capacity == "spot"
    return (*pool.taints, AKS_SPOT_TAINT) if spot_on_aks else pool.taints


def tolerations(taints: Iterable[str]) -> list[dict[str, str]]:
    """The tolerations that let a pod on nodes with `taints` (KEY=VALUE:EFFECT)."""
    made = []
    for taint in taints:
        rest, _, effect = taint.rpartition(":")
        key, has_value, value = rest.partition("=")
        match = {"operator": "Equal", "value": value} if has_value else {"operator": "Exists"}
        made.append({"key": key, **match, "effect": effect})
    return made


def _options(hub: Hub) -> dict[str, Any]:
    idle = hub.idle_timeout
    return {
        "image": hub.image,
        "idleTimeoutMinutes": {"default": idle.default, "max": idle.maximum, "allowNever": idle.allow_never},
    }


def _limits(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if key.startswith("memory") else value for key, value in limits.items()}


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: empty maps, lists and texts take the chart's defaults."""
    kept = {}
    for key, value in values.items():
        inner = _without_empty(value) if isinstance(value, dict) and key not in ("nodeSelector",) else value
        if inner not in ({}, [], "") or key == "nodeSelector":
            kept[key] = inner
    return kept
