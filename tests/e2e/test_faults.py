"""Components that die while a cluster scales: it ends with the workers that were asked for, and without an orphan."""

from __future__ import annotations

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Kernel

SCALE = """
from dask_gateway import Gateway
cluster = Gateway().new_cluster()
cluster.scale(4)
"""


def ends_well(notebook: Kernel, kube: Kube, hub: str) -> None:
    """Four workers that compute, then none, and nothing left behind."""
    # The proxy carries the client's connection, so whoever loses it connects again.
    notebook.check("client = cluster.get_client(); client.wait_for_workers(4, timeout=240)")
    until("exactly four workers", lambda: len(kube.dask_pods(hub, "worker")) == 4)
    notebook.check("assert client.submit(sum, [1, 2]).result(timeout=120) == 3")
    # The client only logs a shutdown that was refused.
    assert notebook.check("client.close(); cluster.shutdown()").text == ""
    until("no pod is left", lambda: not kube.pods(hub, "gateway.dask.org/cluster"))
    until("no cluster is left", lambda: all(one["status"]["phase"] == "Stopped" for one in kube.dask_clusters(hub)))
    left = kube.core.list_namespaced_secret(hub, label_selector="gateway.dask.org/cluster").items
    assert left == []


@pytest.mark.parametrize("component", ["controller", "gateway", "proxy"])
def test_a_component_dies_while_a_cluster_scales(notebook: Kernel, kube: Kube, hub: str, component: str) -> None:
    notebook.check(SCALE)
    selector = f"app.kubernetes.io/name=dask-gateway,app.kubernetes.io/component={component}"
    victims = {pod.metadata.name for pod in kube.pods(hub, selector)}
    for name in victims:
        kube.core.delete_namespaced_pod(name, hub, grace_period_seconds=0)

    kube.wait_for_others(hub, selector, victims)
    ends_well(notebook, kube, hub)


@pytest.mark.own_cluster
def test_the_api_server_dies_while_a_cluster_scales(
    notebook: Kernel, kube: Kube, hub: str, own_cluster: Cluster
) -> None:
    notebook.check(SCALE)

    own_cluster.kill("kube-apiserver")
    own_cluster.start("kube-apiserver")
    own_cluster.wait_for_api()

    ends_well(notebook, kube, hub)
