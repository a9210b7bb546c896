"""The only package that talks to Kubernetes: checks before an install, CRDs, reasons of failures, users' clusters."""
