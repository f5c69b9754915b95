"""What leads to another name: which of its values may be published, and what goes before what."""

from __future__ import annotations

import pytest

from syncer.core.claims import Decision
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Change, Op
from syncer.core.pointing import find_first, find_premature, hold_back, list_dropped, list_led_to, warn_of_aliases
from syncer.core.rrsets import Found, RRset

SRV = "_http._tcp.shop.talos00"
SHOP, POD, ELSEWHERE = "shop.talos00", "pod-0.talos00", "shop.example.com"
LEDGER = "Ingress/web/shop"


def value(host: str) -> str:
    return f"0 0 80 {host}"


def asks(*hosts: str) -> Decision:
    rrset = RRset(SRV, "SRV", 300, tuple(value(host) for host in hosts))
    return Decision(SRV, (rrset, RRset(SRV, "TXT", 300, ("x",))), LEDGER, (LEDGER,), waits=frozenset({"SRV"}))


def row(
    host: str, state: RecordState = RecordState.SYNCED, kind: str = "A", *, owned: bool = True
) -> dict[str, KnownRRset]:
    return {kind: KnownRRset(RRset(host, kind, 300, ("10.0.0.1",)), owned, state)}


def change(op: Op, name: str, kind: str, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Change:
    found = Found(RRset(name, kind, 300, before), ("",) * len(before)) if before else None
    return Change(op, found, RRset(name, kind, 300, after) if after else None, "")


def test_the_hosts_to_which_something_leads_are_known() -> None:
    assert list_led_to(asks(SHOP, POD)) == {SHOP, POD}
    assert list_led_to(Decision(SHOP, (RRset(SHOP, "MX", 300, ("10 mx.talos00",)),))) == {"mx.talos00"}
    assert list_led_to(Decision(SHOP, (RRset(SHOP, "CNAME", 300, (POD,)), RRset(SHOP, "TXT", 300, (POD,))))) == set()


@pytest.mark.parametrize(("kind", "value"), [("SRV", f"0 0 80 {POD}"), ("MX", f"10 {POD}"), ("NS", POD)])
def test_what_leads_to_an_alias_of_ours_is_told(kind: str, value: str) -> None:
    decision = Decision(SHOP, (RRset(SHOP, kind, 300, (value,)),))
    (warning,) = warn_of_aliases(decision, {POD: row(POD, kind="CNAME")}).warnings
    assert warning.startswith(f"{kind} leads to {POD}, which is an alias: some clients refuse that (RFC 2")
    assert warn_of_aliases(decision, {POD: row(POD)}) is decision


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({}, f"it waits until {SHOP} is written"),
        (row(SHOP, RecordState.PENDING), f"it waits until {SHOP} is written"),
        (row(SHOP, RecordState.CONFLICT, owned=False), f"it waits until {SHOP} is written"),
        (row(SHOP, RecordState.FAILED, owned=False), f"it waits until {SHOP} is written"),
        (row(SHOP, kind="CNAME"), f"it waits for addresses of {SHOP}, which is an alias, and SRV may not lead to one"),
        (row(SHOP), ""),
        (row(SHOP, kind="AAAA"), ""),
        (row(SHOP, RecordState.KEPT), ""),
        (row(SHOP, RecordState.FOREIGN, owned=False), ""),
    ],
)
def test_a_host_must_be_written(known: dict[str, KnownRRset], reason: str) -> None:
    asked = asks(SHOP)
    held, awaited = hold_back(asked, {}, {SHOP: known})
    assert held.pending.get("SRV", "") == reason
    assert held.rrsets == asked.rrsets, "what is pending is shown as it shall be"
    assert awaited == ({SHOP} if reason else set())


def test_a_host_outside_the_zone_is_not_waited_for() -> None:
    asked = asks(ELSEWHERE)
    assert hold_back(asked, {}, {}) == (asked, frozenset())


def test_values_of_hosts_that_are_written_do_not_wait_for_the_others() -> None:
    held, awaited = hold_back(asks(SHOP, POD), {}, {SHOP: row(SHOP), POD: {}})
    assert held.rrsets[0].values == (value(SHOP),)
    assert (held.pending, awaited) == ({}, {POD})
    assert held.warnings == (f"it waits until {POD} is written",)


def test_what_is_there_stays_whatever_becomes_of_its_host() -> None:
    asked = asks(SHOP)
    assert hold_back(asked, {"SRV": {value(SHOP)}}, {SHOP: {}}) == (asked, frozenset())


def test_what_led_elsewhere_goes_before_anything_new_may_be_written() -> None:
    held, awaited = hold_back(asks(POD), {"SRV": {value(SHOP)}}, {POD: {}})
    assert [rrset.type for rrset in held.rrsets] == ["TXT"]
    assert awaited == {POD}
    assert held.claimants_of("SRV") == (LEDGER,)


def test_what_leads_to_a_name_that_goes_is_first() -> None:
    gone = change(Op.DELETE, SRV, "SRV", (value(SHOP),))
    fewer = change(Op.UPDATE, "_db._tcp.talos00", "SRV", (value(SHOP), value(POD)), (value(POD),))
    other = change(Op.DELETE, "_x._tcp.talos00", "SRV", (value(POD),))
    host = change(Op.DELETE, SHOP, "A", ("10.0.0.1",))
    assert list_dropped(fewer) == {SHOP}
    assert find_first([host, gone, fewer, other]) == {gone.key, fewer.key}
    assert find_first([gone, fewer]) == set(), "nothing that they lead to goes"


def test_a_name_may_not_go_while_something_leads_to_it() -> None:
    gone = change(Op.DELETE, SRV, "SRV", (value(SHOP),))
    host, other = change(Op.DELETE, SHOP, "A", ("10.0.0.1",)), change(Op.DELETE, POD, "A", ("10.0.0.1",))
    assert find_premature([host, other], [gone]) == {SHOP}
    assert find_premature([host, other], []) == set()
