"""The known problems of the real fleet are found, each where it is and no more often."""

from __future__ import annotations

from collections import Counter

import pytest

from hubwright.commands import common
from tests.conftest import ROOT

# What was found by hand in the fleet; a finding in hubDefaults stands for all hubs of its cluster.
EXPECTED = {
    "bucket-without-variable": {"cluster-d/prod", "cluster-d/staging", "cluster-j/prod", "cluster-j/staging"},
    "ceiling-doubled": {"cluster-e"},
    "groups-not-delivered": {"cluster-e/staging"},
    "image-differs": {"cluster-c/staging", "cluster-g/staging"},
    "missing-pull-secret": {"cluster-e", "cluster-j", "cluster-l"},
    "moving-image-tag": {"cluster-e/prod", "cluster-e/staging", "cluster-g/staging"},
    "open-to-everyone": {"cluster-l/workshop", "cluster-n/workshop"},
    "pool-shared-by-hubs": {"cluster-c", "cluster-f"},
    "scopes-lost": {"cluster-f"},
}
COUNTS = {"pool-without-hub": 12, "no-limit": 23, "quota-below-ceiling": 28, "idle-never-allowed": 1}


def found() -> list[tuple[str, str]]:
    """Rule and place (CLUSTER or CLUSTER/HUB) of every finding."""
    loaded = common.load([str(ROOT / "values")], None)
    places = [finding.place.file.split("values/", 1)[1].rsplit("/", 1)[0] for finding in loaded.findings]
    return list(zip([finding.rule for finding in loaded.findings], places, strict=True))


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_known_problem_is_found_in_its_places_alone(rule: str) -> None:
    assert {place for name, place in found() if name == rule} == EXPECTED[rule]


@pytest.mark.parametrize("rule", COUNTS)
def test_a_known_problem_is_found_as_often_as_it_is_there(rule: str) -> None:
    assert Counter(name for name, _ in found())[rule] == COUNTS[rule]
