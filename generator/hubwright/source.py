"""YAML text to plain data that remembers where each key and value stands.

Refuses what YAML allows and a hub file never means: duplicate keys, unquoted keys that are not text,
tags, several documents, alias bombs and files of megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hubwright.findings import Finding, Place

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml: slower, the same result
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

KeyPath = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
# More nodes than a megabyte of plain YAML can hold only come from aliases of aliases.
MAX_NODES = 200_000
MAX_DEPTH = 40

_MERGE = "tag:yaml.org,2002:merge"
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value"}
_SCALAR_TAGS = {f"{_TAG}{name}" for name in ("int", "float", "bool", "null")}
_constructor = yaml.constructor.SafeConstructor()


@dataclass(frozen=True, kw_only=True)
class Source:
    """One parsed file: its data and the place of every key and value."""

    file: str
    data: dict[str, Any]
    places: dict[KeyPath, Place] = field(repr=False)

    def place(self, path: KeyPath) -> Place:
        """The place of `path`, or of its nearest parent that stands in the file."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(file=self.file))


def load(path: Path, shown: str) -> Source | list[Finding]:
    """Parse the file at `path`, named `shown` in findings. Findings mean that it cannot be used."""
    raw = _read(path, shown)
    if isinstance(raw, Finding):
        return [raw]
    return parse(raw, shown)


def parse(raw: bytes, shown: str) -> Source | list[Finding]:
    """Parse the bytes of a file named `shown`."""
    text = _decode(raw, shown)
    if isinstance(text, Finding):
        return [text]
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        return [_syntax_finding(error, text, shown)]
    except RecursionError:
        return [_finding(Place(file=shown), "yaml", "nested too deeply", "flatten the file")]
    if root is None:
        return [_finding(Place(file=shown), "empty-file", "the file is empty", "write at least apiVersion")]
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        message = f"the file holds {kind}; it must hold keys and values"
        return [_finding(_place(root, shown), "schema", message)]
    walk = _Walk(shown)
    try:
        data = walk.mapping(root, (), 0)
    except _TooLarge as error:
        return [_finding(Place(file=shown), "yaml", str(error), "write the values out without aliases")]
    if walk.findings:
        return walk.findings
    return Source(file=shown, data=data, places=walk.places)


def _read(path: Path, shown: str) -> bytes | Finding:
    place = Place(file=shown)
    try:
        if path.is_dir():
            return _finding(place, "unreadable", "is a folder", "a file is expected here")
        size = path.stat().st_size
        if size > MAX_BYTES:
            message = f"the file has {size / 1024 / 1024:.1f} MiB, at most {MAX_BYTES // 1024 // 1024} are read"
            return _finding(place, "unreadable", message, "a hub needs some lines only; is this the right file?")
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            target = path.readlink()
            return _finding(place, "unreadable", f"the link points to {target}, which is not there", "mend the link")
        return _finding(place, "unreadable", "the file is not there", "check the name")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _finding(place, "unreadable", f"cannot be read: {reason}", "check the file's permissions")


def _decode(raw: bytes, shown: str) -> str | Finding:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        place = Place(file=shown, line=line, column=column)
        return _finding(place, "yaml", f"byte {raw[error.start]:#04x} is not UTF-8", "save the file as UTF-8")


def _compose(text: str) -> yaml.Node | None:
    loader = Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _syntax_finding(error: yaml.YAMLError, text: str, shown: str) -> Finding:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    lines = text.splitlines()
    if isinstance(error, yaml.reader.ReaderError) or "control characters" in str(error):
        return _control_character(text, shown)
    place = Place(file=shown, line=line, column=column)
    if 0 < line <= len(lines) and "\t" in lines[line - 1][: column + 1]:
        return _finding(place, "yaml", "a tab character where YAML wants spaces", "indent with spaces")
    if "expected a single document" in str(error):
        return _finding(place, "yaml", "a second document begins here", "write one document a file, without ---")
    if "undefined alias" in str(problem):
        return _finding(place, "yaml", str(problem), "define the anchor with & before it is used")
    return _finding(place, "yaml", f"not YAML: {problem}", "check quotes, colons and indentation near here")


