"""What is seen of the zone before and after a turn of the syncer, and what it must not have done in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from records.models import ManagedRecord
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.histories.cast import NAMES, Values
from tests.histories.model import Model, kind_of, namespace_of
from tests.syncer.targets.hands import MARKER
from tests.syncer.zone.engine import ZONE

VALUES = {"A": "ipAddress", "AAAA": "ipAddress", "CNAME": "cname", "TXT": "text"}


@dataclass
class Held:
    """What is at a name: our values, foreign ones, the TTLs, and the rows of the ledger, all by type."""

    own: Values = field(default_factory=dict)
    others: Values = field(default_factory=dict)
    ttls: dict[str, set[int]] = field(default_factory=dict)
    rows: dict[str, ManagedRecord] = field(default_factory=dict)

    @property
    def claimants(self) -> list[str]:
        """Those that the ledger says published it, the ones that the marks name first."""
        owned = [row for row in self.rows.values() if row.owned]
        return list(dict.fromkeys(origin for row in owned for origin in (row.origin, *row.claimants)))

    @property
    def states(self) -> set[str]:
        return {row.state for row in self.rows.values()}


def look(server: ServerUnderTest) -> dict[str, Held]:
    found = {name: Held() for name in NAMES}
    for record in server.records(ZONE):
        if held := found.get(record["name"].removesuffix(f".{ZONE}")):
            add_record(held, record)
    for row in ManagedRecord.objects.order_by("id"):
        found[row.name.removesuffix(f".{ZONE}")].rows[row.type] = row
    return found


def add_record(held: Held, record: dict[str, Any]) -> None:
    kind = record["type"]
    side = held.own if MARKER.knows(record.get("comments", "")) else held.others
    side.setdefault(kind, set()).add(record["rData"][VALUES[kind]])
    held.ttls.setdefault(kind, set()).add(record["ttl"])


def check_turn(model: Model, name: str, before: Held, after: Held, *, died: bool) -> None:
    """``died``: it was killed before the end of the turn."""
    unread = [origin for origin in before.claimants if kind_of(origin) in model.unread_kinds()]
    if before.own and not after.own:
        check_loss(model, name, before, after, unread, died=died)
    if unread:
        check_unread(model, name, before, after, unread)
    else:
        check_holder(model, name, before.claimants, after)


def check_loss(model: Model, name: str, before: Held, after: Held, unread: Collection[str], *, died: bool) -> None:
    """A name that was published has no answer of ours any more."""
    claims = model.claims(name)
    if claims and after.others:
        return  # another hand's answer is in the way of the one that is asked for
    if died and any("CNAME" in {*before.own, *claim.values} for claim in claims):
        return  # where the type changes there is a moment without an answer
    assert not claims, f"{name} is gone although {claims} ask for it"
    assert not unread, f"{name} is gone although {unread} could not be read"
    awaited = [origin for origin in before.claimants if kind_of(origin) in model.awaited_kinds()]
    assert not awaited, f"{name} is gone although {awaited} have not been heard from again"
    kept = [origin for origin in before.claimants if model.must_keep(origin, name)]
    assert not kept, f"{name} is gone although a trouble hides it from {kept}"


def check_unread(model: Model, name: str, before: Held, after: Held, unread: Collection[str]) -> None:
    """What cannot be read keeps its name as it was, unless another one that had it too is still there before it."""
    live = {claim.origin for claim in model.claims(name)}
    if next(origin for origin in before.claimants if origin in live or origin in unread) in unread:
        owned = {kind: set(row.values) for kind, row in before.rows.items() if row.owned}
        new = {
            kind: values - owned.get(kind, set()) - before.own.get(kind, set()) for kind, values in after.own.items()
        }
        assert not any(new.values()), f"{name} got {new} while {unread} could not be read"


def check_holder(model: Model, name: str, claimants: Collection[str], after: Held) -> None:
    """A name stays in its namespace while a claim of it is as urgent as the one that has the name now."""
    holder = model.find_holder(name, claimants)
    claims = {claim.origin: claim for claim in model.claims(name)}
    for row in after.rows.values():
        winner = claims.get(row.origin)
        if not holder or winner is None or not row.owned or winner.namespace == namespace_of(holder):
            continue
        rivals = [
            claim
            for claim in claims.values()
            if claim.namespace == namespace_of(holder) and claim.priority <= winner.priority
        ]
        assert not rivals, f"{name} of {holder} went to {winner}, although {rivals} ask for it"


def check_rest(model: Model, name: str, held: Held) -> None:
    """Nothing is left to do."""
    owned = {kind for kind, row in held.rows.items() if row.owned}
    assert owned == set(held.own), f"the ledger has {owned} at {name}, the server {held.own}"
    claims = model.claims(name)
    if not claims:
        check_kept(model, name, held)
        return
    best = model.list_best(name, held.claimants)
    complaints = [complaint for claim in best if (complaint := complain(model, name, held, claim.values, claim.origin))]
    assert len(complaints) < len(best), f"{name}: {complaints}"


def check_kept(model: Model, name: str, held: Held) -> None:
    if held.own:
        keepers = [origin for origin in held.claimants if model.may_keep(origin, name)]
        assert keepers, f"{name} is still there, of {held.claimants}"
        assert held.states == {"kept"}, f"{name} is kept for {keepers}, and is {held.states}"


def complain(model: Model, name: str, held: Held, desired: Values, origin: str) -> str:
    """What is wrong when this is what the name shall hold, for this claim; "" when nothing is."""
    in_the_way = set(held.others) - {"CNAME"} if "CNAME" in desired else set(held.others) & {"CNAME"}
    merged = [claim for claim in model.claims(name) if claim.values == desired]
    said = [claim.ttl for claim in merged if claim.ttl and claim.namespace == namespace_of(origin)]
    ttl = min(said, default=300)
    for kind, values in desired.items():
        row = held.rows.get(kind)
        if row is None:
            return f"no row of {kind} for {origin}"
        own, others = held.own.get(kind, set()), held.others.get(kind, set())
        if in_the_way:
            right = row.state in ("conflict", "kept")
        elif not own and others:
            right = row.state == ("foreign" if others == values else "conflict")
        else:
            right = row.state == "synced" and row.origin == origin and own <= values <= own | others
            right = right and (bool(others) or held.ttls[kind] == {ttl})
            right = right and has_claimants(model, name, row.claimants, [claim.origin for claim in merged])
        if not right:
            return f"{kind} is {row.state} of {row.origin} and {row.claimants}, not {values} of {origin} with {ttl}"
    for kind in set(held.rows) - set(desired):
        # An old record stays only where its successor is in conflict.
        if held.rows[kind].state != "kept" or not {held.rows[other].state for other in desired} & CONFLICTS:
            return f"{kind} is {held.rows[kind].state} beside {desired}"
    return ""


CONFLICTS = {"conflict", "foreign"}


def has_claimants(model: Model, name: str, claimants: Iterable[str], merged: Collection[str]) -> bool:
    """Whether these are all who want the same, and those that are kept with it."""
    more = set(claimants) - set(merged)
    return set(merged) <= set(claimants) and all(model.may_keep(origin, name) for origin in more)
