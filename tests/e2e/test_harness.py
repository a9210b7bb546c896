"""The cluster of the tests leaves nothing behind, however a run ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.kube import until

# A run that has a program in its sandbox and never ends by itself.
RUN = """
import sys, time
from pathlib import Path
from tests.cluster.sandbox import Sandbox
sandbox = Sandbox(Path(sys.argv[1]), number=1)
sandbox.start("program", ["sleep", "100000"])
sandbox.run("mount", "-t", "tmpfs", "none", sys.argv[1])
print(sandbox.link, flush=True)
time.sleep(100000)
"""


def processes(text: str) -> set[str]:
    """Ids of the processes whose command line has the text."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and text in (folder / "cmdline").read_text().replace("\0", " "):
                found.add(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_nothing_outlives_a_run(tmp_path: Path, how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        link = Path("/sys/class/net") / run.stdout.readline().strip()
        until("the program", lambda: processes("sleep 100000"))
        assert link.exists()

        run.send_signal(how)
        run.wait(timeout=30)

    until("no process is left", lambda: not processes("sleep 100000"), seconds=30)
    until("no network interface is left", lambda: not link.exists(), seconds=30)
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
