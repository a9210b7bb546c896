"""`hubwright init`: writes a commented, valid hub file to begin with, and the cluster's file where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hubwright import catalog, fleet, writing
from hubwright.commands.generate import EDITOR_SCHEMAS, editor_schemas
from hubwright.findings import CannotGoOn

_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$")
_MACHINES = {"gcp": "n2-highmem-16", "aws": "r5.4xlarge", "azure": "Standard_E16s_v5", "generic": "big-node"}
_VERSIONS = {"gcp": "1.35", "aws": "1.34", "azure": "1.34", "generic": "1.34"}
_REGIONS = {"gcp": "us-central1", "aws": "us-west-2", "azure": "westeurope", "generic": "our-machines"}

_CLUSTER = """\
# yaml-language-server: $schema={schemas}/cluster.schema.json
apiVersion: hubwright/v1
provider: {provider}
region: {region}
kubernetesVersion: "{version}"

nodePools:
  dask:                                # the name of a pool of workers
    machineTypes: [{machine}]          # several are fine when they have the same CPUs
    capacity: {capacity}
    nodes: {{min: 0, max: 100}}
{own_machine}
# What every hub of this cluster takes, unless its own file says otherwise:
# hubDefaults:
#   serviceAccount: user-sa            # for the cloud's credentials on workers
#   imagePullSecrets: [image-pull-secret]
#   limits: {{workersPerCluster: 100}}
"""

_OWN_MACHINE = """\
    # The catalogue does not know your machines: say what kubectl describe node shows.
    vcpus: 16
    allocatable: {cpu: 15.8, memory: 120Gi}
    reserved: {cpu: 250m, memory: 350Mi}  # what daemon sets ask for on each node
"""

_HUB = """\
# yaml-language-server: $schema={schemas}/hub.schema.json
apiVersion: hubwright/v1
domain: {domain}
image: {image}          # a tag that never moves, or a digest

# All below is optional; the values are the defaults unless said otherwise.
# workers:
#   nodePools: [dask]                  # default: every worker pool not dedicated to another hub
#   presets: [1, 2, 4, 8, 16]          # CPUs of a worker; default: those that divide the machine
# scheduler: {{cpu: {{request: 500m, limit: 2}}, memory: 2Gi}}
idleTimeoutMinutes: {{default: 30, max: 720}}
limits: {{workersPerCluster: 100, clustersPerUser: 4}}  # default: no limit
# access: {{groups: [dask], groupSource: github-teams}}  # default: every user of the hub
# environment:                         # for user pods and workers
#   SCRATCH_BUCKET: gs://scratch/$(JUPYTERHUB_USER)
"""


@click.command(
    "init",
    short_help="Write a hub file to begin with.",
    epilog="""
    \b
    Examples:
      hubwright init cluster-a/prod --provider gcp
      hubwright init cluster-b/staging --provider aws --machine-type r7i.4xlarge --domain hub.example.org
    """,
)
@click.argument("hub", metavar="CLUSTER/HUB")
@click.option("--provider", type=click.Choice(["gcp", "aws", "azure", "generic"]), help="Needed for a new cluster.")
@click.option(
    "--machine-type", metavar="TYPE", help="Machine of the worker pool. Default: one with 16 CPUs and 128 GiB."
)
@click.option("--domain", help="Address of the hub. Default: HUB.CLUSTER.example.org.")
@click.option("--image", default="quay.io/pangeo/pangeo-notebook:2026.07.01", show_default=True)
@click.option("--root", metavar="DIR", help="Folder with values/ in it. Default: found upwards, else made here.")
def command(
    hub: str, provider: str | None, machine_type: str | None, domain: str | None, image: str, root: str | None
) -> int:
    """Write values/CLUSTER/HUB/hub.yaml, and cluster.yaml when the cluster is new. Nothing is overwritten."""
    cluster_name, hub_name = _names(hub)
    base = _root(root)
    cluster_file = base / cluster_name / fleet.CLUSTER_FILE
    hub_file = base / cluster_name / hub_name / fleet.HUB_FILE
    if hub_file.exists():
        raise CannotGoOn(f"{hub_file} is there already; edit it, or name another hub")
    wanted: dict[Path, str] = {}
    schemas = _schemas(base)
    if not cluster_file.exists():
        wanted[cluster_file] = _cluster_text(provider, machine_type, f"{schemas[0]}/..{schemas[1]}", cluster_name)
    elif machine_type:
        raise CannotGoOn(f"{cluster_file} is there already; add {machine_type} to a pool there")
    domain = domain or f"{hub_name}.{cluster_name}.example.org"
    wanted[hub_file] = _HUB.format(schemas=f"{schemas[0]}/../..{schemas[1]}", domain=domain, image=image)
    for path, text in wanted.items():
        writing.write_whole(path, _tidy(text))
        click.echo(f"wrote {path}")
    _write_editor_schemas(base)
    click.echo(f"next: edit them, then: hubwright generate {cluster_name}/{hub_name}")
    return 0


def _names(hub: str) -> tuple[str, str]:
    parts = hub.strip("/").split("/")
    if len(parts) != 2 or not all(_NAME.match(part) for part in parts):
        raise CannotGoOn(f"{hub}: write CLUSTER/HUB, both in lower-case letters, digits and '-', like cluster-a/prod")
    return parts[0], parts[1]


def _root(given: str | None) -> Path:
    try:
        return fleet.find_root(given)
    except CannotGoOn:
        if given and not Path(given).is_dir():
            raise
        return Path(given or ".") / fleet.VALUES


def _schemas(base: Path) -> tuple[str, str]:
    """How files name their schema: `.` and the rest of the path, seen from the values folder."""
    beside = (base.parent / "schemas" / "hub.schema.json").is_file()
    return ".", "/../schemas" if beside else f"/{EDITOR_SCHEMAS}"


def _write_editor_schemas(base: Path) -> None:
    if _schemas(base)[1].endswith(EDITOR_SCHEMAS):
        (base / EDITOR_SCHEMAS).mkdir(parents=True, exist_ok=True)
        for change in writing.changes(editor_schemas(base)):
            writing.apply(change)


def _cluster_text(provider: str | None, machine_type: str | None, schemas: str, cluster: str) -> str:
    provider = provider or (catalog.provider_of(machine_type) if machine_type else None)
    if provider is None:
        raise CannotGoOn(f"cluster {cluster} is new; say --provider gcp, aws, azure or generic")
    machine = machine_type or _MACHINES[provider]
    known = provider != "generic" and catalog.find(provider, machine)
    if provider != "generic" and not known:
        close = catalog.suggest(provider, machine)
        hint = f"; did you mean {close}?" if close else ""
        raise CannotGoOn(f"{machine} is not a machine type that we know of {provider}{hint}")
    return _CLUSTER.format(
        schemas=schemas,
        provider=provider,
        region=_REGIONS[provider],
        version=_VERSIONS[provider],
        machine=machine,
        capacity="on-demand" if provider == "generic" else "spot",
        own_machine="" if known else _OWN_MACHINE,
    )


def _tidy(text: str) -> str:
    """One empty line at most between parts."""
    return re.sub(r"\n{3,}", "\n\n", text.replace("$schema=./", "$schema="))
