"""The shape of the code: imports point one way, heavy libraries load late, nothing prints but commands."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

PACKAGE = ROOT / "generator" / "hubwright"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hubwright"):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("hubwright")}
    return found


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent.name != "commands"], ids=lambda p: p.stem)
def test_only_the_command_line_imports_commands(path: Path) -> None:
    allowed = path.name in ("cli.py", "__main__.py")

    assert allowed or not any(name.startswith("hubwright.commands") for name in imported(path))


PURE = ("quantity", "capacity", "packing", "model", "layers", "findings", "build")


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_touch_no_file_and_no_process(name: str) -> None:
    source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")

    assert not {"os", "subprocess", "pathlib", "tempfile", "socket"} & {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(name=node.module or "")])
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_what_it_owns_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


PROBE = """
import sys
from hubwright.__main__ import run
assert run({arguments}) == 0
heavy = {{"kubernetes", "helm_python", "rich"}} & {{name.split(".")[0] for name in sys.modules}}
print("loaded:", sorted(heavy))
"""


@pytest.mark.parametrize("arguments", [["generate", "values", "--check"], ["lint", "values"], ["rules"], ["--version"]])
def test_heavy_libraries_stay_unloaded(arguments: list[str]) -> None:
    program = PROBE.format(arguments=arguments)

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_the_project_names_no_path_of_a_machine(hubwright: Run) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    private = ["/" + "work" + "/", "/" + "farm" + "/", "shared" + "/fleet", "shared" + "/catalog", "bash" + "_jobs"]
    hits = []
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in (".gz", ".lock") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        hits += [f"{name}: {word}" for word in private if word in text]

    assert hits == []