def _control_character(text: str, shown: str) -> Finding:
    for number, line in enumerate(text.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if character != "\t" and character != "\r" and not character.isprintable():
                place = Place(file=shown, line=number, column=column)
                message = f"control character U+{ord(character):04X}"
                return _finding(place, "yaml", message, "remove it")
    return _finding(Place(file=shown), "yaml", "a control character", "remove it")


def _finding(place: Place, rule: str, message: str, remedy: str = "") -> Finding:
    return Finding(place=place, rule=rule, message=message, remedy=remedy)


def _place(node: yaml.Node, shown: str) -> Place:
    mark = node.start_mark
    return Place(file=shown, line=mark.line + 1, column=mark.column + 1)


def dotted(path: KeyPath) -> str:
    """A key path as users read it: `workers.presets[2]`; names with dots are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = f'"{part}"' if "." in part else part
            text += f".{name}" if text else name
    return text


class _TooLarge(Exception):
    """The aliases of a file multiply to more than a file can mean."""


class _Walk:
    """One pass over a node tree: data, places and findings."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.places: dict[KeyPath, Place] = {}
        self.findings: list[Finding] = []
        self.seen = 0

    def value(self, node: yaml.Node, path: KeyPath, depth: int) -> Any:
        self.seen += 1
        if self.seen > MAX_NODES:
            raise _TooLarge("aliases repeat each other until the file stands for more than it may")
        if depth > MAX_DEPTH:
            raise _TooLarge("keys or lists are nested more than 40 deep, or an alias takes in itself")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, path, depth)
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> dict[str, Any]:
        self._refuse_tag(node, f"{_TAG}map", path)
        data: dict[str, Any] = {}
        for key_node, value_node in self._pairs(node, path, depth):
            key = self._key(key_node, path)
            if key is None:
                continue
            at = (*path, key)
            place = _place(key_node, self.shown)
            if key in data and self.places[at] != place:
                first = self.places[at].line
                message = f"the key stands twice, first in line {first}"
                self.findings.append(
                    Finding(
                        place=place, rule="duplicate-key", path=dotted(at), message=message, remedy="keep one of them"
                    )
                )
                continue
            self.places[at] = place
            data[key] = self.value(value_node, at, depth + 1)
        return data

    def _pairs(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        own_keys = {pair[0].value for pair in own if isinstance(pair[0], yaml.ScalarNode)}
        for merged in (pair[1] for pair in node.value if pair[0].tag == _MERGE):
            sources = merged.value if isinstance(merged, yaml.SequenceNode) else [merged]
            for source in sources:
                if depth > MAX_DEPTH:
                    raise _TooLarge("a merge key takes in itself")
                if not isinstance(source, yaml.MappingNode):
                    self._add(source, path, "<< takes in a mapping", "point it to an anchor of a mapping")
                    continue
                fresh = [pair for pair in self._pairs(source, path, depth + 1) if pair[0].value not in own_keys]
                own_keys |= {pair[0].value for pair in fresh}
                yield from fresh
        yield from own

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXT_TAGS:
            return str(node.value)
        if isinstance(node, yaml.ScalarNode):
            self._add(node, path, f"the key {node.value or '(nothing)'} is not text to YAML", "put it in quotes")
        else:
            self._add(node, path, "a key must be text", "check braces and question marks")
        return None

    def sequence(self, node: yaml.SequenceNode, path: KeyPath, depth: int) -> list[Any]:
        self._refuse_tag(node, f"{_TAG}seq", path)
        items = []
        for index, item in enumerate(node.value):
            at = (*path, index)
            self.places[at] = _place(item, self.shown)
            items.append(self.value(item, at, depth + 1))
        return items

    def scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        if node.tag in _TEXT_TAGS:
            return node.value
        if node.tag in _SCALAR_TAGS:
            try:
                value = _constructor.construct_object(node)
            except (ValueError, OverflowError):
                value = math.nan
            if isinstance(value, float) and not math.isfinite(value):
                self._add(node, path, f"{node.value} is not a finite number", "put it in quotes if it is text")
                return None
            return value
        self._refuse_tag(node, "", path)
        return None

    def _refuse_tag(self, node: yaml.Node, expected: str, path: KeyPath) -> None:
        if node.tag != expected:
            self._add(node, path, f"the tag {node.tag} is not allowed", "write plain values")

    def _add(self, node: yaml.Node, path: KeyPath, message: str, remedy: str) -> None:
        place = _place(node, self.shown)
        self.findings.append(Finding(place=place, rule="yaml", path=dotted(path), message=message, remedy=remedy))
