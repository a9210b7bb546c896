"""What each component may do with its own token: what its Role says, in its namespace, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from tests.e2e.kube import Kube

client: Any = kubernetes.client
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
RESOURCES = (
    ("", "pods"),
    ("", "pods/log"),
    ("", "pods/exec"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("", "endpoints"),
    ("", "events"),
    ("", "persistentvolumeclaims"),
    ("", "nodes"),
    ("", "namespaces"),
    ("apps", "deployments"),
    ("batch", "jobs"),
    ("discovery.k8s.io", "endpointslices"),
    ("networking.k8s.io", "networkpolicies"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("gateway.dask.org", "daskclusters"),
    ("gateway.dask.org", "daskclusters/status"),
    ("traefik.io", "ingressroutes"),
    ("traefik.io", "ingressroutetcps"),
    ("traefik.io", "middlewares"),
)
COMPONENTS = ("gateway", "controller", "proxy")


def own_api(kube: Kube, namespace: str, component: str) -> Any:
    """A client with a token of the component's own account."""
    request = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    account = f"dask-gateway-{component}"
    token = kube.core.create_namespaced_service_account_token(account, namespace, request).status.token
    configuration = client.Configuration()
    configuration.host = kube.api.configuration.host
    configuration.ssl_ca_cert = kube.api.configuration.ssl_ca_cert
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return client.ApiClient(configuration)


def allowed(api: Any, namespace: str) -> set[tuple[str, str, str]]:
    """(verb, group, resource) that the API server grants the client."""

    def ask(question: tuple[str, str, str]) -> bool:
        verb, group, name = question
        resource, _, sub = name.partition("/")
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": sub, "namespace": namespace}
        review = {"spec": {"resourceAttributes": attributes}}
        made = client.AuthorizationV1Api(api).create_self_subject_access_review(review)
        return bool(made.status.allowed)

    questions = [(verb, *resource) for resource in RESOURCES for verb in VERBS]
    with ThreadPoolExecutor(8) as pool:
        return {question for question, yes in zip(questions, pool.map(ask, questions), strict=True) if yes}


def of_role(kube: Kube, namespace: str, component: str) -> set[tuple[str, str, str]]:
    role = client.RbacAuthorizationV1Api(kube.api).read_namespaced_role(f"dask-gateway-{component}", namespace)
    return {(v, g, r) for rule in role.rules for v in rule.verbs for g in rule.api_groups for r in rule.resources}


@pytest.fixture(scope="module", params=COMPONENTS)
def component(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_component_may_do_what_its_role_says_and_nothing_else(kube: Kube, hub: str, component: str) -> None:
    granted = of_role(kube, hub, component)

    told = allowed(own_api(kube, hub, component), hub)

    assert told == {one for one in granted if one[1:] in RESOURCES}


@pytest.mark.parametrize("namespace", ["default", "kube-system", ""])
def test_a_component_may_do_nothing_elsewhere(kube: Kube, hub: str, component: str, namespace: str) -> None:
    assert allowed(own_api(kube, hub, component), namespace) == set()


def refused(call: Any, *arguments: Any) -> bool:
    try:
        call(*arguments)
    except ApiException as error:
        return bool(error.status == 403)
    return False


def test_requests_beyond_the_role_are_refused_in_fact(kube: Kube, hub: str, component: str) -> None:
    core = client.CoreV1Api(own_api(kube, hub, component))

    assert refused(core.list_node)
    assert refused(core.list_namespaced_secret, "kube-system")
    assert refused(core.delete_namespaced_secret, "hub", hub) or component == "controller"
    assert refused(core.list_namespaced_secret, hub) or component == "proxy"
    assert refused(core.read_namespaced_secret, "hub", hub) or component == "gateway"


def test_no_cluster_role_is_made(kube: Kube, hub: str) -> None:
    api = client.RbacAuthorizationV1Api(kube.api)
    bindings = api.list_cluster_role_binding().items

    bound = {subject.namespace for binding in bindings for subject in binding.subjects or []}

    assert hub not in bound


def test_schedulers_and_workers_have_no_token(kube: Kube, hub: str, notebook: Any) -> None:
    notebook.check("from dask_gateway import Gateway; cluster = Gateway().new_cluster(); cluster.scale(1)")
    pods = [*kube.dask_pods(hub, "scheduler"), *kube.dask_pods(hub, "worker")]

    assert pods
    assert all(pod.spec.automount_service_account_token is False for pod in pods)
