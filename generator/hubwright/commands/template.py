"""`hubwright template`: the Kubernetes manifests of a hub, rendered with real Helm and checked on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from hubwright import helm, resources, writing
from hubwright.commands import common
from hubwright.findings import CannotGoOn
from hubwright.model import Cluster, Hub
from hubwright.outputs import gateway
from hubwright.report.text import counted


@click.command(
    "template",
    short_help="Render a hub's manifests with Helm.",
    epilog="""
    \b
    Examples:
      hubwright template cluster-a/prod
      hubwright template cluster-a/prod --validate
      hubwright template cluster-a --output-dir manifests/
      hubwright template cluster-a/prod --engine binary --helm /opt/helm/helm
    """,
)
@common.targets_argument
@common.root_option
@click.option("--engine", type=click.Choice(list(helm.ENGINES)), default="embedded", show_default=True)
@click.option("--helm", "program", metavar="PROGRAM", default="helm", show_default=True, help="For --engine binary.")
@click.option("--validate", is_flag=True, help="Check every object against the Kubernetes schemas and our CRDs.")
@click.option(
    "--output-dir", type=click.Path(path_type=Path, file_okay=False), help="Write files here instead of printing."
)
def command(
    targets: tuple[str, ...], root: str | None, engine: str, program: str, validate: bool, output_dir: Path | None
) -> int:
    """Render the manifests of hubs (TARGET: CLUSTER/HUB, CLUSTER, folder or file) from their own values.

    --validate exits with 1 when an object is not what Kubernetes 1.30 or the newest known version takes.
    """
    loaded = common.load(targets, root)
    if common.refuse_errors(loaded, "nothing was rendered"):
        return 1
    hubs = common.one_or_more(common.enabled_hubs(loaded))
    chosen = helm.engine(engine, program)
    problems = 0
    objects = 0
    for hub, cluster in hubs:
        manifests = rendered(chosen, hub, cluster)
        if validate:
            found, count = _problems(manifests, hub)
            problems += found
            objects += count
        _deliver(manifests, hub, output_dir)
    if validate:
        told = f"{counted(problems, 'problem')} in" if problems else "valid:"
        click.echo(f"{told} {counted(objects, 'object')} of {counted(len(hubs), 'hub')}", err=True)
    return 1 if problems else 0


def rendered(engine: helm.Engine, hub: Hub, cluster: Cluster) -> dict[str, str]:
    """Template path to manifest text, without the empty ones."""
    values = gateway.chart_values(hub, cluster)
    try:
        made = engine.render(resources.chart_folder(), values, release=hub.release, namespace=hub.namespace)
    except helm.HelmFailed as error:
        raise CannotGoOn(f"{hub.reference}: Helm cannot render: {error}") from error
    return {path: text for path, text in sorted(made.items()) if text.strip() and not path.endswith("NOTES.txt")}


def _problems(manifests: dict[str, str], hub: Hub) -> tuple[int, int]:
    from hubwright import kubernetes_schemas

    objects = list(objects_of(manifests))
    found = kubernetes_schemas.validate_manifests(objects, kubernetes_schemas.VERSIONS, resources.crds())
    for problem in found:
        click.echo(f"{hub.reference}: {problem}", err=True)
    return len(found), len(objects)


def objects_of(manifests: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The objects of rendered manifests."""
    for text in manifests.values():
        yield from (document for document in yaml.safe_load_all(text) if document)


def _deliver(manifests: dict[str, str], hub: Hub, output_dir: Path | None) -> None:
    if output_dir is None:
        for path, text in manifests.items():
            click.echo(f"---\n# Source: {path}\n{text.strip().removeprefix('---').strip()}")
        return
    folder = output_dir / hub.cluster / hub.name
    for path, text in manifests.items():
        writing.write_whole(folder / path.removeprefix("templates/"), text)
    click.echo(f"wrote {counted(len(manifests), 'file')} to {folder}")
