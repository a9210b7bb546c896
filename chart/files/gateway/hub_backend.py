"""The gateway's backend: watches its own namespace, answers mistakes in one line, and keeps the limits of users.

One gateway replica is assumed for the limits of users; limits of a cluster hold with any number.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from dask_gateway_server import models
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.kubernetes import backend as upstream

import hub_settings
from hub_informers import NamespacedClient, refuse_untested_server
from hub_limits import LimitReached, Use, most_workers, refuse_creation, total, use_of
from hub_options import make_options

# A cluster that was just made shows in the informer within a second; until then it counts from here.
UNSEEN_SECONDS = 60
# The pauses between tries grow to 5 s, twelve tries are 31 s. The server's own three tries take 0.3 s, after which it
# would call a cluster dead that a slow name server hid for a moment.
SCHEDULER_TRIES = 12
_USERS_MISTAKES = (TypeError, ValueError, PublicException, LimitReached)


class HubBackend(upstream.KubeBackend):  # type: ignore[misc]
    """KubeBackend of one namespace."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse_untested_server()
        super().__init__(*args, **kwargs)
        self.settings = hub_settings.load()
        self.scheduler_api_retries = SCHEDULER_TRIES
        self.cluster_options = make_options(self.settings)
        self.unseen: dict[str, tuple[str, float]] = {}
        self.creating = asyncio.Lock()

    async def setup(self, app: Any) -> None:
        """Set up as upstream does, with an informer of our namespace."""
        whole = upstream.client.CustomObjectsApi
        upstream.client.CustomObjectsApi = lambda api_client: NamespacedClient(
            whole(api_client=api_client), self.settings.namespace
        )
        try:
            await super().setup(app)
        finally:
            upstream.client.CustomObjectsApi = whole

    async def process_cluster_options(self, user: Any, request: Any) -> Any:
        """As upstream, but every refusal is one line, and a fault of ours is told as one."""
        try:
            options = await self.get_cluster_options(user)
            requested = options.parse_options(request)
            config = self.cluster_config_class(parent=self, **options.get_configuration(requested, user))
        except _USERS_MISTAKES as error:
            raise PublicException(_one_line(error)) from error
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.log.exception("Options of user %s could not be understood", user.name)
            raise PublicException(
                f"the gateway failed on these options ({type(error).__name__}); tell your administrator"
            ) from error
        return requested, config

    async def start_cluster(self, user: Any, cluster_options: Any) -> Any:
        """Create a cluster unless the user has as many as the hub allows."""
        async with self.creating:
            try:
                refuse_creation(self.settings.limits, self.use_of_user(user.name))
            except LimitReached as error:
                raise PublicException(_one_line(error)) from error
            name = await super().start_cluster(user, cluster_options)
            self.unseen[name] = (user.name, time.monotonic())
        return name

    def use_of_user(self, username: str, besides: str | None = None) -> Use:
        """What the pending and running clusters of a user use, without the one named `besides`."""
        self._forget_seen()
        mine = self.username_to_clusters.get(username, {})
        uses = [
            use_of(cluster.config, self.asked_workers(name))
            for name, cluster in mine.items()
            if name != besides and cluster.status <= models.ClusterStatus.RUNNING
        ]
        uses += [Use(clusters=1) for name, (owner, _) in self.unseen.items() if owner == username and name != besides]
        return total(uses)

    def _forget_seen(self) -> None:
        now = time.monotonic()
        self.unseen = {
            name: (owner, since)
            for name, (owner, since) in self.unseen.items()
            if name not in self.clusters and now - since < UNSEEN_SECONDS
        }

    def asked_workers(self, cluster_name: str) -> int:
        """Workers that a cluster is to have, as its DaskCluster object says."""
        found = self.informer.get(cluster_name)
        return int(found["spec"].get("replicas") or 0) if found else 0

    def bound_of(self, cluster: Any) -> tuple[int, str] | None:
        """The most workers that a cluster may have by its user's limits, and why; None for no limit."""
        others = self.use_of_user(cluster.username, besides=cluster.name)
        return most_workers(self.settings.limits, others, cluster.config)

    async def forward_message_to_scheduler(self, cluster: Any, msg: dict[str, Any]) -> None:
        """Scale and adapt: refuse what passes a limit of the user."""
        bound = self.bound_of(cluster) if msg.get("op") in ("scale", "adapt") else None
        if bound is not None:
            most, why = bound
            asked = msg.get("count") if msg["op"] == "scale" else msg.get("minimum")
            if asked is not None and asked > most:
                raise PublicException(f"this cluster may have at most {most} workers now: {why}")
            if msg["op"] == "adapt" and msg.get("active", True):
                maximum = msg.get("maximum")
                msg = {**msg, "maximum": most if maximum is None else min(maximum, most)}
        await super().forward_message_to_scheduler(cluster, msg)

    async def on_cluster_heartbeat(self, cluster_name: str, msg: dict[str, Any]) -> None:
        """Take over a scheduler's wish for workers, at most what its user may have."""
        cluster = self.clusters.get(cluster_name)
        bound = self.bound_of(cluster) if cluster is not None else None
        if bound is not None and msg["count"] > bound[0]:
            self.log.info("Cluster %s asked for %d workers, gets %d: %s", cluster_name, msg["count"], *bound)
            msg = {**msg, "count": bound[0]}
        await super().on_cluster_heartbeat(cluster_name, msg)


def _one_line(error: Exception) -> str:
    """The message on one line; HTTP cannot carry more."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split()) or type(error).__name__
