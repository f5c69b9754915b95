"""One cluster, read for several targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from syncer.core.kinds import INGRESS
from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.kube.store import Store
from syncer.kube.stores import StoreGroup

REF = Ref("Ingress", "web", "shop", "networking.k8s.io")


def ingress(name: str, *hosts: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "web"}, "spec": {"rules": [{"host": host} for host in hosts]}}


class Pair:
    """A store with an address for inside, and one with another for outside; ``woken`` says how often each was told."""

    def __init__(self) -> None:
        self.woken = [0, 0]
        lan = Scope(zones=("talos00", "example.com"), addresses=("192.168.1.54",))
        public = Scope(zones=("example.com",), auto=True)
        self.stores = [
            Store(lan, wakeup=lambda: self._wake(0)),
            Store(public, wakeup=lambda: self._wake(1)),
        ]
        self.group = StoreGroup(self.stores)

    def _wake(self, index: int) -> None:
        self.woken[index] += 1

    def names(self) -> list[list[str]]:
        return [sorted(store.names()) for store in self.stores]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_each_reads_an_object_by_the_settings_of_its_target(pair: Pair) -> None:
    pair.group.put(INGRESS, ingress("shop", "shop.example.com", "nas.talos00"))
    assert pair.names() == [["nas.talos00", "shop.example.com"], ["shop.example.com"]]
    pair.group.drop(INGRESS, "web", "shop")
    assert pair.names() == [[], []]


def test_a_complete_list_wakes_each_at_its_end_and_drops_what_is_not_in_it(pair: Pair) -> None:
    pair.group.put(INGRESS, ingress("old", "old.example.com"))
    pair.woken = [0, 0]
    pair.group.replace(INGRESS, (ingress(f"app{number}", f"app{number}.example.com") for number in range(3)))
    assert pair.woken == [1, 1]
    assert pair.names() == [[f"app{number}.example.com" for number in range(3)]] * 2


def test_a_list_that_breaks_off_drops_nothing(pair: Pair) -> None:
    def break_off() -> Iterator[Mapping[str, Any]]:
        yield ingress("new", "new.example.com")
        raise ConnectionError

    pair.group.put(INGRESS, ingress("old", "old.example.com"))
    with pytest.raises(ConnectionError):
        pair.group.replace(INGRESS, break_off())
    assert pair.names() == [["new.example.com", "old.example.com"]] * 2


def test_it_is_watched_what_any_of_them_needs(pair: Pair) -> None:
    assert pair.group.scope.auto
    assert StoreGroup(pair.stores[:1]).scope == pair.stores[0].scope


def test_an_object_is_counted_once(pair: Pair) -> None:
    pair.group.put(INGRESS, ingress("shop", "shop.example.com"))
    (source,) = pair.group.sources()
    assert source == pair.group.source(REF) == pair.stores[0].source(REF)
    assert pair.group.source(REF._replace(name="another")) is None
