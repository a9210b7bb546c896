"""A file is written whole or not at all, whenever an interrupt comes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hubwright import writing


def test_an_interrupt_in_the_middle_waits_until_the_file_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 0o022

    monkeypatch.setattr(writing, "_umask", interrupted)

    with pytest.raises(KeyboardInterrupt):
        writing.write_whole(tmp_path / "a.yaml", "new\n")

    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
    assert (tmp_path / "a.yaml").read_text() == "new\n"


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("old\n")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        writing.write_whole(tmp_path / "a.yaml", "new\n")

    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
    assert (tmp_path / "a.yaml").read_text() == "old\n"
