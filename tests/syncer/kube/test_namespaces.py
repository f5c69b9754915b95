"""What is known of Namespaces, and what becomes of the sources in one that is being deleted."""

from __future__ import annotations

import pytest

from syncer.core.selector import PartialLabels
from syncer.core.source import Ref, SourceObject
from syncer.kube.namespaces import NAME_LABEL, UNSEEN, NamespaceIndex

NOON, LATER = "2026-01-01T12:00:00Z", "2026-01-01T12:00:09Z"


def make_source(name: str, created: str = NOON, namespace: str = "apps") -> SourceObject:
    return SourceObject(Ref("Ingress", namespace, name), created=created)


def make_index(*names: str) -> NamespaceIndex:
    """Of a cluster; all its Namespaces have been told."""
    index = NamespaceIndex(assume_unknown=False)
    for name in names:
        index.set_labels(name, {})
    index.note_list()
    return index


def test_labels_are_told_with_the_one_that_kubernetes_sets() -> None:
    index = make_index()
    assert index.set_labels("apps", {"dns": "on"})
    assert index.find_labels("apps") == {"dns": "on", NAME_LABEL: "apps"}
    assert not index.set_labels("apps", {"dns": "on", NAME_LABEL: "apps"})
    assert index.set_labels("apps", {"dns": "off", NAME_LABEL: "other"})
    assert index.find_labels("apps") == {"dns": "off", NAME_LABEL: "apps"}
    index.forget_labels("apps")
    assert index.find_labels("apps") is None


def test_in_documents_a_namespace_that_is_not_there_may_have_any_labels() -> None:
    index = NamespaceIndex(assume_unknown=True)
    labels = index.find_labels("apps")
    assert isinstance(labels, PartialLabels)
    assert labels == {NAME_LABEL: "apps"}
    index.set_labels("apps", {})
    assert not isinstance(index.find_labels("apps"), PartialLabels)


def test_one_that_is_in_no_list_is_leaving_once_all_of_them_are_known() -> None:
    index = NamespaceIndex(assume_unknown=False)
    index.set_labels("web", {})
    assert not index.is_leaving("apps")
    index.note_list()
    assert index.is_leaving("apps")
    assert not index.is_leaving("web")
    assert not index.is_leaving(""), "what is in no namespace stays"


def test_one_that_is_in_no_document_is_not_leaving() -> None:
    index = NamespaceIndex(assume_unknown=True)
    index.note_list()
    assert not index.is_leaving("apps")
    index.begin_termination("apps", NOON)
    assert index.is_leaving("apps")


def test_a_termination_is_news_once() -> None:
    index = make_index("apps")
    terminating = index.terminating
    assert index.begin_termination("apps", NOON)
    assert not index.begin_termination("apps", NOON)
    assert "apps" in terminating
    assert index.is_leaving("apps")
    assert index.end_termination("apps") == ([], [])
    assert "apps" not in terminating
    assert not index.is_leaving("apps")
    with pytest.raises(KeyError):
        index.end_termination("apps")
    assert index.begin_termination("apps", LATER)


def test_what_is_known_is_listed_whether_it_is_leaving_or_not() -> None:
    index = make_index("apps", "web")
    index.begin_termination("apps", NOON)
    index.begin_termination("data", NOON)
    assert set(index.list_names()) == {"apps", "data", "web"}
    index.end_termination("data")
    index.forget_labels("web")
    assert set(index.list_names()) == {"apps"}


def test_what_is_older_than_the_deletion_goes_and_what_came_after_it_is_there() -> None:
    index = make_index("apps")
    index.begin_termination("apps", NOON)
    old, new, undated = make_source("old"), make_source("new", LATER), make_source("undated", "")
    elsewhere = make_source("nas", namespace="data")
    for source in (old, new, undated, elsewhere):
        index.hide_source(source)
    assert index.end_termination("apps") == ([new, undated], [old.ref])
    assert list(index.list_hidden()) == [elsewhere.ref]


def test_a_deletion_is_dated_by_what_was_said_of_it_last() -> None:
    for at, is_there in ((LATER, False), ("", True), (UNSEEN, False)):
        index = make_index("apps")
        index.begin_termination("apps", NOON)
        index.begin_termination("apps", at)
        source = make_source("grafana", LATER)
        index.hide_source(source)
        assert index.end_termination("apps") == (([source], []) if is_there else ([], [source.ref]))


def test_a_hidden_source_is_replaced_by_the_next_and_can_be_forgotten() -> None:
    index = make_index("apps")
    index.begin_termination("apps", NOON)
    first, second = make_source("grafana"), make_source("grafana", LATER)
    index.hide_source(first)
    index.hide_source(second)
    assert index.is_hidden(first.ref)
    index.forget_hidden(first.ref)
    assert not index.is_hidden(first.ref)
    index.forget_hidden(first.ref)
    assert index.end_termination("apps") == ([], [])
