"""The tests' own look at the cluster, and the conditions they wait for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import kubernetes
from kubernetes.client.exceptions import ApiException

from tests.cluster.images import RECIPES, TRAEFIK

Json = dict[str, Any]
T = TypeVar("T")
_client: Any = kubernetes.client
_utils: Any = kubernetes.utils
_config: Any = kubernetes.config


def until(what: str, found: Callable[[], T], seconds: float = 120) -> T:
    """What `found` gives as soon as it is true; AssertionError with the last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            answer = found()
            if answer:
                return answer
            last = answer
        except (ApiException, OSError) as error:
            last = error
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds:.0f} s: {what}; the last answer was {last!r}")


def version_line() -> str:
    """What runs in the pods, as the image's requirements pin it."""
    pinned = (RECIPES / "python" / "requirements.txt").read_text(encoding="utf-8")
    names = ("dask-gateway-server", "dask", "dask-ml", "jupyterhub", "jupyterhub-kubespawner", "jupyterlab")
    found = {name: re.findall(rf"^{name}==(\S+)", pinned, flags=re.MULTILINE)[0] for name in names}
    return ", ".join(f"{name} {version}" for name, version in {**found, "traefik": TRAEFIK}.items())


class Kube:
    """One cluster as its administrator sees it."""

    def __init__(self, kubeconfig: str) -> None:
        self.api = _config.new_client_from_config(kubeconfig)
        self.core = _client.CoreV1Api(self.api)
        self.apps = _client.AppsV1Api(self.api)
        self.custom = _client.CustomObjectsApi(self.api)

    def versions(self) -> str:
        """Of the parts that a test's outcome may depend on."""
        server = _client.VersionApi(self.api).get_code().git_version
        info = self.core.list_node().items[0].status.node_info
        runtime = f"kubelet {info.kubelet_version}, {info.container_runtime_version}, kernel {info.kernel_version}"
        return f"Kubernetes {server}, {runtime}; {version_line()}"

    def make(self, *objects: Json) -> None:
        """Create objects; those that are there already stay."""
        for obj in objects:
            try:
                _utils.create_from_dict(self.api, obj)
            except _utils.FailToCreateError as error:
                if any(one.status != 409 for one in error.api_exceptions):
                    raise

    def make_namespace(self, name: str, *, enforce: str = "privileged") -> None:
        """A namespace that enforces this level of Pod Security, with its account."""
        labels = {"pod-security.kubernetes.io/enforce": enforce}
        self.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        until(f"account in {name}", lambda: self.core.read_namespaced_service_account("default", name))

    def wait_for_deployment(self, namespace: str, name: str, seconds: float = 180) -> None:
        """Until all of its pods are ready and no old one is left."""

        def ready() -> bool:
            found = self.apps.read_namespaced_deployment(name, namespace)
            wanted = found.spec.replicas
            current = found.status.observed_generation == found.metadata.generation
            return current and (found.status.ready_replicas, found.status.replicas) == (wanted, wanted)

        until(f"deployment {namespace}/{name}", ready, seconds)

    def wait_for_others(self, namespace: str, selector: str, gone: set[str]) -> None:
        """Until pods that are not of `gone` are ready, and only such."""

        def others() -> bool:
            found = self.pods(namespace, selector)
            ready = [any(c.ready for c in pod.status.container_statuses or []) for pod in found]
            return bool(found) and all(ready) and not gone & {pod.metadata.name for pod in found}

        until(f"other pods of {selector}", others)

    def pods(self, namespace: str, selector: str) -> list[Any]:
        """Pods that are not on their way out."""
        found = self.core.list_namespaced_pod(namespace, label_selector=selector).items
        return [pod for pod in found if not pod.metadata.deletion_timestamp]

    def dask_pods(self, namespace: str, component: str, cluster: str = "") -> list[Any]:
        """Pods of users' clusters: component `worker` or `scheduler`."""
        own = f",gateway.dask.org/cluster={cluster}" if cluster else ""
        return self.pods(namespace, f"app.kubernetes.io/component=dask-{component}{own}")

    def dask_clusters(self, namespace: str) -> list[Json]:
        """The DaskCluster objects."""
        found = self.custom.list_namespaced_custom_object("gateway.dask.org", "v1alpha1", namespace, "daskclusters")
        items: list[Json] = found["items"]
        return items

    def service_address(self, namespace: str, name: str) -> str:
        """`http://ADDRESS:PORT` of a Service, which this machine reaches through the node."""
        service = self.core.read_namespaced_service(name, namespace)
        return f"http://{service.spec.cluster_ip}:{service.spec.ports[0].port}"

    def exec(self, namespace: str, pod: str, *command: str) -> str:
        """Standard output and error of a command in a pod."""
        stream: Any = kubernetes.stream
        # A client of its own: `stream` changes the one it is given.
        core = _client.CoreV1Api(_client.ApiClient(self.api.configuration))
        told: str = stream.stream(
            core.connect_get_namespaced_pod_exec,
            pod,
            namespace,
            command=list(command),
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
        )
        return told
