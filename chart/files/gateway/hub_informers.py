"""Lets the server watch its own namespace only, and with patience.

The server lists over all namespaces; each list has a twin for one namespace with the same answer, so Roles suffice.
On errors the server asks again at once, thousands of times a second; here it waits longer each time, and says once
what is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import dask_gateway_server

TESTED_VERSIONS = ("2026.3.0",)
NAMESPACED = {
    "list_cluster_custom_object": "list_namespaced_custom_object",
    "list_pod_for_all_namespaces": "list_namespaced_pod",
    "list_endpoints_for_all_namespaces": "list_namespaced_endpoints",
}
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
# A watch lasts ten seconds; one that ends at once was cut off.
SHORT_WATCH = 1.0
GONE = 410

log = logging.getLogger("hubwright")


def refuse_untested_server() -> None:
    """Stop with one line where the server is not one that these modules were tested with."""
    version = dask_gateway_server.__version__
    if version not in TESTED_VERSIONS:
        tested = ", ".join(TESTED_VERSIONS)
        raise SystemExit(f"dask-gateway-server {version} was not tested with this chart; use an image with {tested}")


class Patience:
    """How long to wait before asking again, and what was already said."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.failures = 0
        self.said = ""

    def failed(self, error: Exception) -> float:
        """Seconds to wait after one more failure: doubled each time, with jitter, never more than the longest."""
        self.failures += 1
        reason = (
            f"{getattr(error, 'status', '') or type(error).__name__} {getattr(error, 'reason', '') or error}".strip()
        )
        if reason != self.said:
            log.warning("Cannot watch %s: %s; trying again, at least every %d s", self.what, reason, LONGEST_DELAY)
            self.said = reason
        return self.delay()

    def cut_off(self) -> float:
        """Seconds to wait after a watch that ended at once."""
        self.failures += 1
        return self.delay()

    def delay(self) -> float:
        """Between half and all of the time for this many failures."""
        whole = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self.failures - 1, 10))
        return whole * random.uniform(0.5, 1.0)

    def worked(self) -> None:
        """Forget the failures; say that it works again if anything was said."""
        if self.said:
            log.warning("Watching %s works again", self.what)
        self.failures, self.said = 0, ""


class NamespacedClient:
    """A Kubernetes client whose lists over all namespaces are patient lists of one."""

    def __init__(self, client: Any, namespace: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._client = client
        self._namespace = namespace
        self._sleep = sleep
        self._patience: dict[str, Patience] = {}
        self._watch_began: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in NAMESPACED:
            return getattr(self._client, name)

        async def in_namespace(*args: Any, **kwargs: Any) -> Any:
            return await self._patiently(name, args, kwargs)

        return in_namespace

    async def _patiently(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        method = getattr(self._client, NAMESPACED[name])
        patience = self._patience.setdefault(name, Patience(kwargs.get("plural") or NAMESPACED[name].split("_")[-1]))
        watching = bool(kwargs.get("watch"))
        if watching:
            await self._not_too_often(name, patience)
        while True:
            try:
                answer = await method(*args, namespace=self._namespace, **kwargs)
            except Exception as error:
                if watching and getattr(error, "status", None) == GONE:
                    raise  # the server lists anew
                await self._sleep(patience.failed(error))
            else:
                if not watching or patience.said:
                    patience.worked()
                return answer

    async def _not_too_often(self, name: str, patience: Patience) -> None:
        last = self._watch_began.get(name)
        if last is not None and time.monotonic() - last < SHORT_WATCH:
            await self._sleep(patience.cut_off())
        elif last is not None:
            patience.failures = 0
        self._watch_began[name] = time.monotonic()
