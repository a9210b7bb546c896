"""The real fleet in values/: every hub renders with real Helm, is valid, and is the same with both engines."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubwright import fleet, helm, kubernetes_schemas, resources
from hubwright.commands.template import rendered
from hubwright.model import Cluster, Hub
from hubwright.outputs import gateway
from hubwright.packing import fits
from tests.conftest import ROOT, Run
from tests.tools.build import program

LOADED = fleet.read(fleet.Selection(root=ROOT / "values"))
CLUSTERS = {cluster.name: cluster for cluster in LOADED.fleet.clusters}
HUBS = [hub for hub in LOADED.fleet.hubs if hub.enabled]
IDS = [hub.reference for hub in HUBS]
EMBEDDED = helm.engine("embedded")


def crds() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted((resources.chart_folder() / "crds").glob("*.yaml"))]


def objects(hub: Hub) -> list[dict[str, Any]]:
    made = rendered(EMBEDDED, hub, CLUSTERS[hub.cluster])
    return [document for text in made.values() for document in yaml.safe_load_all(text) if document]


def nested(values: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        values = values[part]
    return values


def test_the_whole_fleet_is_there() -> None:
    real = {name for name in CLUSTERS if name not in ("cluster-azure", "cluster-onprem")}

    assert len(real) == 15
    assert len([hub for hub in HUBS if hub.cluster in real]) == 23


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_every_object_is_valid_for_the_oldest_and_the_newest_kubernetes(hub: Hub) -> None:
    assert kubernetes_schemas.validate_manifests(objects(hub), kubernetes_schemas.VERSIONS, crds()) == []


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_plain_helm_with_the_committed_file_makes_the_same(hub: Hub, tmp_path: Path) -> None:
    """No tool of ours is needed to install: the program, the chart and the file do."""
    committed = yaml.safe_load((ROOT / f"values/{hub.reference}/rendered/gateway.values.yaml").read_text())
    path = hub.settings.get("valuesPath", {}).get("gateway", "")
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(nested(committed, path)))
    command: list[str | Path] = [
        program("helm"),
        "template",
        hub.release,
        ROOT / "chart",
        "-n",
        hub.namespace,
        "-f",
        tmp_path / "values.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    def key(document: dict[str, Any]) -> tuple[str, str]:
        return document["kind"], document["metadata"]["name"]

    theirs = sorted((d for d in yaml.safe_load_all(done.stdout) if d), key=key)
    assert theirs == sorted(objects(hub), key=key)


@pytest.mark.parametrize("hub", [HUBS[0], HUBS[-1]], ids=lambda hub: hub.reference)
def test_both_engines_give_the_same_text(hub: Hub) -> None:
    binary = helm.engine("binary", str(program("helm")))

    def told(engine: helm.Engine) -> dict[str, str]:
        made = rendered(engine, hub, CLUSTERS[hub.cluster])
        return {path: text.strip().removeprefix("---").strip() for path, text in made.items()}

    assert told(binary) == told(EMBEDDED)


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_workers_of_every_size_fill_every_machine_of_their_pools(hub: Hub) -> None:
    for choice in hub.instance_types:
        for preset in choice.presets:
            assert min(fits(preset, capacity) for capacity in choice.capacities) == preset.workers_per_node


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_the_hub_side_and_the_gateway_agree_on_the_address(hub: Hub) -> None:
    path = hub.settings.get("valuesPath", {}).get("jupyterhub", "")
    values = nested(
        yaml.safe_load((ROOT / f"values/{hub.reference}/rendered/jupyterhub.values.yaml").read_text()), path
    )
    made = {(one["kind"], one["metadata"]["name"]): one for one in objects(hub)}
    host = values["hub"]["services"]["dask-gateway"]["url"].removeprefix("http://")
    name, namespace = host.split(".")

    service = made[("Service", name)]
    assert service["metadata"]["namespace"] == namespace
    assert service["spec"]["ports"][0]["port"] == 80
    (egress,) = values["singleuser"]["networkPolicy"]["egress"]
    proxy = made[("Deployment", name)]["spec"]["template"]["metadata"]["labels"]
    assert egress["to"][0]["podSelector"]["matchLabels"].items() <= proxy.items()
    assert values["singleuser"]["extraEnv"]["DASK_GATEWAY__PROXY_ADDRESS"] == f"gateway://{host}:80"


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_the_gateways_python_reads_what_the_chart_renders(hub: Hub) -> None:
    import hub_options
    import hub_settings

    (config,) = [one for one in objects(hub) if one["kind"] == "ConfigMap"]
    settings = hub_settings.parse(json.loads(config["data"]["hub.json"]))
    form = hub_options.make_options(settings)

    answers = form.parse_options({})
    assert answers["image"] == hub.image
    assert [one.name for one in settings.instance_types] == [one.name for one in hub.instance_types]
    for ours, theirs in zip(hub.instance_types, settings.instance_types, strict=True):
        assert [p.memory_bytes for p in ours.presets] == [p.memory for p in theirs.presets]
        assert [p.cpu_request_millicores for p in ours.presets] == [p.cpu_request for p in theirs.presets]


@pytest.mark.parametrize("hub", HUBS, ids=IDS)
def test_no_default_of_the_chart_mixes_with_what_a_hub_says(hub: Hub) -> None:
    """Helm merges maps, so a default selector would stay beside the hub's own, or in place of none."""
    import hub_settings

    (config,) = [one for one in objects(hub) if one["kind"] == "ConfigMap"]
    settings = hub_settings.parse(json.loads(config["data"]["hub.json"]))
    said = hub.settings.get("scheduler", {}).get("nodeSelector", {"k8s.dask.org/node-purpose": "scheduler"})

    assert settings.scheduler.node_selector == said
    assert settings.environment == {}
    assert settings.limits.workers_per_cluster == hub.settings.get("limits", {}).get("workersPerCluster")


