"""Many rounds of random changes, with foreign writes in between: ours come out as asked, the foreign ones untouched."""

from __future__ import annotations

import random

import pytest

from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, RRset
from syncer.targets.base import Outcome
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.samples import EXHAUSTIVE
from tests.syncer.targets.hands import MARK, MARKER, OTHER_MARK, ZONE, apply, foreign, held

NAMES = [f"app{i}.{ZONE}" for i in range(12)]
ADDRESSES = [f"10.0.0.{i}" for i in range(1, 6)]
TARGETS = ["web.example.com", "www.example.com"]


@pytest.mark.parametrize("seed", range(20 if EXHAUSTIVE else 2))
def test_ours_come_out_as_asked_and_theirs_stay(
    technitium: ServerUnderTest, target: TechnitiumTarget, seed: int
) -> None:
    rnd = random.Random(seed)
    theirs = [f"10.9.0.{i}" for i in range(1, 40)]
    for _ in range(12):
        found = held(target)
        changes: list[Change] = []
        for name in rnd.sample(NAMES, rnd.choice([1, 3, 12])):
            changes += random_changes(rnd, name, {kind: item for (at, kind), item in found.items() if at == name})
        before = foreign(technitium)
        results = apply(target, *changes)
        assert foreign(technitium) == before
        assert target.zone(ZONE).left_serial == technitium.serial(ZONE)
        found = held(target)
        for change in changes:
            now = found.get(change.key)
            ours = MARKER.own_values(now) if now else ()
            assert results[change.key].outcome is Outcome.DONE or "keeps the TTL" in results[change.key].reason
            assert ours == (change.after.values if change.after else ())
        taken = [item for (_, kind), item in found.items() if kind == "A"]
        for item in rnd.sample(taken, min(2, len(taken))):
            technitium.add(item.rrset.name, "A", theirs.pop(), item.rrset.ttl, rnd.choice(["", "made by hand"]))


DIGESTS = [f"{number:02x}" * 32 for number in range(4)]

RARE = {
    "HTTPS": ["1 . alpn=h2", "1 . alpn=h2,h3", "2 web.example.com alpn=h2 ech=AAb+DQACQWI=", "3 ."],
    "SVCB": ["1 . alpn=dot port=853", "2 a.example.com alpn=h2 dohpath=/q{?dns}", "3 . ipv6hint=2001:db8::1"],
    "TLSA": [f"3 1 1 {digest}" for digest in DIGESTS],
    "SSHFP": [f"4 2 {digest}" for digest in DIGESTS],
    "DS": [f"1 13 2 {digest}" for digest in DIGESTS],
    "URI": ['1 1 "https://a.example/"', '1 2 "https://b.example/?q=1"', '2 1 "sip:a@b.c"'],
    "NAPTR": [
        '1 1 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .',
        '1 2 "" "" "" a.example',
        '1 2 "S" "SIP+D2U" "" _sip._udp.b.example',
        '2 1 "" "E2U" "!a!b!" .',
    ],
    "DNAME": ["a.example", "b.example"],
}


@pytest.mark.parametrize("kind", RARE)
def test_values_and_ttls_of_rare_types_come_out_as_asked(
    technitium: ServerUnderTest, target: TechnitiumTarget, kind: str
) -> None:
    rnd = random.Random(kind)
    key = NAMES[0], kind
    held(target)
    for _ in range(15 if EXHAUSTIVE else 7):
        before = held(target).get(key)
        most = 1 if kind == "DNAME" else len(RARE[kind])
        wanted = RRset(*key, rnd.choice([60, 300]), tuple(sorted(rnd.sample(RARE[kind], rnd.randint(1, most)))))
        change = Change(Op.UPDATE if before else Op.CREATE, before, wanted, rnd.choice([MARK, OTHER_MARK]))
        assert apply(target, change)[key].outcome is Outcome.DONE
        assert held(target)[key] == Found(wanted, (change.mark,) * len(wanted.values))
        assert target.zone(ZONE).left_serial == technitium.serial(ZONE)


def random_changes(rnd: random.Random, name: str, here: dict[str, Found]) -> list[Change]:
    """As a plan would make them: a CNAME alone, and none where there is something foreign."""
    has_foreign = any(not all(map(MARKER.knows, item.marks)) for item in here.values())
    kind = rnd.choice(["A", "A", "AAAA", "CNAME", ""])
    if kind == "CNAME" and has_foreign:
        kind = "A"
    values = {"A": ADDRESSES, "AAAA": ["2001:db8::1", "2001:db8::2"], "CNAME": TARGETS, "": []}[kind]
    wanted = tuple(sorted(rnd.sample(values, 1 if kind == "CNAME" else rnd.randint(1, 2)))) if kind else ()
    changes = [
        Change(Op.DELETE, item, None, "")
        for key, item in here.items()
        if MARKER.owns(item) and (key != kind or not wanted)
    ]
    if kind and kind not in here:
        changes.append(Change(Op.CREATE, None, RRset(name, kind, rnd.choice([60, 300]), wanted), MARK))
    elif kind and MARKER.owns(here[kind]):
        changes.append(Change(Op.UPDATE, here[kind], RRset(name, kind, rnd.choice([60, 300]), wanted), MARK))
    return changes
