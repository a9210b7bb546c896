"""Writes the reference pages of the documentation from their one source: schemas and the table of rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hubwright.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "hub": ("hub-file.md", "Hub file", "values/CLUSTER/HUB/hub.yaml"),
    "cluster": ("cluster-file.md", "Cluster file", "values/CLUSTER/cluster.yaml"),
    "chart-values": ("chart-values.md", "Chart values", "chart/values.yaml"),
}
_MADE_BY = "<!-- Made by generator/maintain/reference.py; do not edit. -->\n"


def outputs(root: Path) -> dict[Path, str]:
    """Path to content of every reference page."""
    folder = root / "docs" / "reference"
    pages = {folder / name: _schema_page(root, kind, title, file) for kind, (name, title, file) in PAGES.items()}
    pages[folder / "rules.md"] = _rules_page()
    return pages


def _schema_page(root: Path, kind: str, title: str, file: str) -> str:
    schema = json.loads((root / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    lines = [
        _MADE_BY,
        f"# {title}: `{file}`\n",
        f"{schema['description']}\n",
        "| key | what it is | example |",
        "|---|---|---|",
    ]
    lines += [f"| `{path}` | {words} | {example} |" for path, words, example in _rows(schema, schema, "", ())]
    return "\n".join(lines) + "\n"


def _rows(node: Any, root: dict[str, Any], at: str, refs: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for target, seen in _views(node, root, refs):
        for name, child in target.get("properties", {}).items():
            path = f"{at}.{name}" if at else name
            yield path, _description(child, root), _example(child, root)
            yield from _rows(child, root, path, seen)
        extra = target.get("additionalProperties")
        if isinstance(extra, dict) and _has_properties(extra, root):
            yield from _rows(extra, root, f"{at}.NAME" if at else "NAME", seen)
        items = target.get("items")
        if isinstance(items, dict) and _has_properties(items, root):
            yield from _rows(items, root, f"{at}[]", seen)


def _views(
    node: dict[str, Any], root: dict[str, Any], refs: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """A schema and those it stands for: references, allOf, oneOf."""
    yield node, refs
    reference = node.get("$ref")
    if reference and reference not in refs:
        yield from _views(root["definitions"][reference.rsplit("/", 1)[1]], root, (*refs, reference))
    for part in [*node.get("allOf", []), *node.get("oneOf", []), *node.get("anyOf", [])]:
        yield from _views(part, root, refs)


def _has_properties(node: dict[str, Any], root: dict[str, Any]) -> bool:
    return any("properties" in view for view, _ in _views(node, root, ()))


def _first(node: dict[str, Any], root: dict[str, Any], key: str) -> Any:
    return next((view[key] for view, _ in _views(node, root, ()) if key in view), None)


def _description(node: dict[str, Any], root: dict[str, Any]) -> str:
    words = str(_first(node, root, "description") or "").rstrip(".")
    default = _first(node, root, "default")
    allowed = _first(node, root, "enum")
    parts = [words]
    if allowed:
        parts.append("One of " + ", ".join(f"`{one}`" for one in allowed))
    if default is not None:
        parts.append(f"Default `{_inline(default)}`")
    return (". ".join(part for part in parts if part) + ".").replace("|", "\\|")


def _example(node: dict[str, Any], root: dict[str, Any]) -> str:
    examples = _first(node, root, "examples")
    return f"`{_inline(examples[0])}`".replace("|", "\\|") if examples else ""


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rules_page() -> str:
    lines = [
        _MADE_BY,
        "# Rules\n",
        "What `hubwright lint` finds beyond the schema. `hubwright rules ID` prints one of them.\n",
    ]
    for rule in sorted(RULES.values(), key=lambda rule: rule.id):
        lines += [
            f"## {rule.id}\n",
            f"Severity: {rule.severity.word}. {rule.summary}\n",
            f"What to do: {rule.remedy}.\n",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    for path, text in outputs(ROOT).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
