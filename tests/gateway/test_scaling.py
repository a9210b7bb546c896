"""Scaling is exact while workers are Pending: asked for 5, 3, 0, 4 there are 5, 3, 0, 4, also over a restart.

The real controller works on a Kubernetes API in this process whose nodes take no pod; the same walk with the server's
own class shows the faults that are mended.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dask_gateway_server.backends.kubernetes.backend import KubeClusterConfig
from dask_gateway_server.backends.kubernetes.controller import KubeController
from kubernetes_asyncio.config import kube_config

import hub_settings
from hub_controller import HubController
from hub_informers import NamespacedClient
from tests.gateway.conftest import MODULES, FakeKubernetes, Json, kubernetes

CLUSTER = "c0ffee"
INSTANCE = {"gateway.dask.org/instance": "prod.dask-gateway", "gateway.dask.org/cluster": CLUSTER}


class UpstreamController(HubController):
    """The server's own behaviour in our namespace: what ExactScaling replaces is put back."""

    on_pod_update = KubeController.on_pod_update
    handle_scale_down = KubeController.handle_scale_down
    delete_pod = KubeController.delete_pod


def running_cluster(fake: FakeKubernetes) -> None:
    """A cluster whose scheduler runs, without workers."""
    config = json.loads(json.dumps(KubeClusterConfig().to_dict()))
    name = f"dask-scheduler-{CLUSTER}"
    fake.store(
        "daskclusters",
        {
            "metadata": {"name": CLUSTER, "labels": INSTANCE},
            "spec": {"username": "ada", "config": config, "options": {}, "replicas": 0},
            "status": {"phase": "Running", "schedulerPod": name, "credentials": "s", "service": "s"},
        },
    )
    container = {
        "name": "dask-scheduler",
        "state": {"running": {}},
        "image": "a",
        "imageID": "a",
        "ready": True,
        "restartCount": 0,
    }
    labels = {**INSTANCE, "app.kubernetes.io/component": "dask-scheduler"}
    scheduler = {"metadata": {"name": name, "uid": "1", "labels": labels}, "status": {"phase": "Running", "containerStatuses": [container]}}  # fmt: skip
    fake.store("pods", scheduler)


@asynccontextmanager
async def controller(fake: FakeKubernetes, kind: type[HubController]) -> AsyncIterator[HubController]:
    made = kind()
    made.initialize(["--config", str(MODULES / "controller_config.py")])
    made.address = "127.0.0.1:0"
    await made.setup()
    try:
        yield made
    finally:
        await made.cleanup()


def workers(fake: FakeKubernetes) -> list[str]:
    return sorted(name for name, pod in fake.pods.items() if "dask-worker" in json.dumps(pod["metadata"]["labels"]))


def rests(fake: FakeKubernetes, made: HubController) -> bool:
    """Whether the controller has seen everything and has nothing to do."""
    cluster = made.informers["cluster"].get(f"prod.{CLUSTER}")
    seen = {key.partition(".")[2] for key in made.informers["pod"].cache}
    current = cluster is not None and cluster["spec"]["replicas"] == fake.clusters[CLUSTER]["spec"]["replicas"]
    idle = made.queue.is_empty() and not made.queue._processing
    return bool(current and idle and seen == set(fake.pods))


async def settled(fake: FakeKubernetes, made: HubController) -> int:
    """The number of workers once the controller rests, and stays at rest when the loop goes round."""
    in_a_row = 0
    async with asyncio.timeout(30):
        while in_a_row < 5:
            await asyncio.sleep(0.01)
            in_a_row = in_a_row + 1 if rests(fake, made) else 0
    return len(workers(fake))


async def scaled(fake: FakeKubernetes, made: HubController, count: int) -> int:
    cluster = fake.clusters[CLUSTER]
    cluster["spec"]["replicas"] = count
    fake.store("daskclusters", cluster, event="MODIFIED")
    return await settled(fake, made)


@pytest.fixture
def api(hub_json: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    @asynccontextmanager
    async def start() -> AsyncIterator[FakeKubernetes]:
        (tmp_path / "hub.json").write_text(json.dumps(hub_json))
        monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))
        async with kubernetes(tmp_path) as (fake, config):
            monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
            running_cluster(fake)
            yield fake

    return start


async def walk(api: Callable[[], Any], kind: type[HubController]) -> list[int]:
    """Workers after scaling to 5, 3, 0, 4, and after a restart of the controller."""
    async with api() as fake:
        async with controller(fake, kind) as made:
            counts = [await scaled(fake, made, count) for count in (5, 3, 0, 4)]
        async with controller(fake, kind) as made:
            counts.append(await settled(fake, made))
        return counts


