"""What the commands that reach a cluster share: which cluster, which hubs, and their errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hubwright import helm
from hubwright.commands import common, template
from hubwright.findings import CannotGoOn
from hubwright.model import Cluster, Hub
from hubwright.outputs import gateway

if TYPE_CHECKING:
    from hubwright.kube.connection import Connection
    from hubwright.kube.doctor import Patient

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Target:
    """A hub and the connection to its cluster."""

    hub: Hub
    cluster: Cluster
    connection: Connection

    @property
    def selector(self) -> str:
        """Selects the pods and deployments of the release."""
        return f"app.kubernetes.io/name=dask-gateway,app.kubernetes.io/instance={self.hub.release}"

    def patient(self) -> Patient:
        """What `doctor` looks at."""
        from hubwright.kube.doctor import Patient

        rendered = template.rendered(helm.engine("embedded"), self.hub, self.cluster)
        objects = list(template.objects_of(rendered))
        values = gateway.chart_values(self.hub, self.cluster)
        return Patient(connection=self.connection, hub=self.hub, cluster=self.cluster, objects=objects, values=values)

    def releases(self) -> Any:
        """Helm's releases in the hub's namespace."""
        from hubwright.helm.releases import Releases

        return Releases(
            kubeconfig=self.connection.kubeconfig, context=self.connection.context, namespace=self.hub.namespace
        )


def cluster_options(function: F) -> F:
    """`--kubeconfig` and `--context`."""
    context = click.option(
        "--context",
        metavar="NAME",
        help="Context of the kubeconfig. Default: the cluster file's kubeContext, else the current.",
    )
    kubeconfig = click.option(
        "--kubeconfig", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="Default: as for kubectl."
    )
    return kubeconfig(context(function))


def targets(names: Sequence[str], root: str | None, kubeconfig: str | None, context: str | None) -> list[Target]:
    """The hubs that are named, each with a connection. CannotGoOn when that is not clear, or a file has errors."""
    loaded = common.load(names, root)
    if common.refuse_errors(loaded, "nothing was done"):
        raise CannotGoOn("correct the files first")
    hubs = common.one_or_more(common.enabled_hubs(loaded))
    _refuse_guessing([cluster for _, cluster in hubs], context)
    from hubwright.helm.releases import act_as_helm
    from hubwright.kube.connection import connect

    act_as_helm()
    connections = {
        cluster.name: connect(kubeconfig, context or cluster.settings.get("kubeContext")) for _, cluster in hubs
    }
    return [Target(hub=hub, cluster=cluster, connection=connections[cluster.name]) for hub, cluster in hubs]


def one_hub(names: Sequence[str]) -> None:
    """Refuse to take the whole fleet when nothing is named."""
    if not names:
        raise click.UsageError("name a hub: CLUSTER/HUB (or several, or a CLUSTER)")


def _refuse_guessing(clusters: Sequence[Cluster], context: str | None) -> None:
    """Hubs of several clusters must not end in whichever cluster is the current one."""
    different = {cluster.name: cluster for cluster in clusters}
    unclear = [name for name, cluster in different.items() if "kubeContext" not in cluster.settings]
    if len(different) > 1 and (context or unclear):
        which = ", ".join(unclear or different)
        raise CannotGoOn(
            f"hubs of {len(different)} clusters, and it is not clear how to reach {which}; "
            "write kubeContext into their cluster.yaml, or name the hubs of one cluster"
        )


@contextlib.contextmanager
def api_errors(what: str) -> Iterator[None]:
    """An error of the API becomes a line."""
    from hubwright.kube.connection import ApiError, explain

    try:
        yield
    except ApiError as error:
        raise CannotGoOn(f"{what}: {explain(error)}") from error
    except helm.HelmFailed as error:
        raise CannotGoOn(f"{what}: {error}") from error
