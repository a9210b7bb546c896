"""What several commands share: arguments, loading with rules, and the words for findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from hubwright import fleet, ignoring, rules
from hubwright.catalog import closest
from hubwright.findings import CannotGoOn, Finding, Severity, in_order
from hubwright.fleet import Loaded
from hubwright.model import Cluster, Hub
from hubwright.report import text

F = TypeVar("F", bound=Callable[..., Any])


def root_option(function: F) -> F:
    """The option that names the values folder."""
    return click.option(
        "--root",
        metavar="DIR",
        help="Folder with values/ in it, or the values folder itself. Default: found upwards from here.",
    )(function)


def targets_argument(function: F) -> F:
    """Any number of hubs, clusters, folders or files."""
    return click.argument("targets", nargs=-1, metavar="[TARGET]...")(function)


def load(targets: Sequence[str], root: str | None) -> Loaded:
    """Read what `targets` name and run the rules; findings are in order and about the selection only."""
    selection = fleet.select(targets, root)
    loaded = fleet.read(selection)
    found = [*loaded.findings, *rules.run(loaded.fleet)]
    counting = ignoring.apply(found, loaded.fleet.clusters, loaded.defaults)
    others = {ignoring.own_file(hub) for hub in loaded.fleet.hubs if not selection.has_hub(hub.cluster, hub.name)}
    findings = in_order(finding for finding in counting if finding.place.file not in others)
    return dataclasses.replace(loaded, findings=findings)


def errors(loaded: Loaded) -> list[Finding]:
    """The findings that forbid to make anything."""
    return [finding for finding in loaded.findings if finding.severity == Severity.ERROR]


def refuse_errors(loaded: Loaded, consequence: str) -> bool:
    """Tell the errors, if any, on standard error; whether there were any."""
    found = errors(loaded)
    if not found:
        return False
    click.echo(text.listing(found), err=True)
    click.echo(f"{text.counted(len(found), 'error')}; {consequence}", err=True)
    return True


def enabled_hubs(loaded: Loaded) -> list[tuple[Hub, Cluster]]:
    """The selected hubs that have a gateway, each with its cluster."""
    clusters = {cluster.name: cluster for cluster in loaded.fleet.clusters}
    return [(hub, clusters[hub.cluster]) for hub in loaded.hubs if hub.enabled]


def one_or_more(hubs: list[tuple[Hub, Cluster]]) -> list[tuple[Hub, Cluster]]:
    """The hubs; none is a reason to stop."""
    if not hubs:
        raise CannotGoOn("none of the hubs named has a Dask Gateway (enabled: false), or there is no hub yet")
    return hubs


def known_rule(rule_id: str) -> rules.Rule:
    """The rule with this id; CannotGoOn with the one that was meant."""
    if rule_id not in rules.RULES:
        close = closest(rule_id, list(rules.RULES))
        raise CannotGoOn(
            f"there is no rule {rule_id}; " + (f"did you mean {close}?" if close else "see: hubwright rules")
        )
    return rules.RULES[rule_id]
