"""`hubwright chart`: writes the Helm chart out of the installed package."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from hubwright import resources
from hubwright.findings import CannotGoOn

_LEFT_OUT = ("tests", "ci", "__pycache__")


@click.command(
    "chart",
    short_help="Write the chart to a folder.",
    epilog="""
    \b
    Examples:
      hubwright chart ./chart               # for Argo CD and Flux
      helm package $(hubwright chart ./chart --quiet) && helm push hubwright-*.tgz oci://REGISTRY
    """,
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--quiet", is_flag=True, help="Print the folder's name only.")
def command(folder: Path, quiet: bool) -> int:
    """Write the chart of this version to DIR. A chart of ours in DIR is replaced; anything else is left alone."""
    if folder.exists() and any(folder.iterdir()) and not _is_our_chart(folder):
        raise CannotGoOn(f"{folder} holds something other than this chart; name a new or empty folder")
    source = resources.chart_folder()
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, partial, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except OSError as error:
        raise CannotGoOn(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    click.echo(str(folder) if quiet else f"wrote the chart to {folder}")
    return 0


def _is_our_chart(folder: Path) -> bool:
    chart = folder / "Chart.yaml"
    return chart.is_file() and "name: hubwright" in chart.read_text(encoding="utf-8")
