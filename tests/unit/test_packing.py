"""Worker sizes fill nodes: n workers of a preset take a node of every type of its pool, one more does not fit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubwright import catalog
from hubwright.capacity import Capacity, capacity_of
from hubwright.catalog import MIB
from hubwright.packing import DEFAULT_PRESETS, default_presets, fits, pack, problems
from hubwright.quantity import Resources

ALL_TYPES = [(provider, name) for provider in catalog.PROVIDERS for name in catalog.names(provider)]


def capacity(name: str) -> Capacity:
    provider = catalog.provider_of(name)
    assert provider is not None
    machine = catalog.find(provider, name)
    assert machine is not None
    return capacity_of(machine)


def usable(capacities: list[Capacity]) -> list[int]:
    sizes = default_presets(capacities[0].machine.vcpus)
    unfit = {problem.cpus for problem in problems(capacities, sizes)}
    return [size for size in sizes if size not in unfit]


def test_workers_of_each_preset_fill_every_machine_type_of_the_catalogue() -> None:
    for _, name in ALL_TYPES:
        here = capacity(name)
        for preset in pack([here], usable([here])):
            assert fits(preset, here) == preset.workers_per_node, f"{preset.label} on {name}"
            assert preset.workers_per_node == here.machine.vcpus // preset.cpus


def test_every_machine_type_with_more_than_a_gibibyte_has_a_preset() -> None:
    without = [here.machine for _, name in ALL_TYPES if not usable([here := capacity(name)])]

    assert {machine.name for machine in without if machine.memory_bytes > 1024 * MIB} == set()


@given(st.data())
def test_workers_fill_every_type_of_a_mixed_pool(data: st.DataObject) -> None:
    vcpus = data.draw(st.sampled_from([4, 8, 16, 32, 48, 64, 96]))
    same = [name for _, name in ALL_TYPES if (m := capacity(name).machine).vcpus == vcpus and m.arch == "amd64"]
    pool = [capacity(name) for name in data.draw(st.lists(st.sampled_from(same), min_size=1, max_size=5, unique=True))]

    for preset in pack(pool, usable(pool)):
        assert all(fits(preset, here) >= preset.workers_per_node for here in pool)
        assert any(fits(preset, here) == preset.workers_per_node for here in pool)


@given(st.integers(1, 96), st.integers(0, 200_000), st.integers(1, 2**40), st.integers(1, 128))
def test_no_preset_asks_for_more_than_there_is(vcpus: int, cpu: int, memory: int, size: int) -> None:
    machine = catalog.stated(
        "generic", "own", vcpus=vcpus, arch="amd64", allocatable=Resources(cpu_millicores=cpu, memory_bytes=memory)
    )
    own = capacity_of(
        machine,
        allocatable=Resources(cpu_millicores=cpu, memory_bytes=memory),
        reserved=Resources(cpu_millicores=0, memory_bytes=0),
    )
    bad = {problem.kind for problem in problems([own], [size])}
    if bad <= {"not-a-divisor"}:
        (preset,) = pack([own], [size])
        assert fits(preset, own) >= preset.workers_per_node
        assert 0 < preset.cpu_request_millicores <= preset.cpu_limit_millicores == size * 1000
        assert 0 < preset.share <= 1


def test_presets_are_ascending_whatever_the_order_asked_for() -> None:
    presets = pack([capacity("r5.4xlarge")], [16, 1, 4, 2, 8])

    assert [preset.cpus for preset in presets] == [1, 2, 4, 8, 16]


def test_labels_are_the_ones_that_notebooks_have_written_down() -> None:
    pool = [capacity(name) for name in ("r5.4xlarge", "r7i.4xlarge", "r6i.4xlarge")]

    labels = [preset.label for preset in pack(pool, DEFAULT_PRESETS)]

    assert labels == ["1 CPU, 7 GiB", "2 CPU, 15 GiB", "4 CPU, 30 GiB", "8 CPU, 60 GiB", "16 CPU, 120 GiB"]


def test_threads_are_the_cpus() -> None:
    assert [preset.threads for preset in pack([capacity("r5.4xlarge")], DEFAULT_PRESETS)] == [1, 2, 4, 8, 16]


def test_the_largest_preset_of_a_mixed_pool_fits_its_smallest_machine() -> None:
    """r7i.4xlarge was measured with 129585561600 bytes and 15.695 CPUs left beside its daemon sets (2024-09-10)."""
    pool = [capacity(name) for name in ("r5.4xlarge", "r7i.4xlarge", "r6i.4xlarge")]

    largest = pack(pool, DEFAULT_PRESETS)[-1]

    assert largest.cpus == 16
    assert largest.memory_bytes <= 129_585_561_600
    assert largest.cpu_request_millicores <= 15_695


# Left for workers on nodes that were measured with their daemon sets (2i2c-org/infrastructure, node-capacity-info.json).
MEASURED = {
    "n2-highmem-16": (15_418, 124_447_031_296),
    "n2-highmem-4": (3_450, 28_967_406_928),
    "r5.16xlarge": (63_575, 525_987_313_876),
    "r5.2xlarge": (7_685, 65_296_752_640),
    "r5.4xlarge": (15_695, 130_188_897_681),
    "r5.xlarge": (3_725, 31_859_916_406),
    "r7i.4xlarge": (15_695, 129_585_561_600),
    "r7i.xlarge": (3_725, 31_785_893_888),
}


@pytest.mark.parametrize("name", MEASURED)
def test_every_preset_fills_the_node_that_was_measured(name: str) -> None:
    here = capacity(name)
    cpu, memory = MEASURED[name]

    for preset in pack([here], default_presets(here.machine.vcpus)):
        assert min(cpu // preset.cpu_request_millicores, memory // preset.memory_bytes) == preset.workers_per_node


@pytest.mark.parametrize(
    ("vcpus", "sizes"), [(4, (1, 2, 4)), (16, (1, 2, 4, 8, 16)), (48, (1, 2, 4, 8, 16)), (6, (1, 2)), (3, (1,))]
)
def test_the_usual_sizes_are_those_that_divide_the_machine(vcpus: int, sizes: tuple[int, ...]) -> None:
    assert default_presets(vcpus) == sizes


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [
        (32, "too-big", "32 CPUs are more than the machine's 16"),
        (3, "not-a-divisor", "5 workers of 3 CPUs use 15 of the machine's 16 CPUs"),
    ],
)
def test_a_size_that_does_not_suit_is_told(size: int, kind: str, message: str) -> None:
    (problem,) = problems([capacity("r5.4xlarge")], [size])

    assert (problem.kind, problem.message) == (kind, message)


def test_a_machine_with_too_little_left_is_told() -> None:
    (problem,) = problems([capacity("e2-micro")], [2])

    assert problem.kind == "no-room"


def test_machines_of_different_shape_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"r5\.xlarge has 4 CPUs \(amd64\), r5\.4xlarge has 16 CPUs \(amd64\)"):
        pack([capacity("r5.xlarge"), capacity("r5.4xlarge")], [1])


def test_the_share_is_that_of_the_machine_used_least() -> None:
    pool = [capacity("r5.4xlarge"), capacity("r7i.4xlarge")]

    (preset,) = pack(pool, [16])

    assert preset.share == Fraction(preset.memory_bytes, pool[0].available.memory_bytes)
    assert preset.memory_bytes > 100 * 1024 * MIB