def test_small_machines_get_small_sizes() -> None:
    (hub,) = [hub for hub in HUBS if hub.reference == "cluster-e/prod"]

    assert [preset.cpus for preset in hub.instance_types[0].presets] == [1, 2, 4]


def test_two_generations_of_pools_stand_behind_one_choice() -> None:
    (hub,) = [hub for hub in HUBS if hub.reference == "cluster-e/prod"]

    assert [len(choice.pools) for choice in hub.instance_types] == [2]


def test_two_hubs_of_one_cluster_never_share_a_mark() -> None:
    instances = []
    for hub in HUBS:
        (config,) = [one for one in objects(hub) if one["kind"] == "ConfigMap"]
        instances.append((hub.cluster, json.loads(config["data"]["hub.json"])["instance"]))

    assert len(set(instances)) == len(instances)


def test_a_changed_setting_rolls_gateway_and_controller_and_leaves_the_proxy() -> None:
    hub = HUBS[0]
    cluster: Cluster = CLUSTERS[hub.cluster]
    values = gateway.chart_values(hub, cluster)

    def checksums(image: str) -> dict[str, str | None]:
        changed = {**values, "options": {**values["options"], "image": image}}
        made = EMBEDDED.render(resources.chart_folder(), changed, release="r", namespace="n")
        found = {}
        for component in ("gateway", "controller", "proxy"):
            pod = yaml.safe_load(made[f"templates/{component}/deployment.yaml"])["spec"]["template"]
            found[component] = pod["metadata"].get("annotations", {}).get("checksum/config")
        return found

    one, other = checksums("a:1"), checksums("a:2")
    assert one["gateway"] != other["gateway"]
    assert one["controller"] != other["controller"]
    assert one["proxy"] is other["proxy"] is None


@pytest.mark.parametrize("path", sorted((ROOT / "chart/ci").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_set_of_values_in_ci_renders_and_is_valid(path: Path) -> None:
    made = EMBEDDED.render(ROOT / "chart", yaml.safe_load(path.read_text()), release="dask-gateway", namespace="prod")
    found = [d for p, text in made.items() if not p.endswith(".txt") for d in yaml.safe_load_all(text) if d]

    assert kubernetes_schemas.validate_manifests(found, kubernetes_schemas.VERSIONS, crds()) == []


def test_everything_values_set_every_value() -> None:
    from tests.test_drift import chart_values, value_paths

    whole = yaml.safe_load((ROOT / "chart/ci/everything-values.yaml").read_text())

    assert {
        path for path in value_paths(chart_values()) if not any(one.startswith(path) for one in value_paths(whole))
    } == set()


@pytest.mark.parametrize("version", kubernetes_schemas.VERSIONS)
def test_our_custom_resource_definitions_are_valid(version: str) -> None:
    assert [kubernetes_schemas.validate(crd, version) for crd in crds()] == [[]] * 11


def test_template_prints_one_stream_that_kubectl_takes(hubwright: Run) -> None:
    done = hubwright("template", "cluster-f/prod", "--validate", cwd=ROOT)

    assert done.returncode == 0
    assert done.stderr == "valid: 23 objects of 1 hub\n"
    assert len([d for d in yaml.safe_load_all(done.stdout) if d]) == 23


def test_template_writes_files(hubwright: Run, tmp_path: Path) -> None:
    done = hubwright("template", "cluster-f", "--output-dir", str(tmp_path / "out"), cwd=ROOT)

    assert done.returncode == 0
    assert (tmp_path / "out/cluster-f/prod/gateway/deployment.yaml").is_file()
    assert not list((tmp_path / "out").rglob("*.tpl"))


def test_template_says_what_helm_refuses(hubwright: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests/examples/valid/five-lines/values", tmp_path / "values")
    with (tmp_path / "values/c/prod/hub.yaml").open("a") as stream:
        stream.write("extraValues: {gateway: {gateway: {auth: {type: simple}}}}\n")

    done = hubwright("template", "c/prod", cwd=tmp_path)

    assert done.returncode == 2
    assert "c/prod: Helm cannot render: " in done.stderr
    assert "set gateway.auth.simple.existingSecret" in done.stderr
    assert "Traceback" not in done.stderr
