"""The commands of the pages that need a cluster, as written, on the cluster of the tests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import HUB, Command
from tests.e2e.test_install import other as _other
from tests.test_docs import ON_A_CLUSTER

other = _other
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", (ROOT / "docs/operate.md").read_text(), flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith(ON_A_CLUSTER)
]


def test_every_command_of_the_page_runs(hub: str, command: Command, other: str, fleet: Path) -> None:
    # A second revision, so that there is one to go back to; the removed hub is the second one.
    command("install", HUB)

    for line in COMMANDS:
        name = "e2e/other" if "uninstall" in line else HUB
        command(*shlex.split(line.replace("cluster-a/prod", name))[1:])

    assert {shlex.split(line)[1] for line in COMMANDS} == {name.split()[1] for name in ON_A_CLUSTER}


@pytest.mark.parametrize("name", ["doctor", "install", "status"])
def test_a_command_without_a_hub_says_what_to_name(command: Command, name: str) -> None:
    done = command(name, check=False)

    assert done.returncode == 2
    assert "name" in done.stderr
