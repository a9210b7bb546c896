"""Merges the layers of a hub (defaults, the cluster's hubDefaults, the hub); each value keeps its place of origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hubwright.findings import Place
from hubwright.source import KeyPath, Source


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One part of one file: the mapping at `root` of `source`."""

    source: Source
    root: KeyPath = ()

    @property
    def data(self) -> dict[str, Any]:
        """The layer's mapping; empty where the file does not have it."""
        found: Any = self.source.data
        for part in self.root:
            found = found.get(part, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def place(self, path: KeyPath) -> Place:
        """Where `path` of this layer stands."""
        return self.source.place((*self.root, *path))


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The merged data; `layers` from the most general to the hub itself."""

    data: dict[str, Any]
    layers: Sequence[Layer] = field(repr=False)

    def layer_of(self, path: KeyPath) -> Layer:
        """The layer that decides `path`: the last one that has it, else the hub's own."""
        for layer in reversed(self.layers):
            if _has(layer.data, path):
                return layer
        return self.layers[-1]

    def place(self, path: KeyPath) -> Place:
        """Where the value at `path` was written, or the nearest parent where it was not."""
        while path:
            for layer in reversed(self.layers):
                if _has(layer.data, path):
                    return layer.place(path)
            path = path[:-1]
        return self.layers[-1].place(())


def merge(layers: Sequence[Layer]) -> Merged:
    """Merge from left to right: maps merge, lists and single values replace."""
    data: dict[str, Any] = {}
    for layer in layers:
        data = merge_maps(data, layer.data)
    return Merged(data=data, layers=layers)


def merge_maps(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge_maps(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _has(data: Any, path: KeyPath) -> bool:
    for part in path:
        if isinstance(part, str):
            if not isinstance(data, dict) or part not in data:
                return False
        elif not isinstance(data, list) or part >= len(data):
            return False
        data = data[part]
    return True
