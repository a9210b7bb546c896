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
    events: list[tuple[str, asyncio.Queue[Json]]] = field(default_factory=list)
    history: list[tuple[int, str, Json]] = field(default_factory=list)
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
        kind, _, name = path.split("/namespaces/prod/")[1].partition("/")
        if request.method == "GET" and request.query.get("watch"):
            return await self.watch(request, kind)
        if request.method == "GET":
            items = list(self.objects(kind).values())
            return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})
        if request.method == "POST":
            return web.json_response(self.store(kind, await request.json()), status=201)
        if request.method == "DELETE":
            found = self.remove(kind, name)
            return web.json_response(found or {"code": 404}, status=200 if found else 404)
        return web.json_response({})

    def objects(self, kind: str) -> dict[str, Json]:
        """What is stored of a kind; kinds that nobody reads are forgotten."""
        return {"daskclusters": self.clusters, "pods": self.pods}.get(kind, {})

    def store(self, kind: str, obj: Json, event: str = "ADDED") -> Json:
        """Keep an object and tell the watchers. No node ever takes a pod."""
        self.version += 1
        metadata = obj["metadata"]
        metadata.setdefault("name", f"{metadata.get('generateName')}{self.version:05}")
        metadata |= {"namespace": "prod", "resourceVersion": str(self.version)}
        metadata.setdefault("creationTimestamp", f"2026-01-01T00:{self.version // 60 % 60:02}:{self.version % 60:02}Z")
        if kind == "pods":
            obj.setdefault("status", {"phase": "Pending"})
        self.objects(kind)[metadata["name"]] = obj
        self.tell(kind, event, obj)
        return obj

    def remove(self, kind: str, name: str) -> Json | None:
        """Forget an object and tell the watchers; None where there is none."""
        found = self.objects(kind).pop(name, None)
        if found:
            self.version += 1
            self.tell(kind, "DELETED", found)
        return found

    def tell(self, kind: str, event: str, obj: Json) -> None:
        """One event to every watcher of the kind, those that are to come included."""
        self.history.append((self.version, kind, {"type": event, "object": copy.deepcopy(obj)}))
        for watched, queue in self.events:
            if watched == kind:
                queue.put_nowait({"type": event, "object": copy.deepcopy(obj)})

    async def watch(self, request: web.Request, kind: str) -> web.StreamResponse:
        """Stream what happens until the client goes."""
        response = web.StreamResponse()
        await response.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue()
        since = int(request.query.get("resourceVersion", 0))
        for version, told, event in self.history:
            if told == kind and version > since:
                queue.put_nowait(event)
        self.events.append((kind, queue))
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
