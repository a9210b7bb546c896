"""What the YAML reader accepts, and the one clear finding for each way to break a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubwright.source import MAX_BYTES, Source, dotted, load, parse

ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(9))}]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)

BROKEN = {
    "duplicate key": (
        "a: 1\nb:\n  c: 1\n  c: 2\n",
        "f:4:3: b.c: the key stands twice, first in line 3; keep one of them",
    ),
    "tab": ("a:\n\tb: 1\n", "f:2:1: a tab character where YAML wants spaces; indent with spaces"),
    "empty": ("", "f:1:1: the file is empty; write at least apiVersion"),
    "only comments": ("# nothing\n", "f:1:1: the file is empty; write at least apiVersion"),
    "list": ("- a\n", "f:1:1: the file holds a list; it must hold keys and values"),
    "single value": ("hello", "f:1:1: the file holds a single value; it must hold keys and values"),
    "second document": (
        "a: 1\n---\nb: 1\n",
        "f:2:1: a second document begins here; write one document a file, without ---",
    ),
    "tag": (
        "a: !!python/name:os.system x\n",
        "f:1:4: a: the tag tag:yaml.org,2002:python/name:os.system is not allowed; write plain values",
    ),
    "key that is not text": ("on: 1\n", "f:1:1: the key on is not text to YAML; put it in quotes"),
    "control character": ("a: \x00\n", "f:1:4: control character U+0000; remove it"),
    "unclosed list": (
        "a: [1, 2\nb: 3\n",
        "f:2:2: not YAML: did not find expected ',' or ']'; check quotes, colons and indentation near here",
    ),
    "undefined alias": ("a: *b\n", "f:1:4: found undefined alias; define the anchor with & before it is used"),
    "not a number": ("a: .nan\n", "f:1:4: a: .nan is not a finite number; put it in quotes if it is text"),
    "alias bomb": (
        ALIAS_BOMB,
        "f:1:1: aliases repeat each other until the file stands for more than it may; write the values out without aliases",
    ),
    "alias of itself": (
        "a: &a\n  b: *a\n",
        "f:1:1: keys or lists are nested more than 40 deep, or an alias takes in itself; write the values out without aliases",
    ),
    "merge of itself": (
        "a: &a\n  <<: *a\n",
        "f:1:1: a merge key takes in itself; write the values out without aliases",
    ),
    "merge of a list": (
        "a: &a [1]\nb:\n  <<: *a\n",
        "f:1:8: b: << takes in a mapping; point it to an anchor of a mapping",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gives_one_finding(name: str) -> None:
    text, expected = BROKEN[name]

    findings = parse(text.encode(), "f")

    assert not isinstance(findings, Source)
    assert [finding.text for finding in findings] == [expected]


def test_a_byte_that_is_not_utf8_is_placed() -> None:
    findings = parse(b"a: 1\nb: \xff\n", "f")

    assert not isinstance(findings, Source)
    assert findings[0].text == "f:2:4: byte 0xff is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_a_finding(opening: str) -> None:
    assert not isinstance(parse((opening * 5000).encode(), "f"), Source)


def test_all_duplicate_keys_are_told_at_once() -> None:
    findings = parse(b"a: 1\na: 2\nb: 1\nb: 2\n", "f")

    assert not isinstance(findings, Source)
    assert [finding.place.line for finding in findings] == [2, 4]


def test_keys_and_values_remember_where_they_stand() -> None:
    source = parse(b"a:\n  b: [1, 2]\n", "f")

    assert isinstance(source, Source)
    assert source.data == {"a": {"b": [1, 2]}}
    assert (source.place(("a", "b")).line, source.place(("a", "b")).column) == (2, 3)
    assert source.place(("a", "b", 1)).column == 10


def test_a_key_that_is_not_there_has_the_place_of_its_parent() -> None:
    source = parse(b"x: 1\na:\n  b: 1\n", "f")

    assert isinstance(source, Source)
    assert source.place(("a", "nothing", "deeper")).line == 2


def test_aliases_and_merge_keys_work() -> None:
    source = parse(b"x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n", "f")

    assert isinstance(source, Source)
    assert source.data["y"] == {"a": 1, "b": 3}


def test_a_date_is_the_text_that_was_written() -> None:
    source = parse(b"tag: 2026-07-01\n", "f")

    assert isinstance(source, Source)
    assert source.data == {"tag": "2026-07-01"}


def test_a_byte_order_mark_and_windows_lines_are_fine() -> None:
    source = parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f")

    assert isinstance(source, Source)
    assert source.data == {"a": 1, "b": 2}


def test_a_file_of_ten_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.write_bytes(b"a: 1\n" * (10 * MAX_BYTES // 5))

    findings = load(path, "hub.yaml")

    assert not isinstance(findings, Source)
    assert findings[0].text.startswith("hub.yaml:1:1: the file has 10.0 MiB, at most 1 are read")


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.symlink_to("gone.yaml")

    findings = load(path, "hub.yaml")

    assert not isinstance(findings, Source)
    assert findings[0].text == "hub.yaml:1:1: the link points to gone.yaml, which is not there; mend the link"


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    findings = load(tmp_path, "hub.yaml")

    assert not isinstance(findings, Source)
    assert findings[0].text == "hub.yaml:1:1: is a folder; a file is expected here"


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)  # a link to itself cannot be read by anybody, root included

    findings = load(loop, "loop.yaml")

    assert not isinstance(findings, Source)
    assert findings[0].rule == "unreadable"


def test_paths_are_written_as_users_read_them() -> None:
    assert dotted(("workers", "presets", 2)) == "workers.presets[2]"
    assert dotted(("labels", "example.org/team")) == 'labels."example.org/team"'
