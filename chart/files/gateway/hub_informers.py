"""Lets the server watch its own namespace only, so that Roles suffice and no ClusterRole is needed.

The server asks for three lists over all namespaces; each has a twin for one namespace with the same answer.
"""

from __future__ import annotations

from typing import Any

import dask_gateway_server

TESTED_VERSIONS = ("2026.3.0",)
NAMESPACED = {
    "list_cluster_custom_object": "list_namespaced_custom_object",
    "list_pod_for_all_namespaces": "list_namespaced_pod",
    "list_endpoints_for_all_namespaces": "list_namespaced_endpoints",
}


def refuse_untested_server() -> None:
    """Stop with one line where the server is not one that these modules were tested with."""
    version = dask_gateway_server.__version__
    if version not in TESTED_VERSIONS:
        tested = ", ".join(TESTED_VERSIONS)
        raise SystemExit(f"dask-gateway-server {version} was not tested with this chart; use an image with {tested}")


class NamespacedClient:
    """A Kubernetes client whose lists over all namespaces are lists of one."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name not in NAMESPACED:
            return getattr(self._client, name)
        method = getattr(self._client, NAMESPACED[name])

        def in_namespace(*args: Any, **kwargs: Any) -> Any:
            return method(*args, namespace=self._namespace, **kwargs)

        return in_namespace
