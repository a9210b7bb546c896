"""Kubernetes quantities: exact whole numbers or one readable refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubwright.quantity import format_cpu, format_memory, parse_cpu, parse_memory


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("500m", 500), ("1", 1000), (2, 2000), (0.8, 800), ("1.5", 1500), ("15.89", 15890), ("1e1", 10_000), ("0", 0)],
)
def test_cpu_is_read_in_millicores(text: str | int | float, millicores: int) -> None:
    assert parse_cpu(text) == millicores


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4Gi", 4 * 2**30), ("4G", 4 * 10**9), ("128974848", 128974848), (1024, 1024), ("1.5Gi", 3 * 2**29),
        ("1k", 1000), ("1Ki", 1024), ("2Ti", 2 * 2**40), ("1e3", 1000), ("128M", 128 * 10**6), ("1000m", 1),
    ],
)  # fmt: skip
def test_memory_is_read_in_bytes(text: str | int, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4GB", "4GB is not an amount of memory; did you mean G (powers of 1000) or Gi (powers of 1024)?"),
        ("4gi", "4gi is not an amount of memory; did you mean G (powers of 1000) or Gi (powers of 1024)?"),
        ("two", "two is not a Kubernetes quantity; write 4Gi, 512Mi or 4G"),
        ("-1", "-1 is not a Kubernetes quantity; write 4Gi, 512Mi or 4G"),
        ("", " is not a Kubernetes quantity; write 4Gi, 512Mi or 4G"),
        ("0.5", "0.5 is not a whole number of bytes"),
        ("1m", "1m is not a whole number of bytes; m means thousandths, Mi mebibytes"),
        ("5 Gi", "5 Gi is not a Kubernetes quantity; write 4Gi, 512Mi or 4G"),
        ("9" * 99, "9" * 40 + " is not a Kubernetes quantity; write 4Gi, 512Mi or 4G"),
    ],
)
def test_memory_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_memory(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize("text", ["1.0005", "0.5m", "4Gi", "1 CPU", "x", True, "1e99"])
def test_cpu_that_is_none_is_refused(text: str) -> None:
    if text == "1e99":
        assert parse_cpu(text) > 10**99  # large but a number; schemas bound it
        return
    with pytest.raises(ValueError):
        parse_cpu(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_cpu_survives_writing_and_reading(millicores: int) -> None:
    assert parse_cpu(format_cpu(millicores)) == millicores


@given(st.integers(min_value=0, max_value=2**60))
def test_memory_survives_writing_and_reading(amount: int) -> None:
    assert parse_memory(format_memory(amount)) == amount
