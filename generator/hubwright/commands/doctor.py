"""`hubwright doctor`: whether a cluster is ready for a hub; reads only."""

from __future__ import annotations

import dataclasses
import json

import click

from hubwright.commands import common, reaching
from hubwright.report.text import counted


@click.command(
    "doctor",
    short_help="Is the cluster ready for a hub? Reads only.",
    epilog="""
    \b
    Examples:
      hubwright doctor cluster-a/prod
      hubwright doctor cluster-a/prod --context cluster-a-admin --format json
    """,
)
@common.targets_argument
@common.root_option
@reaching.cluster_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(targets: tuple[str, ...], root: str | None, kubeconfig: str | None, context: str | None, form: str) -> int:
    """Check a cluster before hubs (TARGET: CLUSTER/HUB or CLUSTER) are installed.

    Looks at the API server, permissions, definitions, nodes, namespace, JupyterHub, NetworkPolicies and secrets.

    Exits with 1 when a check is an error; a warning does not stop an install.
    """
    from hubwright.kube import doctor

    reaching.one_hub(targets)
    report: dict[str, list[dict[str, str]]] = {}
    errors = 0
    for target in reaching.targets(targets, root, kubeconfig, context):
        checks = doctor.examine(target.patient())
        errors += sum(check.status == doctor.ERROR for check in checks)
        report[target.hub.reference] = [dataclasses.asdict(check) for check in checks]
        if form == "text":
            click.echo(f"{target.hub.reference}")
            for check in checks:
                click.echo(f"  {check.text}")
    if form == "json":
        click.echo(json.dumps({"hubs": report, "errors": errors}, indent=2))
    elif errors:
        click.echo(f"{counted(errors, 'error')}; an install would fail or not work")
    return int(errors > 0)
