"""The users' guide of a hub, block by block, in a notebook of that hub."""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import FIGURES
from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Browser, Kernel, Output

OURS = "worker_resource_allocation"


def blocks(fleet: Path) -> list[tuple[str, str]]:
    """Heading and code of every Python block of the generated guide, in order."""
    text = (fleet / "values/e2e/hub/rendered/guide.md").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading = part.partition("\n")[0]
        found += [(heading, code) for code in re.findall(r"```python\n(.*?)```", part, flags=re.DOTALL)]
    return found


def shows_dask(browser: Browser, path: str) -> bool:
    page = browser.get(path)
    return page.ok and "dask" in page.text.lower()


@pytest.fixture
def guide(notebook: Kernel, hub: str, fleet: Path) -> list[tuple[str, str]]:
    return blocks(fleet)


def test_every_block_of_the_guide_runs_as_written(
    guide: list[tuple[str, str]], notebook: Kernel, kube: Kube, hub: str, ada: Browser
) -> None:
    outputs: dict[str, list[Output]] = {}
    begin = time.monotonic()
    for heading, code in guide:
        if ".scale(" in code:
            begin = time.monotonic()
        outputs.setdefault(heading, []).append(notebook.check(code))
        if "new_cluster" in code:
            assert notebook.check("print(cluster.status if hasattr(cluster, 'status') else '')")
        if ".scale(" in code:
            # The guide's number of workers, all of them at work.
            count = int(re.findall(r"scale\((\d+)\)", code)[0])
            notebook.check(f"_client = cluster.get_client(); _client.wait_for_workers({count}, timeout=240)")
            FIGURES.times[f"from scale to {count} workers"] = time.monotonic() - begin
            notebook.check("_client.close()")
        if "dashboard_link" in code:
            path = outputs[heading][-1].text.strip().removeprefix("https://hub.example.org")
            until("the dashboard", functools.partial(shows_dask, ada, path))
    form = outputs["2. Choose a worker size"][0].data
    assert "application/vnd.jupyter.widget-view+json" in form or OURS in str(form)
    plot = outputs["7. An example: k-means clustering"][-1].data
    assert len(plot["image/png"]) > 5_000
    until("no pod of a cluster is left", lambda: not kube.pods(hub, "gateway.dask.org/cluster"))


def test_new_cluster_and_two_workers(notebook: Kernel, hub: str) -> None:
    begin = time.monotonic()
    notebook.check("""
from dask_gateway import Gateway
gateway = Gateway()
cluster = gateway.new_cluster()
cluster.scale(2)
client = cluster.get_client()
client.wait_for_workers(2, timeout=240)
""")
    FIGURES.times["from new_cluster to two workers"] = time.monotonic() - begin

    answer = notebook.check("print(client.submit(sum, range(10)).result())").text

    assert answer.strip() == "45"


def test_adaptive_scaling_goes_up_with_the_work_and_down_after_it(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check("""
import time
from dask_gateway import Gateway
cluster = Gateway().new_cluster()
client = cluster.get_client()
cluster.adapt(minimum=0, maximum=3)
""")
    assert kube.dask_pods(hub, "worker") == []
    notebook.check("work = client.map(time.sleep, [3] * 40, pure=False)")
    until("three workers at work", lambda: len(kube.dask_pods(hub, "worker")) == 3)

    notebook.check("client.cancel(work); del work")

    until("no worker is left", lambda: kube.dask_pods(hub, "worker") == [], seconds=180)


def test_workers_have_the_image_of_the_users_notebook(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check("from dask_gateway import Gateway; cluster = Gateway().new_cluster(); cluster.scale(1)")
    until("a worker", lambda: kube.dask_pods(hub, "worker"))

    pods = [*kube.dask_pods(hub, "worker"), *kube.dask_pods(hub, "scheduler")]
    server = kube.pods(hub, "component=singleuser-server,hub.jupyter.org/username=ada")

    assert {pod.spec.containers[0].image for pod in (*pods, *server)} == {"localhost/notebook:1"}


def test_a_user_without_the_scope_is_refused(address: str, hub: str) -> None:
    stranger = Browser(address, "bob")
    stranger.log_in()
    stranger.start_server()

    kernel = stranger.start_kernel()
    output = kernel.run("from dask_gateway import Gateway; Gateway().new_cluster()")
    stranger.close()

    assert "403" in output.error or "ermission" in output.error or "uthori" in output.error, output.error


def test_a_forgotten_cluster_is_closed(notebook: Kernel, kube: Kube, hub: str) -> None:
    notebook.check("""
from dask_gateway import Gateway
gateway = Gateway()
cluster = gateway.new_cluster(idle_timeout_minutes=1)
cluster.scale(1)
""")
    until("a worker", lambda: kube.dask_pods(hub, "worker"))

    until("the cluster has closed", lambda: not kube.pods(hub, "gateway.dask.org/cluster"), seconds=150)
