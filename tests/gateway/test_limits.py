"""Limits of users: the arithmetic, and that the real gateway keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from dask_gateway_server.backends.base import PublicException

from hub_limits import Use, most_workers, use_of
from hub_settings import Limits
from tests.gateway.conftest import Json

Gateway = Callable[[Json], Any]
CONFIG = {"worker_cores_limit": 4, "worker_memory_limit": 30 * 2**30}


def test_what_a_cluster_uses() -> None:
    assert use_of(CONFIG, 3) == Use(clusters=1, workers=3, cores=12, memory=90 * 2**30)


@pytest.mark.parametrize(
    ("limits", "others", "most", "why"),
    [
        (Limits(workers_per_user=10), Use(workers=4), 6, "workersPerUser is 10, 4 are in your other clusters"),
        (Limits(workers_per_user=10), Use(workers=14), 0, "workersPerUser is 10, 14 are in your other clusters"),
        (Limits(cores_per_user=20), Use(cores=5), 3, "coresPerUser is 20, 5 are in your other clusters"),
        (
            Limits(memory_per_user=100 * 2**30), Use(memory=10 * 2**30), 3,
            "memoryPerUser is 100.0 GiB, 10.0 GiB are in your other clusters",
        ),
        (
            Limits(workers_per_user=10, cores_per_user=8), Use(), 2,
            "coresPerUser is 8, 0 are in your other clusters",
        ),
    ],
)  # fmt: skip
def test_the_tightest_limit_decides(limits: Limits, others: Use, most: int, why: str) -> None:
    assert most_workers(limits, others, CONFIG) == (most, why)


def test_no_limit_bounds_nothing() -> None:
    assert most_workers(Limits(), Use(workers=10**6), CONFIG) is None


def test_a_user_cannot_have_more_clusters_than_the_limit(gateway: Gateway, hub_json: Json) -> None:
    async def run() -> tuple[list[int], str]:
        async with gateway(hub_json) as running:
            answers = [await running.create() for _ in range(3)]
            return [status for status, _ in answers], str(answers[-1][1]["error"])

    statuses, message = asyncio.run(run())

    assert statuses == [201, 201, 422]
    assert message == "you have 2 of at most 2 clusters; shut one down first (clustersPerUser)"


def test_ten_creations_at_once_do_not_pass_the_limit(gateway: Gateway, hub_json: Json) -> None:
    async def run() -> list[int]:
        async with gateway(hub_json) as running:
            answers = await asyncio.gather(*(running.create() for _ in range(10)))
            return sorted(status for status, _ in answers)

    assert asyncio.run(run()) == [201] * 2 + [422] * 8


def test_the_limit_is_each_users_own(gateway: Gateway, hub_json: Json) -> None:
    async def run() -> list[int]:
        async with gateway(hub_json) as running:
            return [(await running.create(user))[0] for user in ("ada", "ada", "bob")]

    assert asyncio.run(run()) == [201, 201, 201]


def test_a_wish_above_the_users_limit_is_refused_with_the_reason(gateway: Gateway, hub_json: Json) -> None:
    async def run() -> str:
        async with gateway(hub_json) as running:
            cluster = SimpleNamespace(name="prod.x", username="ada", config=CONFIG, status=2)
            with pytest.raises(PublicException) as refusal:
                await running.application.backend.forward_message_to_scheduler(cluster, {"op": "scale", "count": 11})
            return str(refusal.value)

    message = asyncio.run(run())

    assert message == "this cluster may have at most 10 workers now: workersPerUser is 10, 0 are in your other clusters"


def test_the_heartbeat_of_a_scheduler_cannot_pass_the_limit(gateway: Gateway, hub_json: Json) -> None:
    async def run() -> list[Json]:
        async with gateway(hub_json) as running:
            backend = running.application.backend
            patches: list[Json] = []

            async def patch(*arguments: Any) -> None:
                patches.extend(arguments[-1])

            await running.create()
            (name,) = backend.unseen or backend.clusters
            async with asyncio.timeout(20):
                while name not in backend.clusters:
                    await asyncio.sleep(0.01)
            backend.custom_client = SimpleNamespace(patch_namespaced_custom_object=patch)
            beat = {"count": 50, "active_workers": [], "closing_workers": [], "closed_workers": []}
            await backend.on_cluster_heartbeat(name, beat)
            return patches

    assert asyncio.run(run()) == [{"op": "add", "path": "/spec/replicas", "value": 10}]
