"""Which cluster a command reaches, and what it says when that is not clear."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

NOWHERE = "/nonexistent/kubeconfig"
COMMANDS = [["doctor"], ["install"], ["status"], ["uninstall"], ["rollback"]]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    for name in ("cluster-azure", "cluster-onprem"):
        shutil.copytree(ROOT / "values" / name, tmp_path / "values" / name)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_cluster_it_says_how_to_name_one(hubwright: Run, fleet: Path, command: list[str]) -> None:
    done = hubwright(*command, "cluster-azure/prod", cwd=fleet, KUBECONFIG=NOWHERE)

    assert done.returncode == 2
    assert "no cluster to talk to" in done.stderr
    assert "--kubeconfig, --context and KUBECONFIG" in done.stderr


def test_hubs_of_several_clusters_need_their_contexts(hubwright: Run, fleet: Path) -> None:
    done = hubwright("install", "--all", cwd=fleet, KUBECONFIG=NOWHERE)

    assert done.returncode == 2
    assert "it is not clear how to reach cluster-azure, cluster-onprem" in done.stderr
    assert "kubeContext" in done.stderr


def test_one_context_cannot_stand_for_several_clusters(hubwright: Run, fleet: Path) -> None:
    for name in ("cluster-azure", "cluster-onprem"):
        with (fleet / "values" / name / "cluster.yaml").open("a") as file:
            file.write(f"kubeContext: {name}\n")

    done = hubwright("install", "--all", "--context", "one", cwd=fleet, KUBECONFIG=NOWHERE)

    assert done.returncode == 2
    assert "hubs of 2 clusters" in done.stderr


def test_a_wrong_file_stops_before_anything_is_reached(hubwright: Run, fleet: Path) -> None:
    hub = fleet / "values/cluster-azure/prod/hub.yaml"
    hub.write_text(hub.read_text().replace("domain:", "domian:"))

    done = hubwright("install", "cluster-azure/prod", cwd=fleet, KUBECONFIG=NOWHERE)

    assert done.returncode == 2
    assert "did you mean domain?" in done.stderr


@pytest.mark.parametrize("arguments", [["doctor"], ["status"], ["install"], ["install", "--all", "cluster-azure"]])
def test_what_is_meant_must_be_said(hubwright: Run, fleet: Path, arguments: list[str]) -> None:
    done = hubwright(*arguments, cwd=fleet, KUBECONFIG=NOWHERE)

    assert done.returncode == 2
    assert "name" in done.stderr
