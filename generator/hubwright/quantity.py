"""Kubernetes quantities to whole numbers and back: CPU in millicores, memory in bytes. Strict, no floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_MEMORY = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
_NUMBER = re.compile(r"^([0-9]+(?:\.[0-9]+)?)([eE][+-]?[0-9]{1,2})?([A-Za-z]*)$")
_MAX_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True)
class Resources:
    """CPU in millicores and memory in bytes."""

    cpu_millicores: int
    memory_bytes: int


def parse_cpu(value: str | int | float) -> int:
    """CPU such as `500m`, `0.5` or 2, in millicores. ValueError says what is wrong."""
    number, suffix = _split(value, "500m, 0.5 or 2")
    if suffix not in ("", "m"):
        raise ValueError(f"{value} is not an amount of CPU; write 500m, 0.5 or 2")
    millicores = number if suffix == "m" else number * 1000
    return _whole(millicores, value, "is finer than a millicore (m), the smallest amount of CPU")


def parse_memory(value: str | int) -> int:
    """Memory such as `4Gi`, `4G` or a number of bytes, in bytes. ValueError says what is wrong."""
    number, suffix = _split(value, "4Gi, 512Mi or 4G")
    if suffix == "m":
        return _whole(number / 1000, value, "is not a whole number of bytes; m means thousandths, Mi mebibytes")
    if suffix not in _MEMORY:
        raise ValueError(f"{value} is not an amount of memory; {_memory_hint(suffix)}")
    return _whole(number * _MEMORY[suffix], value, "is not a whole number of bytes")


def format_cpu(millicores: int) -> str:
    """The shortest spelling: `2`, else `975m`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def format_memory(amount: int) -> str:
    """The shortest exact spelling: Gi, Mi, Ki or plain bytes."""
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        if amount and amount % _MEMORY[suffix] == 0:
            return f"{amount // _MEMORY[suffix]}{suffix}"
    return str(amount)


def _split(value: str | int | float, forms: str) -> tuple[Decimal, str]:
    text = str(value).strip() if not isinstance(value, bool) else "true or false"
    match = _NUMBER.match(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        raise ValueError(f"{text[:_MAX_CHARACTERS]} is not a Kubernetes quantity; write {forms}")
    digits, exponent, suffix = match.groups()
    return Decimal(digits + (exponent or "")), suffix


def _whole(number: Decimal, value: str | int | float, otherwise: str) -> int:
    if number != number.to_integral_value():
        raise ValueError(f"{value} {otherwise}")
    return int(number)


def _memory_hint(suffix: str) -> str:
    letter = suffix[:1].upper()
    if letter in "KMGTPE" and letter:
        decimal = "k" if letter == "K" else letter
        return f"did you mean {decimal} (powers of 1000) or {letter}i (powers of 1024)?"
    return "write 4Gi, 512Mi or 4G"
