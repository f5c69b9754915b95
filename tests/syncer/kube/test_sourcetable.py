"""What each object asks for, in the store: found by the object and by its namespace, and how much memory that takes."""

from __future__ import annotations

import pytest

from syncer.core.source import Ref, SourceObject, Want
from syncer.kube import sourcetable
from syncer.kube.sourcetable import SourceTable
from tests.syncer.kube.work import count_bytes, read_between


def make_source(name: str = "blog", namespace: str = "web", ttl: int | None = None) -> SourceObject:
    """With strings and a ``Ref`` of its own, as each object has that is read."""
    ref = Ref("Ingress", namespace, "".join(list(name)))
    return SourceObject(ref, wants=(Want(f"{name}.talos00", ("10.0.0.1",)),), ttl=ttl)


def make_table(*sources: SourceObject) -> SourceTable:
    table = SourceTable()
    for source in sources:
        table.put(source)
    return table


def test_objects_are_found_by_themselves_and_by_their_namespace() -> None:
    blog, shop, nas = sources = make_source("blog"), make_source("shop"), make_source("nas", "data")
    table = make_table(*sources)
    assert [table.get(source.ref) for source in sources] == [blog, shop, nas]
    assert (table.list_namespace("web"), table.list_namespace("data")) == ([blog, shop], [nas])
    assert table.list_all() == [blog, shop, nas]
    assert list(table) == [source.ref for source in sources]
    assert nas.ref in table


def test_what_is_removed_is_returned_and_nothing_of_its_namespace_is_left() -> None:
    nas = make_source("nas", "data")
    table = make_table(make_source(), nas)
    assert table.remove(nas.ref) is nas
    assert (table.get(nas.ref), table.list_namespace("data")) == (None, [])
    assert nas.ref not in table
    with pytest.raises(KeyError):
        table.remove(nas.ref)


def test_an_object_that_changes_takes_the_place_of_what_it_was_and_leaves_nothing_of_it() -> None:
    first, edited = make_source(), make_source(ttl=60)
    table = make_table(first)
    kept = table.put(edited)
    assert kept == edited
    assert table.list_all() == [kept]
    assert kept.ref is first.ref, "or the key would be a second one, for as long as the object is there"
    assert next(iter(table)) is kept.ref


def test_an_object_costs_the_table_less_than_a_hundred_bytes() -> None:
    sources = [make_source(f"app-{number}") for number in range(1000)]
    assert count_bytes(lambda: make_table(*sources)) < 100_000


def test_a_reader_always_finds_the_one_that_is_edited() -> None:
    table, edited = make_table(make_source()), make_source(ttl=60)
    found = read_between(lambda: table.put(edited), lambda: table.get(edited.ref), sourcetable)
    assert set(found) == {make_source(), edited}
