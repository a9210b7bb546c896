"""The table of rules: each a small function with an id, a severity, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hubwright.findings import Finding, Place, Severity
from hubwright.layers import Merged
from hubwright.model import Cluster, Fleet, Hub
from hubwright.source import KeyPath, Source, dotted


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a rule function reports; the rule adds id, severity and remedy."""

    places: Source | Merged
    path: KeyPath
    message: str
    remedy: str = ""


Check = Callable[[Fleet], Iterable[Fault]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `check` is None where reading or building the files finds the fault."""

    id: str
    severity: Severity
    summary: str
    remedy: str
    check: Check | None = None


RULES: dict[str, Rule] = {}


def noted(rule_id: str, summary: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
    """Put a rule in the table whose fault is found while files are read."""
    RULES[rule_id] = Rule(id=rule_id, severity=severity, summary=summary, remedy=remedy)


def fleet_rule(rule_id: str, severity: Severity, summary: str, remedy: str) -> Callable[[Check], Check]:
    """Put a function over the whole fleet in the table."""

    def register(check: Check) -> Check:
        RULES[rule_id] = Rule(id=rule_id, severity=severity, summary=summary, remedy=remedy, check=check)
        return check

    return register


def cluster_rule(
    rule_id: str, severity: Severity, summary: str, remedy: str
) -> Callable[[Callable[[Cluster], Iterable[Fault]]], Check]:
    """Put a function over one cluster in the table."""

    def register(check: Callable[[Cluster], Iterable[Fault]]) -> Check:
        def over_fleet(fleet: Fleet) -> Iterator[Fault]:
            for cluster in fleet.clusters:
                yield from check(cluster)

        return fleet_rule(rule_id, severity, summary, remedy)(over_fleet)

    return register


def hub_rule(
    rule_id: str, severity: Severity, summary: str, remedy: str
) -> Callable[[Callable[[Hub, Cluster], Iterable[Fault]]], Check]:
    """Put a function over one enabled hub and its cluster in the table."""

    def register(check: Callable[[Hub, Cluster], Iterable[Fault]]) -> Check:
        def over_fleet(fleet: Fleet) -> Iterator[Fault]:
            for cluster in fleet.clusters:
                for hub in cluster.hubs:
                    if hub.enabled:
                        yield from check(hub, cluster)

        return fleet_rule(rule_id, severity, summary, remedy)(over_fleet)

    return register


def run(fleet: Fleet) -> list[Finding]:
    """What all rules find in the fleet."""
    found = []
    for rule in RULES.values():
        for fault in rule.check(fleet) if rule.check else ():
            found.append(
                Finding(
                    place=_place(fault),
                    rule=rule.id,
                    path=dotted(fault.path),
                    message=fault.message,
                    remedy=fault.remedy or rule.remedy,
                    severity=rule.severity,
                )
            )
    return found


def _place(fault: Fault) -> Place:
    return fault.places.place(fault.path)
