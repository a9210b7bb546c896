"""The form through the gateway's real HTTP routes: five fields, every choice works, every mistake is one line and a 422."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.conftest import Json, login

Gateway = Callable[[Json], Any]


def created(gateway: Gateway, hub_json: Json, **options: Any) -> Json:
    """The configuration of the DaskCluster object that these options make."""

    async def run() -> Json:
        async with gateway(hub_json) as running:
            status, body = await running.create(**options)
            assert status == 201, body
            (cluster,) = running.kubernetes.clusters.values()
            config: Json = cluster["spec"]["config"]
            return config

    return asyncio.run(run())


def refused(gateway: Gateway, hub_json: Json, options: Any) -> str:
    """The message of the 422 that these options get; nothing may have been created."""

    async def run() -> str:
        async with gateway(hub_json) as running:
            status, body = await running.post("/api/v1/clusters/", {"cluster_options": options})
            assert status == 422, body
            assert running.kubernetes.clusters == {}
            return str(body["error"])

    return asyncio.run(run())


def specification(gateway: Gateway, hub_json: Json) -> list[Json]:
    async def run() -> list[Json]:
        async with gateway(hub_json) as running:
            answer = await running.client.get("/api/v1/options", headers=login("ada"))
            fields: list[Json] = (await answer.json())["cluster_options"]
            return fields

    return asyncio.run(run())


def test_the_form_has_the_five_fields_that_notebooks_use(gateway: Gateway, hub_json: Json) -> None:
    fields = {field["field"]: field for field in specification(gateway, hub_json)}

    assert list(fields) == [
        "instance_type", "worker_resource_allocation", "image", "environment", "idle_timeout_minutes",
    ]  # fmt: skip
    assert fields["instance_type"]["spec"] == {"type": "select", "options": ["r5.4xlarge", "r5.xlarge"]}
    assert fields["worker_resource_allocation"]["default"] == "1 CPU, 7 GiB"
    assert fields["worker_resource_allocation"]["spec"]["options"][-1] == "4 CPU, 29 GiB"
    assert fields["image"]["default"] == "quay.io/pangeo/pangeo-notebook:2026.07.01"
    assert fields["idle_timeout_minutes"]["spec"] == {"type": "int", "min": 1, "max": 720}


@pytest.mark.parametrize(
    ("label", "cores", "limit", "memory", "threads"),
    [
        ("1 CPU, 7 GiB", 0.978, 1, 8077807616, 1),
        ("2 CPU, 15 GiB", 1.957, 2, 16155615232, 2),
        ("4 CPU, 30 GiB", 3.915, 4, 32311230464, 4),
        ("8 CPU, 60 GiB", 7.83, 8, 64622460928, 8),
        ("16 CPU, 120 GiB", 15.66, 16, 129244921856, 16),
    ],
)
def test_each_preset_gives_its_cores_memory_and_threads(
    gateway: Gateway, hub_json: Json, label: str, cores: float, limit: int, memory: int, threads: int
) -> None:
    config = created(gateway, hub_json, worker_resource_allocation=label)

    assert config["worker_cores"] == cores
    assert config["worker_cores_limit"] == limit
    assert config["worker_memory"] == config["worker_memory_limit"] == memory
    assert config["worker_threads"] == threads


def test_clusters_start_with_the_commands_that_current_dask_has(gateway: Gateway, hub_json: Json) -> None:
    config = created(gateway, hub_json)

    assert (config["scheduler_cmd"], config["worker_cmd"]) == (["dask", "scheduler"], ["dask", "worker"])


def test_the_same_label_has_another_size_on_other_machines(gateway: Gateway, hub_json: Json) -> None:
    config = created(gateway, hub_json, instance_type="r5.xlarge", worker_resource_allocation="1 CPU, 7 GiB")

    assert config["worker_memory"] == 7935625216


def test_machines_named_without_a_size_come_with_their_first_one(gateway: Gateway, hub_json: Json) -> None:
    """The form's default size may not be offered on them."""
    del hub_json["workers"]["instanceTypes"][1]["presets"][0]

    config = created(gateway, hub_json, instance_type="r5.xlarge")

    assert (config["worker_memory"], config["worker_threads"]) == (31742500864, 4)


def test_what_the_user_sets_reaches_the_cluster(gateway: Gateway, hub_json: Json) -> None:
    config = created(
        gateway, hub_json, image="localhost/mine:1", environment={"A": "b", "N": 3, "T": True}, idle_timeout_minutes=5
    )

    assert config["image"] == "localhost/mine:1"
    assert config["environment"] == {"A": "b", "N": "3", "T": "true"}
    assert config["idle_timeout"] == 300


def test_the_hubs_limits_and_secrets_reach_the_cluster(gateway: Gateway, hub_json: Json) -> None:
    config = created(gateway, hub_json)

    assert config["cluster_max_workers"] == 100
    assert config["image_pull_secrets"] == [{"name": "image-pull-secret"}]
    assert config["namespace"] == "prod"


