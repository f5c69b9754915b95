"""Where Traefik is reached, by those of its Services that count."""

from __future__ import annotations

from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.kube.loadbalancers import TraefikIndex

AUTO = Scope(zones=("talos00",), auto=True)
FIRST, SECOND = Ref("Service", "traefik", "traefik"), Ref("Service", "kube-system", "traefik")
ADDRESS, OTHER = ("10.0.0.1",), ("10.0.0.2",)


def test_the_addresses_of_a_service_are_the_fallback_while_it_is_there() -> None:
    index = TraefikIndex(AUTO, set())
    assert index.fallback[0] == ()
    assert "has an address yet" in index.fallback[1]
    assert index.set_service(FIRST, ADDRESS)
    assert index.fallback == (ADDRESS, "")
    assert not index.set_service(FIRST, ADDRESS)
    assert index.set_service(FIRST, OTHER)
    assert index.fallback == (OTHER, "")
    assert index.set_service(FIRST, ())
    assert index.fallback[0] == ()
    assert list(index.list_services()) == []


def test_one_that_says_the_same_as_another_changes_nothing() -> None:
    index = TraefikIndex(AUTO, set())
    index.set_service(FIRST, ADDRESS)
    assert not index.set_service(SECOND, ADDRESS)
    assert set(index.list_services()) == {FIRST, SECOND}
    assert index.set_service(SECOND, OTHER)
    assert index.fallback[0] == ()
    assert not index.set_service(Ref("Service", "apps", "nas"), ()), "it is none of Traefik's"


def test_one_in_a_namespace_that_is_leaving_does_not_count() -> None:
    leaving: set[str] = set()
    index = TraefikIndex(AUTO, leaving)
    index.set_service(FIRST, ADDRESS)
    assert not index.settle_fallback()
    leaving.add("traefik")
    assert index.settle_fallback()
    assert index.fallback[0] == ()
    assert list(index.list_services()) == [FIRST]
    leaving.clear()
    assert index.settle_fallback()
    assert index.fallback == (ADDRESS, "")


def test_without_auto_no_service_is_asked() -> None:
    index = TraefikIndex(Scope(zones=("talos00",)), set())
    assert not index.set_service(FIRST, ADDRESS)
    assert index.fallback == ((), "no address is configured for the zone")
