"""`hubwright lint`: every finding of every file at once, in the format that people or a CI read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from hubwright import writing
from hubwright.commands import common
from hubwright.findings import CannotGoOn, Finding, Severity, worst
from hubwright.fleet import Loaded
from hubwright.report import github, gitlab, junit, sarif, text
from hubwright.report import json as json_report

LEVELS = [level.word for level in sorted(Severity, reverse=True)]
Format = Callable[[Sequence[Finding], Loaded], str]
FORMATS: dict[str, Format] = {
    "text": lambda findings, _: text.listing(findings),
    "json": lambda findings, loaded: json_report.document(findings, loaded.files, len(loaded.hubs)),
    "github": lambda findings, _: github.document(findings),
    "gitlab": lambda findings, _: gitlab.document(findings),
    "sarif": lambda findings, _: sarif.document(findings),
    "junit": lambda findings, _: junit.document(findings),
}


@click.command(
    "lint",
    short_help="Check the files; every finding at once.",
    epilog="""
    \b
    Examples:
      hubwright lint
      hubwright lint values/cluster-a --level info
      hubwright lint cluster-a/prod --format json
      hubwright lint --fail-level warning --ignore no-limit
      hubwright lint --format github --output sarif=lint.sarif --output junit=lint.xml
    """,
)
@common.targets_argument
@common.root_option
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option(
    "--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write a report to a file as well; repeat."
)
@click.option(
    "--level", type=click.Choice(LEVELS), default="warning", show_default=True, help="Show findings from here on."
)
@click.option(
    "--fail-level", type=click.Choice(LEVELS), default="error", show_default=True, help="Exit with 1 from here on."
)
@click.option("--select", "selected", multiple=True, metavar="RULE", help="Only findings of this rule; repeat.")
@click.option("--ignore", "ignored", multiple=True, metavar="RULE", help="No findings of this rule; repeat.")
@click.option("--quiet", is_flag=True, help="Print findings only, no summary.")
def command(
    targets: tuple[str, ...],
    root: str | None,
    form: str,
    outputs: tuple[str, ...],
    level: str,
    fail_level: str,
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
    quiet: bool,
) -> int:
    """Check hub, cluster and defaults files: YAML, schema, references, worker sizes, limits, access, quotas.

    TARGET is a folder, a file, CLUSTER or CLUSTER/HUB; without one, everything is checked.
    """
    start = time.monotonic()
    files = [_output(one) for one in outputs]
    for rule in (*selected, *ignored):
        common.known_rule(rule)
    loaded = common.load(targets, root)
    counting = [f for f in loaded.findings if (not selected or f.rule in selected) and f.rule not in ignored]
    shown = [f for f in counting if f.severity >= min(Severity[level.upper()], Severity[fail_level.upper()])]
    for name, path in files:
        _write(path, FORMATS[name](shown, loaded))
    told = FORMATS[form](shown, loaded)
    if told:
        click.echo(told)
    if not quiet:
        summary = text.summary(counting, loaded.files, len(loaded.hubs), time.monotonic() - start)
        click.echo(summary, err=form != "text")
    highest = worst(counting)
    return int(highest is not None and highest >= Severity[fail_level.upper()])


def _output(text_given: str) -> tuple[str, Path]:
    name, separator, file = text_given.partition("=")
    if name not in FORMATS or not separator or not file:
        raise click.UsageError(f"--output {text_given}: write FORMAT=FILE with one of {', '.join(FORMATS)}")
    return name, Path(file)


def _write(path: Path, content: str) -> None:
    try:
        writing.write_whole(path, content + "\n")
    except OSError as error:
        raise CannotGoOn(f"{path}: cannot be written: {error.strerror}") from error
