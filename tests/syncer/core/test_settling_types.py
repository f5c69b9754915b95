"""Objects that ask for more than addresses: each group of types at a name is settled by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from syncer.core.claims import Mention, Mode
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from syncer.core.source import HIGH, SourceObject, Want, WantedRecord
from tests.syncer.core.cast import FEBRUARY, MARCH, NAME, RULES, block, entry, held, row, settle, source, values_of

BLOG, MAIL, NOTES = "Ingress/web/blog", "Ingress/web/mail", "Ingress/apps/notes"
ONE, TWO, EDGE = "10.0.0.1", "10.0.0.2", "edge.talos00"
MX, OTHER_MX, TEXT = "10 mail.talos00", "20 backup.talos00", "v=spf1 -all"


def typed(origin: str, *records: WantedRecord, **more: Any) -> SourceObject:
    asked = source(origin, **more)
    return replace(asked, wants=(Want(NAME, own=True, records=records),))


def record(kind: str, *values: str, **more: Any) -> WantedRecord:
    return WantedRecord(kind, values, **more)


def test_types_of_one_object_stand_beside_each_other_with_their_own_ttls() -> None:
    asked = typed("web/mail", record("A", ONE, ttl=60), record("MX", MX, ttl=900), record("TXT", TEXT), ttl=120)
    decision = settle(asked)
    assert decision.rrsets == (
        RRset(NAME, "A", 60, (ONE,)),
        RRset(NAME, "MX", 900, (MX,)),
        RRset(NAME, "TXT", 120, (TEXT,)),
    )
    assert (decision.origin, decision.claimants, decision.losers) == (MAIL, (MAIL,), ())


def test_a_text_stands_beside_the_address_of_another_object() -> None:
    decision = settle(source("web/blog", ONE), typed("web/mail", record("MX", MX), record("TXT", TEXT)))
    assert values_of(decision) == {"A": (ONE,), "MX": (MX,), "TXT": (TEXT,)}
    assert (decision.origin_of("A"), decision.origin_of("MX")) == (BLOG, MAIL)
    assert decision.losers == ()


def test_what_asks_for_records_gets_no_default_address() -> None:
    decision = settle(typed("web/mail", record("MX", MX)), fallback=(TWO,), history=held(row(MAIL, values=[ONE])))
    assert values_of(decision) == {"MX": (MX,)}


def test_an_alias_of_another_object_excludes_every_type_and_is_excluded_by_the_first() -> None:
    texts = typed("web/mail", record("MX", MX), record("TXT", TEXT))
    alias = source("web/blog", EDGE, created=MARCH)
    decision = settle(texts, alias)
    assert values_of(decision) == {"MX": (MX,), "TXT": (TEXT,)}
    assert decision.losers == (Loser(BLOG, f"{MAIL} has the name: it has a target of its own"),)
    first = settle(texts, replace(alias, priority=HIGH))
    assert values_of(first) == {"CNAME": (EDGE,)}
    assert first.losers == (Loser(MAIL, f"{BLOG} has the name: its priority is higher"),)


def test_equal_types_compete_and_the_rest_of_the_loser_stands() -> None:
    older = typed("web/mail", record("MX", MX))
    younger = typed("web/blog", record("MX", OTHER_MX), record("TXT", TEXT), created=FEBRUARY)
    decision = settle(older, younger)
    assert values_of(decision) == {"MX": (MX,), "TXT": (TEXT,)}
    lost = Loser(BLOG, f"{MAIL} has the name: it is older")
    assert decision.losers_of("MX") == (lost,)
    assert decision.losers_of("TXT") == (), "it has this one"


def test_who_loses_two_types_to_two_others_is_told_of_each_with_its_winner() -> None:
    decision = settle(
        typed("web/mail", record("MX", MX)),
        typed("apps/notes", record("TXT", TEXT), created=FEBRUARY),
        typed("web/blog", record("MX", OTHER_MX), record("TXT", "else"), created=MARCH),
    )
    assert decision.losers_of("MX") == (Loser(BLOG, f"{MAIL} has the name: it is older"),)
    assert decision.losers_of("TXT") == (Loser(BLOG, f"{NOTES} has the name: it is older"),)


def test_equal_values_merge_and_the_record_goes_with_the_last() -> None:
    one, two = typed("web/mail", record("MX", MX, ttl=900)), typed("web/blog", record("MX", MX, ttl=60))
    decision = settle(one, replace(two, created=MARCH))
    assert decision.rrsets == (RRset(NAME, "MX", 60, (MX,)),)
    assert decision.claimants == (MAIL, BLOG)


def test_an_entry_beats_an_object_at_its_own_type_alone_and_a_block_at_all() -> None:
    asked = typed("web/mail", record("A", ONE), record("MX", MX))
    decision = settle(asked, entries=[entry("1", OTHER_MX, kind="MX", mode=Mode.OVERRIDE)])
    assert values_of(decision) == {"A": (ONE,), "MX": (OTHER_MX,)}
    blocked = settle(asked, entries=[block()])
    assert (blocked.rrsets, [loser.origin for loser in blocked.losers]) == ((), [MAIL])


def test_a_type_without_a_value_asks_for_nothing() -> None:
    decision = settle(typed("web/mail", record("CNAME", skipped="the addresses win"), record("A", ONE)))
    assert values_of(decision) == {"A": (ONE,)}
    assert settle(typed("web/mail", record("MX", skipped="no value is left"))).rrsets == ()


def test_a_type_that_its_object_dropped_goes_for_the_object() -> None:
    history = held(row(MAIL, values=[ONE]), row(MAIL, values=[MX], kind="MX"))
    decision = settle(typed("web/mail", record("A", ONE)), history=history)
    assert values_of(decision) == {"A": (ONE,)}
    assert decision.claimants_of("MX") == (MAIL,)


def test_what_may_no_longer_be_published_is_kept_by_type_for_its_time() -> None:
    asked = typed("web/mail", record("A", ONE), record("MX", refused=(MX,), skipped="not allowed"))
    history = held(row(MAIL, values=[ONE]), row(MAIL, values=[MX], kind="MX"))
    decision = settle(asked, history=history)
    assert values_of(decision) == {"A": (ONE,), "MX": (MX,)}
    assert decision.kept == {"MX": f"its target is not allowed: {MX}"}
    over = settle(asked, history=history._replace(mentions={MAIL: Mention(seconds=RULES.grace)}))
    assert values_of(over) == {"A": (ONE,)}


def test_in_strict_the_namespaces_settle_each_type_by_itself() -> None:
    rules = RULES._replace(strict=True)
    decision = settle(
        typed("web/mail", record("MX", MX), record("TXT", TEXT)),
        typed("apps/notes", record("MX", OTHER_MX), created=MARCH),
        rules=rules,
        history=held(row(NOTES, values=[OTHER_MX], kind="MX")),
    )
    assert values_of(decision) == {"MX": (OTHER_MX,), "TXT": (TEXT,)}


def test_a_take_over_of_one_type_is_told_of_that_type() -> None:
    decision = settle(
        typed("web/mail", record("MX", MX), priority=HIGH),
        typed("apps/notes", record("MX", OTHER_MX), record("TXT", TEXT)),
        history=held(row(NOTES, values=[OTHER_MX], kind="MX"), row(NOTES, values=[TEXT], kind="TXT")),
    )
    takeover = decision.find_takeover("MX")
    assert takeover
    assert (takeover.loser, takeover.winner) == (NOTES, MAIL)
    assert decision.find_takeover("TXT") is None
