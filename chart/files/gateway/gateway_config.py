"""Configuration of the gateway's API server, read by dask-gateway-server."""

import os

import hub_settings
from hub_backend import HubBackend

settings = hub_settings.load()
c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets

c.DaskGateway.backend_class = HubBackend
c.DaskGateway.address = ":8000"
c.KubeBackend.gateway_instance = settings.instance
c.KubeBackend.api_url = settings.api_url

# distributed 2026.6.0 removed the commands that the server starts by default; these two exist since 2022.10.
c.KubeClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.KubeClusterConfig.worker_cmd = ["dask", "worker"]

if settings.auth.type == "jupyterhub":
    c.DaskGateway.authenticator_class = "dask_gateway_server.auth.JupyterHubAuthenticator"
    c.JupyterHubAuthenticator.jupyterhub_api_url = settings.auth.api_url
    c.JupyterHubAuthenticator.jupyterhub_service_name = settings.auth.service_name
else:
    password = os.environ.get("DASK_GATEWAY_PASSWORD")
    if not password:
        raise SystemExit("DASK_GATEWAY_PASSWORD is empty; without a password everybody could run code here")
    c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
    c.SimpleAuthenticator.password = password
