"""`hubwright uninstall`: remove a hub's gateway; other hubs and the custom resource definitions stay."""

from __future__ import annotations

import click

from hubwright.commands import common, reaching
from hubwright.findings import CannotGoOn
from hubwright.report.text import counted


@click.command(
    "uninstall",
    short_help="Remove a hub's gateway from its cluster.",
    epilog="""
    \b
    Examples:
      hubwright uninstall cluster-a/prod
      hubwright uninstall cluster-a/prod --with-clusters
    """,
)
@click.argument("target", metavar="CLUSTER/HUB")
@common.root_option
@reaching.cluster_options
@click.option("--with-clusters", is_flag=True, help="Also end the clusters that users still have.")
@click.option("--timeout", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait.")
def command(
    target: str, root: str | None, kubeconfig: str | None, context: str | None, with_clusters: bool, timeout: int
) -> int:
    """Remove the gateway of one hub. Refuses while users have clusters, which nothing would ever end."""
    from hubwright.kube import clusters

    found = reaching.targets((target,), root, kubeconfig, context)
    if len(found) != 1:
        raise CannotGoOn(f"{target} names {len(found)} hubs; uninstall takes one at a time")
    hub, connection = found[0].hub, found[0].connection
    with reaching.api_errors(hub.reference):
        releases = found[0].releases()
        if not releases.history(hub.release):
            click.echo(f"{hub.reference}: there is no release {hub.release} in namespace {hub.namespace}")
            return 0
        running = clusters.user_clusters(connection, hub.namespace, hub.instance)
        if running and not with_clusters:
            owners = ", ".join(sorted({one.owner for one in running}))
            click.echo(
                f"{hub.reference}: {counted(len(running), 'cluster')} of {owners} still there; nothing was removed. "
                "Let them end, or use --with-clusters",
                err=True,
            )
            return 1
        clusters.end(connection, hub.namespace, [one.name for one in running])
        releases.remove(hub.release, seconds=timeout)
    click.echo(f"{hub.reference}: release {hub.release} is removed from namespace {hub.namespace}")
    return 0
