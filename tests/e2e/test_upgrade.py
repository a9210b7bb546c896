"""Clusters of users go on while the operator changes the hub, updates the chart, or goes back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import HUB, Command
from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Kernel
from tests.tools import build

WORK = """
import time
from dask_gateway import Gateway
cluster = Gateway().new_cluster()
cluster.scale(2)
client = cluster.get_client()
client.wait_for_workers(2, timeout=240)
work = client.map(lambda i: (time.sleep(4), i)[1], range(60), pure=False)
"""
NAME = "dask-gateway-controller"
PROXY = "app.kubernetes.io/name=dask-gateway,app.kubernetes.io/component=proxy"
RESULT = "print(sum(client.gather(work)))"


@pytest.fixture
def changed(fleet: Path, command: Command) -> Iterator[None]:
    """The hub's file with another limit; afterwards as it was, and installed."""
    file = fleet / "values/e2e/hub/hub.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("clustersPerUser: 3", "clustersPerUser: 1"), encoding="utf-8")
    yield
    file.write_text(before, encoding="utf-8")
    command("install", HUB)


def controller_pods(kube: Kube, hub: str) -> set[str]:
    return {pod.metadata.name for pod in kube.pods(hub, "app.kubernetes.io/component=controller")}


def test_work_in_flight_survives_a_changed_configuration(
    notebook: Kernel, kube: Kube, hub: str, command: Command, changed: None
) -> None:
    notebook.check(WORK)
    workers = {pod.metadata.name for pod in kube.dask_pods(hub, "worker")}
    before = controller_pods(kube, hub)

    done = command("install", HUB)

    assert "is ready" in done.stdout
    assert controller_pods(kube, hub).isdisjoint(before), "the change reached the components"
    assert notebook.check(RESULT).text.strip() == str(sum(range(60)))
    assert {pod.metadata.name for pod in kube.dask_pods(hub, "worker")} == workers
    refused = notebook.run("Gateway().new_cluster()").error
    assert "clustersPerUser" in refused or "1 cluster" in refused, refused


def test_work_in_flight_survives_a_new_chart_and_a_rollback(
    notebook: Kernel, kube: Kube, hub: str, command: Command, kubeconfig: str, fleet: Path, tmp_path: Path
) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(ROOT / "chart", chart)
    about = chart / "Chart.yaml"
    about.write_text(about.read_text().replace("version: 0.1.0", "version: 0.1.1", 1), encoding="utf-8")
    # The proxy, which carries the users' connections, changes as well.
    proxy = chart / "values.yaml"
    proxy.write_text(proxy.read_text().replace("logLevel: WARN", "logLevel: ERROR", 1), encoding="utf-8")
    settings = chart / "files/gateway/controller_config.py"
    settings.write_text(settings.read_text() + "\n# Of the next version.\n", encoding="utf-8")
    notebook.check(WORK)
    workers = {pod.metadata.name for pod in kube.dask_pods(hub, "worker")}
    before = {pod.metadata.name for pod in kube.pods(hub, PROXY)}
    values = fleet / "values/e2e/hub/rendered/gateway.values.yaml"

    upgrade = [
        "upgrade",
        "--install",
        "dask-gateway",
        str(chart),
        "--namespace",
        hub,
        "--values",
        str(values),
        "--wait",
    ]
    subprocess.run(
        [str(build.install("helm")), *upgrade], check=True, env={**os.environ, "KUBECONFIG": kubeconfig}, timeout=200
    )
    upgraded = command("status", HUB).stdout
    assert before.isdisjoint(pod.metadata.name for pod in kube.pods(hub, PROXY))
    owners = {entry.manager for entry in kube.apps.read_namespaced_deployment(NAME, hub).metadata.managed_fields}
    back = command("rollback", HUB).stdout

    assert "chart 0.1.1" in upgraded
    assert owners == {"helm", "kube-controller-manager"}, "both programs are the same owner to Kubernetes"
    assert "is what revision" in back
    assert "chart 0.1.0" in command("status", HUB).stdout
    assert notebook.check(RESULT).text.strip() == str(sum(range(60)))
    assert {pod.metadata.name for pod in kube.dask_pods(hub, "worker")} == workers
    # The client only logs a shutdown that was refused.
    assert notebook.check("client.close(); cluster.shutdown()").text == ""
    until("no pod is left", lambda: not kube.pods(hub, "gateway.dask.org/cluster"))
