"""doctor, crds, install, status and uninstall against a cluster: what they find, what they say, what they leave."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import HUB, Command
from tests.e2e.kube import Kube, until
from tests.e2e.notebook import Kernel

OTHER = "e2e/other"
CRD = "tlsstores.traefik.io"
GROUP = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
CLIENT = """
import sys
from dask_gateway import BasicAuth, Gateway
gateway = Gateway("http://dask-gateway-proxy.other/services/dask-gateway", auth=BasicAuth("ada", "open"),
                  proxy_address="gateway://dask-gateway-proxy.other:80")
"""


def crd(kube: Kube, name: str) -> dict[str, Any]:
    found: dict[str, Any] = kube.custom.get_cluster_custom_object(*GROUP, name)
    return found


def statuses(done: subprocess.CompletedProcess[str], hub: str) -> dict[str, set[str]]:
    """Check to the statuses that doctor gave it."""
    found: dict[str, set[str]] = {}
    for check in json.loads(done.stdout)["hubs"][hub]:
        found.setdefault(check["name"], set()).add(check["status"])
    return found


@pytest.fixture
def other(kube: Kube, hub: str, fleet: Path) -> Iterator[str]:
    """The namespace of the second hub, ready for its gateway; gone afterwards."""
    kube.make_namespace("other", enforce="restricted")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "other"}}
    kube.make({**secret, "stringData": {"password": "open"}})
    yield "other"
    kube.core.delete_namespace("other")
    until("the namespace is gone", lambda: "other" not in [n.metadata.name for n in kube.core.list_namespace().items])


@pytest.fixture
def client_pod(kube: Kube, other: str) -> str:
    """A pod that the second gateway takes for a user's."""
    container = {
        "name": "client",
        "image": "localhost/notebook:1",
        "imagePullPolicy": "Never",
        "args": ["sleep", "infinity"],
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    labels = {"component": "singleuser-server"}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    metadata = {"name": "client", "namespace": other, "labels": labels}
    kube.make({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    until("the client", lambda: kube.core.read_namespaced_pod("client", other).status.phase == "Running")
    return "client"


def test_doctor_finds_the_installed_hub_sound(hub: str, command: Command) -> None:
    done = command("doctor", HUB, "--format", "json")

    found = statuses(done, HUB)
    assert {name for name, told in found.items() if told == {"ok"}} >= {"api", "permissions", "crds", "nodes"}
    assert found["namespace"] == {"ok"}
    assert found["jupyterhub"] == {"ok"}


def test_doctor_tells_a_missing_definition_and_crds_apply_mends_it(kube: Kube, hub: str, command: Command) -> None:
    kube.custom.delete_cluster_custom_object(*GROUP, CRD)

    sick = command("doctor", HUB, check=False)
    shown = command("crds", "diff", check=False)
    applied = command("crds", "apply")

    assert sick.returncode == 1
    assert f"missing: {CRD}; hubwright crds apply" in sick.stdout
    assert (shown.returncode, f"{CRD}: missing" in shown.stdout) == (1, True)
    assert f"{CRD}: applied (was missing)" in applied.stdout
    assert command("crds", "diff").returncode == 0
    managers = {entry["manager"] for entry in crd(kube, CRD)["metadata"]["managedFields"]}
    assert "hubwright" in managers


def test_crds_apply_refuses_to_downgrade(kube: Kube, hub: str, command: Command) -> None:
    def annotate(version: str) -> None:
        body = {"metadata": {"annotations": {"hubwright/crd-version": version}}}
        kube.custom.patch_cluster_custom_object(*GROUP, CRD, body)

    ours = crd(kube, CRD)["metadata"]["annotations"]["hubwright/crd-version"]
    annotate("99")

    refused = command("crds", "apply", check=False)
    annotate(ours)

    assert refused.returncode == 1
    assert "newer than ours" in refused.stderr
    assert "nothing was applied" in refused.stderr


def test_doctor_sees_labels_and_accounts_that_are_missing(hub: str, command: Command, fleet: Path) -> None:
    copy = fleet / "values/e2e/hub/hub.yaml"
    before = copy.read_text(encoding="utf-8")
    cluster = fleet / "values/e2e/cluster.yaml"
    pools = cluster.read_text(encoding="utf-8")
    copy.write_text(before.replace("serviceAccount: default", "serviceAccount: user-sa\nimagePullSecrets: [registry]"))
    cluster.write_text(pools.replace("kubernetes.io/hostname: node-1", "example.org/pool: nowhere"))
    try:
        done = command("doctor", HUB, check=False)
    finally:
        copy.write_text(before, encoding="utf-8")
        cluster.write_text(pools, encoding="utf-8")

    assert done.returncode == 1
    assert "no node has the labels example.org/pool=nowhere" in done.stdout
    assert "the pull secret registry does not exist" in done.stdout
    assert "user-sa of schedulers and workers does not exist" in done.stdout


def test_install_again_changes_nothing_but_the_revision(kube: Kube, hub: str, command: Command) -> None:
    pods = {pod.metadata.name for pod in kube.pods(hub, "app.kubernetes.io/name=dask-gateway")}

    shown = command("install", HUB, "--dry-run")
    command("install", HUB)

    assert "nothing would change" in shown.stdout
    assert {pod.metadata.name for pod in kube.pods(hub, "app.kubernetes.io/name=dask-gateway")} == pods


def test_dry_run_shows_what_a_change_does(hub: str, command: Command, fleet: Path) -> None:
    file = fleet / "values/e2e/hub/hub.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("workersPerCluster: 10", "workersPerCluster: 9"), encoding="utf-8")

    done = command("install", HUB, "--dry-run")
    file.write_text(before, encoding="utf-8")

    assert "ConfigMap/dask-gateway" in done.stdout
    assert re.search(r'^-\s+"workersPerCluster": 10$', done.stdout, flags=re.MULTILINE)
    assert re.search(r'^\+\s+"workersPerCluster": 9$', done.stdout, flags=re.MULTILINE)


def test_a_failed_install_tells_why_and_the_next_one_mends_it(command: Command, other: str, fleet: Path) -> None:
    file = fleet / "values/e2e/other/hub.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}proxy: {{image: 'localhost/nobody:1'}}\n", encoding="utf-8")
    failed = command("install", OTHER, "--timeout", "15", check=False)
    file.write_text(before, encoding="utf-8")

    mended = command("install", OTHER, "--timeout", "120")

    assert failed.returncode == 1
    assert "localhost/nobody:1" in failed.stderr
    assert "ImagePull" in failed.stderr
    assert "is ready" in mended.stdout


def test_an_admission_that_refuses_pods_is_told(kube: Kube, command: Command, other: str) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": other}}
    kube.make({**quota, "spec": {"hard": {"pods": "0"}}})

    failed = command("install", OTHER, "--timeout", "10", check=False)

    assert failed.returncode == 1
    assert "exceeded quota: small" in failed.stderr


def start_install(kubeconfig: str, fleet: Path) -> subprocess.Popen[str]:
    """An install that cannot become ready, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "hubwright", "install", OTHER],
        cwd=fleet,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KUBECONFIG": kubeconfig},
    )


def test_an_interrupted_install_can_be_repeated(
    kube: Kube, command: Command, other: str, kubeconfig: str, fleet: Path
) -> None:
    running = start_install(kubeconfig, fleet)
    until("the release is begun", lambda: kube.apps.list_namespaced_deployment(other).items)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "interrupted" in told
    assert "is ready" in command("install", OTHER, "--timeout", "120").stdout


def test_a_killed_install_is_recognised_and_recovered(
    kube: Kube, command: Command, other: str, kubeconfig: str, fleet: Path
) -> None:
    running = start_install(kubeconfig, fleet)
    until("the release is begun", lambda: kube.apps.list_namespaced_deployment(other).items)
    running.kill()
    running.communicate()

    refused = command("install", OTHER, check=False)
    recovered = command("install", OTHER, "--recover", "--timeout", "120")

    assert refused.returncode == 1
    assert "is pending-install since" in refused.stderr
    assert "--recover" in refused.stderr
    assert "is ready" in recovered.stdout


def test_two_hubs_with_one_release_name_do_not_see_each_other(
    notebook: Kernel, kube: Kube, hub: str, command: Command, other: str, client_pod: str
) -> None:
    installed = command("install", "e2e", "--parallel", "2", "--timeout", "150")
    notebook.check("from dask_gateway import Gateway; gateway = Gateway(); cluster = gateway.new_cluster()")

    made = kube.exec(
        other, client_pod, "python", "-c", CLIENT + "print('made', gateway.new_cluster(shutdown_on_close=False).name)"
    )
    listed = kube.exec(other, client_pod, "python", "-c", CLIENT + "print('listed', len(gateway.list_clusters()))")
    here = notebook.check("print([report.name == cluster.name for report in gateway.list_clusters()])").text
    refused = command("uninstall", OTHER, check=False)
    removed = command("uninstall", OTHER, "--with-clusters")

    assert "2 hubs installed, 0 failed" in installed.stdout
    assert "made other." in made
    assert "listed 1" in listed
    assert here.strip() == "[True]"
    assert refused.returncode == 1
    assert "1 cluster of ada still there" in refused.stderr
    assert "is removed" in removed.stdout
    assert kube.dask_clusters(other) == []
    assert kube.dask_pods(hub, "scheduler"), "the first hub's cluster runs on"
    assert command("status", HUB).returncode == 0
    assert crd(kube, "daskclusters.gateway.dask.org")


def test_status_tells_whose_clusters_there_are_and_why_workers_wait(
    notebook: Kernel, kube: Kube, hub: str, command: Command
) -> None:
    notebook.check("""
from dask_gateway import Gateway
cluster = Gateway().new_cluster()
cluster.scale(1)
client = cluster.get_client()
client.wait_for_workers(1, timeout=240)
""")
    kube.core.patch_node("node-1", {"spec": {"unschedulable": True}})
    try:
        notebook.check("cluster.scale(3)")
        until("two workers wait", lambda: len(kube.dask_pods(hub, "worker")) == 3)
        told = until("the reason", lambda: waiting(command), seconds=60)
        text = command("status", HUB).stdout
    finally:
        kube.core.patch_node("node-1", {"spec": {"unschedulable": False}})

    assert (told["owner"], told["state"], told["workers_asked"]) == ("ada", "Running", 3)
    assert (told["workers_running"], told["workers_pending"]) == (1, 2)
    assert "2 x worker: no node takes it" in text
    assert told["idle"] is not None


def waiting(command: Command) -> dict[str, Any]:
    """The one cluster, when the reason of its waiting workers is known."""
    report = json.loads(command("status", HUB, "--format", "json").stdout)
    (cluster,) = report[0]["clusters"]
    return cluster if any("no node takes it" in why for why in cluster["why"]) else {}


@pytest.fixture
def namespace_admin(kube: Kube, other: str, kubeconfig: str, tmp_path: Path) -> str:
    """A kubeconfig of somebody who administers the second hub's namespace and nothing else."""
    kube.make(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "admin", "namespace": other}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "admin", "namespace": other},
            "subjects": [{"kind": "ServiceAccount", "name": "admin", "namespace": other}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        },
    )
    token = kube.core.create_namespaced_service_account_token("admin", other, {"spec": {}}).status.token
    told = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
    told["users"][0]["user"] = {"token": token}
    file = tmp_path / "namespace-admin"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    return str(file)


