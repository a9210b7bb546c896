"""Writes generated files: only what changed, each one whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import os
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hubwright.findings import CannotGoOn
from hubwright.outputs.files import OutputFile


@dataclass(frozen=True, kw_only=True)
class Change:
    """A file that differs from what should stand there; `new` None means that it should not be there."""

    path: Path
    old: str | None
    new: str | None

    @property
    def first_line(self) -> int:
        """The first line that differs, from 1."""
        old, new = (self.old or "").splitlines(), (self.new or "").splitlines()
        for number, (left, right) in enumerate(zip(old, new, strict=False), start=1):
            if left != right:
                return number
        return min(len(old), len(new)) + 1

    @property
    def words(self) -> str:
        """`FILE:LINE: what is the matter`."""
        if self.old is None:
            return f"{self.path}: is missing"
        if self.new is None:
            return f"{self.path}: is no longer made"
        return f"{self.path}:{self.first_line}: differs from what the hub's files make"

    def diff(self) -> str:
        """Unified diff from what stands there to what should."""
        old, new = (self.old or "").splitlines(keepends=True), (self.new or "").splitlines(keepends=True)
        lines = difflib.unified_diff(old, new, f"{self.path} (as it is)", f"{self.path} (as made)")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n" for line in lines)


def changes(files: Iterable[OutputFile], unwanted: Iterable[Path] = ()) -> list[Change]:
    """What must be written or removed."""
    found = []
    for file in files:
        old = _read(file.path)
        if old != file.content:
            found.append(Change(path=file.path, old=old, new=file.content))
    found += [Change(path=path, old=_read(path), new=None) for path in unwanted if path.exists()]
    return found


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotGoOn(f"{path}: cannot be read: {error.strerror}") from error


def apply(change: Change) -> None:
    """Make the change; after an interrupt the file is the old or the new one, never a part."""
    try:
        if change.new is None:
            change.path.unlink()
        else:
            write_whole(change.path, change.new)
    except OSError as error:
        raise CannotGoOn(f"{change.path}: cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _interrupted_later() -> Iterator[None]:
    """Put an interrupt off until the file is in place; one between making and removing a file would leave it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if came:
        raise KeyboardInterrupt


def write_whole(path: Path, content: str) -> None:
    """Write to a temporary file beside `path`, then put it in place."""
    with _interrupted_later():
        _write_whole(path, content)


def _write_whole(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
