"""How long a user's cluster has had no work, asked of its scheduler from inside its own pod."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes import client, stream

from hubwright.kube.connection import Connection

# Seconds for one scheduler to answer: Python starts and imports distributed first, on a busy pod.
PATIENCE = 40
# Counts as the gateway's own idle timeout does (dask_gateway.scheduler_preload, check_idle). Only the scheduler knows,
# and only from inside: NetworkPolicies and its certificate keep everyone else out.
_QUESTION = """
from distributed import Client
from distributed.security import Security

folder = "/etc/dask-credentials/"
security = Security(tls_ca_file=folder + "dask.crt", tls_client_cert=folder + "dask.crt",
                    tls_client_key=folder + "dask.pem", require_encryption=True)

def idle(dask_scheduler):
    if dask_scheduler.unrunnable or any(worker.processing for worker in dask_scheduler.workers.values()):
        return 0.0
    log = dask_scheduler.transition_log
    return max(0.0, dask_scheduler.loop.time() - (log[-1][-1] if log else dask_scheduler.time_started))

with Client("tls://127.0.0.1:8786", security=security, timeout=20, set_as_default=False) as asking:
    print("idle", asking.run_on_scheduler(idle))
"""


def idle_seconds(connection: Connection, namespace: str, pods: dict[str, str]) -> dict[str, float]:
    """Cluster to seconds without work; `pods` is cluster to its scheduler's pod. Without those that gave no answer."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        told = pool.map(lambda pod: _ask(connection, namespace, pod), pods.values())
    return {name: seconds for name, seconds in zip(pods, told, strict=True) if seconds is not None}


def _ask(connection: Connection, namespace: str, pod: str) -> float | None:
    # A client of its own: `stream` changes the one it is given.
    core: Any = client.CoreV1Api(client.ApiClient(connection.api.configuration))
    try:
        text = stream.stream(
            core.connect_get_namespaced_pod_exec,
            pod,
            namespace,
            command=["python", "-c", _QUESTION],
            stdout=True,
            stderr=False,
            stdin=False,
            tty=False,
            _request_timeout=PATIENCE,
        )
    except Exception:  # no right to exec, an image without distributed, a pod on its way out: not worth a failure
        return None
    found = re.search(r"^idle ([0-9.e+-]+)$", str(text), flags=re.MULTILINE)
    return float(found[1]) if found else None
