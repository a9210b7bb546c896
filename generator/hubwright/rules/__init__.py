"""The rules beyond the schema. Importing this package fills the table `RULES`."""

from hubwright.rules import access, capacity, environment, hubs, pools, presets, reading
from hubwright.rules.registry import RULES, Rule, run

__all__ = ["RULES", "Rule", "access", "capacity", "environment", "hubs", "pools", "presets", "reading", "run"]
