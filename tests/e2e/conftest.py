"""One cluster, one JupyterHub and one installed hub for all these tests; a summary of times at the end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.conftest import ROOT
from tests.e2e import jupyterhub
from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Browser, Kernel, requests

FLEET = Path(__file__).parent / "fleet"
LOGS = ROOT / "e2e-logs"
HUB = "e2e/hub"
NAMESPACE = "hub"
GROUPS = {"dask": {"users": ["ada", "grace"]}}
Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Figures:
    """What the summary tells; seconds."""

    versions: str = ""
    times: dict[str, float] = field(default_factory=dict)
    checks: int = 0


FIGURES = Figures()
_RUNNING: dict[str, Cluster] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the cluster; a cluster that is not ours cannot lose its API server."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)
    if os.environ.get("KUBECONFIG"):
        items[:] = [item for item in items if not item.get_closest_marker("own_cluster")]


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[Cluster | None]:
    """The cluster of these tests; None when KUBECONFIG names another."""
    if os.environ.get("KUBECONFIG"):
        yield None
        return
    with Cluster() as cluster:
        _RUNNING["cluster"] = cluster
        FIGURES.times["from nothing to a Ready cluster"] = cluster.ready_after
        yield cluster


@pytest.fixture(scope="session")
def kubeconfig(own_cluster: Cluster | None) -> str:
    return str(own_cluster.kubeconfig) if own_cluster else os.environ["KUBECONFIG"]


@pytest.fixture(scope="session")
def kube(kubeconfig: str) -> Kube:
    found = Kube(kubeconfig)
    FIGURES.versions = found.versions()
    return found


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the fleet that tests may change, generated."""
    folder = tmp_path_factory.mktemp("fleet") / "fleet"
    shutil.copytree(FLEET, folder, ignore=shutil.ignore_patterns("rendered"))
    return folder


@pytest.fixture(scope="session")
def command(kubeconfig: str, fleet: Path) -> Command:
    """`command(*arguments)` runs hubwright against the cluster."""

    def run(*arguments: str, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "hubwright", *arguments],
            cwd=cwd or fleet,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "KUBECONFIG": kubeconfig, "COLUMNS": "140"},
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def hub(kube: Kube, command: Command, fleet: Path) -> str:
    """JupyterHub and the gateway, in a namespace that enforces `restricted`; the namespace's name."""
    kube.make_namespace(NAMESPACE, enforce="restricted")
    command("generate")
    generated = yaml.safe_load((fleet / "values/e2e/hub/rendered/jupyterhub.values.yaml").read_text())
    kube.make(*jupyterhub.objects(NAMESPACE, generated, image="localhost/notebook:1", groups=GROUPS))
    start = time.monotonic()
    command("install", HUB, "--crds", "--timeout", "180")
    FIGURES.times["from install to ready"] = time.monotonic() - start
    for deployment in ("hub", "proxy"):
        kube.wait_for_deployment(NAMESPACE, deployment)
    health = f"{kube.service_address(NAMESPACE, 'proxy-public')}/services/dask-gateway/api/health"
    until("the gateway answers through JupyterHub", lambda: requests.get(health, timeout=5).ok)
    return NAMESPACE


@pytest.fixture(scope="session")
def address(kube: Kube, hub: str) -> str:
    """Where browsers find JupyterHub."""
    return kube.service_address(hub, "proxy-public")


@pytest.fixture(scope="session")
def ada(address: str) -> Iterator[Browser]:
    """A user with access to the gateway, her server running."""
    browser = Browser(address, "ada")
    browser.log_in()
    browser.start_server()
    yield browser
    browser.close()


@pytest.fixture
def notebook(ada: Browser, kube: Kube, hub: str) -> Iterator[Kernel]:
    """A fresh kernel of hers; afterwards none of her clusters is left."""
    kernel = ada.start_kernel()
    yield kernel
    kernel.run("""
from dask_gateway import Gateway
with Gateway() as ending:
    for report in ending.list_clusters():
        ending.stop_cluster(report.name)
""")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep every log of a test that failed."""
    outcome: Any = yield
    report = outcome.get_result()
    if item.get_closest_marker("cluster") and report.when == "call":
        FIGURES.checks += 1
    if report.failed and item.get_closest_marker("cluster"):
        _keep_logs(item)


def _keep_logs(item: pytest.Item) -> None:
    folder = LOGS / re.sub(r"[^\w.-]+", "-", item.name)
    shutil.rmtree(folder, ignore_errors=True)
    if "cluster" in _RUNNING:
        shutil.copytree(_RUNNING["cluster"].logs, folder, symlinks=True, ignore_dangling_symlinks=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Versions, number of checks, seconds."""
    if not FIGURES.checks:
        return
    terminalreporter.section("on a real cluster")
    terminalreporter.line(FIGURES.versions)
    terminalreporter.line(f"checks: {FIGURES.checks}")
    for what, seconds in FIGURES.times.items():
        terminalreporter.line(f"{what}: {seconds:.0f} s")
