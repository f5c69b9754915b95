"""What the feed brings: the names that it touches, what is worth saying, and whether enough was read to begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest

from syncer.core.kinds import (
    DNS_ENDPOINT,
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_ROUTE_KINDS,
    HTTP_ROUTE,
    INGRESS,
    LISTENER_SET,
    NAMESPACE,
    SERVICE,
    Kind,
)
from syncer.core.scope import Scope
from syncer.core.source import Ref, SourceObject
from syncer.intake import PATIENCE, Intake
from syncer.kube.feed import KindState, WatchState
from syncer.kube.store import Store
from tests.syncer.zone.engine import ingress
from tests.syncer.zone.memory import MemoryLedger

START = 1000.0
GRAFANA = Ref("Ingress", "web", "grafana", "networking.k8s.io")


class Feed:
    """``syncer.kube.feed.Feed``: each kind is as the test says."""

    def __init__(self) -> None:
        self.kinds: dict[Kind, KindState] = {}
        self.waits = False
        for kind in (INGRESS, HTTP_ROUTE, GATEWAY, SERVICE):
            self.turn(kind, WatchState.WATCHING)

    def turn(self, kind: Kind, state: WatchState, *, known: bool | None = None) -> None:
        self.kinds[kind] = KindState(kind, state, state is WatchState.WATCHING if known is None else known)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def states(self) -> Sequence[KindState]:
        return list(self.kinds.values())

    def deletes_wait(self) -> bool:
        return self.waits


class SourceLedger(MemoryLedger):
    """Remembers what is said of the sources."""

    def __init__(self) -> None:
        super().__init__()
        self.saved: list[dict[Ref, SourceObject | None]] = []
        self.forgotten: list[tuple[set[str], list[Ref]]] = []

    def save_sources(
        self,
        target: str,
        sources: Mapping[Ref, SourceObject | None],
        *,
        is_new_version: bool = False,
        beat: Callable[[], object] = lambda: None,
    ) -> Collection[str]:
        self.saved.append(dict(sources))
        beat()
        return ()

    def forget_sources(self, target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
        self.forgotten.append(({kind for _, kind in kinds}, list(known)))


class Case:
    def __init__(self) -> None:
        self.feed = Feed()
        self.store = Store(Scope(zones=("talos00",), addresses=("192.168.1.54",)))
        self.ledger = SourceLedger()
        self.intake = Intake(self.feed, self.store, "default", START)

    def put(self, *hosts: str, **notes: str) -> set[str]:
        """The Ingress ``grafana`` with these hosts; the names that it touches."""
        self.store.put(INGRESS, ingress("grafana", *hosts, **notes))
        return self.intake.take_names()


@pytest.fixture
def case() -> Case:
    return Case()


def test_an_object_touches_the_names_that_it_has_and_those_that_it_had(case: Case) -> None:
    assert case.put("grafana.talos00") == {"grafana.talos00"}
    assert case.put("boards.talos00") == {"grafana.talos00", "boards.talos00"}
    assert case.intake.take_names() == set()


def test_what_changed_is_saved_once(case: Case) -> None:
    case.put("grafana.talos00")
    case.intake.save_sources(case.ledger)
    case.intake.save_sources(case.ledger)
    assert [list(sources) for sources in case.ledger.saved] == [[GRAFANA]]


def test_objects_of_a_kind_that_is_not_read_are_forgotten(case: Case) -> None:
    """Nothing lists it, so nothing would ever say that they are gone."""
    store = Store(Scope(zones=("talos00",), kinds=("Ingress", "IngressRouteTCP")))
    Intake(case.feed, store, "default", START).save_sources(case.ledger)
    ((kinds, known),) = case.ledger.forgotten
    assert ("IngressRoute" in kinds, "IngressRouteTCP" in kinds, known) == (True, False, [])


def test_who_saves_shows_signs_of_life(case: Case) -> None:
    beats: list[None] = []
    case.put("grafana.talos00")
    case.intake.save_sources(case.ledger, beat=lambda: beats.append(None))
    assert beats


def test_an_object_that_is_gone_is_saved_as_gone(case: Case) -> None:
    case.put("grafana.talos00")
    case.store.drop(INGRESS, "web", "grafana")
    assert case.intake.take_names() == {"grafana.talos00"}
    case.intake.save_sources(case.ledger)
    assert case.ledger.saved == [{GRAFANA: None}]


def test_of_a_kind_just_listed_what_went_while_we_were_down_is_forgotten_once(case: Case) -> None:
    case.feed.turn(SERVICE, WatchState.FORBIDDEN)
    case.put("grafana.talos00")
    for _ in range(2):
        case.intake.save_sources(case.ledger)
    case.feed.turn(SERVICE, WatchState.WATCHING)
    case.intake.save_sources(case.ledger)
    assert case.ledger.forgotten == [({"Ingress", "HTTPRoute", "Gateway"}, [GRAFANA]), ({"Service"}, [GRAFANA])]


def test_a_dry_run_saves_nothing(case: Case) -> None:
    case.put("grafana.talos00")
    case.intake.save_sources(None)
    case.intake.save_sources(case.ledger)
    assert case.ledger.saved == []


def test_another_database_is_told_everything_again(case: Case) -> None:
    case.put("grafana.talos00")
    case.intake.save_sources(case.ledger)
    case.intake.save_all_again()
    case.intake.save_sources(case.ledger)
    assert [list(sources) for sources in case.ledger.saved] == [[GRAFANA]] * 2
    assert len(case.ledger.forgotten) == 2


def test_it_is_settled_when_every_kind_was_listed(case: Case) -> None:
    case.feed.turn(HTTP_ROUTE, WatchState.STARTING)
    assert not case.intake.is_settled(START)
    case.feed.turn(HTTP_ROUTE, WatchState.WATCHING)
    assert case.intake.is_settled(START)


def test_one_kind_holds_up_the_others_for_a_while_only(case: Case) -> None:
    case.feed.turn(HTTP_ROUTE, WatchState.UNREACHABLE)
    assert not case.intake.is_settled(START + PATIENCE - 1)
    assert case.intake.is_settled(START + PATIENCE)


def test_nothing_is_begun_while_no_kind_was_ever_listed(case: Case) -> None:
    for kind in list(case.feed.kinds):
        case.feed.turn(kind, WatchState.UNREACHABLE)
    assert not case.intake.is_settled(START + 100 * PATIENCE)


def test_a_kind_that_may_not_be_read_is_not_waited_for(case: Case) -> None:
    case.feed.turn(HTTP_ROUTE, WatchState.FORBIDDEN)
    assert case.intake.is_settled(START)


def test_what_was_settled_stays_so_when_the_api_server_goes_away(case: Case) -> None:
    assert case.intake.is_settled(START)
    for kind in list(case.feed.kinds):
        case.feed.turn(kind, WatchState.UNREACHABLE)
    assert case.intake.is_settled(START + 1)


def test_objects_of_a_kind_that_cannot_be_read_may_exist(case: Case) -> None:
    assert case.intake.find_unread().kinds == {}
    case.feed.turn(INGRESS, WatchState.FORBIDDEN)
    assert case.intake.find_unread() == ({"Ingress": ""}, set())


def test_what_was_in_no_file_that_could_be_read_may_be_in_the_one_that_cannot(case: Case) -> None:
    case.store = Store(Scope(zones=("talos00",)), assume_accepted=True)
    case.intake = Intake(case.feed, case.store, "default", START)
    case.feed.kinds = {INGRESS: KindState(INGRESS, WatchState.WATCHING, False, "a.yaml: line 3: no YAML")}
    case.put()
    unread = case.intake.find_unread()
    assert unread == ({"Ingress": "it may be in a.yaml: line 3: no YAML"}, {"Ingress/web/grafana"})
    case.store.drop(INGRESS, "web", "grafana")
    assert case.intake.find_unread() == unread


def test_a_route_means_nothing_while_gateways_cannot_be_read(case: Case) -> None:
    case.feed.turn(GATEWAY, WatchState.FORBIDDEN)
    assert "HTTPRoute" in case.intake.find_unread().kinds


def test_after_a_lost_connection_deletes_wait_for_every_kind_that_gives_names(case: Case) -> None:
    assert not case.intake.deletes_wait()
    assert case.intake.awaited_kinds() == set()
    case.feed.waits = True
    assert case.intake.deletes_wait()
    assert case.intake.awaited_kinds() == {"Ingress", "Service", *GATEWAY_ROUTE_KINDS}


@pytest.mark.parametrize(
    ("kind", "awaited"),
    [
        (INGRESS, {"Ingress"}),
        (GATEWAY, GATEWAY_ROUTE_KINDS),
        (LISTENER_SET, set()),
        (NAMESPACE, set()),
        (SERVICE, {"Service"}),
        (ENDPOINT_SLICE, {"Service"}),
    ],
)
def test_a_kind_that_stays_away_is_awaited_by_what_depends_on_it(case: Case, kind: Kind, awaited: set[str]) -> None:
    case.feed.turn(kind, WatchState.UNREACHABLE, known=True)
    assert case.intake.awaited_kinds() == awaited
    assert case.intake.find_unread().kinds == {}


def test_only_kinds_of_which_a_route_is_on_a_listener_set_mean_nothing_without_those(case: Case) -> None:
    case.feed.turn(LISTENER_SET, WatchState.FORBIDDEN)
    assert case.intake.find_unread().kinds == {}
    parents = [{"kind": "ListenerSet", "name": "team"}]
    case.store.put(HTTP_ROUTE, {"metadata": {"name": "blog"}, "spec": {"parentRefs": parents}})
    assert case.intake.find_unread().kinds == {"HTTPRoute": ""}
    case.store.drop(HTTP_ROUTE, "default", "blog")
    assert case.intake.find_unread().kinds == {}


def test_what_is_wrong_with_an_object_is_said_once_and_again_when_it_is_something_else(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    for ttl in ("banana", "banana", "cherry"):
        case.put("grafana.talos00", ttl=ttl)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 2
    assert "banana" in said[0]
    assert "cherry" in said[1]


def test_names_that_are_not_published_are_one_line_for_each_object(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    case.put("www.example.org", "www.example.net", "grafana.talos00")
    (record,) = caplog.records
    assert record.getMessage() == (
        "Ingress/web/grafana: www.example.org is not published: outside every managed zone (and 1 more)"
    )


@pytest.mark.parametrize("setting", [{"strict": True}, {"namespace_selector": "dns=public"}])
def test_what_waits_for_its_namespace_to_be_read_is_no_line_for_each_object(
    case: Case, caplog: pytest.LogCaptureFixture, setting: dict[str, Any]
) -> None:
    """They come in any order at the start."""
    caplog.set_level("INFO")
    store = Store(Scope(zones=("talos00",), **setting))
    intake = Intake(case.feed, store, "default", START)
    store.put(INGRESS, ingress("grafana", "grafana.talos00"))
    assert intake.take_names() == set()
    assert not caplog.records
    store.put(NAMESPACE, {"metadata": {"name": "web", "labels": {"dns": "public"}}})
    assert intake.take_names() == {"grafana.talos00"}


def test_a_type_that_is_left_out_is_told_as_a_name_is(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    metadata = {"name": "mail", "namespace": "web"}
    endpoints = [
        {"dnsName": "mail.talos00", "recordType": "A", "targets": ["192.0.2.1"]},
        {"dnsName": "mail.talos00", "recordType": "CNAME", "targets": ["edge.talos00"]},
    ]
    with caplog.at_level(logging.INFO, "syncer.intake"):
        for _ in range(2):
            case.store.put(DNS_ENDPOINT, {"metadata": metadata, "spec": {"endpoints": endpoints}})
            case.intake.take_names()
            case.intake.save_sources(case.ledger)
    assert [record.getMessage() for record in caplog.records] == [
        "DNSEndpoint/web/mail: mail.talos00 is not published: CNAME: a CNAME is alone at its name, which has other"
        " records here: A"
    ]
