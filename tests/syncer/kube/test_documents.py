"""YAML and JSON taken apart into Kubernetes objects."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.kinds import INGRESS
from syncer.kube.documents import ManifestError, kind_of, read_apart, read_documents

GRAFANA = """\
kind: Ingress
metadata:
  name: grafana
  creationTimestamp: 2026-01-02T03:04:05Z
"""
BLOG = GRAFANA.replace("grafana", "blog")


def test_documents_are_taken_apart_and_empty_ones_left_out() -> None:
    documents = read_documents("---\n" + GRAFANA + "---\n# nothing\n---\n" + BLOG + "---\n")
    assert [document["metadata"]["name"] for document in documents] == ["grafana", "blog"]
    assert read_documents("") == []
    assert read_documents(" \n# only a comment\n") == []


def test_times_stay_text() -> None:
    (document,) = read_documents(GRAFANA)
    assert document["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05Z"
    assert read_documents("a: 2026-01-02\nb: !!timestamp 2026-01-02 03:04:05") == [
        {"a": "2026-01-02", "b": "2026-01-02 03:04:05"}
    ]


def test_what_others_keep_in_the_same_file_is_no_reason_to_refuse_it() -> None:
    others = "kind: ConfigMap\nbinaryData:\n  logo: !!binary |\n    aGk=\ndata: {ports: !!set {80, 443}, 8080: true}\n"
    documents = read_documents(others + "---\n" + GRAFANA)
    assert [document["kind"] for document in documents] == ["ConfigMap", "Ingress"]
    assert documents[0]["data"] == {"ports": {"80": None, "443": None}, "8080": True}


@pytest.mark.parametrize("text", ['{"kind": "Ingress"}', '\n\t{"kind":\t"Ingress"}', "{kind: Ingress}"])
def test_json_is_read_and_yaml_that_looks_like_it(text: str) -> None:
    assert read_documents(text) == [{"kind": "Ingress"}]


def test_a_long_list_takes_no_more_memory_than_what_it_holds() -> None:
    item = "- {{apiVersion: v1, kind: X, metadata: {{name: a{}, labels: {{a: b, c: d}}}}}}\n"
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(map(item.format, range(2000)))
    read_documents(text)  # loads and caches what every reading needs
    tracemalloc.start()
    try:
        objects = read_documents(text)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(objects) == 2000
    assert peak < 1.5 * held


def test_lists_are_taken_apart_whatever_their_kind() -> None:
    documents = read_documents(
        '{"kind": "List", "items": [{"kind": "Ingress"}, {"kind": "List", "items": [{"kind": "Gateway"}]},'
        ' {"kind": "IngressList", "apiVersion": "networking.k8s.io/v1", "items": [{"metadata": {"name": "nas"}}]}]}'
    )
    assert documents == [
        {"kind": "Ingress"},
        {"kind": "Gateway"},
        {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "nas"}},
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: b\n  c: d", "blog.yaml line 2: mapping values are not allowed in this context"),
        ("a: [1, 2", "blog.yaml line 2: did not find expected ',' or ']'"),
        ("a: 1\n---\nb: *c", "blog.yaml line 3: found undefined alias"),
        (
            "a: !!python/object/apply:os.system [true]",
            "blog.yaml line 1: tags such as tag:yaml.org,2002:python/object/apply:os.system are not taken",
        ),
        ("? [a]\n: b", "blog.yaml line 1: a key is no text"),
        ("3", "blog.yaml: document 1 is no Kubernetes object"),
        ("a: b\n---\njust text", "blog.yaml: document 2 is no Kubernetes object"),
        ('{"a": ]}', "blog.yaml line 1: did not find expected node content"),
        ("a: \0", "blog.yaml: unacceptable character #x0000"),
        ("a: !!int b", "blog.yaml line 1: b is no int"),
        ("a: &a [*a]", "blog.yaml line 1: alias *a is inside itself"),
        pytest.param("a: " + "[" * 100_000, "nested deeper than 100 levels", id="brackets"),
        pytest.param("- " * 100_000, "nested deeper than 100 levels", id="dashes"),
        pytest.param('{"a":' * 100_000, "nested deeper than 100 levels", id="braces"),
        pytest.param("#" * 11_000_000, "blog.yaml: more than 10 MB of text", id="size"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ManifestError) as told:
        read_documents(text, "blog.yaml")
    assert complaint in str(told.value)
    assert len(str(told.value)) < 300
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("start", "open_", "close"), [("[x]", "[", "]"), ("{x: y}", "{<<: [", "]}")])
def test_aliases_do_not_explode(start: str, open_: str, close: str) -> None:
    levels = [f"a0: &a0 {start}"]
    levels += (f"a{at}: &a{at} {open_}{', '.join([f'*a{at - 1}'] * 9)}{close}" for at in range(1, 12))
    with pytest.raises(ManifestError, match=r"^line 8: the aliases expand to more than 10 MB"):
        read_documents("\n".join(levels))


def test_an_honest_alias_is_read() -> None:
    assert read_documents("a: &a {b: c}\nd: *a\ne: {<<: *a}") == [{"a": {"b": "c"}, "d": {"b": "c"}, "e": {"b": "c"}}]


@given(st.text(max_size=200) | st.text(alphabet="a:- []{}&*#|>!?'\"\n\t,%@`", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        documents = read_documents(text)
    except ManifestError:
        return
    assert all(isinstance(document, dict) for document in documents)


def test_only_kinds_and_versions_that_are_read_have_a_kind() -> None:
    assert kind_of({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}) == INGRESS
    assert kind_of({"apiVersion": "extensions/v1beta1", "kind": "Ingress"}) is None
    assert kind_of({"apiVersion": "v1", "kind": "ConfigMap"}) is None
    assert kind_of({"apiVersion": 1, "kind": ["Ingress"]}) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: A\nspec:\n  host: a\n  'host': b\n", "x.yaml line 4: the key host is there twice in one object"),
        ("kind: A\n---\nspec: [{a: 1, b: {a: 1}}, {a: 1, a: 2}]\n", "x.yaml line 3: the key a is there twice"),
        ("? a\n: 1\nkind: A\nkind: B\n", "x.yaml line 4: the key kind is there twice"),
        ('{"kind": "A", "spec": [{"a": 1}, {"a": 1, "b": 2, "a": 3}]}', "x.yaml line 1: the key a is there twice"),
    ],
)
def test_a_key_that_is_there_twice_is_refused(text: str, words: str) -> None:
    """As the API server does with `--validate=strict`, the default of kubectl."""
    with pytest.raises(ManifestError) as caught:
        read_documents(text, "x.yaml")
    assert words in str(caught.value)


def test_a_key_that_a_value_or_another_object_repeats_is_not_there_twice() -> None:
    text = "a: &x {b: a, c: b}\nd:\n  <<: *x\n  <<: *x\n  b: {b: [b, b]}\ne: e\n---\na: b\n"
    assert [sorted(document) for document in read_documents(text)] == [["a", "d", "e"], ["a"]]


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: List, items: []}",
        "apiVersion: v1\nkind: List\nitems:\n",
        "{apiVersion: v1, kind: List}",
        '{"apiVersion": "v1", "kind": "List", "items": null}',
        "apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n",
    ],
)
def test_an_empty_list_is_nothing_to_warn_of(text: str) -> None:
    assert read_documents(text) == []


def test_json_of_too_many_nodes_is_not_read_a_second_time_as_yaml() -> None:
    text = "[" + "{}," * 1_000_000 + "{}]"
    with pytest.raises(ManifestError, match="more than 1,000,000 nodes of JSON"):
        read_documents(text)
    assert [document.problem for document in read_apart(text)] == ["line 1: more than 1,000,000 nodes of JSON"]


def test_a_list_that_is_no_object_has_none() -> None:
    assert read_documents("- op: add\n  path: /x\n---\n" + GRAFANA + "---\n[]\n") == read_documents(GRAFANA)


def test_an_object_whose_kind_ends_in_list_is_no_list() -> None:
    assert len(read_documents("{apiVersion: x.org/v1, kind: AccessList, spec: {}}")) == 1
