"""YAML put together item by item says what PyYAML would have made of it, where that is allowed at all."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from syncer.documents.limits import LIMITS, DocumentError, Limits
from syncer.documents.yamltext import iterate_apart, iterate_documents, read_document, read_plain


def outcome(load: Any, *refusals: type[Exception]) -> Any:
    try:
        return list(load())
    except refusals:
        return "refused"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "- 1\n- {a: b}\n",
        "---\n---\na: b\n...\n---\nitems: []\n",
        "kind: List\nitems:\n- a: &x [1, 2]\n- b: *x\n",
        "base: &b {a: 1}\nitems:\n- <<: *b\n  c: 2\n",
        "<<: {a: 1}\nb: 2\nitems: [3]\n",
        "<<: [{a: 1, b: 1}, {a: 2, c: 2}]\nb: 3\n",
        "<<: {a: 1}\nc: 3\n<<: {a: 2}\n",
        "a: &a {<<: {b: 1}, c: 2}\nd: *a\n",
        "items: &i [1]\nz: *i\n",
        "&r items: [1]\nz: *r\n",
        "a: &x text\n*x : b\n",
        "a: &x '<<'\n*x : b\n",
        "items: !!seq [1]\n",
        "items: !foo [1]\n",
        "? {a: b}\n: c\n",
        "!!map\nitems: [1]\n",
        "a: !!str 1\nb: !!int '0x10'\nc: !!float 1\nd: !!bool 'yes'\ne: !!null ''\n",
        "a: ! 1\nb: '1'\nc: \"1\"\nd: |\n  1\n",
        "a: 0x10\nb: 010\nc: 1_000\nd: 1.5e+3\ne: .inf\nf: on\ng: ~\nh: Null\ni: NO\nj: -1\nk: 1:30\nl: 0b11\n",
        "items:\n- a: *nope\n",
        "---\nitems:\n- &a 1\n---\nitems:\n- *a\n",
        "items: [1\n",
        "a: !!int b\n",
        "a: !!int ''\n",
    ],
)
def test_it_is_what_pyyaml_makes(text: str) -> None:
    expected = outcome(lambda: yaml.load_all(text, yaml.CSafeLoader), yaml.YAMLError, ValueError, IndexError)
    assert outcome(lambda: iterate_documents(text), DocumentError) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, True, False]))
def test_what_pyyaml_writes_is_read_as_it_was(value: Any, flow: bool | None) -> None:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, default_flow_style=flow)
    assert read_document(text) == value


def plain_form(value: Any) -> Any:
    """What PyYAML makes of the tags of YAML 1.1, as JSON has it: a set is an object of nulls, ordered pairs are a list
    of objects of one key, and binary data is its base64."""
    match value:
        case dict():
            return {str(key): plain_form(one) for key, one in value.items()}
        case set():
            return dict.fromkeys(value)
        case list():
            return [plain_form(one) for one in value]
        case (key, one):
            return {key: plain_form(one)}
        case bytes():
            return b64encode(value).decode()
    return value


WORD = st.text(alphabet="abcxyz", min_size=1, max_size=6)
PAIRS = st.tuples(st.sampled_from(["omap", "pairs"]), st.lists(st.tuples(WORD, st.integers(0, 9)), max_size=3))
TAGGED = st.recursive(
    st.sampled_from(
        ["1", "!!str 1", "!!int '2'", "!!float 3", "!!bool 'no'", "!!null ''", "! 4", "x", "!!str", "!no x"]
    )
    | st.binary(max_size=12).map(lambda data: f"!!binary '{b64encode(data).decode()}'")
    | st.lists(WORD, max_size=3, unique=True).map(lambda words: f"!!set {{{', '.join(words)}}}")
    | PAIRS.map(lambda drawn: f"!!{drawn[0]} [{', '.join(f'{key}: {value}' for key, value in drawn[1])}]"),
    lambda inner: (
        st.tuples(st.sampled_from(["", "!!seq ", "! ", "!no "]), st.lists(inner, max_size=3)).map(
            lambda drawn: f"{drawn[0]}[{', '.join(f'{one} ' for one in drawn[1])}]"
        )
        | st.tuples(st.sampled_from(["", "!!map "]), st.dictionaries(WORD, inner, max_size=3)).map(
            lambda drawn: f"{drawn[0]}{{{', '.join(f'{key}: {one} ' for key, one in drawn[1].items())}}}"
        )
    ),
    max_leaves=8,
)


@given(TAGGED)
def test_tags_mean_what_they_mean_to_pyyaml_as_plain_values(text: str) -> None:
    expected = outcome(lambda: [plain_form(yaml.load(f"a: {text}\n", yaml.CSafeLoader))], yaml.YAMLError)
    assert outcome(lambda: [read_document(f"a: {text}\n")], DocumentError) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !!binary aGk=\n", {"a": "aGk="}),
        ("a: !!binary |\n  aGk\n  =\n", {"a": "aGk\n=\n"}),
        ("a: !!binary no base64\n", {"a": "no base64"}),
        ("!!binary aGk=: b\n", {"aGk=": "b"}),
        ("a: !!set {c, d}\n", {"a": {"c": None, "d": None}}),
        ("a: !!omap [c: 1, d: 2]\n", {"a": [{"c": 1}, {"d": 2}]}),
        ("a: !!pairs [c: 1, c: 2]\n", {"a": [{"c": 1}, {"c": 2}]}),
        ("true: a\n80: b\n0x10: c\n~: d\n!!int 1: e\n", {"true": "a", "80": "b", "0x10": "c", "~": "d", "1": "e"}),
        ("a: &x {c: 1}\nb:\n  !!merge <<: *x\n", {"a": {"c": 1}, "b": {"c": 1}}),
        ("'<<': a\n", {"<<": "a"}),
        ("!!str <<: a\n", {"<<": "a"}),
    ],
)
def test_values_and_keys_are_those_of_json(text: str, value: Any) -> None:
    assert read_document(text) == value


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\n\nb: [&x 1, *y]\n", 3, "found undefined alias y"),
        ("a: 1\nb: !secret c\n", 2, "tags such as !secret are not taken"),
        ("a: 1\nb: !!set [c, d]\n", 2, "tags such as tag:yaml.org,2002:set are not taken"),
        ("a: 1\nb: !!omap {c: d}\n", 2, "tags such as tag:yaml.org,2002:omap are not taken"),
        ("a: 1\nb: !!binary [c]\n", 2, "tags such as tag:yaml.org,2002:binary are not taken"),
        ("a: 1\n!secret b: c\n", 2, "tags such as !secret are not taken"),
        ("a: !!bool perhaps\n", 1, "perhaps is no bool"),
        ("a: !!float ''\n", 1, " is no float"),
        ("b: c\n<<: d\n", 2, "<< takes over an object or a list of objects, and nothing else"),
        ("a: 1\nb:\n  c: 2\n  'c': 3\n", 4, "the key c is there twice in one object"),
        ("- &a 1\n- {*a : 2, 1: 3}\n", 2, "a key is no text"),
        ("a: b\n---\nc: d\n", 2, "a second document begins here"),
        ("a: b: c\n", 1, "mapping values are not allowed in this context"),
        ("a: \x07\n", 0, "unacceptable character #x0007: control characters are not allowed"),
        ("a: \ud800\n", 0, "'utf-8' codec can't encode character '\\ud800' in position 3: surrogates not allowed"),
        ("a: " + "9" * 101, 1, "a number of more than 100 digits"),
        ("\n" + "[" * 101, 2, "nested deeper than 100 levels"),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(DocumentError) as told:
        read_document(text)
    assert (told.value.line, told.value.reason) == (line, reason)


def test_an_error_has_a_column_for_those_who_must_not_show_the_text() -> None:
    with pytest.raises(DocumentError) as told:
        read_document("token: secret\nusers: [a, *b]\n")
    assert (told.value.line, told.value.column) == (2, 12)


@pytest.mark.parametrize(
    ("limits", "line", "reason"),
    [
        (Limits(size=5), 0, "more than 0 MB of text"),
        (Limits(nodes=6), 3, "more than 6 nodes of YAML"),
        (Limits(documents=1), 2, "more than 1 documents"),
    ],
)
def test_the_limits_are_the_callers(limits: Limits, line: int, reason: str) -> None:
    with pytest.raises(DocumentError) as told:
        list(iterate_documents("a: 1\n---\nb: {c: [1]}\n", limits))
    assert (told.value.line, told.value.reason) == (line, reason)


def test_what_merge_keys_copy_counts_as_nodes() -> None:
    fields = ", ".join(f"key-{number}: 1" for number in range(1000))
    text = f"a: &a {{{fields}}}\nb:\n" + "- {<<: *a}\n" * 600
    with pytest.raises(DocumentError, match="more than 1,000,000 nodes of YAML"):
        read_document(text)
    assert len(read_document(text.replace("<<: *a", "c: *a"))["b"]) == 600


def test_documents_before_a_mistake_are_given_before_it_is_told() -> None:
    documents = iterate_documents("a: 1\n---\n- [\n")
    assert next(documents) == {"a": 1}
    with pytest.raises(DocumentError, match="line 4"):
        next(documents)


def read_items(text: str) -> tuple[list[tuple[str, int, Any]], Any]:
    items: list[tuple[str, int, Any]] = []
    top = read_plain(text, LIMITS, lambda key, line, item: items.append((key, line, item)))
    return items, top


def test_items_of_plain_yaml_are_handed_on_one_at_a_time() -> None:
    items, top = read_items("a: b\nitems:\n- {c: 1}\n- [2]\nmore:\n  inner: [3]\nnone: []\n")
    assert items == [("items", 3, {"c": 1}), ("items", 4, [2])]
    assert top == {"a": "b", "items": (), "more": {"inner": [3]}, "none": ()}


def test_an_item_is_handed_on_before_the_next_one_is_read() -> None:
    items: list[Any] = []
    with pytest.raises(DocumentError, match="line 4"):
        read_plain("items:\n- 1\n- 2\n- ]\n", LIMITS, lambda key, line, item: items.append(item))
    assert items == [1, 2]


@pytest.mark.parametrize("text", ["yes", "off", "1_000", "0x10", "010", "1.5", "1:30", "2026-01-02", "True", "=", "<<"])
def test_plain_yaml_takes_for_text_what_json_would_not_take_for_a_value(text: str) -> None:
    assert read_items(f"a: {text}\n")[1] == {"a": text}


def test_plain_yaml_takes_for_a_value_what_json_does() -> None:
    assert read_items("{a: 1, b: -20, c: true, d: false, e: null, f: ~, g: '1', h: }\n")[1] == {
        "a": 1,
        "b": -20,
        "c": True,
        "d": False,
        "e": None,
        "f": None,
        "g": "1",
        "h": None,
    }
    assert read_items("<<: {a: 1}\n")[1] == {"<<": {"a": 1}}


@pytest.mark.parametrize("text", ["a: &x 1", "a: &x []", "a: &x {}", "&x a: 1", "a: *x", "*x : a"])
def test_plain_yaml_has_no_aliases(text: str) -> None:
    with pytest.raises(DocumentError, match=r"^line 1: aliases and anchors are not taken$"):
        read_items(text)


@pytest.mark.parametrize("text", ["a: !!str 1", "a: !!seq []", "a: !x {}", "!!str a: 1"])
def test_plain_yaml_has_no_tags(text: str) -> None:
    with pytest.raises(DocumentError, match=r"^line 1: tags such as \S+ are not taken$"):
        read_items(text)


PARTS = [
    "a: 1",
    "b: [",
    "---",
    "...",
    "# x",
    "%YAML 1.1",
    "%TAG !e! tag:e,2000:",
    "",
    "- {b",
    "--- x",
    "  ---",
    "--- |",
]


@example(["--- x", "%YAML 1.1"], "\n")
@example(["--- x", "%YAML 1.1", "---", "a: 1"], "\n")
@example(["--- x", "...", "# y", "%YAML 1.1", "---", "a: 1"], "\n")
@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_each_document_by_itself_is_what_it_is_among_the_others(parts: list[str], end: str) -> None:
    text = end.join(parts)
    apart = list(iterate_apart(text))
    together = outcome(lambda: iterate_documents(text), DocumentError)
    if together != "refused":
        assert apart == together


def test_one_that_cannot_be_read_is_told_in_its_place() -> None:
    good, bad, last = iterate_apart("a: 1\n...\n%YAML 1.1\n---\n\nb: [\n---\nc: 3\n")
    assert (good, last) == ({"a": 1}, {"c": 3})
    assert isinstance(bad, DocumentError)
    assert bad.line == 7


def test_all_documents_together_are_bounded() -> None:
    text = "---\na: [1, 2, 3]\n" * 10
    *_, last = iterate_apart(text, Limits(nodes=20))
    assert str(last) == "line 8: more than 20 nodes of YAML"
    assert len(list(iterate_apart(text, Limits(documents=4)))) == 6
    assert len(list(iterate_apart("---\n{\n" * 10, Limits(documents=4)))) == 6
    (refused,) = iterate_apart(text, Limits(size=20))
    assert isinstance(refused, DocumentError)
