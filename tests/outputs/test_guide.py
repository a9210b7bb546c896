"""The users' guide: every step is there, with this hub's own figures, and its code is sound."""

from __future__ import annotations

import ast
import builtins
import re

import pytest

from hubwright import fleet
from hubwright.model import Cluster, Hub
from hubwright.outputs import guide
from tests.conftest import ROOT

LOADED = fleet.read(fleet.Selection(root=ROOT / "values"))
CLUSTERS = {cluster.name: cluster for cluster in LOADED.fleet.clusters}
HUBS = [hub for hub in LOADED.fleet.hubs if hub.enabled]
IDS = [hub.reference for hub in HUBS]


def made(reference: str) -> tuple[Hub, Cluster, str]:
    hub = next(hub for hub in HUBS if hub.reference == reference)
    return hub, CLUSTERS[hub.cluster], guide.text(hub, CLUSTERS[hub.cluster])


def code(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


STEPS = ["Connect", "Choose a worker size", "Create a cluster", "Scale", "Connect a client", "Watch the dashboard", "An example: k-means clustering", "Shut down", "Questions"]  # fmt: skip
QUESTIONS = ["Which worker size?", "By hand or adaptive?", "Why only these sizes?", "Why did my kernel die, or a worker?", "Which image do my workers have?"]  # fmt: skip


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_the_steps_stand_in_the_order_that_users_take(hub: Hub) -> None:
    text = guide.text(hub, CLUSTERS[hub.cluster])

    assert [re.sub(r"^\d+\. ", "", title) for title in re.findall(r"^## (.*)$", text, flags=re.MULTILINE)] == STEPS
    assert all(f"**{question}**" in text for question in QUESTIONS)


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_every_block_of_code_is_python(hub: Hub) -> None:
    blocks = code(guide.text(hub, CLUSTERS[hub.cluster]))

    assert len(blocks) == 12
    for block in blocks:
        ast.parse(block)


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_every_name_that_the_code_uses_was_made_before(hub: Hub) -> None:
    """The blocks run one after the other in one notebook."""
    known = set(dir(builtins))
    for block in code(guide.text(hub, CLUSTERS[hub.cluster])):
        tree = ast.parse(block)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                known |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
        assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} <= known


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_the_options_in_the_code_are_offered_by_the_hub(hub: Hub) -> None:
    text = "\n".join(code(guide.text(hub, CLUSTERS[hub.cluster])))

    (machine,) = re.findall(r'options\.instance_type = "(.*)"', text)
    (size,) = re.findall(r'options\.worker_resource_allocation = "(.*)"', text)
    choice = next(choice for choice in hub.instance_types if choice.name == machine)
    assert size in [preset.label for preset in choice.presets]


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_every_size_of_every_choice_is_in_a_table(hub: Hub) -> None:
    text = guide.text(hub, CLUSTERS[hub.cluster])

    for choice in hub.instance_types:
        for preset in choice.presets:
            assert f"| {preset.label} | {preset.threads} | {preset.workers_per_node} |" in text


def test_the_hubs_address_stands_in_the_guide() -> None:
    _, _, text = made("cluster-f/prod")

    assert "You open a notebook at <https://hub-f.example.org>" in text
    assert "The link begins with `https://hub-f.example.org/services/dask-gateway/clusters/`" in text


def test_limits_are_told_where_there_are_any() -> None:
    assert "| workers in one cluster | 100 |" in made("cluster-azure/prod")[2]
    assert "The most that you can have here" not in made("cluster-f/prod")[2]


def test_a_group_that_has_access_is_named() -> None:
    assert "Clusters are open to members of dask." in made("cluster-e/staging")[2]
    assert "Clusters are open" not in made("cluster-e/prod")[2]


def test_idle_minutes_are_the_hubs() -> None:
    assert "30 unless you change it, at most 480 |" in made("cluster-onprem/lab")[2]
    assert "at most 43200, 0 for never |" in made("cluster-f/prod")[2]


def test_spot_machines_are_explained_where_they_are_used() -> None:
    assert "spot machines" in made("cluster-a/showcase")[2]
    assert "spot" not in made("cluster-f/prod")[2]


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_no_words_of_the_template_are_left(hub: Hub) -> None:
    text = guide.text(hub, CLUSTERS[hub.cluster])

    assert not re.search(r"\{\{|\}\}|\{%|%\}|None|\n\n\n\n", text)
