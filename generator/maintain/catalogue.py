"""Makes the catalogue's data files from CSV tables of facts: python catalogue.py FOLDER.

FOLDER has aws.csv (machine_type, vcpu, memory_mib, gpus, arch, max_pods_default), aws_memory_overhead.csv
(machine_type, overhead_mib_safe, basis), gcp.csv and azure.csv; and observed.csv (machine_type) of types seen on nodes.
The r8i-flex sizes come from the installed package moto.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "hubwright" / "data" / "catalogue"
COLUMNS = "# machine_type,vcpus,memory_mib,gpus,arch,basis,max_pods,hidden_mib"
SOURCES = {
    "aws": """\
# Amazon EC2. CPUs, memory, GPUs: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/ec2_instance_types.go,
# commit e964265b6440 (list of 2026-01-22), equal to moto 5.2.5, moto/ec2/resources/instance_types.json.gz (2026-10-27).
# r8i-flex: moto 5.2.5 alone. max_pods: awslabs/amazon-eks-ami, nodeadm/internal/kubelet/instance-info.jsonl, commit
# 4d63a3bc2d86 (2026-07-01): interfaces of the default network card * (IPv4 addresses of one - 1) + 2.
# hidden_mib: measured = aws/karpenter-provider-aws, pkg/providers/instancetype/zz_generated.memory_overhead.go, the
# larger of 15e87699c992 (2023-07-11) and 33450d8f82de (2023-09-03). rule = upper of two measured levels (m5, c5);
# 3.3 % + 160 MiB (r7i, c7i); 3.8 % + 160 MiB (r7a, c7a); never measured: the larger of 7.5 % and 3.7 % + 300 MiB.""",
    "gcp": """\
# Google. Cyclenerd/google-cloud-pricing-cost-calculator, build/gcp.yml, commit 08440e74c5f5 (2026-07-22);
# memory as listed * 1024 MiB. n1-highcpu: 0.9 GiB for each CPU. e2-micro, -small, -medium show 2 CPUs to kubelet.
# measured = seen on a node that the tests compare with; hidden memory is a formula for all (capacity.py).""",
    "azure": """\
# Azure. kubernetes/autoscaler, cluster-autoscaler/cloudprovider/azure/azure_instance_types.go, commit 03e49d9cb822
# (2026-03-17, list of 2026-03-05 from az vm list-skus); memory cut to whole GiB there.
# measured = seen on a node that the tests compare with; hidden memory is a formula for all (capacity.py).""",
}


def rows_aws(folder: Path) -> list[str]:
    """The lines of Amazon's types."""
    overhead = {row["machine_type"]: row for row in _read(folder / "aws_memory_overhead.csv")}
    lines = []
    for row in _read(folder / "aws.csv"):
        hidden = overhead[row["machine_type"]]
        basis = "measured" if hidden["basis"] == "read" else "rule"
        lines.append(_line(row, basis, row["max_pods_default"], hidden["overhead_mib_safe"]))
    return lines + rows_flex()


def rows_flex() -> list[str]:
    """The r8i-flex sizes, never measured, so by the rule for such types."""
    spec = importlib.util.find_spec("moto")
    if spec is None or spec.origin is None:
        sys.exit("install moto==5.2.5 first")
    table = Path(spec.origin).parent / "ec2" / "resources" / "instance_types.json.gz"
    types = json.loads(gzip.decompress(table.read_bytes()))
    found = {name: facts for name, facts in types.items() if name.startswith("r8i-flex.")}
    lines = []
    for name, facts in sorted(found.items(), key=lambda item: item[1]["VCpuInfo"]["DefaultVCpus"]):
        memory = facts["MemoryInfo"]["SizeInMiB"]
        network = facts["NetworkInfo"]
        pods = network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
        hidden = max(-(-memory * 75 // 1000), -(-memory * 37 // 1000) + 300)
        row = {"machine_type": name, "vcpu": facts["VCpuInfo"]["DefaultVCpus"], "memory_mib": memory, "arch": "amd64"}
        lines.append(_line(row, "rule", pods, hidden))
    return lines


def rows_plain(folder: Path, provider: str) -> list[str]:
    """The lines of Google's and Azure's types."""
    observed = {row["machine_type"] for row in _read(folder / "observed.csv")}
    return [
        _line(row, "measured" if row["machine_type"] in observed else "rule", "", "")
        for row in _read(folder / f"{provider}.csv")
    ]


def _line(row: dict[str, object], basis: str, max_pods: object, hidden: object) -> str:
    cells = [
        row["machine_type"],
        row["vcpu"],
        row["memory_mib"],
        row.get("gpus", 0),
        row["arch"],
        basis,
        max_pods,
        hidden,
    ]
    return ",".join(str(cell) for cell in cells)


def _read(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    facts = Path(sys.argv[1])
    DATA.mkdir(parents=True, exist_ok=True)
    tables = {"aws": rows_aws(facts), "gcp": rows_plain(facts, "gcp"), "azure": rows_plain(facts, "azure")}
    for provider, lines in tables.items():
        text = "\n".join([SOURCES[provider], COLUMNS, *lines]) + "\n"
        (DATA / f"{provider}.csv").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{provider}: {len(lines)} types\n")
