"""The Debian packages that the cluster's node needs; installs what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# A program of the package, and the package.
NEEDED = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ipset": "ipset",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
CNI_PLUGINS = Path("/usr/lib/cni")


class Missing(Exception):
    """Something that the cluster cannot do without."""


def ensure() -> None:
    """Every program is there afterwards, or Missing tells which package to install."""
    os.environ["PATH"] = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    absent = {package for program, package in NEEDED.items() if not shutil.which(program)}
    if not (CNI_PLUGINS / "bridge").exists():
        absent.add("containernetworking-plugins")
    if not absent:
        return
    names = sorted(absent)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"install these packages (names as in Debian), as root: {' '.join(names)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Services are not started: policy-rc.d is asked first, and 101 means no.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    finally:
        if ours:
            policy.unlink()


def mirror() -> str:
    """Where this machine gets Debian from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [line.split()[0] for line in told.splitlines() if line.endswith(" main") and "security" not in line]
    if not found:
        raise Missing("apt has no source of Debian packages (component main)")
    return found[0]