def test_doctor_tells_what_one_may_not_do(command: Command, namespace_admin: str) -> None:
    done = command("doctor", OTHER, "--kubeconfig", namespace_admin, "--format", "json", check=False)

    checks = json.loads(done.stdout)["hubs"][OTHER]
    told = next(check for check in checks if check["name"] == "permissions")
    assert (done.returncode, told["status"]) == (1, "error")
    # `edit` may not grant permissions, nor make kinds that it never heard of.
    assert "create roles" in told["message"] or "rolebindings" in told["message"] or "more" in told["message"]
    assert {check["status"] for check in checks if check["name"] in ("crds", "nodes")} == {"warning"}


def test_install_stops_before_it_changes_anything(command: Command, namespace_admin: str, kube: Kube) -> None:
    done = command("install", OTHER, "--kubeconfig", namespace_admin, check=False)

    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert kube.apps.list_namespaced_deployment("other").items == []


def test_an_unreachable_cluster_is_told_in_one_line(command: Command, tmp_path: Path, kubeconfig: str) -> None:
    text = Path(kubeconfig).read_text(encoding="utf-8")
    wrong = tmp_path / "config"
    wrong.write_text(text.replace(":6443", ":6444"), encoding="utf-8")

    done = command("doctor", HUB, "--kubeconfig", str(wrong), check=False)

    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
