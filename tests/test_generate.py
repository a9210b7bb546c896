"""`generate` writes what changed and nothing else; `--check` and `--diff` write nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A team's own folder with one cluster and two hubs, generated."""
    for name in ("defaults.yaml", "cluster-f"):
        source = ROOT / "values" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(tmp_path / "values") / name)
    return tmp_path


def _made(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


RENDERED = Path("values/cluster-f/prod/rendered/gateway.values.yaml")


def test_a_second_run_writes_nothing(hubwright: Run, folder: Path) -> None:
    done = hubwright("generate", cwd=folder)

    assert done.returncode == 0
    assert done.stdout.startswith("2 hubs: 0 files written, 6 unchanged")


def test_only_what_changed_is_written(hubwright: Run, folder: Path) -> None:
    hub = folder / "values/cluster-f/prod/hub.yaml"
    hub.write_text(hub.read_text().replace("2026.06.04", "2026.07.01"))
    untouched = (folder / "values/cluster-f/staging/rendered/guide.md").stat().st_mtime_ns

    done = hubwright("generate", cwd=folder)

    *written, summary = done.stdout.splitlines()
    assert sorted(written) == [
        "wrote values/cluster-f/prod/rendered/gateway.values.yaml",
        "wrote values/cluster-f/prod/rendered/guide.md",
    ]
    assert summary.startswith("2 hubs: 2 files written, 4 unchanged")
    assert (folder / "values/cluster-f/staging/rendered/guide.md").stat().st_mtime_ns == untouched


def test_check_passes_when_all_is_up_to_date(hubwright: Run, folder: Path) -> None:
    done = hubwright("generate", "values", "--check", cwd=folder)

    assert (done.returncode, done.stdout) == (0, "6 files up to date\n")


def test_check_shows_the_line_of_one_changed_byte(hubwright: Run, folder: Path) -> None:
    path = folder / RENDERED
    text = path.read_text()
    path.write_text(text.replace("7757471678", "7757471679"))
    changed = path.read_text()

    done = hubwright("generate", "values", "--check", cwd=folder)

    line = text.splitlines().index("          memory: '7757471678'") + 1
    assert done.returncode == 1
    assert f"{RENDERED}:{line}: differs from what the hub's files make" in done.stdout
    assert "-          memory: '7757471679'\n+          memory: '7757471678'" in done.stdout
    assert done.stdout.endswith("1 of 6 files stale; run hubwright generate and commit\n")
    assert path.read_text() == changed


def test_check_finds_a_missing_file(hubwright: Run, folder: Path) -> None:
    (folder / RENDERED).unlink()

    done = hubwright("generate", "--check", cwd=folder)

    assert done.returncode == 1
    assert f"{RENDERED}: is missing" in done.stdout


def test_check_finds_bytes_that_are_no_text(hubwright: Run, folder: Path) -> None:
    (folder / RENDERED).write_bytes(b"\xff\xfe")

    assert hubwright("generate", "--check", cwd=folder).returncode == 1


def test_diff_shows_and_writes_nothing(hubwright: Run, folder: Path) -> None:
    (folder / RENDERED).write_text("other\n")

    done = hubwright("generate", "--diff", cwd=folder)

    assert done.returncode == 0
    assert "-other" in done.stdout
    assert (folder / RENDERED).read_text() == "other\n"


def test_nothing_is_written_when_a_file_has_an_error(hubwright: Run, folder: Path) -> None:
    (folder / RENDERED).write_text("old\n")
    hub = folder / "values/cluster-f/staging/hub.yaml"
    hub.write_text(hub.read_text() + "imgae: x\n")

    done = hubwright("generate", cwd=folder)

    assert done.returncode == 1
    assert "imgae: unknown key; did you mean image?" in done.stderr
    assert "1 error; nothing was written" in done.stderr
    assert (folder / RENDERED).read_text() == "old\n"


def test_one_hub_can_be_generated_alone(hubwright: Run, folder: Path) -> None:
    for name in ("prod", "staging"):
        (folder / f"values/cluster-f/{name}/rendered/guide.md").write_text("old\n")

    hubwright("generate", "cluster-f/prod", cwd=folder)

    assert (folder / "values/cluster-f/prod/rendered/guide.md").read_text() != "old\n"
    assert (folder / "values/cluster-f/staging/rendered/guide.md").read_text() == "old\n"


def test_files_of_a_hub_that_was_switched_off_are_removed(hubwright: Run, folder: Path) -> None:
    hub = folder / "values/cluster-f/prod/hub.yaml"
    hub.write_text(hub.read_text() + "enabled: false\n")

    assert f"{RENDERED}: is no longer made" in hubwright("generate", "--check", cwd=folder).stdout
    hubwright("generate", cwd=folder)

    assert not (folder / RENDERED).exists()


def test_other_files_in_the_folder_are_left_alone(hubwright: Run, folder: Path) -> None:
    mine = (folder / RENDERED).with_name("mine.txt")
    mine.write_text("mine")

    hubwright("generate", cwd=folder)

    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_told(hubwright: Run, folder: Path) -> None:
    rendered = (folder / RENDERED).parent
    shutil.rmtree(rendered)
    rendered.write_text("a file where a folder must be")

    done = hubwright("generate", cwd=folder)

    assert done.returncode == 2
    assert str(RENDERED.parent) in done.stderr
    assert "Traceback" not in done.stderr


def test_permissions_of_a_file_stay(hubwright: Run, folder: Path) -> None:
    (folder / RENDERED).write_text("old\n")
    (folder / RENDERED).chmod(0o640)

    hubwright("generate", cwd=folder)

    assert (folder / RENDERED).stat().st_mode & 0o777 == 0o640
    assert not list((folder / RENDERED).parent.glob(".*"))
