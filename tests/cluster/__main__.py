"""`python -m tests.cluster [COMMAND...]` starts a cluster, runs a command (default: a shell) with KUBECONFIG set to it, and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.cluster.cluster import Cluster


def main(command: list[str]) -> int:
    """The command's exit code."""
    # A terminated run cleans up like an interrupted one.
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Cluster() as cluster:
        sys.stderr.write(
            f"ready after {cluster.ready_after:.0f} s; KUBECONFIG={cluster.kubeconfig}; logs: {cluster.logs}\n"
        )
        run = command or [os.environ.get("SHELL", "bash")]
        return subprocess.run(run, env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
