"""Rules about a hub's own settings, and about hubs that must not collide."""

from __future__ import annotations

from collections.abc import Iterator

from hubwright.findings import Severity
from hubwright.model import Cluster, Fleet, Hub
from hubwright.rules.registry import Fault, fleet_rule, hub_rule

MOVING_TAGS = frozenset({"latest", "main", "master", "develop", "dev", "stable", "edge", "nightly"})


def image_tag(image: str) -> str | None:
    """The tag of an image; None where it has a digest or no tag."""
    if "@" in image:
        return None
    name = image.rsplit("/", 1)[-1]
    return name.partition(":")[2] or None


@hub_rule(
    "moving-image-tag",
    Severity.WARNING,
    "The image has no tag, or one that moves: notebooks and workers can run different builds.",
    "pin a tag that never moves, or a digest",
)
def moving_image_tag(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Default images that are not pinned."""
    tag = image_tag(hub.image)
    if "@" not in hub.image and (tag is None or tag in MOVING_TAGS):
        message = f"the tag {tag} moves" if tag else "the image has no tag, which means latest"
        yield Fault(places=hub.merged, path=("image",), message=message)


@hub_rule(
    "idle-timeout-bounds",
    Severity.ERROR,
    "The default idle timeout is above the most that users may ask for, or means never where never is not allowed.",
    "lower default, raise max, or set allowNever: true",
)
def idle_timeout_bounds(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Idle timeouts whose default the form would refuse."""
    idle = hub.idle_timeout
    path = ("idleTimeoutMinutes", "default")
    if idle.default > idle.maximum:
        message = f"default {idle.default} is above max {idle.maximum}"
        yield Fault(places=hub.merged, path=path, message=message)
    if idle.default == 0 and not idle.allow_never:
        yield Fault(places=hub.merged, path=path, message="0 means never, which is not allowed here")


@fleet_rule(
    "duplicate-namespace",
    Severity.ERROR,
    "Two hubs of one cluster have the same namespace; their gateways would overwrite each other.",
    "give each hub a namespace of its own",
)
def duplicate_namespace(fleet: Fleet) -> Iterator[Fault]:
    """Hubs of one cluster in one namespace."""
    for cluster in fleet.clusters:
        seen: dict[str, Hub] = {}
        for hub in cluster.enabled_hubs():
            first = seen.setdefault(hub.namespace, hub)
            if first is not hub:
                message = f"namespace {hub.namespace} is the one of {first.reference} as well"
                yield Fault(places=hub.merged, path=("namespace",), message=message)


@fleet_rule(
    "duplicate-domain",
    Severity.ERROR,
    "Two hubs have the same domain.",
    "give each hub its own domain",
)
def duplicate_domain(fleet: Fleet) -> Iterator[Fault]:
    """Hubs of the fleet at one address."""
    seen: dict[str, Hub] = {}
    for cluster in fleet.clusters:
        for hub in cluster.enabled_hubs():
            first = seen.setdefault(hub.domain, hub)
            if first is not hub:
                message = f"{hub.domain} is the domain of {first.reference} as well"
                yield Fault(places=hub.merged, path=("domain",), message=message)
