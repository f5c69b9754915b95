"""JSON with the limits that YAML has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.documents.jsontext import read_json, unique_fields
from syncer.documents.limits import LIMITS, DocumentError, Limits

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_json_can_say_is_read(value: Any, ascii_only: bool, indent: int | None) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(st.text() | st.text(alphabet='{}[]",:\\ 1a\n'))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_json(text)
    except DocumentError:
        return
    assert value == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ('{\n"a": ]}', 2, 6, "no JSON: Expecting value"),
        ('{"a": 1, "b": 2, "a": 3}', 0, 0, "the key a is there twice in one object"),
        ("[NaN]", 0, 0, "NaN is no number of JSON"),
        ("[\n -" + "1" * 100 + "]", 2, 2, "a number of more than 100 digits"),
        ("\n" + "[" * 101 + "]" * 101, 2, 101, "nested deeper than 100 levels"),
        ("[1, 2,\n3, 4]", 2, 4, "more than 4 nodes of JSON"),
        ('{"a": 1, "b": 2}', 1, 15, "more than 4 nodes of JSON"),
        ("[" + " " * 100 + "]", 0, 0, "more than 0 MB of text"),
    ],
)
def test_what_is_refused_is_told_with_its_place(text: str, line: int, column: int, reason: str) -> None:
    limits = Limits(nodes=4, size=100) if "nodes of" in reason or " MB" in reason else Limits()
    with pytest.raises(DocumentError) as told:
        read_json(text, limits)
    assert (told.value.line, told.value.column, told.value.reason) == (line, column, reason)


def test_what_a_string_holds_counts_neither_as_depth_nor_as_nodes_nor_as_digits() -> None:
    value = {"a": "[" * 200, "b": '\\"{,:' * 200, "1" * 200: "2" * 200}
    assert read_json(json.dumps(value), Limits(nodes=7)) == value


def read_items(text: str, limits: Limits = LIMITS) -> tuple[list[tuple[str, int, Any]], Any]:
    """The items that are handed on, and what is left."""
    items: list[tuple[str, int, Any]] = []
    return items, read_json(text, limits, lambda *item: items.append(item))


def test_items_of_lists_at_the_top_are_handed_on() -> None:
    text = ' { "a" : [1, {"b": [2]}\n, []] , "c": {"d": [3]}, "e": [ ], "f": "g" } '
    items = [("a", 1, 1), ("a", 2, {"b": [2]}), ("a", 3, [])]
    assert read_items(text) == (items, {"a": (), "c": {"d": [3]}, "e": (), "f": "g"})
    assert read_items("{ }") == ([], {})
    assert read_items(" [1]") == ([], [1])


@given(VALUES | st.dictionaries(st.text(), st.lists(VALUES, max_size=3), max_size=4), st.sampled_from([None, 2]))
def test_handed_on_or_not_the_values_are_the_same(value: Any, indent: int | None) -> None:
    items, rest = read_items(json.dumps(value, indent=indent))
    if isinstance(rest, dict):
        rest = {key: [] if fields == () else fields for key, fields in rest.items()}
    for key, number, item in items:
        rest[key].append(item)
        assert len(rest[key]) == number
    assert rest == value


@given(st.text(alphabet='{}[]",:\\ 1a\n') | st.text(alphabet='{}[]",: 1').map('{"a":'.__add__))
def test_any_text_is_refused_with_items_where_it_is_without(text: str) -> None:
    try:
        read_json(text)
    except DocumentError:
        with pytest.raises(DocumentError):
            read_items(text)
    else:
        read_items(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ('{"a": [1, 2,\n [3, 4, 5]]}', 2, 9, "more than 3 nodes of JSON in one item"),
        ('{"a": {"b":\n 1, "c": 2}}', 2, 5, "more than 3 nodes of JSON in one item"),
        ('{"a": [], "b": [], "c": []}', 1, 23, "more than 3 nodes of JSON in one item"),
        ("[1, 2, 3]", 1, 8, "more than 3 nodes of JSON in one item"),
        ('{"a": [1, 2, 3, 4, 5, 6, 7]}', 1, 26, "more than 7 nodes of JSON"),
        ('{"a": [1],\n"a": [2]}', 0, 0, "the key a is there twice in one object"),
        ('{"a": [1]\n"b": 2}', 2, 1, "no JSON: Expecting ',' delimiter"),
        ('{"a": [1 2]}', 1, 10, "no JSON: Expecting ',' delimiter"),
        ('{"a" [1]}', 1, 6, "no JSON: Expecting ':' delimiter"),
        ("{1: 2}", 1, 2, "no JSON: Expecting property name enclosed in double quotes"),
        ('{"a": 1} x', 1, 10, "no JSON: Extra data"),
        ('{"a": [', 1, 8, "no JSON: Expecting value"),
    ],
)
def test_what_is_refused_among_items_is_told_with_its_place(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(DocumentError) as told:
        read_items(text, Limits(nodes=7, item=3))
    assert (told.value.line, told.value.column, told.value.reason) == (line, column, reason)


class CountedKey(str):
    """Counts how often one key is compared with another."""

    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountedKey.comparisons += 1
        return str.__eq__(self, other)


def test_a_key_that_is_there_twice_is_found_without_comparing_each_with_each() -> None:
    names = [*(f"key-{number}" for number in range(10_000)), "key-9999"]
    with pytest.raises(DocumentError, match="key-9999"):
        unique_fields([(CountedKey(name), None) for name in names])
    assert CountedKey.comparisons < 10 * len(names)
