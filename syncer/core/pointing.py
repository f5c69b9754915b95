"""Records that lead to another name of their zone: written after it, and gone before it goes (product: "Services")."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from syncer.core.claims import Decision
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Change, Op
from syncer.core.rdata import split_value
from syncer.core.rrsets import RRset

POINTERS = frozenset({"SRV"})
"""The types in which a client finds the host that it goes to next."""

STRAIGHT = {"SRV": "RFC 2782", "MX": "RFC 2181 section 10.3", "NS": "RFC 2181 section 10.3"}
"""The types that may lead to no alias, and who says so."""

_WRITTEN = (RecordState.SYNCED, RecordState.DRIFTED, RecordState.HELD, RecordState.KEPT)


def list_hosts(rrset: RRset) -> dict[str, str]:
    """The host to which each value leads, by value."""
    return {value: split_value(rrset.type, value)[-1] for value in rrset.values}


def list_led_to(decision: Decision) -> set[str]:
    """The hosts on which it depends what is published of the decision, or what is to be said of it."""
    return {host for rrset in decision.rrsets if rrset.type in STRAIGHT for host in list_hosts(rrset).values()}


def warn_of_aliases(decision: Decision, hosts: Mapping[str, Mapping[str, KnownRRset]]) -> Decision:
    """With what is wrong about values that lead to an alias of ours. ``hosts`` as in ``hold_back``."""
    straight = [rrset for rrset in decision.rrsets if rrset.type not in decision.waits]
    warnings = [warning for rrset in straight for warning in describe_aliases(rrset, hosts)]
    return replace(decision, warnings=(*decision.warnings, *warnings)) if warnings else decision


def describe_aliases(rrset: RRset, hosts: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What is wrong about its values that lead to an alias; ``hosts`` are the types at each name."""
    if rrset.type not in STRAIGHT:
        return
    for host in list_hosts(rrset).values():
        if "CNAME" in hosts.get(host, ()):
            yield f"{rrset.type} leads to {host}, which is an alias: some clients refuse that ({STRAIGHT[rrset.type]})"


def hold_back(
    decision: Decision, here: Mapping[str, Collection[str]], hosts: Mapping[str, Mapping[str, KnownRRset]]
) -> tuple[Decision, frozenset[str]]:
    """Without the values that lead to a host which is not written yet, and which hosts these are.

    ``here`` are our values at the name, by type: they stay. ``hosts`` says what the ledger knows of the hosts of the
    zone; one that is not among them is not ours to wait for. A type of which no value is left is pending, or goes.
    """
    rrsets, pending, warnings = [], {}, [*decision.warnings]
    awaited: set[str] = set()
    for rrset in decision.rrsets:
        if rrset.type not in decision.waits:
            rrsets.append(rrset)
            continue
        there = here.get(rrset.type, ())
        missing = {}
        for value, host in list_hosts(rrset).items():
            if value not in there and host in hosts and (reason := _explain_wait(host, hosts[host])):
                missing[value] = reason
                awaited.add(host)
        values = tuple(value for value in rrset.values if value not in missing)
        if missing and not values:
            pending[rrset.type] = next(iter(missing.values()))
        if values:
            rrsets.append(replace(rrset, values=values))
            warnings += missing.values()
        elif not there:
            rrsets.append(rrset)
    if not awaited:
        return decision, frozenset()
    held = replace(decision, rrsets=tuple(rrsets), pending=pending, warnings=tuple(warnings))
    return held, frozenset(awaited)


def _explain_wait(host: str, known: Mapping[str, KnownRRset]) -> str:
    """Why nothing may lead to the host yet, "" when something may. What someone else has there as we would is as good
    as ours."""
    rows = [known[kind] for kind in ("A", "AAAA") if kind in known]
    if any((row.owned and row.state in _WRITTEN) or row.state is RecordState.FOREIGN for row in rows):
        return ""
    if "CNAME" in known:
        return f"it waits for addresses of {host}, which is an alias, and SRV may not lead to one"
    return f"it waits until {host} is written"


def list_dropped(change: Change) -> set[str]:
    """The hosts to which something led before the change, and nothing of the same RRset does after it."""
    if change.key[1] not in POINTERS or change.before is None:
        return set()
    after = set(list_hosts(change.after).values()) if change.after else set()
    return set(list_hosts(change.before.rrset).values()) - after


def find_first(changes: Iterable[Change]) -> set[tuple[str, str]]:
    """By key the changes that take something away from a host that goes itself: they are made before all others."""
    changes = tuple(changes)
    if not any(change.key[1] in POINTERS for change in changes):
        return set()
    going = {change.name for change in changes if change.op is Op.DELETE and change.key[1] not in POINTERS}
    return {change.key for change in changes if not going.isdisjoint(list_dropped(change))}


def find_premature(changes: Iterable[Change], undone: Sequence[Change]) -> set[str]:
    """The names that may not go yet, because something that led there is among the ``undone``."""
    led_to = {host for change in undone for host in list_dropped(change)}
    return {change.name for change in changes if change.op is Op.DELETE and change.name in led_to}
