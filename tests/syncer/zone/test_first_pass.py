"""What a first pass must know before it writes: which zones the server has, and what in them is ours."""

from __future__ import annotations

import pytest

from records.models import DeletedRRset, ManagedRecord, ManagedZone, Source
from syncer.core.kinds import KINDS
from syncer.kube.feed import WatchState
from syncer.ledger import SyncerStatus
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published

pytestmark = pytest.mark.django_db

DEEPER = f"sub.{ZONE}"


def forget_everything() -> None:
    """As a lost database does."""
    for model in (ManagedRecord, ManagedZone, DeletedRRset):
        model.objects.all().delete()


def test_a_single_run_on_a_new_database_writes_nothing_into_a_zone_below_ours(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    technitium.make_zone(DEEPER)
    engine.put("x", f"x.{DEEPER}")
    engine.loop.run_once()
    row = engine.rows()[f"x.{DEEPER}", "A"]
    assert (row.state, row.reason) == (
        "skipped",
        f"the server has a zone {DEEPER}, which is not in DNS_ZONES: the record would go there",
    )
    assert not published(technitium, DEEPER)


def test_nor_does_a_rebuild(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.make_zone(DEEPER)
    engine.put("y")
    engine.loop.run_once()
    engine.put("x", f"x.{DEEPER}")
    engine.start()
    engine.target_loop.worker.rebuild()
    engine.loop.run_once()
    assert engine.rows()[f"x.{DEEPER}", "A"].state == "skipped"
    assert not published(technitium, DEEPER)


def test_nor_does_a_request_that_waits_at_the_start(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.make_zone(DEEPER)
    engine.put("x", f"x.{DEEPER}")
    engine.ask("sync", f"x.{DEEPER}")
    assert engine.rows()[f"x.{DEEPER}", "A"].state == "skipped"
    assert not published(technitium, DEEPER)


def test_a_request_that_waits_at_the_start_does_not_hide_that_the_database_was_lost(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    engine.put("nas")
    engine.settle()
    forget_everything()
    engine.drop("nas")
    engine.start()
    engine.ask("sync", f"grafana.{ZONE}")
    engine.settle(4)
    assert engine.state("grafana") == "synced"
    assert ("nas", "A") not in published(technitium), "what is ours by its mark, and no claim asks for, goes"


def test_what_someone_else_has_stays_when_the_database_was_lost(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(f"printer.{ZONE}", "A", OTHER, 300, "made by hand")
    engine.put("grafana")
    engine.settle()
    forget_everything()
    engine.start()
    engine.ask("sync", f"printer.{ZONE}")
    engine.settle(4)
    assert published(technitium) == {("printer", "A"): [OTHER], ("grafana", "A"): [ADDRESS]}


def test_what_is_read_while_a_turn_begins_is_saved_before_its_pass(engine: Engine) -> None:
    """Else a name that a new version of the program would keep goes, for nothing is known of its object."""
    engine.feed.unread = dict.fromkeys(KINDS, WatchState.STARTING)
    tell = engine.ledger.save_status

    def read_meanwhile(status: SyncerStatus) -> None:
        """Everything is listed between the look at what has changed and the pass."""
        engine.put("blog")
        engine.feed.unread = {}
        tell(status)

    engine.ledger.save_status = read_meanwhile  # type: ignore[method-assign]
    engine.turn()
    assert engine.state("blog") == "synced"
    assert [source.name for source in Source.objects.all()] == ["blog"]
