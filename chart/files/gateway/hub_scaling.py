"""Exact numbers of workers while some are still Pending, which is the normal state while a node pool grows.

The server overlooks worker pods that no node has taken yet and cuts the list of pods to delete at the wrong end, so
that scaling down deletes too many or none and a restart makes all of them again. Three methods are replaced.
"""

from __future__ import annotations

import asyncio
from typing import Any

from dask_gateway_server.backends.kubernetes.controller import get_cluster_key, get_container_status
from kubernetes_asyncio.client.rest import ApiException

NOT_FOUND = 404


class ExactScaling:
    """Mixed into the controller in front of the server's class."""

    def on_pod_update(self: Any, pod: Any, old: Any = None) -> None:
        """Count a worker that no node has taken yet as pending; the rest is the server's."""
        key = get_cluster_key(pod)
        if key is None or not waits_for_a_node(pod):
            super().on_pod_update(pod, old=old)  # type: ignore[misc]
            return
        if pod["metadata"].get("deletionTimestamp"):
            return
        info = self.cluster_info[key]
        info.on_worker_pending(pod["metadata"]["name"])
        if info.should_trigger() and key not in self.stopped_clusters:
            self.queue.put(key)

    async def handle_scale_down(self: Any, cluster: Any, _scheduler: Any, info: Any, replicas: int, delta: int) -> bool:
        """Delete as many pending workers as are too many, the youngest first, and those that have stopped.

        Running workers are retired by the scheduler, which knows what data they hold.
        """
        namespace, name = cluster["metadata"]["namespace"], cluster["metadata"]["name"]
        pending = self.youngest_first(namespace, info.pending)[: max(0, -delta)]
        stopped = sorted(info.succeeded | info.failed)
        if not pending and not stopped:
            return False
        self.log.info(
            "Cluster %s.%s scaled to %d - deleting %d pending and %d stopped workers",
            namespace,
            name,
            replicas,
            len(pending),
            len(stopped),
        )
        info.set_expectations(deletes=len(pending) + len(stopped))
        deletions = (self.delete_pod(namespace, pod, info) for pod in (*pending, *stopped))
        results = await asyncio.gather(*deletions, return_exceptions=True)
        return any(isinstance(result, Exception) for result in results)

    def youngest_first(self: Any, namespace: str, pods: set[str]) -> list[str]:
        """Names of pods by age; one that the informer has not seen counts as youngest."""

        def created(name: str) -> tuple[str, str]:
            pod = self.informers["pod"].get(f"{namespace}.{name}")
            return (pod["metadata"].get("creationTimestamp") or "9999" if pod else "9999", name)

        return sorted(pods, key=created, reverse=True)

    async def delete_pod(self: Any, namespace: str, pod_name: str, info: Any = None) -> None:
        """Delete a pod; one that somebody else has deleted is as good."""
        try:
            await self.core_client.delete_namespaced_pod(pod_name, namespace)
        except ApiException as error:
            if error.status != NOT_FOUND:
                _expect_less(info)
                self.log.warning("Failed to delete pod %s/%s: %s", namespace, pod_name, error.reason)
                raise
            if info is not None:
                info.on_worker_deleted(pod_name)
        except Exception:
            _expect_less(info)
            raise


def waits_for_a_node(pod: Any) -> bool:
    """Whether it is a worker that has no container yet."""
    labels = pod["metadata"].get("labels", {})
    worker = labels.get("app.kubernetes.io/component") == "dask-worker"
    pending = pod.get("status", {}).get("phase", "Unknown") == "Pending"
    return worker and pending and get_container_status(pod, "dask-worker") is None


def _expect_less(info: Any) -> None:
    if info is not None:
        info.deletes -= 1
