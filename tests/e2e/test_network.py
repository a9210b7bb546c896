"""Who may reach whom: every pair of components and an outsider, on every port of any of them, with policies enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hubwright import fleet as fleets
from hubwright import helm
from hubwright.commands import template
from hubwright.model import Cluster, Hub
from hubwright.outputs import jupyterhub as output
from tests.cluster import parts
from tests.e2e import jupyterhub
from tests.e2e.kube import Json, Kube, until

NAMESPACE = "flows"
PORTS = (8000, 8001, 8081, 8786, 8787, 8788, 8888, 40000)
INTERNET = (parts.INTERNET, 80)
API = (parts.NODE_ADDRESS, parts.PORT)
ANY = 0  # any port
# Source, destination, port: what the components do. All else is refused.
ALLOWED: dict[tuple[str, str, int], str] = {
    ("user", "proxy", 8000): "the client talks to the gateway and to schedulers through the proxy",
    ("user", "hub", 8081): "JupyterHub's own",
    ("user", "hub-proxy", 8000): "the client's requests go the way of a browser",
    ("hub-proxy", "proxy", 8000): "requests of browsers and clients",
    ("hub-proxy", "hub", 8081): "JupyterHub's own",
    ("hub-proxy", "user", 8888): "JupyterHub's own",
    ("hub", "proxy", 8000): "JupyterHub tries its services once a minute",
    ("hub", "user", 8888): "JupyterHub's own",
    ("hub", "hub-proxy", 8001): "JupyterHub's own",
    ("hub", "hub-proxy", 8000): "open to everyone",
    ("outsider", "hub-proxy", 8000): "open to everyone",
    ("hub", "outsider", ANY): "neither has a policy about it",
    ("hub-proxy", "outsider", ANY): "neither has a policy about it",
    ("proxy", "gateway", 8000): "requests",
    ("proxy", "scheduler", 8786): "clients' connections",
    ("proxy", "scheduler", 8787): "dashboards",
    ("gateway", "hub", 8081): "who a token belongs to",
    ("gateway", "scheduler", 8788): "scale and adapt",
    ("scheduler", "gateway", 8000): "heartbeats",
    ("scheduler", "worker", ANY): "Dask",
    ("scheduler", "worker-2", ANY): "Dask",
    ("worker", "scheduler", 8786): "Dask",
    ("worker-2", "scheduler", 8786): "Dask",
    ("worker", "worker-2", ANY): "data between workers",
    ("worker-2", "worker", ANY): "data between workers",
}
TO_INTERNET = {"user", "scheduler", "worker", "worker-2", "hub", "hub-proxy", "outsider"}
# JupyterHub's own pods and an outsider have no policy for what leaves them.
TO_API = {"gateway", "controller", "proxy", "hub", "hub-proxy", "outsider"}

SERVER = f"""
import socket, threading
def serve(port):
    listening = socket.create_server(("", port), backlog=64)
    while True:
        listening.accept()[0].close()
for port in {PORTS}:
    threading.Thread(target=serve, args=(port,), daemon=True).start()
threading.Event().wait()
"""
CLIENT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(target):
    try:
        socket.create_connection(target, timeout=2).close()
        return True
    except OSError:
        return False
targets = [tuple(one) for one in json.loads(sys.argv[1])]
with ThreadPoolExecutor(100) as pool:
    print(json.dumps(list(pool.map(reaches, targets))))
"""


def the_hub() -> tuple[Hub, Cluster]:
    """The hub of these tests."""
    loaded = fleets.read(fleets.select(("e2e/hub",), str(jupyterhub.CONFIG.parent / "fleet" / "values")))
    (hub,), (cluster,) = loaded.hubs, loaded.fleet.clusters
    return hub, cluster


def manifests() -> list[Json]:
    """The chart's objects for it."""
    return list(template.objects_of(template.rendered(helm.engine("embedded"), *the_hub())))


def policies(found: list[Json]) -> list[Json]:
    """The gateway's NetworkPolicies and JupyterHub's, for our namespace."""
    hubs = jupyterhub.objects(NAMESPACE, output.values(*the_hub()), image="", groups={})
    made = [obj for obj in (*found, *hubs) if obj["kind"] == "NetworkPolicy"]
    for obj in made:
        obj["metadata"]["namespace"] = NAMESPACE
    return made


