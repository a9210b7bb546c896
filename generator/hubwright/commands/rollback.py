"""`hubwright rollback`: make an earlier revision of a hub's release the newest."""

from __future__ import annotations

import click

from hubwright import helm
from hubwright.commands import common, install, reaching
from hubwright.findings import CannotGoOn


@click.command(
    "rollback",
    short_help="Go back to an earlier revision of a hub.",
    epilog="""
    \b
    Examples:
      hubwright rollback cluster-a/prod
      hubwright rollback cluster-a/prod --to 3
    """,
)
@click.argument("target", metavar="CLUSTER/HUB")
@common.root_option
@reaching.cluster_options
@click.option("--to", "revision", type=click.IntRange(1), help="Default: the one before.")
@click.option("--timeout", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait.")
def command(
    target: str, root: str | None, kubeconfig: str | None, context: str | None, revision: int | None, timeout: int
) -> int:
    """Go back to an earlier revision of a hub's release; clusters of users keep running."""
    from hubwright.kube import installing

    found = reaching.targets((target,), root, kubeconfig, context)
    if len(found) != 1:
        raise CannotGoOn(f"{target} names {len(found)} hubs; rollback takes one at a time")
    hub = found[0].hub
    with reaching.api_errors(hub.reference):
        job = install.job(found[0])
        history = job.releases.history(hub.release)
        numbers = [one.revision for one in history]
        if len(numbers) < 2 or (revision and revision not in numbers):
            raise CannotGoOn(f"{hub.reference}: there is no such revision; there are {numbers or 'none'}")
        try:
            job.releases.roll_back(hub.release, revision, seconds=timeout)
        except helm.HelmFailed as error:
            raise CannotGoOn(f"{hub.reference}: {installing.explained(job, str(error))}") from error
        now = job.releases.history(hub.release)[-1]
    click.echo(f"{hub.reference}: revision {now.revision} is what revision {revision or numbers[-2]} was")
    return 0
