"""The modules of the gateway's pods, their settings, and a Kubernetes API in this process for them to talk to."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

MODULES = Path(__file__).parents[2] / "chart" / "files" / "gateway"
sys.dont_write_bytecode = True  # the modules lie in the chart

Json = dict[str, Any]
TWO_SHAPES = Path(__file__).parent / "samples" / "two-shapes.json"


@pytest.fixture
def hub_json() -> Json:
    """A hub with two choices of machines, spot and on demand; to be changed freely."""
    loaded: Json = json.loads(TWO_SHAPES.read_text(encoding="utf-8"))
    return loaded


@dataclass
class FakeKubernetes:
    """As much of the API as the gateway and the controller use, of namespace `prod` alone."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    clusters: dict[str, Json] = field(default_factory=dict)
    pods: dict[str, Json] = field(default_factory=dict)
    events: list[asyncio.Queue[Json]] = field(default_factory=list)
    version: int = 1

    def application(self) -> web.Application:
        """The web application."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.answer)
        return application

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request; whatever is not of the namespace is forbidden, as a Role would have it."""
        path = request.path
        self.requests.append((request.method, path))
        if "/namespaces/prod/" not in path:
            return web.json_response({"kind": "Status", "code": 403, "reason": "Forbidden"}, status=403)
        kind = path.split("/namespaces/prod/")[1].split("/")[0]
        if request.method == "GET" and request.query.get("watch"):
            return await self.watch(request, kind)
        if request.method == "GET":
            items = list(self.clusters.values()) if kind == "daskclusters" else list(self.pods.values())
            return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})
        if request.method == "POST":
            return await self.create(await request.json(), kind)
        return web.json_response({})

    async def create(self, obj: Json, kind: str) -> web.Response:
        """Store an object and tell the watchers."""
        self.version += 1
        obj["metadata"] |= {"namespace": "prod", "creationTimestamp": "2026-01-01T00:00:00Z"}
        obj["metadata"]["resourceVersion"] = str(self.version)
        if kind == "daskclusters":
            self.clusters[obj["metadata"]["name"]] = obj
            for queue in self.events:
                queue.put_nowait({"type": "ADDED", "object": obj})
        return web.json_response(obj, status=201)

    async def watch(self, request: web.Request, kind: str) -> web.StreamResponse:
        """Stream what is created until the client goes."""
        response = web.StreamResponse()
        await response.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue()
        if kind == "daskclusters":
            self.events.append(queue)
        while True:
            event = await queue.get()
            await response.write(json.dumps(event).encode() + b"\n")


def login(user: str) -> dict[str, str]:
    """The header of a user with the shared password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:secret".encode()).decode()}


@dataclass
class Running:
    """A started gateway: a client of its API and the Kubernetes behind it."""

    client: TestClient[Any, Any]
    kubernetes: FakeKubernetes
    application: Any

    async def create(self, user: str = "ada", **options: Any) -> tuple[int, Json]:
        """POST a cluster with these options; status and body."""
        return await self.post("/api/v1/clusters/", {"cluster_options": options}, user)

    async def post(self, path: str, body: Any, user: str = "ada") -> tuple[int, Json]:
        """POST as a user; status and body."""
        answer = await self.client.post(path, json=body, headers=login(user))
        return answer.status, await answer.json()


@asynccontextmanager
async def kubernetes(folder: Path) -> AsyncIterator[tuple[FakeKubernetes, Path]]:
    """A started fake API and the kubeconfig that names it."""
    fake = FakeKubernetes()
    server = TestServer(fake.application())
    await server.start_server()
    config = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": str(server.make_url(""))}}],
        "users": [{"name": "test", "user": {"token": "t"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield fake, path
    finally:
        await server.close()


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Json], Any]:
    """`async with gateway(hub_json) as running:` the real application with its real configuration file."""

    @asynccontextmanager
    async def start(settings: Json) -> AsyncIterator[Running]:
        from dask_gateway_server.app import DaskGateway
        from kubernetes_asyncio.config import kube_config

        settings = copy.deepcopy(settings)
        settings["auth"]["type"] = "simple"
        (tmp_path / "hub.json").write_text(json.dumps(settings))
        monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))
        monkeypatch.setenv("DASK_GATEWAY_PASSWORD", "secret")
        async with kubernetes(tmp_path) as (fake, config):
            monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
            DaskGateway.clear_instance()
            application = DaskGateway()
            application.initialize(["--config", str(MODULES / "gateway_config.py")])
            await application.authenticator.setup(application.app)
            await application.backend.setup(application.app)
            async with TestClient(TestServer(application.app), cookie_jar=DummyCookieJar()) as client:
                yield Running(client=client, kubernetes=fake, application=application)
            await application.backend.cleanup()
            await application.authenticator.cleanup()

    return start