def test_never_is_offered_where_the_hub_allows_it(gateway: Gateway, hub_json: Json) -> None:
    hub_json["options"]["idleTimeoutMinutes"]["allowNever"] = True

    assert created(gateway, hub_json, idle_timeout_minutes=0)["idle_timeout"] == 0


MISTAKES: dict[str, tuple[Any, str]] = {
    "unknown machine": (
        {"instance_type": "m5.large"},
        "instance_type: 'm5.large' is not offered; choose one of: r5.4xlarge, r5.xlarge",
    ),
    "unknown size": (
        {"worker_resource_allocation": "3 CPU"},
        "worker_resource_allocation: '3 CPU' is not offered; choose one of: 1 CPU, 7 GiB, 2 CPU, 15 GiB, 4 CPU, 30 GiB, "
        "8 CPU, 60 GiB, 16 CPU, 120 GiB, 4 CPU, 29 GiB",
    ),
    "size of other machines": (
        {"instance_type": "r5.xlarge", "worker_resource_allocation": "16 CPU, 120 GiB"},
        "worker_resource_allocation: 16 CPU, 120 GiB is not offered on r5.xlarge; choose one of: 1 CPU, 7 GiB, 4 CPU, 29 GiB",
    ),
    "size that is no text": (
        {"worker_resource_allocation": ["1 CPU, 7 GiB"]},
        "worker_resource_allocation: expected text, got ['1 CPU, 7 GiB']",
    ),
    "misspelt field": ({"imge": "a:1"}, "there is no option 'imge'; did you mean image?"),
    "strange field": (
        {"x\ny": 1},
        "there is no option 'x\\ny'; there are: instance_type, worker_resource_allocation, image, environment, "
        "idle_timeout_minutes",
    ),
    "image with a space": (
        {"image": "my image:1"},
        "image: 'my image:1' is not an image; write NAME:TAG, like quay.io/pangeo/ml-notebook:2026.07.01",
    ),
    "empty image": (
        {"image": ""},
        "image: '' is not an image; write NAME:TAG, like quay.io/pangeo/ml-notebook:2026.07.01",
    ),
    "image that is no text": ({"image": None}, "image: expected the name of an image, got None"),
    "variable with a space": (
        {"environment": {"A B": "1"}},
        "environment: 'A B' is no name of a variable; letters, digits and _ only, not a digit first",
    ),
    "variable of several lines": (
        {"environment": {"A\nB": "1"}},
        "environment: 'A\\nB' is no name of a variable; letters, digits and _ only, not a digit first",
    ),
    "reserved variable": (
        {"environment": {"DASK_GATEWAY_API_URL": "x"}},
        "environment: DASK_GATEWAY_API_URL is set by the gateway itself; remove it",
    ),
    "variable without a value": ({"environment": {"A": None}}, "environment: the value of A must be text, got None"),
    "nested variable": ({"environment": {"A": {"B": 1}}}, "environment: the value of A must be text, got {'B': 1}"),
    "NUL in a value": (
        {"environment": {"A": "b\x00"}},
        "environment: the value of A has a NUL character; remove it",
    ),
    "too many variables": (
        {"environment": {f"A{n}": "1" for n in range(10_000)}},
        "environment: 10000 variables are too many; at most 200",
    ),
    "too large a value": (
        {"environment": {"A": "x" * 100_000}},
        "environment: 100001 bytes are too much; at most 65536",
    ),
    "variables as a list": ({"environment": ["A"]}, "environment: expected names and values, got ['A']"),
    "minutes as a truth value": (
        {"idle_timeout_minutes": True},
        "idle_timeout_minutes: expected a whole number of minutes, got True",
    ),
    "minutes as text": (
        {"idle_timeout_minutes": "30"},
        "idle_timeout_minutes: expected a whole number of minutes, got '30'",
    ),
    "half a minute": (
        {"idle_timeout_minutes": 0.5},
        "idle_timeout_minutes: expected a whole number of minutes, got 0.5",
    ),
    "never": ({"idle_timeout_minutes": 0}, "idle_timeout_minutes: 0 is below 1; never is not allowed here"),
    "negative minutes": ({"idle_timeout_minutes": -5}, "idle_timeout_minutes: -5 is below 1"),
    "too many minutes": (
        {"idle_timeout_minutes": 10**30},
        "idle_timeout_minutes: 1000000000000000000000000000000 is above 720, the most that this hub allows",
    ),
    "options as a list": (["image"], "expected option names and values, got ['image']"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_readable_line(gateway: Gateway, hub_json: Json, mistake: str) -> None:
    options, message = MISTAKES[mistake]

    assert refused(gateway, hub_json, options) == message


def test_a_fault_of_ours_is_told_as_one(gateway: Gateway, hub_json: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    import hub_options

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(hub_options, "overrides", broken)

    message = refused(gateway, hub_json, {})

    assert message == "the gateway failed on these options (ZeroDivisionError); tell your administrator"
