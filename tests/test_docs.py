"""What the documents say is true: their commands run, their files are valid, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "chart/README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Programs that a page names and that need a cluster or change the machine.
ELSEWHERE = ("helm", "kubectl", "pip", "make", "python -m")
# These need a cluster: tests/e2e/test_docs.py runs them.
ON_A_CLUSTER = tuple(f"hubwright {name}" for name in ("doctor", "crds", "install", "status", "rollback", "uninstall"))


def blocks(language: str) -> list[tuple[Path, str]]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [(page, body) for body in re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)]
    return found


def commands() -> list[tuple[str, str]]:
    found = []
    for page, body in blocks("console"):
        for line in body.splitlines():
            command = re.sub(r"\s+#.*$", "", line.removeprefix("$ ")).strip()
            if command and not command.startswith((*ELSEWHERE, *ON_A_CLUSTER)):
                found.append((page.name, command))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the cluster that the pages speak of."""
    (tmp_path / "values").mkdir()
    shutil.copytree(ROOT / "values" / "cluster-azure", tmp_path / "values" / "cluster-azure")
    return tmp_path


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_of_the_pages_runs(hubwright: Run, folder: Path, page: str, command: str) -> None:
    if " init " not in command:
        assert hubwright("init", "cluster-a/prod", "--provider", "gcp", cwd=folder).returncode == 0
    hubwright("generate", cwd=folder)
    program, *arguments = shlex.split(command)

    done = hubwright(*arguments, cwd=folder)

    assert program == "hubwright", f"{page}: {command}"
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_files_in_the_readme_make_a_hub(hubwright: Run, tmp_path: Path) -> None:
    files = [body for page, body in blocks("yaml") if page.name == "README.md"]
    for body in files:
        first, _, rest = body.partition("\n")
        path = tmp_path / first.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest)

    done = hubwright("generate", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "values/cluster-a/prod/rendered/guide.md").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for page in (ROOT / "docs").rglob("*.md"):
        assert str(page.relative_to(ROOT)) in readme


def test_the_targets_of_make_that_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for page in PAGES:
        for target in re.findall(
            r"`make ([a-z0-9-]+)`|^make ([a-z0-9-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE
        ):
            assert f"\n{target[0] or target[1]}:" in makefile
