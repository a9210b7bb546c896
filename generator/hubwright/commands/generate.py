"""`hubwright generate`: makes the files of every hub, or tells which of them are stale."""

from __future__ import annotations

from pathlib import Path

import click

from hubwright import resources, writing
from hubwright.commands import common
from hubwright.findings import Severity
from hubwright.fleet import Loaded
from hubwright.outputs import OutputFile, files_of_hub
from hubwright.outputs.files import HUB_FILES, rendered_folder
from hubwright.report.text import counted

EDITOR_SCHEMAS = ".schemas"


@click.command(
    "generate",
    short_help="Make the values and guides of hubs.",
    epilog="""
    \b
    Examples:
      hubwright generate
      hubwright generate cluster-a/prod
      hubwright generate values --check     # for CI: exit 1 when a committed file is stale
      hubwright generate --diff             # show what would change
    """,
)
@common.targets_argument
@common.root_option
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 and a diff when a file is stale.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(targets: tuple[str, ...], root: str | None, check: bool, diff: bool) -> int:
    """Make gateway.values.yaml, jupyterhub.values.yaml and guide.md of hubs, in CLUSTER/HUB/rendered/.

    Writes only what changed. When a file has an error, nothing is written.
    """
    loaded = common.load(targets, root)
    if common.refuse_errors(loaded, "nothing was written"):
        return 1
    files = planned(loaded)
    found = writing.changes(files, _unwanted(loaded))
    if check or diff:
        return _show(found, len(files), fail=check)
    for change in found:
        writing.apply(change)
        click.echo(f"{'removed' if change.new is None else 'wrote'} {change.path}")
    hubs = common.enabled_hubs(loaded)
    unchanged = len(files) - sum(change.new is not None for change in found)
    click.echo(
        f"{counted(len(hubs), 'hub')}: {counted(len(found), 'file')} written, {unchanged} unchanged{_warned(loaded)}"
    )
    return 0


def planned(loaded: Loaded) -> list[OutputFile]:
    """Every file that should stand in the values folder."""
    root = loaded.selection.root
    files = [file for hub, cluster in common.enabled_hubs(loaded) for file in files_of_hub(root, hub, cluster)]
    return files + editor_schemas(root)


def editor_schemas(root: Path) -> list[OutputFile]:
    """The schemas for editors, where `init` put them; in this form they follow the program's version."""
    folder = root / EDITOR_SCHEMAS
    if not folder.is_dir():
        return []
    return [
        OutputFile(path=folder / source.name, content=source.read_text(encoding="utf-8"))
        for source in sorted(resources.schema_folder().glob("*.schema.json"))
        if not source.name.startswith("chart-values")
    ]


def _unwanted(loaded: Loaded) -> list[Path]:
    root = loaded.selection.root
    return [rendered_folder(root, hub) / name for hub in loaded.hubs if not hub.enabled for name in HUB_FILES]


def _show(found: list[writing.Change], files: int, *, fail: bool) -> int:
    for change in found:
        click.echo(change.words)
        click.echo(change.diff(), nl=False)
    if not found:
        click.echo(f"{counted(files, 'file')} up to date")
        return 0
    remedy = "; run hubwright generate and commit" if fail else " would change"
    click.echo(f"{len(found)} of {counted(files, 'file')}{' stale' if fail else ''}{remedy}")
    return 1 if fail else 0


def _warned(loaded: Loaded) -> str:
    warnings = sum(finding.severity == Severity.WARNING for finding in loaded.findings)
    return f"; {counted(warnings, 'warning')}, shown by hubwright lint" if warnings else ""
