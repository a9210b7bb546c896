"""Names the rules whose faults show while files are read and the model is built."""

from __future__ import annotations

from hubwright.findings import Severity
from hubwright.rules.registry import noted

noted(
    "unreadable",
    "A file cannot be read: missing, too large, a folder, a dangling link, no permission.",
    "mend the file",
)
noted("empty-file", "A file is empty.", "write at least apiVersion: hubwright/v1")
noted(
    "yaml",
    "A file is not the plain YAML that hub files are: syntax, tabs, tags, encoding, alias bombs.",
    "mend the place named",
)
noted("duplicate-key", "A key stands twice in one mapping; YAML would silently take the last.", "keep one of them")
noted(
    "schema",
    "A key is unknown or missing, or a value is not of the form that the schema wants.",
    "see the schema's description and example of the key",
)
noted(
    "quantity",
    "An amount of CPU or memory cannot be held as a whole number of millicores or bytes.",
    "write 500m, 2, 512Mi or 4Gi",
)
noted(
    "missing-cluster-file", "A folder has hubs and no cluster.yaml.", "write cluster.yaml with provider and nodePools"
)
noted("missing-domain", "A hub has no domain in any of its layers.", "set domain in hub.yaml")
noted(
    "missing-image", "A hub has no image in any of its layers.", "set image in hub.yaml, hubDefaults or defaults.yaml"
)
noted(
    "unknown-machine-type",
    "A node pool names a machine type that the catalogue does not have.",
    "correct the name, or state the pool's vcpus and allocatable",
)
noted(
    "unknown-node-pool",
    "A hub names a node pool that its cluster does not have.",
    "correct the name, or add the pool to cluster.yaml",
)
noted(
    "request-above-limit",
    "A request is above its limit; Kubernetes refuses such a pod.",
    "raise the limit or lower the request",
)
noted(
    "unused-ignore",
    "An entry of lint.ignore matches no finding, or names a rule that does not exist or cannot be ignored.",
    "remove the entry",
    Severity.WARNING,
)
