"""Writes values as YAML text that people review: ordered, stable, with a first line that keeps hands off."""

from __future__ import annotations

from typing import Any

import yaml

from hubwright.model import Hub

try:
    from yaml import CSafeDumper as BaseDumper
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeDumper as BaseDumper  # type: ignore[assignment]


class _Dumper(BaseDumper):
    """Writes equal objects out instead of as anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library gives it
        return True


def source_name(hub: Hub) -> str:
    """The hub's file as named in the first line of what is made of it."""
    return f"{hub.cluster}/{hub.name}/hub.yaml"


def values_text(hub: Hub, values: dict[str, Any], which: str) -> str:
    """The values of `which` chart, nested where the umbrella chart wants them."""
    nested = values
    path = hub.settings.get("valuesPath", {}).get(which, "")
    for part in reversed(path.split(".") if path else []):
        nested = {part: nested}
    header = (
        f"# Made by hubwright from {source_name(hub)}. Do not edit: change the hub's files, run hubwright generate.\n"
    )
    return header + dump(nested)


def dump(values: Any) -> str:
    """Plain block YAML, keys in the order given."""
    text: str = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=10**6
    )
    return text
