"""The catalogue of machine types: complete, sourced, and helpful with misspelt names."""

from __future__ import annotations

import pytest

from hubwright import catalog, resources


@pytest.mark.parametrize(("provider", "count"), [("aws", 249 + 7), ("gcp", 232), ("azure", 516)])
def test_the_catalogue_has_every_type(provider: str, count: int) -> None:
    """249 types of Amazon and the seven r8i-flex sizes, which real pools use."""
    assert len(catalog.names(provider)) == count


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_each_data_file_names_source_and_date(provider: str) -> None:
    head = (
        (resources.data_folder() / "catalogue" / f"{provider}.csv").read_text(encoding="utf-8").split("machine_type")[0]
    )

    assert "commit" in head
    assert "2026-" in head


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_every_figure_is_plausible(provider: str) -> None:
    for name in catalog.names(provider):
        machine = catalog.find(provider, name)
        assert machine is not None
        assert machine.basis in ("measured", "rule")
        assert 1 <= machine.vcpus <= 512
        assert machine.memory_bytes >= 512 * catalog.MIB
        assert machine.arch in ("amd64", "arm64")


def test_the_figures_are_those_of_the_source() -> None:
    machine = catalog.find("aws", "r7i.4xlarge")

    assert machine is not None
    assert (machine.vcpus, machine.memory_bytes, machine.max_pods) == (16, 128 * 1024 * catalog.MIB, 234)
    assert machine.basis == "rule"


@pytest.mark.parametrize(
    ("provider", "wrong", "meant"),
    [
        ("gcp", "n2-high-mem16", "n2-highmem-16"),
        ("gcp", "N2-HIGHMEM-16", "n2-highmem-16"),
        ("aws", "r5.4xlagre", "r5.4xlarge"),
        ("aws", "r5-4xlarge", "r5.4xlarge"),
        ("azure", "standard_e16s_v5", "Standard_E16s_v5"),
        ("azure", "E16s_v5", "Standard_E16s_v5"),
        ("gcp", "quantum", None),
    ],
)
def test_a_misspelt_type_finds_the_one_that_was_meant(provider: str, wrong: str, meant: str | None) -> None:
    assert catalog.suggest(provider, wrong) == meant


def test_a_type_knows_its_provider() -> None:
    assert catalog.provider_of("n2-highmem-16") == "gcp"
    assert catalog.provider_of("r5.4xlarge") == "aws"
    assert catalog.provider_of("Standard_E16s_v5") == "azure"
    assert catalog.provider_of("abacus") is None
