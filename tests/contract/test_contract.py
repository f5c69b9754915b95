"""The contract, held to by every target."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from records import operations
from records.models import AuditEntry, ManagedRecord
from syncer.targets import TARGETS
from syncer.zone.slices import AIM
from tests.contract.conftest import HARNESSES, Begin
from tests.contract.harness import LAB, ZONE
from tests.contract.trial import Trial, rrset
from tests.samples import EXHAUSTIVE

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

V4, V4B, V4C, V6 = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"
EDGE, OTHER_EDGE = "edge.example.com", "edge.example.net"

CHANGES = {
    "A": (V4, V4B),
    "AAAA": (V6, "2001:db8::2"),
    "CNAME": (EDGE, OTHER_EDGE),
    "TXT": ("v=spf1 mx -all", 'it is "quoted"; and so on'),
    "MX": (f"10 {EDGE}", f"20 {EDGE}"),
    "SRV": (f"0 5 443 {EDGE}", f"0 5 8443 {EDGE}"),
    "CAA": ("0 issue letsencrypt.org", "0 issue example.com"),
    "PTR": (EDGE, OTHER_EDGE),
}


def test_every_target_that_is_registered_is_held_to_it() -> None:
    assert TARGETS.keys() <= {harness.settings_type for harness in HARNESSES}


def test_each_type_is_made_changed_and_taken_away_and_what_cannot_be_is_told(trial: Trial) -> None:
    """At names of their own."""
    for which in range(2):
        trial.reach(*(rrset(f"of-{kind.lower()}", values[which], kind=kind) for kind, values in CHANGES.items()))
    trial.check_nothing_is_left_to_do()
    trial.reach()
    assert not ManagedRecord.objects.exists()


def test_an_rrset_grows_shrinks_and_changes_its_ttl(trial: Trial) -> None:
    for values, ttl in [((V4,), 300), ((V4, V4B, V4C), 300), ((V4, V4B, V4C), 60), ((V4C,), 60), ((V4, V4B), 300)]:
        trial.reach(rrset("grafana", *values, ttl=ttl), rrset("blog", V4))


def test_a_name_that_is_changed_answers_at_every_moment(trial: Trial) -> None:
    answers: set[tuple[str, ...]] = set()
    trial.reach(rrset("grafana", V4))
    trial.on_step = lambda: answers.add(trial.harness.ask("grafana.talos00", "A"))
    for values, ttl in [((V4B,), 300), ((V4, V4C), 300), ((V4, V4B, V4C), 60), ((V4B,), 300), ((V4B,), 60)]:
        trial.reach(rrset("grafana", *values, ttl=ttl))
    assert {V4, V4B, V4C} == {value for values in answers for value in values}
    assert () not in answers


def test_a_name_becomes_an_alias_and_has_addresses_again(trial: Trial) -> None:
    for rrsets in [
        [rrset("grafana", V4, V4B), rrset("grafana", V6, kind="AAAA")],
        [rrset("grafana", EDGE, kind="CNAME")],
        [rrset("grafana", V4B)],
        [rrset("grafana", OTHER_EDGE, kind="CNAME")],
    ]:
        trial.reach(*rrsets, rrset("blog", V4))


def test_a_wildcard_and_the_apex_are_names_like_others(trial: Trial) -> None:
    trial.reach(rrset("*", V4), rrset("", V4B), rrset("*.apps", EDGE, kind="CNAME"), rrset("blog", V4C))
    trial.reach(rrset("*", V4C), rrset("", V6, kind="AAAA"), rrset("", "of the zone", kind="TXT"))
    trial.reach()


def test_the_types_at_one_name_come_and_go_each_by_itself(trial: Trial) -> None:
    addresses = [rrset("mail", V4), rrset("mail", V6, kind="AAAA")]
    others = [rrset("mail", f"10 {EDGE}", kind="MX"), rrset("mail", "v=spf1 -all", "second", kind="TXT")]
    for rrsets in [addresses, addresses + others, others + addresses[1:], others[:1] + addresses[:1], others]:
        trial.reach(*rrsets)


def test_each_zone_has_its_own(begin: Begin) -> None:
    trial = begin(ZONE, LAB)
    both = rrset("grafana", V4), replace(rrset("grafana", V4B), name=f"grafana.{LAB}")
    trial.reach(*both)
    trial.reach(both[1])
    trial.check_nothing_is_left_to_do()


# What is not ours


def test_a_foreign_record_keeps_its_name_until_it_goes(trial: Trial) -> None:
    theirs = rrset("nas", "192.0.2.50", ttl=77)
    trial.put_by_hand(theirs)
    trial.in_the_way = {("nas.talos00", "A")}
    trial.reach(rrset("nas", V4), rrset("blog", V4))
    trial.reach(rrset("nas", V4B), rrset("blog", V4B))
    trial.in_the_way = set()
    trial.drop_by_hand(theirs)
    trial.look()
    trial.check()


def test_a_foreign_record_survives_whatever_we_do_at_its_name(trial: Trial) -> None:
    """Of another type beside ours, and a value within our RRset, put there after it."""
    trial.put_by_hand(rrset("nas", "2001:db8::50", kind="AAAA", ttl=77))
    trial.reach(rrset("nas", V4), rrset("shared", V4))
    trial.put_by_hand(rrset("shared", "192.0.2.50"))
    trial.settle()
    for values in [(V4B,), (V4, V4B)]:
        trial.want(rrset("nas", *values), rrset("shared", *values))
        trial.settle()
        trial.check_foreign()
        assert trial.harness.ask("nas.talos00", "A") == values
    trial.want(rrset("nas", V4), rrset("shared", V4, ttl=60))
    trial.settle()
    trial.check_foreign()
    trial.reach()


def test_what_a_person_gives_us_is_ours_and_is_put_back_as_it_was(trial: Trial) -> None:
    """Where the target may touch it at all."""
    nas = rrset("nas", V4)
    trial.put_by_hand(rrset("nas", "192.0.2.50", "192.0.2.51", ttl=77))
    trial.in_the_way = {("nas.talos00", "A")}
    trial.reach(nas, rrset("blog", V4))
    outcome = trial.answer(operations.replace_record("ada", trial.find_row("nas", "A")))
    if outcome != "1 record changed":
        assert "not ours to change" in outcome
        trial.check_foreign()
        return
    assert trial.harness.read_ours()[nas.name, "A"] == nas
    assert trial.harness.ask(nas.name, "A") == nas.values
    replacement = operations.find_replacement(trial.find_row("nas", "A"))
    assert trial.answer(operations.undo_replacement("ada", replacement)).startswith("put back: ")
    trial.check()


# What goes wrong


def test_a_value_that_is_refused_is_told_and_stops_nothing_else(trial: Trial) -> None:
    if not trial.harness.refused:
        pytest.skip("it refuses nothing that it has not said before")
    good = [rrset(f"app{number}", V4) for number in range(9)]
    trial.want(rrset("bad", V4), *good, bad=trial.harness.refused)
    trial.settle()
    row = trial.find_row("bad", "A")
    assert (row.state, row.owned) == ("failed", False)
    assert row.reason
    del trial.wanted["bad.talos00", "A"]
    trial.check()
    trial.reach(rrset("bad", V4), *good)


@pytest.mark.double_only
@pytest.mark.parametrize("trouble", ["stop", "mute"])
def test_a_target_that_was_away_has_all_when_it_is_back(trial: Trial, trouble: str) -> None:
    trial.reach(rrset("stays", V4), rrset("changes", V4), rrset("goes", V4))
    getattr(trial.harness, trouble)()
    trial.want(rrset("stays", V4), rrset("changes", V4B), rrset("new", V4))
    trial.engine.turn()
    assert trial.is_in_trouble()
    trial.harness.mend()
    trial.settle()
    trial.check()
    assert not trial.is_in_trouble()
    trial.check_nothing_is_left_to_do()


def test_a_slow_target_gets_all_in_the_end_and_nothing_twice(trial: Trial) -> None:
    trial.on_step = lambda: trial.engine.clock.sleep(AIM)
    names = [f"app{number}" for number in range(40)]
    trial.want(*(rrset(name, V4) for name in names))
    trial.engine.turn()
    trial.reach(rrset("late", V4), *(rrset(name, V4) for name in names[10:]))
    told = AuditEntry.objects.values_list("action", "name")
    assert len(told) == len({*told}) == 51, "41 that came, and 10 that went"


BEFORE = [
    rrset("keep", V4),
    rrset("value", V4),
    rrset("ttl", V4),
    rrset("grow", V4),
    rrset("alias", V4, V4B),
    rrset("gone", V4, V4B),
    rrset("text", "one", kind="TXT"),
]
AFTER = [
    rrset("keep", V4),
    rrset("value", V4B),
    rrset("ttl", V4, ttl=60),
    rrset("grow", V4, V4B, V4C),
    rrset("alias", EDGE, kind="CNAME"),
    rrset("new", V4, V4B),
    rrset("text", "two", kind="TXT"),
]


@pytest.mark.timeout(300)
def test_kill_9_between_any_two_steps_ends_as_if_it_had_not_been(trial: Trial) -> None:
    """There and back again, and each time it comes a step later, or three of them."""
    trial.reach(*BEFORE)
    done = 0
    for steps in count(step=1 if EXHAUSTIVE else 3):
        for wanted in (AFTER, BEFORE) if EXHAUSTIVE else ((AFTER, BEFORE)[steps % 2],):
            trial.want(*wanted)
            done = 0 if trial.dies_after(steps) else done + 1
            trial.check_foreign()
            trial.settle()
            trial.check()
        if done > 1:
            break
    assert steps > 5


def test_a_thousand_names_are_published_once(trial: Trial) -> None:
    trial.reach(*(rrset(f"app{number:03}", V4) for number in range(1000)))
    trial.check_nothing_is_left_to_do()
    assert AuditEntry.objects.filter(action="created").count() == 1000
