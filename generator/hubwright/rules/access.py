"""Rules about who may start clusters and how much they may use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hubwright.findings import Severity
from hubwright.model import Cluster, Fleet, Hub
from hubwright.packing import Preset
from hubwright.rules.capacity import ceiling
from hubwright.rules.registry import Fault, fleet_rule, hub_rule

CLUSTER_LIMITS = ("workersPerCluster", "coresPerCluster", "memoryPerCluster")
USER_LIMITS = ("clustersPerUser", "workersPerUser", "coresPerUser", "memoryPerUser")


def _limits(hub: Hub) -> dict[str, Any]:
    limits: dict[str, Any] = hub.settings.get("limits", {})
    return limits


@hub_rule(
    "no-limit",
    Severity.WARNING,
    "Nothing bounds the workers of one cluster: a mistyped number in a notebook takes every node of the pools.",
    "set limits.workersPerCluster in defaults.yaml, hubDefaults or the hub",
)
def no_limit(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Hubs without any limit of a cluster or a user's workers."""
    bounding = set(_limits(hub)) - {"clustersPerUser"}
    if not bounding:
        yield Fault(places=hub.merged, path=("limits",), message="no limit of workers, cores or memory")


@hub_rule(
    "limit-above-ceiling",
    Severity.WARNING,
    "A limit allows more workers than the hub's pools can ever hold, so it bounds nothing.",
    "lower the limit, or raise nodes.max of the pools",
)
def limit_above_ceiling(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Worker limits above what the smallest size could fill."""
    most = ceiling(hub.pools)
    wanted = _limits(hub).get("workersPerCluster")
    if most is None or wanted is None:
        return
    smallest: list[Preset] = [choice.presets[0] for choice in hub.instance_types if choice.presets]
    room = most[0] * max((preset.workers_per_node for preset in smallest), default=0)
    if wanted > room:
        message = f"{wanted} workers, and the pools hold {room} of the smallest size"
        yield Fault(places=hub.merged, path=("limits", "workersPerCluster"), message=message)


@hub_rule(
    "idle-never-allowed",
    Severity.WARNING,
    "Users may switch the idle timeout off, so a forgotten cluster runs until somebody finds it.",
    "set idleTimeoutMinutes.allowNever: false and a max",
)
def idle_never_allowed(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Hubs where an idle timeout of never is possible."""
    if hub.idle_timeout.allow_never:
        yield Fault(places=hub.merged, path=("idleTimeoutMinutes", "allowNever"), message="never is allowed")


@hub_rule(
    "open-to-everyone",
    Severity.WARNING,
    "Login is a shared password and every user may start clusters: whoever learns the password can use all nodes.",
    "set access.groups, or limits of users",
)
def open_to_everyone(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Shared passwords without groups and without limits of users."""
    access = hub.settings.get("access", {})
    bounded = any(key in _limits(hub) for key in USER_LIMITS)
    if access.get("login") == "shared-password" and not access.get("groups") and not bounded:
        message = "a shared password, and no limit of users"
        yield Fault(places=hub.merged, path=("access", "login"), message=message)


@hub_rule(
    "groups-not-delivered",
    Severity.WARNING,
    "Access is by group and the login does not say where groups come from, so perhaps nobody has access.",
    "set access.groupSource to what delivers the groups, and ask for them at login",
)
def groups_not_delivered(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Groups with a login that cannot deliver them, or must be asked to."""
    access = hub.settings.get("access", {})
    source = access.get("groupSource", "none")
    if not access.get("groups"):
        return
    if source == "none" or access.get("login") == "shared-password":
        yield Fault(places=hub.merged, path=("access", "groups"), message="no source of groups is named")
    elif source == "identity-provider-claim" and not _asks_for_groups(hub):
        message = "groups come from a claim, and nothing here asks the identity provider for it"
        remedy = "set extraValues.jupyterhub.hub.config.GenericOAuthenticator.scope with the scope of the claim"
        yield Fault(places=hub.merged, path=("access", "groups"), message=message, remedy=remedy)


def _asks_for_groups(hub: Hub) -> bool:
    config = hub.settings.get("extraValues", {}).get("jupyterhub", {}).get("hub", {}).get("config", {})
    return any("scope" in part for part in config.values() if isinstance(part, dict))


@hub_rule(
    "scopes-lost",
    Severity.WARNING,
    "A list of scopes replaces the one of a layer below and lacks some of it; features that need them stop working.",
    "repeat the scopes of the layer below, or leave the list out",
)
def scopes_lost(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Roles whose list in a later layer lacks scopes of an earlier one."""
    below: dict[str, list[str]] = {}
    for layer in hub.merged.layers:
        scopes = layer.data.get("jupyterhub", {}).get("scopes", {})
        for role, own in scopes.items():
            missing = [scope for scope in below.get(role, []) if scope not in own]
            if missing:
                path = ("jupyterhub", "scopes", role)
                yield Fault(places=hub.merged, path=path, message=f"the list lacks {', '.join(missing)}")
            below[role] = own


@fleet_rule(
    "staging-more-generous",
    Severity.WARNING,
    "Staging allows more than prod of the same cluster, so that trials can take more than the real work.",
    "lower the limit of staging",
)
def staging_more_generous(fleet: Fleet) -> Iterator[Fault]:
    """Limits of staging that are above those of prod, or missing where prod has them."""
    for cluster in fleet.clusters:
        hubs = {hub.name: hub for hub in cluster.enabled_hubs()}
        staging, prod = hubs.get("staging"), hubs.get("prod")
        if not staging or not prod:
            continue
        for key in ("workersPerCluster", "clustersPerUser", "workersPerUser"):
            ours, theirs = _limits(staging).get(key), _limits(prod).get(key)
            if theirs is not None and (ours is None or ours > theirs):
                message = f"{key} is {'not limited' if ours is None else ours}, prod has {theirs}"
                yield Fault(places=staging.merged, path=("limits", key), message=message)
