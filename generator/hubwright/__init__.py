"""hubwright: from one short file a hub to Helm values, JupyterHub values and a guide for the users."""

__version__ = "0.1.0"
