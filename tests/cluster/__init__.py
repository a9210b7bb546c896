"""A real Kubernetes cluster on one machine: control plane, kubelet, containers, DNS, enforced network policies."""
