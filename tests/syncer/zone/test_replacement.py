"""What someone else made, replaced with ours or kept as theirs, and put back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from records import operations
from records.models import AuditEntry, CustomEntry, ManagedRecord, Replacement
from syncer.errors import WritesFrozen
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine

NAS = f"nas.{ZONE}"


@pytest.fixture
def conflict(engine: Engine, technitium: ServerUnderTest) -> Engine:
    """A record by hand, with a comment and a disabled value, where an Ingress wants another address."""
    technitium.add(NAS, "A", OTHER, 77, "made by hand")
    technitium.add(NAS, "A", "192.168.1.56", 77, "the old one")
    disable(technitium, "192.168.1.56", "the old one")
    engine.put("nas")
    engine.settle()
    assert engine.state("nas") == "conflict"
    return engine


def disable(technitium: ServerUnderTest, address: str, comment: str) -> None:
    record = {"domain": NAS, "type": "A", "ipAddress": address, "ttl": 77}
    technitium.ok("zones/records/update", {**record, "comments": comment, "disable": "true"})


def stored(technitium: ServerUnderTest) -> list[tuple[int, str, str, bool]]:
    return sorted(
        (record["ttl"], record["rData"]["ipAddress"], record.get("comments", ""), record["disabled"])
        for record in technitium.records(ZONE)
        if record["name"] == NAS
    )


THEIRS = [(77, OTHER, "made by hand", False), (77, "192.168.1.56", "the old one", True)]
FOREIGN = {
    "ttl": 77,
    "values": [OTHER, "192.168.1.56"],
    "marks": ["made by hand", "the old one"],
    "disabled": ["192.168.1.56"],
}


def record() -> ManagedRecord:
    return ManagedRecord.objects.get(name=NAS)


def outcome(engine: Engine, request: Any) -> str:
    engine.settle()
    request.refresh_from_db()
    return str(request.outcome)


def test_what_a_replacement_changes_is_shown_first(conflict: Engine) -> None:
    assert operations.show_replacement(record()) == (FOREIGN, {"ttl": 300, "values": [ADDRESS]})
    assert operations.show_keeping(record()) == (FOREIGN, {"ttl": 77, "values": [OTHER, "192.168.1.56"]})


def test_what_is_shown_follows_what_they_change(conflict: Engine, technitium: ServerUnderTest) -> None:
    ManagedRecord.objects.update(foreign=None)  # as the release before left it
    audited = AuditEntry.objects.count()
    conflict.start()
    conflict.settle()
    assert record().foreign == FOREIGN
    disable(technitium, "192.168.1.56", "another comment")
    conflict.settle(11)
    assert record().foreign == {**FOREIGN, "marks": ["made by hand", "another comment"]}
    assert AuditEntry.objects.count() == audited, "it is no news"


@pytest.mark.parametrize("version", ["15.2", pytest.param("13.4", marks=pytest.mark.technitium_version("13.4"))])
def test_a_replaced_record_is_put_back_as_it_was(conflict: Engine, technitium: ServerUnderTest, version: str) -> None:
    """13.4 says "ok" to an add of what is there already, so that we look whether it was us who put it back."""
    before = stored(technitium)
    assert before == sorted(THEIRS)
    assert outcome(conflict, operations.replace_record("ada", record())) == "1 record changed"
    assert stored(technitium) == [(300, ADDRESS, "catalyst-dns-sync/default Ingress/web/nas", False)]
    replacement = operations.find_replacement(record())
    assert (replacement.theirs, replacement.made_by) == (FOREIGN, "ada")
    assert operations.show_undo(replacement) == ({"ttl": 300, "values": [ADDRESS]}, FOREIGN)
    assert outcome(conflict, operations.undo_replacement("bob", replacement)).startswith("put back: ")
    assert stored(technitium) == before
    conflict.full()
    assert (stored(technitium), conflict.state("nas")) == (before, "conflict")
    entry = AuditEntry.objects.get(action="undone")
    assert (entry.actor, entry.before) == ("bob", {"ttl": 300, "values": [ADDRESS]})
    assert entry.after == {"ttl": 77, "values": FOREIGN["values"]}
    replacement.refresh_from_db()
    with pytest.raises(ValidationError, match="undone already, by bob"):
        operations.undo_replacement("bob", replacement)


def test_a_record_of_another_type_is_not_replaced_and_the_answer_says_so(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    technitium.add(NAS, "CNAME", "elsewhere.example.com", 77, "made by hand")
    engine.put("nas")
    engine.settle()
    with pytest.raises(ValidationError, match="a foreign CNAME record is at this name"):
        operations.replace_record("ada", record())
    told = engine.ask("adopt", NAS, zone=ZONE)
    assert told == "not replaced: a foreign CNAME record is at this name", "where an older web asked for it"
    assert technitium.ask(NAS, "CNAME") == ["elsewhere.example.com"]


def test_theirs_is_kept_as_an_override_with_every_value_enabled(conflict: Engine, technitium: ServerUnderTest) -> None:
    before = stored(technitium)
    assert outcome(conflict, operations.keep_theirs("ada", record())) == "1 record changed"
    assert technitium.ask(NAS) == [OTHER, "192.168.1.56"]
    entry = CustomEntry.objects.get()
    assert (entry.mode, entry.values, entry.ttl) == ("override", FOREIGN["values"], 77)
    assert (conflict.state("nas"), record().origin) == ("synced", entry.origin)
    undo = operations.undo_replacement("ada", operations.find_replacement(record()))
    assert outcome(conflict, undo).startswith("put back: ")
    assert stored(technitium) == before
    assert not CustomEntry.objects.exists()
    conflict.full()
    assert (stored(technitium), conflict.state("nas")) == (before, "conflict")


def test_a_hold_on_all_writes_that_comes_at_that_moment_is_obeyed(
    conflict: Engine, technitium: ServerUnderTest
) -> None:
    outcome(conflict, operations.replace_record("ada", record()))
    ours = stored(technitium)
    request = operations.undo_replacement("bob", operations.find_replacement(record()))
    operations.hold_writes("ada", None)
    with pytest.raises(WritesFrozen):
        conflict.target_loop.worker.zones[ZONE].operations.undo_replacement(request.pk, "bob")
    assert stored(technitium) == ours


def test_what_was_changed_since_is_not_put_back_over(conflict: Engine, technitium: ServerUnderTest) -> None:
    outcome(conflict, operations.replace_record("ada", record()))
    change = {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "newIpAddress": "10.9.9.9", "ttl": 300}
    technitium.ok("zones/records/update", {**change, "comments": "mine"})
    before = stored(technitium)
    told = outcome(conflict, operations.undo_replacement("ada", operations.find_replacement(record())))
    assert told == f"not undone: it is {NAS} 300 A 10.9.9.9 now, and not {NAS} 300 A {ADDRESS} as we left it"
    assert stored(technitium) == before
    assert Replacement.objects.get().undone_at is None


def test_what_they_changed_before_it_was_kept_is_not_taken_over(conflict: Engine, technitium: ServerUnderTest) -> None:
    request = operations.keep_theirs("ada", record())
    technitium.add(NAS, "A", "10.9.9.9", 77, "a third one")
    before = stored(technitium)
    assert outcome(conflict, request) == "not kept: what is there is not what it was; look at it again"
    assert stored(technitium) == before
    assert not CustomEntry.objects.exists()
    assert (
        AuditEntry.objects.filter(action="deleted", name=NAS).get().reason == "what it was to keep is not what it was"
    )
    assert outcome(conflict, operations.keep_theirs("ada", record())) == "1 record changed"


def test_what_went_before_it_was_kept_leaves_the_name_to_its_claim(
    conflict: Engine, technitium: ServerUnderTest
) -> None:
    request = operations.keep_theirs("ada", record())
    for value in (OTHER, "192.168.1.56"):
        technitium.delete(NAS, "A", value)
    assert outcome(conflict, request) == "not kept: what is there is not what it was; look at it again"
    conflict.settle()
    assert (technitium.ask(NAS), conflict.state("nas")) == ([ADDRESS], "synced")
    assert not CustomEntry.objects.exists()


def test_what_was_adopted_by_itself_before_it_was_kept_is_kept(conflict: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(NAS, "A", "192.168.1.56")
    conflict.start(adopt_identical=True)
    conflict.settle()
    assert outcome(conflict, operations.keep_theirs("ada", record())) == "kept: it is ours already"
    assert (conflict.state("nas"), record().origin) == ("synced", CustomEntry.objects.get().origin)


def test_an_undo_that_finds_nothing_says_so(conflict: Engine, technitium: ServerUnderTest) -> None:
    outcome(conflict, operations.replace_record("ada", record()))
    replacement = operations.find_replacement(record())
    technitium.delete(NAS, "A", ADDRESS)
    assert outcome(conflict, operations.undo_replacement("ada", replacement)).startswith("not undone: it is gone")


def test_only_what_is_foreign_can_be_kept(engine: Engine) -> None:
    engine.put("nas")
    engine.settle()
    with pytest.raises(ValidationError, match="is synced: only what someone else has there can be kept"):
        operations.keep_theirs("ada", record())
    with pytest.raises(ValidationError, match="replaced nothing that could be put back"):
        operations.find_replacement(record())


def test_of_two_who_replace_at_once_one_does_and_the_other_finds_it_done(
    conflict: Engine, technitium: ServerUnderTest
) -> None:
    first, second = (operations.replace_record(who, record()) for who in ("ada", "bob"))
    assert outcome(conflict, first) == "1 record changed"
    second.refresh_from_db()
    assert second.outcome in ("0 records changed", "1 record changed")
    assert stored(technitium) == [(300, ADDRESS, "catalyst-dns-sync/default Ingress/web/nas", False)]
    replacement = Replacement.objects.get()
    assert replacement.theirs == FOREIGN, "what stood there is what neither of them made"
    assert outcome(conflict, operations.undo_replacement("bob", replacement)).startswith("put back: ")
    assert stored(technitium) == sorted(THEIRS)


def test_of_two_who_undo_at_once_one_does_and_the_other_finds_it_done(
    conflict: Engine, technitium: ServerUnderTest
) -> None:
    outcome(conflict, operations.replace_record("ada", record()))
    replacement = operations.find_replacement(record())
    first, second = (operations.undo_replacement(who, replacement) for who in ("ada", "bob"))
    assert outcome(conflict, first).startswith("put back: ")
    second.refresh_from_db()
    assert second.outcome == "there is nothing left to undo"
    assert stored(technitium) == sorted(THEIRS)
    assert AuditEntry.objects.filter(action="undone").count() == 1
    replacement.refresh_from_db()
    assert replacement.undone_by == "ada"


@pytest.mark.parametrize("undo_comes_first", [True, False])
def test_one_who_replaces_beside_one_who_undoes_loses_nothing_that_cannot_be_put_back(
    conflict: Engine, technitium: ServerUnderTest, undo_comes_first: bool
) -> None:
    seen = record()
    outcome(conflict, operations.replace_record("ada", seen))
    replacement = operations.find_replacement(record())
    asks = [
        lambda: operations.undo_replacement("ada", replacement),
        # Bob's page is of the time before.
        lambda: operations.replace_record("bob", seen),
    ]
    requests = [ask() for ask in (asks if undo_comes_first else reversed(asks))]
    conflict.settle()
    conflict.settle()
    for request in requests:
        request.refresh_from_db()
        assert request.done_at
    assert stored(technitium) in ([(300, ADDRESS, "catalyst-dns-sync/default Ingress/web/nas", False)], sorted(THEIRS))
    for open_one in Replacement.objects.filter(undone_at=None):
        assert outcome(conflict, operations.undo_replacement("ada", open_one)).startswith("put back: ")
    assert stored(technitium) == sorted(THEIRS)
