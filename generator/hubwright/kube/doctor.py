"""What must be true of a cluster before a hub is installed in it; each check reads only and says what to do."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from hubwright.kube import crds
from hubwright.kube.connection import TIMEOUT, ApiError, Connection, explain, version
from hubwright.model import SERVICE_NAME, USER_TAINTS, WORKER_TAINTS, Cluster, Hub
from hubwright.outputs import gateway, jupyterhub

OLDEST = (1, 30)
OK, WARNING, ERROR = "ok", "warning", "error"
ENFORCE = "pod-security.kubernetes.io/enforce"
# Kind of the chart: its API group and plural name, and what Helm does with it.
_PLURALS = {
    "ConfigMap": ("", "configmaps"),
    "Deployment": ("apps", "deployments"),
    "IngressRoute": ("traefik.io", "ingressroutes"),
    "Middleware": ("traefik.io", "middlewares"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "PodDisruptionBudget": ("policy", "poddisruptionbudgets"),
    "Role": ("rbac.authorization.k8s.io", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "rolebindings"),
    "Secret": ("", "secrets"),
    "Service": ("", "services"),
    "ServiceAccount": ("", "serviceaccounts"),
}
_VERBS = ("get", "create", "patch", "delete")
# What Helm keeps its releases in, and what it watches while it waits.
_HELM = (
    ("", "secrets", ("get", "list", "create", "update", "delete")),
    ("apps", "deployments", ("list", "watch")),
    ("apps", "replicasets", ("list", "watch")),
    ("", "pods", ("list", "watch")),
)
# Programs that enforce NetworkPolicies, by a part of the names of their daemon sets.
_ENFORCERS = ("calico", "cilium", "canal", "kube-router", "antrea", "weave", "anetd", "azure-npm", "ovnkube", "romana")


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check found; `remedy` where it is not fine."""

    name: str
    status: str
    message: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """One line."""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.status:<8} {self.name}: {self.message}{remedy}"


@dataclass(frozen=True, kw_only=True)
class Patient:
    """What is looked at: a hub, its objects as Helm renders them, its values for the chart, and the cluster."""

    connection: Connection
    hub: Hub
    cluster: Cluster
    objects: Sequence[Mapping[str, Any]]
    values: Mapping[str, Any]

    @property
    def core(self) -> Any:
        """The API of pods, nodes and secrets."""
        return self.connection.core


def examine(patient: Patient) -> list[Check]:
    """Every check; the first, whether the API server answers, ends the list when it fails (CannotGoOn)."""
    found = [_version(patient)]
    for name, function in CHECKS.items():
        try:
            found += [Check(name=name, status=s, message=m, remedy=r) for s, m, r in function(patient)]
        except ApiError as error:
            told = Check(name=name, status=WARNING, message=f"could not be looked at: {explain(error)}")
            found.append(told)
    return found


Found = Iterator[tuple[str, str, str]]


def _version(patient: Patient) -> Check:
    found = version(patient.connection)
    words = f"{patient.connection.server} answers, Kubernetes {found[0]}.{found[1]}"
    if found < OLDEST:
        remedy = f"update the cluster to {OLDEST[0]}.{OLDEST[1]} or newer"
        return Check(name="api", status=ERROR, message=words, remedy=remedy)
    return Check(name="api", status=OK, message=words)


def _permissions(patient: Patient) -> Found:
    missing = [f"{verb} {plural}" for verb, group, plural in _needed(patient) if not _may(patient, verb, group, plural)]
    if missing:
        shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        yield ERROR, f"not allowed in namespace {patient.hub.namespace}: {shown}", "ask for the role admin there"
    else:
        yield OK, f"everything that the install does in namespace {patient.hub.namespace} is allowed", ""


def _needed(patient: Patient) -> list[tuple[str, str, str]]:
    needed = [(verb, group, plural) for group, plural, verbs in _HELM for verb in verbs]
    for kind in sorted({obj["kind"] for obj in patient.objects}):
        group, plural = _PLURALS[kind]
        needed += [(verb, group, plural) for verb in _VERBS]
    # Kubernetes lets nobody grant what they may not do themselves.
    for obj in patient.objects:
        for rule in obj.get("rules", []) if obj["kind"] == "Role" else []:
            needed += [(v, g, p) for g in rule["apiGroups"] for p in rule["resources"] for v in rule["verbs"]]
    return list(dict.fromkeys(needed))


