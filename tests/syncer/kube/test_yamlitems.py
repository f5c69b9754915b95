"""A list that is put together object by object is the list that PyYAML would have made."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from syncer.kube.documents import read_documents
from syncer.kube.yamlitems import load_by_items


def outcome(load: Any) -> Any:
    try:
        return list(load())
    except yaml.YAMLError as error:
        return type(error)


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
        "items: &i [1]\nz: *i\n",
        "&r items: [1]\n",
        "items: {a: 1}\n",
        "items: [1]\nitems: [2, 3]\n",
        "items: [1]\nitems: x\n",
        "items: !!seq [1]\n",
        "items: !foo [1]\n",
        "? {a: b}\n: c\n",
        "a: {items: [1, 2]}\n",
        "!!map\nitems: [1]\n",
        "!!set {a, b}\n",
        "items:\n- a: *nope\n",
        "---\nitems:\n- &a 1\n---\nitems:\n- *a\n",
        "items: [1\n",
    ],
)
def test_it_is_what_pyyaml_makes(text: str) -> None:
    expected = outcome(lambda: yaml.load_all(text, yaml.CSafeLoader))
    assert outcome(lambda: load_by_items(text, yaml.CSafeLoader)) == expected


def test_a_list_with_more_nodes_than_one_object_may_have_is_read() -> None:
    item = "- {apiVersion: v1, kind: X, metadata: {name: a%d, labels: {a: b}}}\n"
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(item % number for number in range(10_000))
    objects = read_documents(text)
    assert len(objects) == 10_000
    assert objects[-1] == {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a9999", "labels": {"a": "b"}}}
