"""Where pods run and as whom: settings to the pod and container parts that Kubernetes takes. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hub_settings import InstanceType, NodePool, PodSettings, Settings

Json = dict[str, Any]

USER_LABEL = "hub.jupyter.org/username"
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$")
_NOT_IN_LABEL = re.compile(r"[^a-z0-9]+")


def label_value(name: str) -> str:
    """A label value for any name: itself where it is one already, else readable letters and a hash of the whole."""
    if _LABEL.match(name) and not re.search(r"-[0-9a-f]{10}$", name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    readable = _NOT_IN_LABEL.sub("-", name.lower()).strip("-")[:50].strip("-")
    return f"{readable or 'user'}-{digest}"


def worker_pod(settings: Settings, choice: InstanceType) -> Json:
    """The pod part of a worker on one choice of machines."""
    tolerations = (*settings.workers.tolerations, *choice.tolerations)
    pod = _pod(settings, settings.workers, tolerations)
    pod["affinity"] = {"nodeAffinity": worker_affinity(choice.node_pools)}
    return pod


def worker_affinity(pools: Iterable[NodePool]) -> Json:
    """Required: one of the pools. Preferred, where both kinds exist: a spot one."""
    pools = tuple(pools)
    affinity: Json = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": _unique(_term(pool.node_selector) for pool in pools)
        }
    }
    spot = [pool for pool in pools if pool.capacity == "spot"]
    if spot and len(spot) < len(pools):
        terms = _unique(_term(pool.node_selector) for pool in spot)
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": 100, "preference": term} for term in terms
        ]
    return affinity


def scheduler_pod(settings: Settings) -> Json:
    """The pod part of a scheduler."""
    scheduler = settings.scheduler
    pod = _pod(settings, scheduler.pod, scheduler.pod.tolerations)
    if scheduler.node_selector:
        required = {"nodeSelectorTerms": [_term(scheduler.node_selector)]}
        pod["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    return pod


def container() -> Json:
    """The container part of schedulers and workers. Their file system stays writable: Dask spills to its folder."""
    return {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    }


def labels(settings: Settings, pod: PodSettings, username: str, purpose: str) -> dict[str, str]:
    """Labels for costs and for finding who runs what."""
    made = {
        **settings.common_labels,
        USER_LABEL: label_value(username),
        "k8s.dask.org/node-purpose": purpose,
        **pod.pod_labels,
    }
    if settings.hub_name:
        made["hubwright/hub"] = label_value(settings.hub_name)
    if settings.cluster_name:
        made["hubwright/cluster"] = label_value(settings.cluster_name)
    return made


def worker_annotations(settings: Settings, username: str) -> dict[str, str]:
    """Annotations of workers; the user's name as it is."""
    return {USER_LABEL: username, **settings.workers.pod_annotations}


def scheduler_annotations(settings: Settings, username: str) -> dict[str, str]:
    """Annotations of schedulers. A cluster dies with its scheduler, so autoscalers must not move it."""
    return {
        USER_LABEL: username,
        **settings.scheduler.pod.pod_annotations,
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
    }


def _pod(settings: Settings, pod: PodSettings, tolerations: Iterable[Mapping[str, Any]]) -> Json:
    security = settings.security
    made: Json = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": security.run_as_user,
            "runAsGroup": security.run_as_group,
            "fsGroup": security.fs_group,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "tolerations": [dict(one) for one in tolerations],
        "enableServiceLinks": False,
    }
    if pod.service_account_name:
        made["serviceAccountName"] = pod.service_account_name
    if pod.priority_class_name:
        made["priorityClassName"] = pod.priority_class_name
    return made


def _term(selector: Mapping[str, str]) -> Json:
    if not selector:  # a term without expressions matches no node; every node has a name
        return {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}
    return {"matchExpressions": [{"key": key, "operator": "In", "values": [value]} for key, value in selector.items()]}


def _unique(terms: Iterable[Json]) -> list[Json]:
    kept: list[Json] = []
    for term in terms:
        if term not in kept:
            kept.append(term)
    return kept
