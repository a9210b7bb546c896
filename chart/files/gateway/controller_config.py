"""Configuration of the controller, read by hub_controller.py."""

import hub_settings

settings = hub_settings.load()
c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets

c.HubController.gateway_instance = settings.instance
c.HubController.api_url = settings.api_url
c.HubController.address = ":8000"
c.HubController.proxy_prefix = settings.prefix
# One port serves the web and Dask's own protocol.
c.HubController.proxy_web_entrypoint = "web"
c.HubController.proxy_tcp_entrypoint = "web"
c.HubController.proxy_web_middlewares = [dict(one) for one in settings.middlewares]
c.HubController.completed_cluster_max_age = settings.tuning.completed_cluster_max_age
c.HubController.completed_cluster_cleanup_period = settings.tuning.completed_cluster_cleanup_period
c.HubController.k8s_api_rate_limit = settings.tuning.rate_limit
c.HubController.k8s_api_rate_limit_burst = settings.tuning.rate_limit_burst
c.HubController.backoff_base_delay = settings.tuning.backoff_base_delay
c.HubController.backoff_max_delay = settings.tuning.backoff_max_delay
