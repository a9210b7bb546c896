"""`hubwright lint`: every finding of every file at once."""

from __future__ import annotations

import time

import click

from hubwright.commands import common
from hubwright.findings import Severity, worst
from hubwright.report import json as json_report
from hubwright.report import text

LEVELS = [level.word for level in sorted(Severity, reverse=True)]


@click.command(
    "lint",
    short_help="Check the files; every finding at once.",
    epilog="""
    \b
    Examples:
      hubwright lint
      hubwright lint values/cluster-a
      hubwright lint cluster-a/prod --format json
      hubwright lint --fail-level warning
    """,
)
@common.targets_argument
@common.root_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-level", type=click.Choice(LEVELS), default="error", show_default=True, help="Exit with 1 from here on."
)
def command(targets: tuple[str, ...], root: str | None, form: str, fail_level: str) -> int:
    """Check hub, cluster and defaults files: YAML, schema, references, worker sizes.

    TARGET is a folder, a file, CLUSTER or CLUSTER/HUB; without one, everything is checked.
    """
    start = time.monotonic()
    loaded = common.load(targets, root)
    findings = loaded.findings
    hubs = len(loaded.hubs)
    if form == "json":
        click.echo(json_report.document(findings, loaded.files, hubs))
    else:
        if findings:
            click.echo(text.listing(findings))
        click.echo(text.summary(findings, loaded.files, hubs, time.monotonic() - start))
    highest = worst(findings)
    return int(highest is not None and highest >= Severity[fail_level.upper()])
