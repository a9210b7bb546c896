"""The settings of each part of the cluster; every flag that is not a default has its reason here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import packages

NODE = "node-1"
NODE_ADDRESS = "10.244.0.1"  # of the bridge that pods hang on, so that pods reach the API server
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
INTERNET = "203.0.113.10"  # an address that is no private one, on the node
PORT = 6443
SERVER = f"https://{NODE_ADDRESS}:{PORT}"
CGROUP = "hubwright-e2e"
TOKENS = {
    "admin": ("admin", "system:masters"),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
    # It has no role of its own in Kubernetes; in a real cluster its manifest brings one.
    "kube-router": ("kube-router", "system:masters"),
}


def etcd(program: Path, folder: Path) -> list[str]:
    """Speed, not safety: the data is thrown away."""
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        str(program),
        f"--data-dir={folder}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def apiserver(program: Path, folder: Path) -> list[str]:
    """Node and RBAC authorization, as everywhere; users by token."""
    return [
        str(program),
        "--etcd-servers=http://127.0.0.1:2379",
        f"--secure-port={PORT}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--cert-dir={folder}/certificates",
        f"--token-auth-file={folder}/tokens.csv",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-account-key-file={folder}/service-accounts.pub",
        f"--service-account-signing-key-file={folder}/service-accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--allow-privileged=true",
        # Without it `logs` and `exec` ask DNS for the node's name.
        "--kubelet-preferred-address-types=InternalIP",
    ]


def controller_manager(program: Path, folder: Path) -> list[str]:
    """Nodes of a test, which nobody beats the heart of, stay Ready."""
    return [
        str(program),
        f"--kubeconfig={folder}/controller-manager.kubeconfig",
        "--controllers=*,-nodeipam",
        "--node-monitor-grace-period=10h",
        f"--root-ca-file={folder}/certificates/apiserver.crt",
        f"--service-account-private-key-file={folder}/service-accounts.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
    ]


def scheduler(program: Path, folder: Path) -> list[str]:
    """Its own defaults."""
    return [str(program), f"--kubeconfig={folder}/scheduler.kubeconfig", "--leader-elect=false"]


def containerd(folder: Path) -> list[str]:
    """Own root and state; networks by CNI's bridge."""
    (folder / "containerd.toml").write_text(
        f"""version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
# Where CAP_SYS_RESOURCE is missing no container may lower its score, and every pod would fail.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{packages.CNI_PLUGINS}"
conf_dir = "{folder}/cni"
""",
        encoding="utf-8",
    )
    network = {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni-networks",
                    "ranges": [[{"subnet": POD_RANGE}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    (folder / "cni").mkdir(exist_ok=True)
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(network), encoding="utf-8")
    return ["containerd", f"--config={folder}/containerd.toml"]


def kubelet(program: Path, folder: Path) -> list[str]:
    """One node for everything, with room for many small pods."""
    _write(
        folder / "kubelet.yaml",
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": "unix:///run/containerd.sock",
            "clusterDNS": [DNS_ADDRESS],
            "clusterDomain": "cluster.local",
            "evictionHard": {},
            "failSwapOn": False,
            "maxPods": 250,
            "resolvConf": f"{folder}/resolv.conf",
            # Only the API server of this sandbox reaches it.
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            # Many pods at once on few cores.
            "serializeImagePulls": False,
            "registryPullQPS": 0,
        },
    )
    (folder / "resolv.conf").write_text("nameserver 203.0.113.53\n", encoding="utf-8")
    return [
        str(program),
        f"--config={folder}/kubelet.yaml",
        f"--kubeconfig={folder}/kubelet.kubeconfig",
        f"--root-dir={folder}/kubelet",
        f"--node-ip={NODE_ADDRESS}",
        f"--hostname-override={NODE}",
    ]


def kube_proxy(program: Path, folder: Path) -> list[str]:
    """By iptables; limits of connection tracking stay the machine's."""
    _write(
        folder / "kube-proxy.yaml",
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clusterCIDR": POD_RANGE,
            "hostnameOverride": NODE,
            "clientConnection": {"kubeconfig": f"{folder}/kube-proxy.kubeconfig"},
            "conntrack": {"maxPerCore": 0, "min": 0},
        },
    )
    return [str(program), f"--config={folder}/kube-proxy.yaml"]


def kube_router(program: Path, folder: Path) -> list[str]:
    """Only its enforcement of NetworkPolicies."""
    return [
        str(program),
        f"--kubeconfig={folder}/kube-router.kubeconfig",
        f"--hostname-override={NODE}",
        "--run-router=false",
        "--run-firewall=true",
        "--run-service-proxy=false",
        "--enable-cni=false",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
    ]


def kubeconfig(certificate: Path, token: str) -> dict[str, Any]:
    """For the bearer of a token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "e2e", "cluster": {"server": SERVER, "certificate-authority": str(certificate)}}],
        "users": [{"name": "e2e", "user": {"token": token}}],
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
        "current-context": "e2e",
    }


COREFILE = """.:53 {
  errors
  ready
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
  }
  cache 5
}
"""


def dns_objects() -> list[dict[str, Any]]:
    """CoreDNS, where and with the labels that it has in real clusters."""
    names = {"name": "coredns", "namespace": "kube-system"}
    labels = {"k8s-app": "kube-dns"}
    container = {
        "name": "coredns",
        "image": "localhost/coredns:1",
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    pod = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    reads = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    account = {"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    ports = [{"name": f"dns-{kind.lower()}", "port": 53, "protocol": kind} for kind in ("UDP", "TCP")]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": names},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": names, "data": {"Corefile": COREFILE}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:coredns"},
            "rules": reads,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:coredns"},
            "subjects": [account],
            "roleRef": role,
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": names,
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
            "spec": {"clusterIP": DNS_ADDRESS, "selector": labels, "ports": ports},
        },
    ]


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
