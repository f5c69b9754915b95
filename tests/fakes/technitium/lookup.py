"""What the server answers to a question: delegation, wildcards, CNAME chains, no name or no data."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.fakes.technitium.rdata import make_rdata
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import split_name
from tests.fakes.technitium.tree import Entry, Node, Record, Tree, Zone

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
CNAME_HOPS = 16
SHUFFLED = ("A", "AAAA", "NS")


class Answer(NamedTuple):
    """One line of a section: a record, under the name that was asked for when a wildcard gave it."""

    name: str
    record: Record


@dataclass(slots=True)
class Reply:
    rcode: int = NOERROR
    authoritative: bool = True
    answers: list[Answer] = field(default_factory=list)
    authority: list[Answer] = field(default_factory=list)
    additional: list[Answer] = field(default_factory=list)


class Place(NamedTuple):
    """Where a name leads: its zone, the deepest delegation on the way, the entry that answers (if any), and the closest
    entry above a name that has none."""

    zone: Zone
    delegation: Entry | None
    entry: Entry | None
    exists: bool
    above: Entry | None = None


def answer_question(tree: Tree, name: str, type: str) -> Reply:
    try:
        reply = _answer_once(tree, name, type)
    except Refusal:
        return Reply(FORMERR, authoritative=False)
    if reply is None:
        return Reply(REFUSED, authoritative=False)
    for _ in range(CNAME_HOPS):
        last = reply.answers[-1] if reply.answers else None
        if last is None or last.record.type != "CNAME" or type in ("CNAME", "ANY"):
            break
        target = last.record.data.values[0]
        if target.lower() == last.name.lower():
            break
        further = _answer_once(tree, target, type)
        if further is None:
            break
        seen = [a.record.data for a in reply.answers if a.record.type == "CNAME"]
        if further.answers and any(further.answers[-1].record.data.same(data) for data in seen):
            return Reply(SERVFAIL, authoritative=False)
        reply.answers += further.answers
        reply.rcode, reply.authority, reply.additional = further.rcode, further.authority, further.additional
        if not further.answers:
            break
    return reply


def _answer_once(tree: Tree, name: str, type: str) -> Reply | None:
    place = find_place(tree, name)
    if place is None or place.zone.disabled or place.zone.kind not in ("Primary", "Secondary", "Forwarder"):
        return None
    if place.delegation and not place.delegation.disabled and type != "DS":
        servers = _find_visible(tree, place.delegation, "NS", place.delegation.name)
        return Reply(authoritative=False, authority=servers, additional=_find_addresses(tree, servers))
    entry = place.entry
    answers = _find_visible(tree, entry, type, name) if entry and not entry.disabled else []
    if answers:
        return Reply(answers=answers, additional=_find_addresses(tree, answers))
    if place.zone.kind == "Forwarder":
        return None
    if entry is None and place.above and (moved := _follow_dname(tree, place.above, name)):
        return Reply(answers=moved)
    in_use = entry is not None and not entry.disabled
    rcode = NOERROR if in_use or place.exists else NXDOMAIN
    return Reply(rcode, authority=_find_visible(tree, place.zone, "SOA", place.zone.name))


def find_place(tree: Tree, name: str) -> Place | None:
    """None when no hosted zone holds the name."""
    labels = split_name(name, tree.dialect)
    node: Node = tree.root
    zone, delegation, wildcard = node.zone, None, None
    above: Entry | None = node.entry
    for label in labels:
        # The wildcard below the closest name that exists counts (RFC 4592 section 3.3.1). But the server's tree keeps a
        # lone name in the first free place, so it does not see an empty name on the way to a single one.
        star = node.children.get("*") if zone and label != "*" else None
        if star and star.below_zone:
            wildcard = star.below_zone
        elif node.entry or node.branched:
            wildcard = None
        child = node.children.get(label)
        if child is None or not child.entries:
            break
        node = child
        above = node.entry or above
        if node.zone:
            zone, delegation = node.zone, None
        elif node.below_zone and node.below_zone.delegates:
            delegation = node.below_zone
    else:
        if zone is None:
            return None
        below = node.entries > (node.zone is not None) + (node.below_zone is not None)
        return Place(zone, delegation, node.entry, below)
    if zone is None:
        return None
    if wildcard and wildcard.delegates:
        delegation = wildcard
    return Place(zone, delegation, wildcard, False, above)


def _follow_dname(tree: Tree, above: Entry, name: str) -> list[Answer]:
    """The DNAME that stands there and the CNAME that follows from it (RFC 6672)."""
    found = [a for a in _find_visible(tree, above, "DNAME", above.name) if a.record.type == "DNAME"]
    if not found:
        return []
    moved = f"{name[: -len(above.name)]}{found[0].record.data.values[0]}"
    alias = Record(name, found[0].record.ttl, make_rdata("CNAME", (moved,)))
    return [found[0], Answer(name, alias)]


def _find_visible(tree: Tree, entry: Entry, type: str, name: str) -> list[Answer]:
    """The records that answer, marked as used."""
    if type == "ANY":
        found = [r for r in entry.records() if not r.disabled and r.type not in ("FWD", "APP")]
    else:
        found = [r for r in entry.sets.get("CNAME", ()) if not r.disabled]
        found = found or [r for r in entry.sets.get(type, ()) if not r.disabled]
    now = tree.clock()
    for record in found:
        record.used = now
    if type in SHUFFLED and len(found) > 1:
        random.shuffle(found)
    synthesized = entry.name.startswith("*") and entry.name.lower() != name.lower()
    return [Answer(name if synthesized else r.name, r) for r in found]


def _find_addresses(tree: Tree, answers: list[Answer]) -> list[Answer]:
    """The addresses of the hosts that NS, MX and SRV records name, as far as the server holds them."""
    out: list[Answer] = []
    for answer in answers:
        record = answer.record
        if record.type in ("NS", "MX", "SRV"):
            target = record.data.values[-1]
            place = find_place(tree, target)
            if place and place.entry and not place.entry.disabled:
                for type in ("A", "AAAA"):
                    out += [a for a in _find_visible(tree, place.entry, type, target) if a.record.type == type]
    return out
