"""hub.json is read strictly: a key too many or too few is one line that names it."""

from __future__ import annotations

import pytest

import hub_settings
from hub_settings import SettingsError, memory_bytes, millicores
from tests.gateway.conftest import Json


def test_a_missing_key_is_named(hub_json: Json) -> None:
    del hub_json["workers"]["instanceTypes"][0]["presets"][0]["threads"]

    with pytest.raises(SettingsError, match=r"workers\.instanceTypes\[0\]\.presets\[0\]\.threads is missing"):
        hub_settings.parse(hub_json)


def test_a_key_that_is_not_known_is_named(hub_json: Json) -> None:
    hub_json["scheduler"]["memroy"] = "4Gi"

    with pytest.raises(SettingsError, match=r"hub\.json: scheduler\.memroy is not a key that this version knows"):
        hub_settings.parse(hub_json)


def test_a_limit_that_is_not_given_is_no_limit(hub_json: Json) -> None:
    assert hub_settings.parse(hub_json).limits.cores_per_user is None


def test_a_limit_of_memory_is_read_in_bytes(hub_json: Json) -> None:
    hub_json["limits"]["memoryPerUser"] = "1Ti"

    assert hub_settings.parse(hub_json).limits.memory_per_user == 2**40


@pytest.mark.parametrize(("text", "amount"), [("975m", 975), ("2", 2000), ("0.5", 500), (1, 1000)])
def test_cpu_is_read_in_millicores(text: str | int, amount: int) -> None:
    assert millicores(text) == amount


@pytest.mark.parametrize(("text", "amount"), [("4Gi", 2**32), ("4G", 4 * 10**9), ("123", 123), (7, 7)])
def test_memory_is_read_in_bytes(text: str | int, amount: int) -> None:
    assert memory_bytes(text) == amount


@pytest.mark.parametrize("text", ["4GB", "", "x", "-1", "1 Gi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        memory_bytes(text)