def labels(found: list[Json]) -> dict[str, dict[str, str]]:
    """Role to the labels of its pods, as the chart and JupyterHub give them."""
    made = {}
    for obj in found:
        if obj["kind"] == "Deployment":
            template_labels = obj["spec"]["template"]["metadata"]["labels"]
            made[template_labels["app.kubernetes.io/component"]] = template_labels
    # Schedulers and workers are the controller's; the policy of each names them.
    for obj in found:
        if obj["kind"] == "NetworkPolicy":
            selected = obj["spec"]["podSelector"]["matchLabels"]
            component = selected["app.kubernetes.io/component"]
            if component.startswith("dask-"):
                made[component.removeprefix("dask-")] = selected
    made["worker-2"] = made["worker"]
    made["user"] = {"app": "jupyterhub", "component": "singleuser-server", "hub.jupyter.org/network-access-hub": "true"}
    for role, name in (("hub", "hub"), ("hub-proxy", "proxy")):
        deployment = next(
            obj
            for obj in jupyterhub.objects(NAMESPACE, {"hub": {}, "singleuser": {}}, image="", groups={})
            if (obj["kind"], obj["metadata"]["name"]) == ("Deployment", name)
        )
        made[role] = deployment["spec"]["template"]["metadata"]["labels"]
    made["outsider"] = {"app": "something-else"}
    return made


def stand_in(role: str, pod_labels: dict[str, str]) -> Json:
    """A pod with the labels of a role that listens on every port."""
    container = {
        "name": "probe",
        "image": "localhost/notebook:1",
        "imagePullPolicy": "Never",
        "args": ["python", "-c", SERVER],
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1},
    }
    spec = {"containers": [container], "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0}
    metadata = {"name": role, "namespace": NAMESPACE, "labels": pod_labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def reached(kube: Kube) -> Iterator[dict[str, set[tuple[str, int]]]]:
    """Source role to what it reaches: (role or name, port)."""
    kube.make_namespace(NAMESPACE)
    found = manifests()
    roles = labels(found)
    kube.make(*policies(found), *(stand_in(role, own) for role, own in roles.items()))
    until("the probes", lambda: all(running(kube, role) for role in roles))
    addresses = {role: kube.core.read_namespaced_pod(role, NAMESPACE).status.pod_ip for role in roles}

    def walk() -> dict[str, set[tuple[str, int]]]:
        with ThreadPoolExecutor(len(roles)) as pool:
            answers = pool.map(lambda role: reached_from(kube, role, addresses), roles)
            return dict(zip(roles, answers, strict=True))

    # A policy needs some seconds to hold; what is told is the state that stays.
    seen: list[dict[str, set[tuple[str, int]]]] = []

    def settled() -> bool:
        seen.append(walk())
        return len(seen) > 1 and seen[-1] == seen[-2] and not seen[-1]["outsider"] & {("worker", 8786)}

    until("the policies hold", settled, seconds=90)
    yield seen[-1]
    kube.core.delete_namespace(NAMESPACE)


def running(kube: Kube, role: str) -> bool:
    status = kube.core.read_namespaced_pod(role, NAMESPACE).status
    return bool(status.pod_ip) and any(one.ready for one in status.container_statuses or [])


def reached_from(kube: Kube, source: str, addresses: dict[str, str]) -> set[tuple[str, int]]:
    targets = [(role, port, (addresses[role], port)) for role in addresses if role != source for port in PORTS]
    targets += [("internet", INTERNET[1], INTERNET), ("api", API[1], API)]
    told = kube.exec(NAMESPACE, source, "python", "-c", CLIENT, json.dumps([target for _, _, target in targets]))
    answers = json.loads(told.strip().splitlines()[-1])
    return {(role, port) for (role, port, _), answer in zip(targets, answers, strict=True) if answer}


def expected(source: str) -> set[tuple[str, int]]:
    found = set()
    for start, end, port in ALLOWED:
        if start == source:
            found |= {(end, one) for one in (PORTS if port == ANY else (port,))}
    if source in TO_INTERNET:
        found.add(("internet", INTERNET[1]))
    if source in TO_API:
        found.add(("api", API[1]))
    return found


ROLES = ("user", "hub", "hub-proxy", "proxy", "gateway", "controller", "scheduler", "worker", "worker-2", "outsider")


@pytest.mark.parametrize("source", ROLES)
def test_a_component_reaches_what_it_needs_and_nothing_else(
    reached: dict[str, set[tuple[str, int]]], source: str
) -> None:
    assert reached[source] == expected(source)
