"""From a machine type to what its nodes offer workers, in whole millicores and bytes.

available = nominal - hidden - kube-reserved - eviction - margin - daemon sets. The formulas follow the providers'
own node images and documentation, named at each figure; the tests hold them against observed nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubwright.catalog import MIB, MachineType
from hubwright.quantity import Resources

GIB = 1024 * MIB

# What kubelet keeps free before it evicts pods: GKE (kubernetes/autoscaler, gce_reserved.go), EKS (awslabs/
# amazon-eks-ami, nodeadm/internal/kubelet/config.go) and AKS >= 1.29 (AKS docs, node-resource-reservations).
EVICTION = 100 * MIB
# Nodes of one type differ by some MiB with image and kernel; 64 MiB lies above every difference that was observed,
# on GKE's arm machines 96.
MARGIN = 64 * MIB
MARGIN_GKE_ARM = 96 * MIB

# Requests of daemon sets on a node of a usual Dask hub (2i2c-org/infrastructure, node-capacity-info.json, 2023-2026,
# rounded up): the provider's own, monitoring, and two of the operator.
DAEMON_SETS = {
    "gcp": Resources(cpu_millicores=480, memory_bytes=800 * MIB),
    "aws": Resources(cpu_millicores=230, memory_bytes=330 * MIB),
    "azure": Resources(cpu_millicores=260, memory_bytes=340 * MIB),
    "generic": Resources(cpu_millicores=250, memory_bytes=350 * MIB),
}

# AKS: pods on a node with Azure CNI Overlay, the highest of the defaults, so the most reserved memory.
AKS_DEFAULT_MAX_PODS = 250
# EKS: an unknown count of network interfaces is taken for the usual limit of larger machines.
EKS_DEFAULT_MAX_PODS = 234


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What one machine type offers: nominal, what kubelet offers pods at least, and what is left for workers."""

    machine: MachineType
    nominal: Resources
    allocatable: Resources
    reserved: Resources
    available: Resources


def capacity_of(
    machine: MachineType,
    *,
    max_pods: int | None = None,
    reserved: Resources | None = None,
    allocatable: Resources | None = None,
) -> Capacity:
    """The capacity of `machine`; `reserved` (daemon sets) and `allocatable` of a pool replace our figures."""
    offered = allocatable or predicted_allocatable(machine, max_pods=max_pods)
    kept = reserved or DAEMON_SETS[machine.provider]
    return Capacity(
        machine=machine,
        nominal=Resources(cpu_millicores=machine.vcpus * 1000, memory_bytes=machine.memory_bytes),
        allocatable=offered,
        reserved=kept,
        available=Resources(
            cpu_millicores=max(0, offered.cpu_millicores - kept.cpu_millicores),
            memory_bytes=max(0, offered.memory_bytes - kept.memory_bytes),
        ),
    )


def predicted_allocatable(machine: MachineType, *, max_pods: int | None = None) -> Resources:
    """What kubelet offers pods on a node of this type at least: our margin is taken off already."""
    if machine.provider == "aws":
        memory = _aws_memory(machine)
    elif machine.provider == "gcp":
        memory = _gke_memory(machine)
    else:
        memory = _aks_memory(machine, max_pods or AKS_DEFAULT_MAX_PODS)
    return Resources(cpu_millicores=machine.vcpus * 1000 - _reserved_cpu(machine), memory_bytes=max(0, memory))


def _reserved_cpu(machine: MachineType) -> int:
    if machine.provider == "azure":
        return _aks_cpu(machine.vcpus)
    if machine.name in ("e2-micro", "e2-small", "e2-medium"):
        return 1060  # shared cores: GKE (karpenter-provider-gcp, pkg/utils/utils.go); 940m of 2 seen on e2-medium
    return _tiered_cpu(machine.vcpus)


def _tiered_cpu(vcpus: int) -> int:
    """6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest, in millicores rounded up.

    Google's page on GKE node sizes; awslabs/amazon-eks-ami, nodeadm/internal/kubelet/config.go.
    """
    hundredths = 6000 * min(vcpus, 1) + 1000 * min(max(vcpus - 1, 0), 1)
    hundredths += 500 * min(max(vcpus - 2, 0), 2) + 250 * max(vcpus - 4, 0)
    return -(-hundredths // 100)


def _aks_cpu(vcpus: int) -> int:
    """AKS documentation, node-resource-reservations: 60m, 100m, 140m, 180m, 260m, 420m, 740m for 1 to 64 cores.

    The rule behind the table (karpenter-provider-azure, instancetype.go): 6 %, 4 %, 2 % for two, then 1 %.
    """
    return 60 * min(vcpus, 1) + 40 * min(max(vcpus - 1, 0), 1) + 20 * min(max(vcpus - 2, 0), 2) + 10 * max(vcpus - 4, 0)


def _aws_memory(machine: MachineType) -> int:
    """EKS: per type what kubelet never sees, then 255 MiB + 11 MiB for each pod that the network interfaces allow.

    awslabs/amazon-eks-ami, nodeadm/internal/kubelet/config.go. The count is that of the interfaces even where the
    cluster caps pods lower.
    """
    hidden = machine.hidden_bytes if machine.hidden_bytes is not None else machine.memory_bytes * 75 // 1000
    reserved = (255 + 11 * (machine.max_pods or EKS_DEFAULT_MAX_PODS)) * MIB
    return machine.memory_bytes - hidden - reserved - EVICTION - MARGIN


_GKE_TIERS = ((4000, 250), (8000, 200), (16000, 100), (128000, 60))  # up to MiB, reserved in thousandths


def _gke_memory(machine: MachineType) -> int:
    margin = MARGIN_GKE_ARM if machine.arch == "arm64" else MARGIN
    return machine.memory_bytes - linux_hidden(machine.memory_bytes) - _gke_reserved(machine) - EVICTION - margin


def _gke_reserved(machine: MachineType) -> int:
    """25/20/10/6/2 % at 4000/8000/16000/128000 MiB of nominal memory (thresholds fitted to observed nodes).

    255 MiB on machines of 1 GiB or less. Google's page on GKE node sizes.
    """
    memory = machine.memory_bytes // MIB
    if memory <= 1024:
        return 255 * MIB
    thousandths = 0
    below = 0
    for upper, rate in _GKE_TIERS:
        thousandths += rate * max(0, min(memory, upper) - below)
        below = upper
    thousandths += 20 * max(0, memory - below)
    return thousandths // 1000 * MIB


def linux_hidden(memory_bytes: int) -> int:
    """Memory that the kernel takes before kubelet sees it (kubernetes/autoscaler, gce_reserved.go), in bytes.

    1/64 of the memory, 16 MiB, 64 MiB above 3 GiB, 8 MiB up to 8 GiB, and 0.175 % (at most 248 MiB) on COS and Ubuntu.
    """
    hidden = memory_bytes // 64 + 16 * MIB
    if memory_bytes > 3 * GIB:
        hidden += 64 * MIB
    if memory_bytes <= 8 * GIB:
        hidden += 8 * MIB
    return hidden + min(memory_bytes * 175 // 100_000, 248 * MIB)


def _aks_memory(machine: MachineType, max_pods: int) -> int:
    """AKS >= 1.29: 20 MiB for each pod + 50 MiB, at most a quarter of the nominal memory.

    AKS documentation, node-resource-reservations. What kubelet never sees is not published; the kernel formula of GKE
    with our margin covers every observed node.
    """
    reserved = min((20 * max_pods + 50) * MIB, machine.memory_bytes // 4)
    return machine.memory_bytes - linux_hidden(machine.memory_bytes) - reserved - EVICTION - MARGIN
