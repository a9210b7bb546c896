# Runs in the hub's pod. Takes the values as the JupyterHub chart does: maps of services and roles become lists with
# names, the environment and labels of user pods go to KubeSpawner as they are.
import os
import secrets
from pathlib import Path

import yaml

values = yaml.safe_load(Path("/etc/jupyterhub/values.yaml").read_text())
hub, single = values["hub"], values["singleuser"]

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
c.JupyterHub.db_url = "sqlite:////tmp/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/tmp/cookie-secret"
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"
c.ConfigurableHTTPProxy.auth_token = os.environ["CONFIGPROXY_AUTH_TOKEN"]

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = hub["config"]["groups"]

c.JupyterHub.services = [
    {"name": name, "api_token": secrets.token_hex(16), **entry} for name, entry in hub.get("services", {}).items()
]
c.JupyterHub.load_roles = [{"name": name, **entry} for name, entry in hub.get("loadRoles", {}).items()]

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.image = single["image"]
c.KubeSpawner.image_pull_policy = "Never"
c.KubeSpawner.cmd = ["jupyterhub-singleuser"]
c.KubeSpawner.start_timeout = 180
c.KubeSpawner.http_timeout = 120
c.KubeSpawner.environment = single.get("extraEnv", {})
c.KubeSpawner.extra_labels = {**single.get("extraLabels", {}), "hub.jupyter.org/network-access-hub": "true"}
c.KubeSpawner.uid = 1000
c.KubeSpawner.gid = 1000
c.KubeSpawner.allow_privilege_escalation = False
c.KubeSpawner.container_security_context = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
c.KubeSpawner.pod_security_context = {"seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 1000}
