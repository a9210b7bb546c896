"""A set of Linux namespaces (processes, mounts, network) that ends with this process, and all that was started in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Sandbox:
    """The kernel kills every process in it when its first one ends, which ends when our end of a pipe closes.

    So nothing outlives a test run, whatever ended it: mounts, network interfaces and packet filter go the same way.
    """

    def __init__(self, folder: Path, routes: Sequence[str] = (), number: int = 0) -> None:
        self._folder = folder
        # The cable between this machine and the sandbox, and the addresses of its ends.
        self.link = f"hubwright{number}"
        self.outside, self.inside = f"10.243.255.{4 * number + 1}", f"10.243.255.{4 * number + 2}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._first = subprocess.Popen(
            [
                "unshare",
                "--fork",
                "--pid",
                "--mount",
                "--net",
                "--mount-proc",
                "--kill-child",
                "bash",
                "-c",
                "read -r _",
            ],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Control-C is for us to handle
        )
        self._inner = self._wait_for_first()
        self._connect(routes)

    def _wait_for_first(self) -> int:
        """The process id, as seen from here, of the sandbox's first process."""
        children = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = children.read_text().split() if children.exists() else []
            # Until it has become bash its mounts are not there yet.
            if found and Path(f"/proc/{found[0]}/comm").read_text().strip() == "bash":
                return int(found[0])
            time.sleep(0.01)
        raise RuntimeError("unshare did not start; namespaces need root")

    def _connect(self, routes: Sequence[str]) -> None:
        def outside(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True)

        subprocess.run(["ip", "link", "delete", self.link], check=False, capture_output=True)
        outside("ip", "link", "add", self.link, "type", "veth", "peer", "name", "outside", "netns", str(self._inner))
        outside("ip", "address", "add", f"{self.outside}/30", "dev", self.link)
        outside("ip", "link", "set", self.link, "up")
        for route in routes:
            outside("ip", "route", "replace", route, "via", self.inside)
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", f"{self.inside}/30", "dev", "outside")
        self.run("ip", "link", "set", "outside", "up")

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that runs `arguments` inside."""
        return ["nsenter", "--target", str(self._inner), "--pid", "--mount", "--net", "--", *arguments]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside and wait; RuntimeError with what it said when it fails."""
        done = subprocess.run(self.command(arguments), capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a program inside; its output is added to NAME.log."""
        log = (self._folder / f"{name}.log").open("ab")
        with log:
            self._running[name] = subprocess.Popen(
                self.command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def ended(self) -> dict[str, int]:
        """Programs that ended by themselves, with their exit codes."""
        return {name: code for name, process in self._running.items() if (code := process.poll()) is not None}

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """End a program: nsenter waits for its child, which is the one to be signalled."""
        process = self._running.pop(name)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), how)
        process.wait(timeout=30)

    def close(self) -> None:
        """End everything inside and wait for it."""
        if self._first.stdin:
            self._first.stdin.close()
        self._first.wait(timeout=60)
        for process in self._running.values():
            process.wait(timeout=30)
        self._running.clear()


def remove_cgroups(name: str) -> None:
    """The control groups that a kubelet and its containers made below `name`, which outlive their processes."""
    for hierarchy in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")):
        top = hierarchy / name
        if not top.is_dir():
            continue
        folders = [folder for folder, _, _ in os.walk(top, topdown=False)]
        for folder in folders:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
