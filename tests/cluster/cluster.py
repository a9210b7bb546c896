"""Starts the parts in their order, waits for each, and stops them all."""

from __future__ import annotations

import fcntl
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import kubernetes
import yaml

from tests.cluster import images, packages, parts, sandbox
from tests.tools import build

# Untyped: the client's types allow None for fields that Kubernetes always fills.
client: Any = kubernetes.client
config: Any = kubernetes.config
utils: Any = kubernetes.utils

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kube-router",
)
_COMMANDS: Mapping[str, Callable[[Path, Path], list[str]]] = {
    "etcd": parts.etcd,
    "kube-apiserver": parts.apiserver,
    "kube-controller-manager": parts.controller_manager,
    "kube-scheduler": parts.scheduler,
    "kubelet": parts.kubelet,
    "kube-proxy": parts.kube_proxy,
    "kube-router": parts.kube_router,
}


class Cluster:
    """One running cluster; a context manager, so that it is stopped after a failure or an interrupt as well."""

    def __init__(self) -> None:
        self.ready_after: float = 0.0
        self._lock: IO[str] | None = None

    def __enter__(self) -> Cluster:
        packages.ensure()
        for program in PROGRAMS:
            build.install(program)
        self._images = images.all_images()
        self._lock = (build.cache() / ".cluster.lock").open("w")
        # The pods' addresses are the same in every sandbox, so one runs at a time on a machine.
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # What a killed run could not remove.
        for left in Path(tempfile.gettempdir()).glob("hubwright-e2e-*"):
            shutil.rmtree(left)
        self.folder = Path(tempfile.mkdtemp(prefix="hubwright-e2e-"))
        try:
            self._start()
        except BaseException:
            self._tell_logs()
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def kubeconfig(self) -> Path:
        """For the administrator."""
        return self.folder / "admin.kubeconfig"

    @property
    def logs(self) -> Path:
        """Where each part's log is, and `pods/` with those of the containers."""
        return self.folder / "logs"

    def start(self, part: str) -> None:
        """Start a part that was killed, or for the first time."""
        self._sandbox.start(part, _COMMANDS[part](build.program(part), self.folder))

    def kill(self, part: str) -> None:
        """End a part at once, as a crash does."""
        self._sandbox.kill(part, signal.SIGKILL)

    def wait_for_api(self) -> None:
        """Until the API server answers that it is ready."""
        config.load_kube_config(str(self.kubeconfig))
        self._until("the API server", _api_ready)

    def _start(self) -> None:
        begin = time.monotonic()
        self.logs.mkdir()
        sandbox.remove_cgroups(parts.CGROUP)
        self._sandbox = sandbox.Sandbox(self.logs, routes=["10.244.0.0/16", parts.SERVICE_RANGE])
        self._prepare_node()
        # What answers there.
        self._sandbox.start("internet", [sys.executable, "-m", "http.server", "80", "--bind", parts.INTERNET])
        self._credentials()
        self.start("etcd")
        self.start("kube-apiserver")
        self._sandbox.start("containerd", parts.containerd(self.folder))
        # The images load while the control plane starts.
        self._until("containerd", lambda: self._ctr("version").returncode == 0)
        self._load_images()
        self._until("the API server's certificate", (self.folder / "certificates" / "apiserver.crt").exists)
        self.wait_for_api()
        for part in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"):
            self.start(part)
        utils_apply(parts.dns_objects())
        self._until("the node", lambda: ready(client.CoreV1Api().read_node(parts.NODE).status.conditions))
        self.start("kube-router")  # it asks for its node once, at its start
        self._until("CoreDNS", self._dns_ready)
        self.ready_after = time.monotonic() - begin

    def _prepare_node(self) -> None:
        (self.folder / "containers").mkdir()
        lines = [
            # The kubelet and containerd write below these; inside, they are the sandbox's own.
            "mount -t tmpfs none /run",
            "mkdir -p /run/netns /run/lock /var/log/pods /var/log/containers /var/lib/kubelet /var/lib/cni",
            f"mkdir -p {self.logs}/pods {self.folder}/containerd",
            f"mount --bind {self.logs}/pods /var/log/pods",
            f"mount --bind {self.folder}/containers /var/log/containers",
            "mount -t tmpfs none /var/lib/kubelet",
            "mount -t tmpfs none /var/lib/cni",
            # In memory: unpacking the images on a disk takes most of a minute.
            f"mount -t tmpfs none {self.folder}/containerd",
            "echo 1 > /proc/sys/net/ipv4/ip_forward",
            # Where it is built into the kernel there is no such module; the file written below shows that it works.
            "modprobe br_netfilter 2> /dev/null || true",
            "ip link add cni0 type bridge",
            f"ip address add {parts.NODE_ADDRESS}/24 dev cni0",
            "ip link set cni0 up",
            # Without it policies do not see what passes between pods of one bridge.
            "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables",
            # An address of the internet, for tests of what may leave the cluster; there is no other way out.
            f"ip address add {parts.INTERNET}/32 dev lo",
            f"ip route add default via {self._sandbox.outside}",
            *(
                f"mkdir -p /sys/fs/cgroup/{kind}/{parts.CGROUP}"
                for kind in ("cpu", "cpuacct", "cpuset", "memory", "pids", "hugetlb", "systemd", "blkio", "devices")
                if Path(f"/sys/fs/cgroup/{kind}").is_dir()
            ),
        ]
        self._sandbox.run("bash", "-ec", "\n".join(lines))

    def _credentials(self) -> None:
        key, public = self.folder / "service-accounts.key", self.folder / "service-accounts.pub"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        subprocess.run(
            ["openssl", "rsa", "-in", str(key), "-pubout", "-out", str(public)], check=True, capture_output=True
        )
        certificate = self.folder / "certificates" / "apiserver.crt"
        rows = []
        for part, (user, group) in parts.TOKENS.items():
            token = secrets.token_hex(16)
            rows.append(f'{token},{user},{part},"{group}"')
            text = yaml.safe_dump(parts.kubeconfig(certificate, token))
            (self.folder / f"{part}.kubeconfig").write_text(text, encoding="utf-8")
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ("ctr", "--address", "/run/containerd.sock", "--namespace", "k8s.io", *arguments)
        return self._sandbox.run(*command, check=False)

    def _load_images(self) -> None:
        for image in self._images:
            done = self._ctr("images", "import", str(image.archive))
            if done.returncode:
                raise RuntimeError(f"{image.archive.name} cannot be imported: {done.stderr}")

    def _dns_ready(self) -> bool:
        found = client.AppsV1Api().read_namespaced_deployment("coredns", "kube-system")
        return bool(found.status.ready_replicas)

    def _until(self, what: str, true: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for a condition; a part that ended is told at once."""
        deadline = time.monotonic() + seconds
        last: Exception | None = None
        while time.monotonic() < deadline:
            for name, code in self._sandbox.ended().items():
                raise RuntimeError(f"{name} ended with {code} while waiting for {what}")
            try:
                if true():
                    return
            except Exception as error:
                last = error
            time.sleep(0.2)
        raise RuntimeError(f"{what}: not there after {seconds:.0f} s{f': {last}' if last else ''}")

    def _tell_logs(self) -> None:
        for log in sorted(self.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-15:]
            sys.stderr.write(f"--- {log.name}\n" + "\n".join(lines) + "\n")

    def close(self) -> None:
        """Stop everything and remove what was made on the machine; logs that are wanted were copied before."""
        if hasattr(self, "_sandbox"):
            self._sandbox.close()
        sandbox.remove_cgroups(parts.CGROUP)
        shutil.rmtree(self.folder, ignore_errors=False)
        if self._lock:
            self._lock.close()


def _api_ready() -> bool:
    # It makes this namespace in its last steps.
    return bool(client.CoreV1Api().read_namespace("kube-system", _request_timeout=5))


def ready(conditions: list[Any] | None) -> bool:
    """Whether the condition Ready is true."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions or [])


def utils_apply(objects: list[dict[str, Any]]) -> None:
    """Create objects that are not there yet."""
    for obj in objects:
        utils.create_from_dict(client.ApiClient(), obj)
