"""`hubwright rules`: every rule with its severity, what is wrong and what to do."""

from __future__ import annotations

import json

import click

from hubwright.commands import common
from hubwright.rules import RULES, Rule


@click.command(
    "rules",
    short_help="List the rules, or explain one.",
    epilog="""
    \b
    Examples:
      hubwright rules
      hubwright rules preset-too-big
    """,
)
@click.argument("rule_id", required=False, metavar="[ID]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(rule_id: str | None, form: str) -> int:
    """List the rules of `hubwright lint`, or explain the one with ID."""
    chosen = [common.known_rule(rule_id)] if rule_id is not None else sorted(RULES.values(), key=lambda rule: rule.id)
    if form == "json":
        click.echo(json.dumps([_record(rule) for rule in chosen], indent=2))
    elif rule_id:
        click.echo(_page(chosen[0]))
    else:
        width = max(len(rule.id) for rule in chosen)
        for rule in chosen:
            click.echo(f"{rule.id:<{width}}  {rule.severity.word:<7}  {rule.summary}")
    return 0


def _record(rule: Rule) -> dict[str, str]:
    return {"id": rule.id, "severity": rule.severity.word, "summary": rule.summary, "remedy": rule.remedy}


def _page(rule: Rule) -> str:
    return f"{rule.id} ({rule.severity.word})\n\n{rule.summary}\n\nWhat to do: {rule.remedy}."
