"""The controller, confined to its namespace and exact about workers; run as a program with --config FILE."""

from __future__ import annotations

from typing import Any

from dask_gateway_server.backends.kubernetes import controller as upstream

import hub_settings
from hub_informers import NamespacedClient, refuse_untested_server
from hub_scaling import ExactScaling


class HubController(ExactScaling, upstream.KubeController):  # type: ignore[misc]
    """KubeController of one namespace, exact about numbers of workers."""

    aliases = {
        "log-level": "HubController.log_level",
        "f": "HubController.config_file",
        "config": "HubController.config_file",
    }

    async def setup(self) -> None:
        """Set up as upstream does, with informers of our namespace."""
        namespace = hub_settings.load().namespace
        whole = upstream.RateLimitedClient

        def confined(client: Any, limiter: Any) -> NamespacedClient:
            return NamespacedClient(whole(client, limiter), namespace)

        upstream.RateLimitedClient = confined
        try:
            await super().setup()
        finally:
            upstream.RateLimitedClient = whole


if __name__ == "__main__":
    refuse_untested_server()
    HubController.launch_instance()