def _may(patient: Patient, verb: str, group: str, plural: str, *, everywhere: bool = False) -> bool:
    """Whether the user may, in the hub's namespace or in the whole cluster."""
    resource, _, sub = plural.partition("/")
    namespace = None if everywhere else patient.hub.namespace
    asked = client.V1ResourceAttributes(
        namespace=namespace, verb=verb, group=group, resource=resource, subresource=sub or None
    )
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=asked))
    api: Any = client.AuthorizationV1Api(patient.connection.api)
    return bool(api.create_self_subject_access_review(review, _request_timeout=TIMEOUT).status.allowed)


def _crds(patient: Patient) -> Found:
    by_state: dict[crds.State, list[str]] = {}
    for definition in crds.compare(patient.connection):
        by_state.setdefault(definition.state, []).append(definition.name)
    apply = "hubwright crds apply"
    for state, names in by_state.items():
        shown = ", ".join(names)
        if state in (crds.State.MISSING, crds.State.OLDER):
            yield ERROR, f"{state}: {shown}", f"{apply}, or install with --crds"
        elif state == crds.State.UNSERVED:
            yield ERROR, f"of another owner and without the version that the gateway uses: {shown}", "update the owner"
        elif state == crds.State.DIFFERENT:
            yield WARNING, f"changed by hand: {shown}", f"hubwright crds diff shows it, {apply} restores it"
        elif state == crds.State.FOREIGN:
            yield OK, f"of another owner, with the version that the gateway uses: {shown}", ""
        else:
            yield OK, f"{len(names)} definitions, {state}", ""


def _nodes(patient: Patient) -> Found:
    nodes = patient.core.list_node(_request_timeout=TIMEOUT).items
    for choice in patient.hub.instance_types:
        for pool in choice.pools:
            selector = dict(pool.node_selector)
            allowed = _tolerations(patient, choice.name)
            yield from _nodes_for(nodes, f"workers, pool {pool.name}", selector, allowed, pool.min_nodes)
    scheduler = patient.values["scheduler"]
    declared = [pool.min_nodes for pool in patient.cluster.pools if pool.purpose == "scheduler"]
    tolerations = scheduler.get("tolerations") or gateway.tolerations(USER_TAINTS)
    yield from _nodes_for(nodes, "schedulers", scheduler["nodeSelector"], tolerations, min(declared, default=None))
    component = patient.values["gateway"]
    declared = [pool.min_nodes for pool in patient.cluster.pools if pool.purpose == "core"]
    tolerations = component.get("tolerations", [])
    yield from _nodes_for(nodes, "gateway", component["nodeSelector"], tolerations, min(declared, default=None))


def _tolerations(patient: Patient, choice: str) -> list[Mapping[str, Any]]:
    own = next(one for one in patient.values["workers"]["instanceTypes"] if one["name"] == choice)
    every = patient.values["workers"].get("tolerations", gateway.tolerations(WORKER_TAINTS))
    return [*every, *own.get("tolerations", [])]


def _nodes_for(
    nodes: Sequence[Any],
    whose: str,
    selector: Mapping[str, str],
    tolerations: Sequence[Mapping[str, Any]],
    least: int | None,
) -> Found:
    told = ", ".join(f"{key}={value}" for key, value in selector.items()) or "any"
    fitting = [node for node in nodes if selector.items() <= (node.metadata.labels or {}).items()]
    if not fitting and least == 0:
        yield OK, f"{whose}: no node now ({told}), the pool may grow from zero", ""
    elif not fitting:
        yield ERROR, f"{whose}: no node has the labels {told}", "make the node pool, or correct its labels"
    else:
        refused = {taint: node.metadata.name for node in fitting for taint in _untolerated(node, tolerations)}
        usable = [node for node in fitting if not _untolerated(node, tolerations)]
        if usable:
            yield OK, f"{whose}: {len(usable)} nodes ({told})", ""
        else:
            taint, name = next(iter(refused.items()))
            yield ERROR, f"{whose}: node {name} has the taint {taint}, which the pods do not tolerate", "see taints"


def _untolerated(node: Any, tolerations: Sequence[Mapping[str, Any]]) -> list[str]:
    taints = [t for t in node.spec.taints or [] if t.effect in ("NoSchedule", "NoExecute")]
    return [f"{t.key}={t.value or ''}:{t.effect}" for t in taints if not any(_tolerates(one, t) for one in tolerations)]


def _tolerates(toleration: Mapping[str, Any], taint: Any) -> bool:
    if toleration.get("effect") not in (None, "", taint.effect):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint.key)
    return bool(toleration.get("key") == taint.key) and toleration.get("value", "") == (taint.value or "")


