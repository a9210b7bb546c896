"""`hubwright install`: put hubs into their clusters, wait until they are ready, and tell why they are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import click

from hubwright import helm, resources
from hubwright.commands import common, crds, reaching
from hubwright.commands.reaching import Target
from hubwright.findings import CannotGoOn
from hubwright.outputs import gateway
from hubwright.report.text import counted


@click.command(
    "install",
    short_help="Install or upgrade hubs, wait, and tell why not.",
    epilog="""
    \b
    Examples:
      hubwright install cluster-a/prod --crds
      hubwright install cluster-a/prod --dry-run
      hubwright install cluster-a/prod cluster-a/staging
      hubwright install --all --parallel 4
    """,
)
@common.targets_argument
@common.root_option
@reaching.cluster_options
@click.option("--all", "everything", is_flag=True, help="Every hub of every cluster.")
@click.option("--parallel", type=click.IntRange(1, 32), default=1, show_default=True, help="Hubs at a time.")
@click.option("--crds", "with_crds", is_flag=True, help="Apply the custom resource definitions first.")
@click.option("--dry-run", is_flag=True, help="Show the difference to what is deployed; change nothing.")
@click.option("--no-doctor", is_flag=True, help="Do not check the cluster first.")
@click.option("--recover", is_flag=True, help="Settle a release that an interrupted action left pending.")
@click.option("--timeout", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait for a hub.")
def command(
    targets: tuple[str, ...],
    root: str | None,
    kubeconfig: str | None,
    context: str | None,
    everything: bool,
    parallel: int,
    with_crds: bool,
    dry_run: bool,
    no_doctor: bool,
    recover: bool,
    timeout: int,
) -> int:
    """Install or upgrade the gateways of hubs (TARGET: CLUSTER/HUB or CLUSTER) from their own files.

    Safe to repeat. An interrupt ends the waiting and leaves the release as failed; running clusters of users stay.
    """
    if everything == bool(targets):
        raise click.UsageError("name hubs, or use --all")
    chosen = reaching.targets(targets, root, kubeconfig, context)
    if dry_run:
        return _show(chosen)
    if with_crds and _apply_crds(chosen):
        return 1
    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=parallel)
    work = [pool.submit(_one, target, no_doctor, recover, timeout, stop) for target in chosen]
    try:
        while wait(work, timeout=0.5).not_done:
            pass
    except KeyboardInterrupt:
        stop.set()
        click.echo("interrupted; ending what was begun", err=True)
        for future in work:
            future.cancel()
        wait(work)
        raise
    finally:
        pool.shutdown()
    failed = sum(not future.result() for future in work)
    if len(work) > 1:
        click.echo(f"{counted(len(work) - failed, 'hub')} installed, {failed} failed")
    return int(failed > 0)


def _apply_crds(targets: Sequence[Target]) -> int:
    """Once a cluster."""
    by_cluster = {target.cluster.name: target.connection for target in targets}
    return max(crds.apply_all(connection) for connection in by_cluster.values())


def _show(targets: Sequence[Target]) -> int:
    from hubwright.kube import installing

    for target in targets:
        with reaching.api_errors(target.hub.reference):
            text = installing.difference(job(target))
        click.echo(text.rstrip() or f"{target.hub.reference}: nothing would change")
    return 0


def job(target: Target) -> Any:
    """The install of a hub, not begun."""
    from hubwright.kube.installing import Job

    return Job(
        connection=target.connection,
        releases=target.releases(),
        chart=resources.chart_folder(),
        namespace=target.hub.namespace,
        release=target.hub.release,
        selector=target.selector,
        values=gateway.chart_values(target.hub, target.cluster),
    )


def _one(target: Target, no_doctor: bool, recover: bool, timeout: int, stop: threading.Event) -> bool:
    """Whether it was installed; tells what happens."""
    from hubwright.kube import installing
    from hubwright.kube.connection import ApiError, explain

    reference = target.hub.reference

    def say(line: str) -> None:
        click.echo(f"{reference}: {line}", err=True)

    start = time.monotonic()
    try:
        if not no_doctor and _refused_by_doctor(target):
            return False
        made = job(target)
        installing.settle(made, recover=recover, say=say)
        release = installing.put(made, seconds=timeout, say=say, stop=stop)
    except ApiError as error:
        click.echo(f"{reference}: {explain(error)}", err=True)
        return False
    except CannotGoOn as error:  # of this hub; the others go on
        click.echo(f"{reference}: {error}", err=True)
        return False
    except helm.HelmFailed as error:
        click.echo(f"{reference}: not installed: {error}", err=True)
        return False
    seconds = time.monotonic() - start
    words = f"revision {release.revision} in namespace {target.hub.namespace} is ready"
    click.echo(f"{reference}: {words}, after {seconds:.0f} s")
    return True


def _refused_by_doctor(target: Target) -> bool:
    from hubwright.kube import doctor

    checks = [check for check in doctor.examine(target.patient()) if check.status != doctor.OK]
    errors = [check for check in checks if check.status == doctor.ERROR]
    for check in checks:
        click.echo(f"{target.hub.reference}: {check.text}", err=True)
    if errors:
        click.echo(f"{target.hub.reference}: {counted(len(errors), 'error')}; nothing was changed", err=True)
    return bool(errors)
