"""Real Helm behind one small protocol: embedded as a library, or the `helm` program."""

from __future__ import annotations

from hubwright.helm.engine import Engine, HelmFailed

ENGINES = ("embedded", "binary")


def engine(name: str, program: str = "helm") -> Engine:
    """The engine of this name; `program` is the one that `binary` runs. HelmFailed when it cannot be had."""
    if name == "binary":
        from hubwright.helm.binary import BinaryEngine

        return BinaryEngine(program=program)
    from hubwright.helm.embedded import EmbeddedEngine

    return EmbeddedEngine()


__all__ = ["ENGINES", "Engine", "HelmFailed", "engine"]
