"""What is wrong with the users' files: one frozen record a finding, with its place and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; a higher number is worse."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The severity as users read and write it."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A position in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, where, and what to do."""

    place: Place
    rule: str
    message: str
    path: str = ""
    remedy: str = ""
    severity: Severity = Severity.ERROR

    @property
    def words(self) -> str:
        """`path: message; remedy`."""
        path = f"{self.path}: " if self.path else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{path}{self.message}{remedy}"

    @property
    def text(self) -> str:
        """`file:line:column: path: message; remedy`."""
        return f"{self.place.file}:{self.place.line}:{self.place.column}: {self.words}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by file and position, each one once."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda f: (f.place, f.path, f.rule, f.message))


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among the findings; None when there are none."""
    return max((f.severity for f in findings), default=None)


class CannotGoOn(Exception):
    """The command cannot run at all; the text says what to do. Exit code 2."""
