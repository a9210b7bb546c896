"""Checks a file's data against its JSON schema and says each fault in plain words, with its place and a remedy."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from hubwright import resources
from hubwright.findings import Finding
from hubwright.source import KeyPath, Source, dotted

_TYPES = {
    "object": "keys and values",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@cache
def schema(kind: str) -> dict[str, Any]:
    """The generated JSON schema of `kind`: defaults, cluster, hub or chart-values."""
    path = resources.schema_folder() / f"{kind}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator(kind: str) -> Any:
    return draft7()(_inlined(schema(kind), schema(kind)["definitions"]))


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """The schema with its references replaced by what they name; looking each up again costs a third of the check."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[1]], definitions)
    return {key: _inlined(value, definitions) for key, value in node.items() if key != "definitions"}


# Checkers of "format", which no schema of ours uses; where they are installed they take up to two seconds to load.
_UNUSED = ("rfc3987_syntax", "isoduration")


@cache
def draft7() -> Any:
    """The validator class, loaded without what it never needs here."""
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        from jsonschema import Draft7Validator
    finally:
        for name in hidden:
            del sys.modules[name]
    return Draft7Validator


def check(source: Source, kind: str) -> list[Finding]:
    """Every fault of `source` against the schema of `kind`."""
    found: list[Finding] = []
    for error in _validator(kind).iter_errors(source.data):
        for leaf in _leaves(error):
            found += _findings(leaf, source, kind)
    return list(dict.fromkeys(found))


def _leaves(error: Any) -> Iterator[Any]:
    """The errors that say something: inside allOf all of them, inside oneOf those of the nearest alternative."""
    if error.validator == "allOf":
        for child in error.context:
            yield from _leaves(child)
    elif error.validator in ("oneOf", "anyOf") and error.context:
        yield from _nearest_alternative(error)
    else:
        yield error


def _nearest_alternative(error: Any) -> Iterator[Any]:
    by_choice: dict[Any, list[Any]] = {}
    for child in error.context:
        by_choice.setdefault(child.schema_path[0], []).append(child)
    wrong_type = ("type",)
    suited = [
        errors
        for errors in by_choice.values()
        if not any(e.validator in wrong_type and len(e.path) == 0 for e in errors)
    ]
    for child in (suited or list(by_choice.values()))[0]:
        yield from _leaves(child)


def _findings(error: Any, source: Source, kind: str) -> list[Finding]:
    path: KeyPath = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        return [_unknown_key(error, (*path, key), source, kind) for key in _extra_keys(error)]
    if error.validator == "required":
        return [_missing(error, path, source)]
    if (
        error.parent is not None and "propertyNames" in error.parent.schema_path
    ) or "propertyNames" in error.schema_path:
        path = (*path, str(error.instance))
    message, remedy = _words(error)
    return [_finding(source, path, message, remedy)]


def _finding(source: Source, path: KeyPath, message: str, remedy: str = "") -> Finding:
    return Finding(place=source.place(path), rule="schema", path=dotted(path), message=message, remedy=remedy)


def _extra_keys(error: Any) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


def _missing(error: Any, path: KeyPath, source: Source) -> Finding:
    missing = next(key for key in error.validator_value if key not in error.instance)
    examples = error.schema.get("properties", {}).get(missing, {}).get("examples", [])
    remedy = f"add {missing}: {json.dumps(examples[0])}" if examples else f"add {missing}"
    if missing == "apiVersion":
        remedy = "add apiVersion: hubwright/v1"
    return _finding(source, path, f"{missing} is missing", remedy)


def _unknown_key(error: Any, path: KeyPath, source: Source, kind: str) -> Finding:
    key = str(path[-1])
    known = list(error.schema.get("properties", {}))
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6) or _same_letters(key, known)
    if close:
        remedy = f"did you mean {close[0]}?"
    elif places := elsewhere(kind, key):
        remedy = f"did you mean {places[0]}?"
    else:
        remedy = "known here: " + ", ".join(known)
    return _finding(source, path, "unknown key", remedy)


def _same_letters(key: str, known: Iterable[str]) -> list[str]:
    flat = key.lower().replace("-", "").replace("_", "")
    return [name for name in known if name.lower() == flat]


@cache
def elsewhere(kind: str, key: str) -> list[str]:
    """Paths of the schema of `kind` that end in `key`, shortest first."""
    found: list[str] = []
    _search(schema(kind), schema(kind), key, (), found, ())
    return sorted(set(found), key=lambda path: (path.count("."), path))


def _search(
    node: Any, root: dict[str, Any], key: str, at: tuple[str, ...], found: list[str], refs: tuple[str, ...]
) -> None:
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if reference and reference not in refs:
        target = root["definitions"][reference.rsplit("/", 1)[1]]
        _search(target, root, key, at, found, (*refs, reference))
    for alternative in [*node.get("allOf", []), *node.get("oneOf", [])]:
        _search(alternative, root, key, at, found, refs)
    for name, child in node.get("properties", {}).items():
        if name == key:
            found.append(".".join((*at, name)))
        _search(child, root, key, (*at, name), found, refs)
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        _search(extra, root, key, (*at, "NAME"), found, refs)


def _words(error: Any) -> tuple[str, str]:
    value = _shown(error.instance)
    wanted = error.validator_value
    match error.validator:
        case "type":
            return f"expected {_type_words(wanted)}, found {_kind_of(error.instance)}", _type_remedy(error)
        case "enum":
            return f"{value} is not allowed here", _enum_remedy(error.instance, wanted)
        case "const":
            return f"{value} is not {wanted}", f"write {wanted}"
        case "pattern":
            return f"{value} is {error.schema.get('patternErrorMessage', 'not of the expected form')}", ""
        case "minimum":
            return f"{value} is too small", f"at least {wanted}"
        case "exclusiveMinimum":
            return f"{value} is too small", f"more than {wanted}"
        case "maximum":
            return f"{value} is too large", f"at most {wanted}"
        case "maxLength":
            return f"{value} has {len(error.instance)} characters", f"at most {wanted}"
        case "minLength":
            return "the text is empty", _example(error)
        case "minItems":
            return "the list is empty", "name at least one, or leave the key out"
        case "uniqueItems":
            return "the list names something twice", "keep each once"
        case _:
            return error.message.splitlines()[0], ""


def _type_words(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_TYPES[name] for name in names)


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    return f"{'text ' if isinstance(value, str) else ''}{_shown(value)}"


def _type_remedy(error: Any) -> str:
    if error.validator_value == "string" and isinstance(error.instance, (int, float)):
        return "put it in quotes"
    return _example(error)


def _example(error: Any) -> str:
    examples = error.schema.get("examples")
    return f"for example {_shown(examples[0])}" if examples else ""


def _enum_remedy(value: Any, allowed: list[Any]) -> str:
    close = difflib.get_close_matches(str(value), [str(one) for one in allowed], n=1, cutoff=0.6)
    listed = ", ".join(str(one) for one in allowed)
    return f"did you mean {close[0]}?" if close else f"one of: {listed}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 60 else text[:57] + "..."
