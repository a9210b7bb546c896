"""`hubwright crds`: the custom resource definitions that all hubs of a cluster share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hubwright.commands import reaching

if TYPE_CHECKING:
    from hubwright.kube.connection import Connection
    from hubwright.kube.crds import Definition


@click.group(
    "crds",
    short_help="Compare or apply the custom resource definitions.",
    epilog="""
    \b
    Examples:
      hubwright crds diff
      hubwright crds apply --context cluster-a-admin
    """,
)
def command() -> None:
    """The definitions of DaskCluster and of Traefik's kinds. Helm installs such once and never updates them."""


@command.command("diff", short_help="What apply would change; exit 1 when it would.")
@reaching.cluster_options
def diff(kubeconfig: str | None, context: str | None) -> int:
    """Show what `apply` would change. Exits with 1 when it would change anything."""
    from hubwright.kube import crds
    from hubwright.kube.connection import connect

    connection = connect(kubeconfig, context)
    changes = 0
    with reaching.api_errors("the definitions cannot be compared"):
        for definition in crds.compare(connection):
            change = definition.state in _APPLIED
            changes += change
            click.echo(f"{definition.name}: {definition.state}")
            if change:
                click.echo(crds.preview(connection, definition), nl=False)
    return int(changes > 0)


@command.command("apply", short_help="Create or update them; never downgrades.")
@reaching.cluster_options
@click.option("--take-over", is_flag=True, help="Also those that another chart made.")
def apply(kubeconfig: str | None, context: str | None, take_over: bool) -> int:
    """Create what is missing and update what is older, by server-side apply.

    Refuses when the cluster has newer ones.
    """
    from hubwright.kube.connection import connect

    return apply_all(connect(kubeconfig, context), take_over=take_over)


_APPLIED = ("missing", "older", "different")


def apply_all(connection: Connection, *, take_over: bool = False) -> int:
    """Apply every definition that needs it; tells each. 1 when one was refused, and then none is changed."""
    from hubwright.kube import crds

    with reaching.api_errors("the definitions cannot be applied"):
        definitions = crds.compare(connection)
        refused = [line for definition in definitions if (line := _refusal(definition, take_over))]
        for line in refused:
            click.echo(line, err=True)
        if refused:
            click.echo("nothing was applied", err=True)
            return 1
        for definition in definitions:
            foreign = definition.state == crds.State.FOREIGN
            if definition.state in _APPLIED or (take_over and foreign):
                crds.apply(connection, definition)
                click.echo(f"{definition.name}: applied (was {definition.state})")
            else:
                click.echo(f"{definition.name}: {'left to its owner' if foreign else 'unchanged'}")
    return 0


def _refusal(definition: Definition, take_over: bool) -> str:
    from hubwright.kube import crds

    if definition.state == crds.State.NEWER:
        return f"{definition.name}: the cluster's definition is newer than ours; update hubwright"
    if definition.state == crds.State.UNSERVED and not take_over:
        return (
            f"{definition.name}: belongs to another chart and lacks the version that the gateway uses; "
            "update that chart, or use --take-over"
        )
    return ""
