"""`hubwright status`: what runs of a hub, whose clusters, and why something waits."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from hubwright.commands import common, reaching
from hubwright.commands.reaching import Target


@click.command(
    "status",
    short_help="What runs of a hub, and why something waits.",
    epilog="""
    \b
    Examples:
      hubwright status cluster-a/prod
      hubwright status cluster-a --format json
    """,
)
@common.targets_argument
@common.root_option
@reaching.cluster_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--no-idle", is_flag=True, help="Do not ask every scheduler how long it had no work; faster.")
def command(
    targets: tuple[str, ...], root: str | None, kubeconfig: str | None, context: str | None, form: str, no_idle: bool
) -> int:
    """Show the release, its components and the clusters of users of hubs (TARGET: CLUSTER/HUB or CLUSTER).

    Exits with 1 when a hub is not installed or a component of it is not ready.
    """
    reaching.one_hub(targets)
    reports = []
    for target in reaching.targets(targets, root, kubeconfig, context):
        with reaching.api_errors(target.hub.reference):
            reports.append(report(target, ask_idle=not no_idle))
    if form == "json":
        click.echo(json.dumps(reports, indent=2))
    else:
        click.echo("\n\n".join(_text(one) for one in reports))
    return int(any(not one["ready"] for one in reports))


def report(target: Target, *, ask_idle: bool) -> dict[str, Any]:
    """Everything that is told of a hub, as plain data; times in seconds."""
    from hubwright.kube import clusters, idle, reasons

    hub, connection = target.hub, target.connection
    release = target.releases().current(hub.release)
    components = clusters.components(connection, hub.namespace, target.selector)
    running = clusters.user_clusters(connection, hub.namespace, hub.instance)
    if ask_idle:
        asked = {one.name: one.scheduler_pod for one in running if one.state == "Running" and one.scheduler_pod}
        told_idle = idle.idle_seconds(connection, hub.namespace, asked)
        running = [dataclasses.replace(one, idle=told_idle.get(one.name)) for one in running]
    ready = bool(release) and bool(components) and all(one.ready >= one.wanted for one in components)
    told = None
    if release:
        told = {key: getattr(release, key) for key in ("revision", "status", "deployed_at", "chart_version")}
    return {
        "hub": hub.reference,
        "namespace": hub.namespace,
        "ready": ready,
        "release": told,
        "components": [dataclasses.asdict(one) for one in components],
        "reasons": [] if ready else reasons.unready(connection, hub.namespace, target.selector),
        "clusters": [dataclasses.asdict(one) for one in running],
    }


def _text(told: dict[str, Any]) -> str:
    release = told["release"]
    lines = [f"{told['hub']}, namespace {told['namespace']}"]
    if not release:
        return "\n".join([*lines, "  not installed; see: hubwright install"])
    lines.append(
        f"  release    revision {release['revision']}, {release['status']}, chart {release['chart_version']}, "
        f"{release['deployed_at']}"
    )
    lines += [f"  {one['name']:<10} {one['ready']}/{one['wanted']} ready, {one['image']}" for one in told["components"]]
    lines += [f"  {line}" for line in told["reasons"]]
    if not told["clusters"]:
        return "\n".join([*lines, "  no cluster of a user"])
    lines.append("")
    lines += [f"  {row}" for row in _table(told["clusters"])]
    return "\n".join(lines)


def _table(clusters: list[dict[str, Any]]) -> list[str]:
    head = ("CLUSTER", "OWNER", "STATE", "AGE", "WORKERS", "RUNNING", "PENDING", "IDLE")
    rows = [
        (
            one["name"],
            one["owner"],
            one["state"],
            duration(one["age"]),
            str(one["workers_asked"]),
            str(one["workers_running"]),
            str(one["workers_pending"]),
            "-" if one["idle"] is None else duration(one["idle"]),
        )
        for one in clusters
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row, reasons in zip((head, *rows), ([], *(one["why"] for one in clusters)), strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += [f"    waits: {why}" for why in reasons]
    return lines


def duration(seconds: float) -> str:
    """The two largest units: 45s, 12m30s, 3h05m, 2d04h."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"