def _namespace(patient: Patient) -> Found:
    name = patient.hub.namespace
    try:
        found = patient.core.read_namespace(name, _request_timeout=TIMEOUT)
    except ApiException as error:
        if error.status != 404:
            raise
        if _may(patient, "create", "", "namespaces", everywhere=True):
            yield WARNING, f"{name} does not exist", "install makes it; to install JupyterHub first is usual"
        else:
            yield ERROR, f"{name} does not exist, and you may not make it", "ask the cluster's administrators for it"
        return
    level = (found.metadata.labels or {}).get(ENFORCE)
    if level:
        yield OK, f"{name} exists and enforces Pod Security {level}; every pod of ours passes restricted", ""
    else:
        remedy = f"kubectl label namespace {name} {ENFORCE}=baseline (or restricted, when JupyterHub's pods pass it)"
        yield WARNING, f"{name} exists and enforces no Pod Security", remedy


def _jupyterhub(patient: Patient) -> Found:
    """The hub's chart keeps its values in a Secret, which tells whether ours are among them."""
    try:
        secret = patient.core.read_namespaced_secret("hub", patient.hub.namespace, _request_timeout=TIMEOUT)
    except ApiException as error:
        if error.status != 404:
            raise
        yield (
            WARNING,
            f"no JupyterHub in {patient.hub.namespace}",
            "install it with the generated jupyterhub.values.yaml",
        )
        return
    there = yaml.safe_load(base64.b64decode((secret.data or {}).get("values.yaml", ""))) or {}
    wanted = jupyterhub.values(patient.hub, patient.cluster)
    remedy = "update JupyterHub with the generated jupyterhub.values.yaml"
    address = there.get("hub", {}).get("services", {}).get(SERVICE_NAME, {}).get("url")
    expected = wanted["hub"]["services"][SERVICE_NAME]["url"]
    if address != expected:
        yield (
            ERROR,
            f"the service {SERVICE_NAME} of JupyterHub has the address {address or 'none'}, not {expected}",
            remedy,
        )
    else:
        yield OK, f"JupyterHub has the service {SERVICE_NAME}", ""
    granted = [
        role for role, entry in there.get("hub", {}).get("loadRoles", {}).items() if jupyterhub.SCOPE in entry["scopes"]
    ]
    if granted:
        yield OK, f"the scope {jupyterhub.SCOPE} is in the roles {', '.join(sorted(granted))}", ""
    else:
        yield ERROR, f"no role of JupyterHub has the scope {jupyterhub.SCOPE}, so nobody may use the gateway", remedy


def _network_policies(patient: Patient) -> Found:
    sets = patient.connection.apps.list_daemon_set_for_all_namespaces(_request_timeout=TIMEOUT).items
    names = [one.metadata.name for one in sets]
    found = [name for name in names if any(part in name for part in _ENFORCERS)]
    on_aws = [
        one.metadata.name
        for one in sets
        for container in one.spec.template.spec.containers
        if container.name == "aws-eks-nodeagent" and "--enable-network-policy=true" in (container.args or [])
    ]
    if found or on_aws:
        yield OK, f"enforced by {', '.join(sorted({*found, *on_aws}))}", ""
    else:
        remedy = "switch it on (GKE: Dataplane V2; EKS: the add-on's network policy; AKS: Cilium), or ask who runs it"
        yield WARNING, "nothing is seen that enforces NetworkPolicies; without, they have no effect", remedy


def _secrets(patient: Patient) -> Found:
    for name in patient.values.get("imagePullSecrets", []):
        try:
            found = patient.core.read_namespaced_secret(name, patient.hub.namespace, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status != 404:
                raise
            remedy = f"kubectl create secret docker-registry {name} --namespace {patient.hub.namespace} ..."
            yield ERROR, f"the pull secret {name} does not exist", remedy
            continue
        if found.type in ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"):
            yield OK, f"the pull secret {name} exists", ""
        else:
            yield ERROR, f"the secret {name} is of type {found.type}", "make one of type kubernetes.io/dockerconfigjson"


def _service_accounts(patient: Patient) -> Found:
    wanted = {patient.values[part].get("serviceAccountName") for part in ("scheduler", "workers")} - {
        None,
        "",
        "default",
    }
    for name in sorted(wanted):
        try:
            patient.core.read_namespaced_service_account(name, patient.hub.namespace, _request_timeout=TIMEOUT)
            yield OK, f"{name} of schedulers and workers exists", ""
        except ApiException as error:
            if error.status != 404:
                raise
            yield ERROR, f"{name} of schedulers and workers does not exist; no cluster would start", "make it first"


CHECKS: Mapping[str, Callable[[Patient], Found]] = {
    "permissions": _permissions,
    "crds": _crds,
    "nodes": _nodes,
    "namespace": _namespace,
    "jupyterhub": _jupyterhub,
    "network-policies": _network_policies,
    "pull-secrets": _secrets,
    "service-accounts": _service_accounts,
}
