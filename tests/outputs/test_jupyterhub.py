"""The JupyterHub values, read by the real KubeSpawner and the real Dask Gateway client."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_asyncio.config import kube_config
from kubespawner import KubeSpawner
from traitlets.config import Config

from hubwright import fleet
from hubwright.model import Cluster, Hub
from hubwright.outputs import jupyterhub

HUB = """\
apiVersion: hubwright/v1
domain: hub.example.org
image: quay.io/pangeo/pangeo-notebook:2026.07.01
environment:
  SCRATCH_BUCKET: gs://scratch/$(JUPYTERHUB_USER)
  MODE: fast
"""
CLUSTER = """\
apiVersion: hubwright/v1
provider: gcp
nodePools: {dask: {machineTypes: [n2-highmem-16], nodes: {max: 10}}}
"""


def hub(folder: Path, more: str = "") -> tuple[Hub, Cluster]:
    (folder / "values/c/prod").mkdir(parents=True)
    (folder / "values/c/cluster.yaml").write_text(CLUSTER)
    (folder / "values/c/prod/hub.yaml").write_text(HUB + more)
    loaded = fleet.read(fleet.Selection(root=folder / "values"))
    assert not loaded.findings
    return loaded.hubs[0], loaded.fleet.clusters[0]


# KubeSpawner wants to know a cluster before it makes a pod; it never talks to this one.
KUBECONFIG = {
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
}


def pod_environment(values: dict[str, Any]) -> list[tuple[str, str]]:
    """The variables of the pod that KubeSpawner makes, in its order."""
    return asyncio.run(_pod_environment(values))


async def _pod_environment(values: dict[str, Any]) -> list[tuple[str, str]]:
    spawner = KubeSpawner(config=Config(), _mock=True)
    spawner.environment = values["singleuser"]["extraEnv"]
    spawner.image = "quay.io/chosen/by-user:1"
    pod = await spawner.get_pod_manifest()
    return [(entry.name, entry.value) for entry in pod.spec.containers[0].env if entry.value is not None]


def as_kubelet(entries: list[tuple[str, str]]) -> dict[str, str]:
    """Expand `$(NAME)` from earlier variables, as kubelet does; unknown ones stay."""
    seen: dict[str, str] = {}
    for name, value in entries:
        seen[name] = re.sub(r"\$\(([^)]+)\)", lambda match: seen.get(match[1], match[0]), value)
    return seen


@pytest.fixture
def user_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))
    values = jupyterhub.values(*hub(tmp_path))
    hub_gives = {"JUPYTERHUB_USER": "ada", "JUPYTERHUB_API_TOKEN": "token"}
    return as_kubelet([*hub_gives.items(), *(entry for entry in pod_environment(values) if entry[0] not in hub_gives)])


def client_sees(environment: dict[str, str], expression: str) -> str:
    """What the real client computes in a process with these variables."""
    program = f"import dask.config, yaml; from dask_gateway.utils import format_template; import dask_gateway; print({expression})"
    made = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def test_the_client_connects_without_arguments(user_pod: dict[str, str]) -> None:
    gateway = (
        "(lambda g: (g.address, g.proxy_address, g._public_address, type(g.auth).__name__))(dask_gateway.Gateway())"
    )

    assert client_sees(user_pod, gateway) == str(
        (
            "http://proxy-public/services/dask-gateway",
            "gateway://dask-gateway-proxy.prod:80",
            "https://hub.example.org/services/dask-gateway",
            "JupyterHubAuth",
        )
    )


def test_the_image_option_is_the_users_own_image(user_pod: dict[str, str]) -> None:
    option = "format_template(dask.config.get('gateway.cluster.options.image'))"

    assert client_sees(user_pod, option) == "quay.io/chosen/by-user:1"


def test_workers_get_the_hubs_variables_with_their_values(user_pod: dict[str, str]) -> None:
    option = "dask.config.get('gateway.cluster.options.environment')"

    assert client_sees(user_pod, option) == str({"SCRATCH_BUCKET": "gs://scratch/ada", "MODE": "fast"})


def test_the_dashboard_link_of_a_local_cluster_goes_through_the_users_server(user_pod: dict[str, str]) -> None:
    assert user_pod["DASK_DISTRIBUTED__DASHBOARD__LINK"] == "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"


def test_no_variable_is_forwarded_that_the_hub_does_not_set(tmp_path: Path) -> None:
    made = jupyterhub.environment(hub(tmp_path)[0])

    assert "PANGEO_SCRATCH" not in made["DASK_GATEWAY__CLUSTER__OPTIONS__ENVIRONMENT"]


def test_every_user_may_start_clusters_by_default(tmp_path: Path) -> None:
    roles = jupyterhub.values(*hub(tmp_path))["hub"]["loadRoles"]

    assert jupyterhub.SCOPE in roles["user"]["scopes"]
    assert jupyterhub.SCOPE in roles["server"]["scopes"]


def test_with_groups_only_their_members_may(tmp_path: Path) -> None:
    roles = jupyterhub.values(*hub(tmp_path, "access: {groups: [dask]}\n"))["hub"]["loadRoles"]

    assert jupyterhub.SCOPE not in roles["user"]["scopes"]
    assert roles["dask-gateway-users"] == {"scopes": [jupyterhub.SCOPE], "groups": ["dask"]}


def test_scopes_of_the_hub_itself_survive(tmp_path: Path) -> None:
    more = "jupyterhub: {scopes: {user: ['access:services!service=quota'], auditors: ['list:users']}}\n"
    roles = jupyterhub.values(*hub(tmp_path, more))["hub"]["loadRoles"]

    assert roles["user"]["scopes"] == ["self", jupyterhub.SCOPE, "access:services!service=quota"]
    assert roles["auditors"] == {"scopes": ["list:users"]}
    assert "users:activity!user" in roles["server"]["scopes"]


def test_values_stand_where_the_umbrella_chart_wants_them(tmp_path: Path) -> None:
    more = "valuesPath: {jupyterhub: basehub.jupyterhub}\n"
    text = jupyterhub.text(*hub(tmp_path, more))

    assert list(yaml.safe_load(text)["basehub"]["jupyterhub"]) == ["hub", "singleuser"]


def test_the_first_line_says_where_the_file_comes_from(tmp_path: Path) -> None:
    first = jupyterhub.text(*hub(tmp_path)).splitlines()[0]

    assert (
        first
        == "# Made by hubwright from c/prod/hub.yaml. Do not edit: change the hub's files, run hubwright generate."
    )