def test_scaling_is_exact_while_no_node_takes_a_worker(api: Callable[[], Any]) -> None:
    assert asyncio.run(walk(api, HubController)) == [5, 3, 0, 4, 4]


def test_the_servers_own_class_gets_it_wrong(api: Callable[[], Any]) -> None:
    """If this fails, the server was mended, and hub_scaling.py is no longer needed."""
    assert asyncio.run(walk(api, UpstreamController)) != [5, 3, 0, 4, 4]


def test_the_youngest_go_first(api: Callable[[], Any]) -> None:
    async def run() -> tuple[list[str], list[str]]:
        async with api() as fake, controller(fake, HubController) as made:
            await scaled(fake, made, 2)
            old = workers(fake)
            await scaled(fake, made, 4)
            await scaled(fake, made, 2)
            return old, workers(fake)

    old, left = asyncio.run(run())
    assert left == old


def test_a_worker_that_somebody_else_deletes_is_replaced(api: Callable[[], Any]) -> None:
    async def run() -> int:
        async with api() as fake, controller(fake, HubController) as made:
            await scaled(fake, made, 3)
            fake.remove("pods", workers(fake)[0])
            return await settled(fake, made)

    assert asyncio.run(run()) == 3


def test_a_worker_that_is_gone_before_it_is_deleted_is_no_error(
    api: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> int:
        async with api() as fake, controller(fake, HubController) as made:
            await scaled(fake, made, 3)
            silent = fake.pods.pop(workers(fake)[0])  # gone without a word to watchers
            fake.clusters[CLUSTER]["spec"]["replicas"] = 0
            fake.store("daskclusters", fake.clusters[CLUSTER], event="MODIFIED")
            async with asyncio.timeout(30):
                while workers(fake):
                    await asyncio.sleep(0.01)
            fake.version += 1
            fake.tell("pods", "DELETED", silent)
            return await settled(fake, made)

    assert asyncio.run(run()) == 0


class Failing:
    """A client whose list fails some times, then works."""

    def __init__(self, failures: list[Exception]) -> None:
        self.failures = failures
        self.calls = 0

    async def list_namespaced_pod(self, **_: Any) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


class ApiError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def listed(client: Failing, **kwargs: Any) -> tuple[Any, list[float]]:
    """The answer of a patient list, and how long it waited each time."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    patient = NamespacedClient(client, "prod", sleep=sleep)
    return asyncio.run(patient.list_pod_for_all_namespaces(**kwargs)), waited


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refused_list_is_asked_for_again_ever_more_slowly(status: int) -> None:
    client = Failing([ApiError(status, "no") for _ in range(12)])

    answer, waited = listed(client)

    assert answer == "answer"
    assert client.calls == 13
    assert all(delay <= 30 for delay in waited)
    assert waited[0] <= 0.5
    assert min(waited[-3:]) >= 15


def test_what_is_wrong_is_said_once_and_the_end_of_it_too(caplog: pytest.LogCaptureFixture) -> None:
    listed(Failing([ApiError(403, "Forbidden") for _ in range(50)]))

    assert [record.message for record in caplog.records] == [
        "Cannot watch pod: 403 Forbidden; trying again, at least every 30 s",
        "Watching pod works again",
    ]


def test_a_closed_connection_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    answer, waited = listed(Failing([ConnectionResetError("reset"), ConnectionResetError("reset")]))

    assert answer == "answer"
    assert len(waited) == 2
    assert len(caplog.records) == 2


def test_a_watch_that_is_too_old_is_told_to_the_server_which_lists_anew() -> None:
    with pytest.raises(ApiError):
        listed(Failing([ApiError(410, "Gone")]), watch=True)


def test_watches_that_end_at_once_are_begun_ever_more_slowly() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def run() -> None:
        patient = NamespacedClient(Failing([]), "prod", sleep=sleep)
        for _ in range(12):
            await patient.list_pod_for_all_namespaces(watch=True)

    asyncio.run(run())
    assert len(waited) == 11
    assert max(waited) >= 15


def test_a_scheduler_is_tried_for_half_a_minute() -> None:
    from hub_backend import SCHEDULER_TRIES

    pauses = [min(0.1 * 2**n, 5) for n in range(SCHEDULER_TRIES - 1)]
    assert 30 <= sum(pauses) < 40


def test_settings_are_those_of_the_sample(hub_json: Json) -> None:
    assert hub_settings.parse(hub_json).namespace == "prod"
