"""Rules about images, their secrets, and the variables that notebooks hand to workers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubwright.findings import Severity
from hubwright.model import Cluster, Fleet, Hub
from hubwright.rules.registry import Fault, fleet_rule, hub_rule

# Variables that JupyterHub and Kubernetes set in every user pod.
GIVEN = re.compile(r"^(JUPYTERHUB_[A-Z_]+|JUPYTER_IMAGE(_SPEC)?|[A-Z0-9_]+_SERVICE_(HOST|PORT))$")
RESERVED = re.compile(r"^(DASK_GATEWAY_|DASK_DISTRIBUTED__COMM__TLS__|JUPYTERHUB_)")
_REFERENCE = re.compile(r"\$\(([^)]+)\)")


@hub_rule(
    "unset-variable",
    Severity.WARNING,
    "A value takes over a variable that is not set in user pods; Kubernetes then leaves the text $(NAME) as it is.",
    "set the variable in environment too, or correct its name",
)
def unset_variable(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """References to variables that neither the hub nor JupyterHub sets."""
    own = hub.settings.get("environment", {})
    for name, value in own.items():
        for reference in _REFERENCE.findall(value):
            if reference not in own and not GIVEN.match(reference):
                yield Fault(places=hub.merged, path=("environment", name), message=f"{reference} is not set")


@hub_rule(
    "reserved-variable",
    Severity.ERROR,
    "The variable is set by Dask Gateway or JupyterHub itself; another value would cut notebooks or workers off.",
    "remove it",
)
def reserved_variable(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Variables of the hub that are not its own to set."""
    for name in hub.settings.get("environment", {}):
        if RESERVED.match(name):
            yield Fault(places=hub.merged, path=("environment", name), message=f"{name} is not the hub's to set")


@hub_rule(
    "bucket-without-variable",
    Severity.WARNING,
    "The hub has a scratch bucket and no variable names it, so its users do not find it.",
    "add environment: {SCRATCH_BUCKET: BUCKET/$(JUPYTERHUB_USER)}",
)
def bucket_without_variable(hub: Hub, _cluster: Cluster) -> Iterator[Fault]:
    """Scratch buckets that no variable begins with."""
    bucket = hub.settings.get("scratch", {}).get("bucket")
    values = hub.settings.get("environment", {}).values()
    if bucket and not any(value.startswith(bucket) for value in values):
        yield Fault(places=hub.merged, path=("scratch", "bucket"), message=f"no variable names {bucket}")


@hub_rule(
    "missing-pull-secret",
    Severity.WARNING,
    "Images of the hub lie in a registry that the cluster's file calls private, and the hub names no secret to pull "
    "them: schedulers and workers would not start.",
    "add imagePullSecrets",
)
def missing_pull_secret(hub: Hub, cluster: Cluster) -> Iterator[Fault]:
    """Private registries of images or of the image builder without a pull secret."""
    if hub.settings.get("imagePullSecrets"):
        return
    private = {name: entry for name, entry in cluster.settings.get("registries", {}).items() if entry.get("private")}
    places = [("image", hub.image), *(("offeredImages", image) for image in hub.offered_images)]
    places.append(("imageBuilder", hub.settings.get("imageBuilder", {}).get("registry", "")))
    for key, where in places:
        for registry, entry in private.items():
            if where == registry or where.startswith(f"{registry}/"):
                secret = entry.get("pullSecret")
                remedy = f"add imagePullSecrets: [{secret}]" if secret else ""
                yield Fault(places=hub.merged, path=(key,), message=f"{registry} is private", remedy=remedy)
                return


@fleet_rule(
    "image-differs",
    Severity.INFO,
    "Staging and prod of a cluster have different images; what was tried on staging is not what prod runs.",
    "set the same image once staging was tried",
)
def image_differs(fleet: Fleet) -> Iterator[Fault]:
    """Staging with another default image than prod."""
    for cluster in fleet.clusters:
        hubs = {hub.name: hub for hub in cluster.enabled_hubs()}
        staging, prod = hubs.get("staging"), hubs.get("prod")
        if staging and prod and staging.image != prod.image:
            message = f"{staging.image} here, {prod.image} on prod"
            yield Fault(places=staging.merged, path=("image",), message=message)
