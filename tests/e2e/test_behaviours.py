"""What users of Dask Gateway rely on: list, options, operations, a lost worker is replaced, adaptive clusters."""

from __future__ import annotations

from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Kernel

NEW = """
from dask_gateway import Gateway
gateway = Gateway()
cluster = gateway.new_cluster()
"""


def worker_names(kube: Kube, hub: str) -> set[str]:
    return {pod.metadata.name for pod in kube.dask_pods(hub, "worker")}


def test_clusters_are_listed_while_they_run_and_gone_afterwards(notebook: Kernel) -> None:
    assert notebook.check("from dask_gateway import Gateway; print(Gateway().list_clusters())").text.strip() == "[]"
    notebook.check(NEW)

    listed = notebook.check("print([(r.name == cluster.name, r.status.name) for r in gateway.list_clusters()])").text
    connected = notebook.check("print(gateway.connect(cluster.name).name == cluster.name)").text
    notebook.check("cluster.shutdown()")

    assert (listed.strip(), connected.strip()) == ("[(True, 'RUNNING')]", "True")
    assert notebook.check("print(gateway.list_clusters())").text.strip() == "[]"


def test_options_reach_the_pods(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check("""
from dask_gateway import Gateway
gateway = Gateway()
options = gateway.cluster_options()
options.worker_resource_allocation = next(s for s in options._fields["worker_resource_allocation"].options if s.startswith("4 CPU"))
options.environment = {"COLOUR": "green"}
options.image = "localhost/notebook:2"
cluster = gateway.new_cluster(options)
cluster.scale(1)
client = cluster.get_client()
client.wait_for_workers(1, timeout=240)
""")
    (pod,) = kube.dask_pods(hub, "worker")

    seen = notebook.check("""
import os
print(list(client.run(lambda: os.environ["COLOUR"]).values()), list(client.nthreads().values()))
""").text

    assert seen.strip() == "['green'] [4]"
    assert pod.spec.containers[0].image == "localhost/notebook:2"


def test_an_option_that_does_not_exist_is_refused_in_one_line(notebook: Kernel) -> None:
    output = notebook.run("from dask_gateway import Gateway; Gateway().new_cluster(worker_resource_allocation='9 CPU')")

    last = output.error.strip().splitlines()[-1]
    assert "worker_resource_allocation" in last, output.error


def test_a_cluster_scales_up_computes_and_scales_down(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check(NEW + "cluster.scale(2); client = cluster.get_client(); client.wait_for_workers(2, timeout=240)")
    assert notebook.check("print(client.submit(lambda x: x + 1, 10).result())").text.strip() == "11"

    notebook.check("cluster.scale(1)")

    until("one worker is left", lambda: len(worker_names(kube, hub)) == 1)
    assert notebook.check("print(client.submit(lambda x: x + 2, 10).result())").text.strip() == "12"


def test_a_worker_that_was_deleted_is_replaced(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check(NEW + "cluster.scale(2); client = cluster.get_client(); client.wait_for_workers(2, timeout=240)")
    before = worker_names(kube, hub)
    victim = sorted(before)[0]

    kube.core.delete_namespaced_pod(victim, hub, grace_period_seconds=0)

    until("another worker in its place", lambda: len(worker_names(kube, hub) - {victim}) == 2)
    notebook.check("client.wait_for_workers(2, timeout=240)")
    assert before - {victim} < worker_names(kube, hub)


def test_an_adaptive_cluster_grows_with_work_and_stays_within_its_bounds(
    notebook: Kernel, kube: Kube, hub: str
) -> None:
    notebook.check(NEW + "client = cluster.get_client(); cluster.adapt(minimum=1, maximum=2)")
    until("the minimum", lambda: len(worker_names(kube, hub)) == 1)

    notebook.check("import time; work = client.map(time.sleep, [2] * 30, pure=False)")

    until("the maximum", lambda: len(worker_names(kube, hub)) == 2)
    notebook.check("client.gather(work)")
    assert len(worker_names(kube, hub)) <= 2
