"""Why pods and deployments are not ready: admission, scheduling, images, crashes with their last lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubernetes.client.exceptions import ApiException

from hubwright.kube.connection import TIMEOUT, Connection

LOG_LINES = 8


def unready(connection: Connection, namespace: str, selector: str) -> list[str]:
    """One entry for each thing that is not as it should be; a crash has the end of its log on further lines."""
    core = connection.core
    sets = connection.apps.list_namespaced_deployment(namespace, label_selector=selector, _request_timeout=TIMEOUT)
    found = [reason for deployment in sets.items for reason in of_deployment(deployment)]
    pods = core.list_namespaced_pod(namespace, label_selector=selector, _request_timeout=TIMEOUT)
    for pod in pods.items:
        if not is_ready(pod):
            found += _of_pod(core, namespace, pod)
    return found


def of_deployment(deployment: Any) -> list[str]:
    """Why its pods could not even be made: admission, quota."""
    return [
        f"{deployment.metadata.name}: {condition.message}"
        for condition in deployment.status.conditions or []
        if condition.type == "ReplicaFailure" and condition.status == "True"
    ]


def is_ready(pod: Any) -> bool:
    """Whether a pod serves, or has ended well."""
    if pod.status.phase == "Succeeded":
        return True
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])


def _of_pod(core: Any, namespace: str, pod: Any) -> list[str]:
    name = pod.metadata.name
    why = pending_reason(pod)
    if why:
        return [f"pod {name}: {why}"]
    found = []
    for container in pod.status.container_statuses or []:
        state = container_reason(container)
        if state and container.restart_count:
            state = (
                f"{state}, restarted {container.restart_count} times; the end of its log:\n{_log(core, namespace, pod)}"
            )
        if state:
            found.append(f"pod {name}: {state}")
    return found or [f"pod {name}: {text}" for text in _events(core, namespace, name)] or [f"pod {name}: is starting"]


def pending_reason(pod: Any) -> str:
    """Why no node takes the pod; empty when one has."""
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"no node takes it: {condition.message}"
    return ""


def container_reason(status: Any) -> str:
    """Why a container does not run; empty when it does."""
    waiting = status.state.waiting if status.state else None
    if waiting and waiting.reason not in ("ContainerCreating", "PodInitializing"):
        return f"{waiting.reason}: {waiting.message or 'no message'}"
    ended = (status.state and status.state.terminated) or (status.last_state and status.last_state.terminated)
    if ended and ended.exit_code:
        return f"ended with {ended.exit_code} ({ended.reason})"
    return ""


def _log(core: Any, namespace: str, pod: Any) -> str:
    for previous in (True, False):
        try:
            text = core.read_namespaced_pod_log(
                pod.metadata.name, namespace, tail_lines=LOG_LINES, previous=previous, _request_timeout=TIMEOUT
            )
        except ApiException:
            continue
        if text:
            return "\n".join(f"    {line}" for line in str(text).splitlines())
    return "    (no log)"


def _events(core: Any, namespace: str, name: str) -> list[str]:
    selector = f"involvedObject.name={name},type=Warning"
    events = core.list_namespaced_event(namespace, field_selector=selector, _request_timeout=TIMEOUT).items
    return list(dict.fromkeys(event.message for event in _newest_first(events)))[:2]


def _newest_first(events: Iterable[Any]) -> list[Any]:
    return sorted(events, key=lambda e: str(e.last_timestamp or e.event_time or ""), reverse=True)
