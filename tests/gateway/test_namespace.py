"""Gateway and controller ask Kubernetes about their own namespace alone, so Roles suffice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask_gateway_server
import pytest

import hub_informers
from tests.gateway.conftest import MODULES, Json, kubernetes


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def test_the_gateway_watches_its_namespace(gateway: Callable[[Json], Any], hub_json: Json) -> None:
    async def run() -> list[tuple[str, str]]:
        async with gateway(hub_json) as running:
            await until(lambda: len(running.kubernetes.requests) >= 2)
            found: list[tuple[str, str]] = running.kubernetes.requests
            return found

    assert set(asyncio.run(run())) == {("GET", "/apis/gateway.dask.org/v1alpha1/namespaces/prod/daskclusters")}


def test_the_controller_watches_its_namespace(hub_json: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes_asyncio.config import kube_config

    from hub_controller import HubController

    (tmp_path / "hub.json").write_text(json.dumps(hub_json))
    monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))

    async def run() -> set[tuple[str, str]]:
        async with kubernetes(tmp_path) as (fake, config):
            monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
            controller = HubController()
            controller.initialize(["--config", str(MODULES / "controller_config.py")])
            controller.address = "127.0.0.1:0"
            await controller.setup()
            await until(lambda: len(fake.requests) >= 6)
            await controller.cleanup()
            return set(fake.requests)

    assert asyncio.run(run()) == {
        ("GET", "/apis/gateway.dask.org/v1alpha1/namespaces/prod/daskclusters"),
        ("GET", "/api/v1/namespaces/prod/pods"),
        ("GET", "/api/v1/namespaces/prod/endpoints"),
    }


def test_the_controller_takes_its_settings_from_the_chart(
    hub_json: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub_controller import HubController

    hub_json["controller"]["completedClusterMaxAgeSeconds"] = 60
    (tmp_path / "hub.json").write_text(json.dumps(hub_json))
    monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))
    controller = HubController()

    controller.initialize(["--config", str(MODULES / "controller_config.py"), "--log-level", "DEBUG"])

    assert controller.gateway_instance == "prod.dask-gateway"
    assert controller.proxy_prefix == "/services/dask-gateway"
    assert controller.proxy_web_middlewares == [{"name": "dask-gateway-clusters"}]
    assert controller.completed_cluster_max_age == 60
    assert controller.log_level in (10, "DEBUG")


def test_the_gateway_checks_tokens_with_the_service_name(
    hub_json: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dask_gateway_server.app import DaskGateway

    (tmp_path / "hub.json").write_text(json.dumps(hub_json))
    monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))
    application = DaskGateway()

    application.initialize(["--config", str(MODULES / "gateway_config.py")])

    assert application.authenticator.jupyterhub_service_name == "dask-gateway"
    assert application.authenticator.use_service_access_scopes is True
    assert application.backend.gateway_instance == "prod.dask-gateway"
    assert application.backend.api_url == "http://dask-gateway-gateway.prod:8000/api"


def test_a_shared_password_must_be_there(hub_json: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dask_gateway_server.app import DaskGateway

    hub_json["auth"]["type"] = "simple"
    (tmp_path / "hub.json").write_text(json.dumps(hub_json))
    monkeypatch.setenv("HUBWRIGHT_SETTINGS", str(tmp_path / "hub.json"))
    monkeypatch.delenv("DASK_GATEWAY_PASSWORD", raising=False)

    with pytest.raises(SystemExit, match="DASK_GATEWAY_PASSWORD is empty"):
        DaskGateway().initialize(["--config", str(MODULES / "gateway_config.py")])


def test_a_server_that_was_not_tested_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_gateway_server, "__version__", "2027.1.0")

    with pytest.raises(
        SystemExit, match=r"dask-gateway-server 2027\.1\.0 was not tested with this chart; use an image with 2026\.3\.0"
    ):
        hub_informers.refuse_untested_server()
