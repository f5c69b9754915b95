"""Many rounds of random changes, with foreign writes in between: ours come out as asked, the foreign ones untouched."""

from __future__ import annotations

import random

import pytest

from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, RRset
from syncer.targets.base import Outcome
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import MARK, MARKER, ZONE, apply, foreign, held

NAMES = [f"app{i}.{ZONE}" for i in range(12)]
ADDRESSES = [f"10.0.0.{i}" for i in range(1, 6)]
TARGETS = ["web.example.com", "www.example.com"]


@pytest.mark.parametrize("seed", range(4))
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
