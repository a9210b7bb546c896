"""A connection to one Kubernetes cluster, and its errors in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes import config as untyped_config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from hubwright.findings import CannotGoOn

config: Any = untyped_config
# Seconds for one request. API servers answer in far less; a firewall in between never does.
TIMEOUT = 20
ApiError = (ApiException, HTTPError, OSError)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """`kubeconfig` and `context` as the user named them; None for the usual ones."""

    api: Any
    kubeconfig: str | None
    context: str | None

    # Untyped: the client's own types allow None for every field, those that Kubernetes always fills included.
    @property
    def core(self) -> Any:
        """Pods, nodes, secrets, events, namespaces."""
        return client.CoreV1Api(self.api)

    @property
    def apps(self) -> Any:
        """Deployments and daemon sets."""
        return client.AppsV1Api(self.api)

    @property
    def custom(self) -> Any:
        """Any kind as plain data."""
        return client.CustomObjectsApi(self.api)

    @property
    def server(self) -> str:
        """Address of the API server."""
        return str(self.api.configuration.host)


def connect(kubeconfig: str | None, context: str | None) -> Connection:
    """Read the kubeconfig; nothing is asked of the cluster yet."""
    try:
        api = config.new_client_from_config(config_file=kubeconfig, context=context)
    except ConfigException as error:
        api = None if context or kubeconfig else _inside()
        if api is None:
            raise CannotGoOn(f"no cluster to talk to: {error}; see --kubeconfig, --context and KUBECONFIG") from error
    api.configuration.retries = 1
    return Connection(api=api, kubeconfig=kubeconfig, context=context)


def _inside() -> Any:
    """In a pod, its own account."""
    try:
        config.load_incluster_config()
    except ConfigException:
        return None
    return client.ApiClient()


def explain(error: BaseException) -> str:
    """One line: what the API server said, or why it said nothing."""
    if isinstance(error, ApiException) and error.status:
        return _said(error)
    cause: Any = getattr(error, "reason", None) or error
    return f"cannot be reached: {' '.join(str(cause).split())}"


def _said(error: ApiException) -> str:
    try:
        message = json.loads(error.body or "{}").get("message") or error.reason
    except (ValueError, AttributeError):
        message = error.reason
    hint = {401: "; log in again, your credentials are not valid", 403: "; ask the cluster's administrators"}
    return f"{error.status}: {' '.join(str(message).split())}{hint.get(error.status, '')}"


def version(connection: Connection) -> tuple[int, int]:
    """Major and minor of the API server. CannotGoOn when it does not answer."""
    try:
        told = client.VersionApi(connection.api).get_code(_request_timeout=TIMEOUT)
    except ApiError as error:
        raise CannotGoOn(f"the API server {connection.server} {explain(error)}") from error
    return int(told.major), int(told.minor.rstrip("+"))
