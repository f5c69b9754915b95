"""One change of an RRset as calls to Technitium, in an order that never leaves the name without an answer."""

from __future__ import annotations

from typing import NamedTuple

from syncer.core.plan import Change
from syncer.core.rrsets import Found, Marker
from syncer.targets.technitium.fields import fits_update, make_parameters, make_replacement

ADD = "/api/zones/records/add"
UPDATE = "/api/zones/records/update"
DELETE = "/api/zones/records/delete"


class ApiCall(NamedTuple):
    path: str
    params: dict[str, str]


def own_values(change: Change, marker: Marker) -> tuple[str, ...]:
    if change.before is None:
        return ()
    return change.before.rrset.values if change.adopts else marker.own_values(change.before)


def foreign_values(change: Change, marker: Marker) -> frozenset[str]:
    if change.before is None:
        return frozenset()
    return frozenset(change.before.rrset.values).difference(own_values(change, marker))


def desired_values(change: Change, marker: Marker) -> tuple[str, ...]:
    """What must carry our mark afterwards; a value that is there already with a foreign mark stays foreign."""
    foreign = foreign_values(change, marker)
    return tuple(value for value in change.after.values if value not in foreign) if change.after else ()


def plan_calls(change: Change, marker: Marker, ttl: int) -> list[ApiCall]:
    """``ttl`` is what the RRset shall have; beside foreign values it must be the one that it has, because the server
    rewrites every sibling of another TTL and drops its comment (trap 3).

    Surplus values go first, then the ones that stay get their TTL, then values are replaced and added: at no moment is
    there no answer, and a crash leaves no value that lost our mark and is not desired either. Every update sends TTL
    and comment: what it does not send is reset (trap 5).
    """
    name, type_ = change.key
    old = own_values(change, marker)
    new = desired_values(change, marker)
    record = {"domain": name, "type": type_}
    surplus = [value for value in old if value not in new]
    missing = [value for value in new if value not in old]
    swaps = list(zip(surplus, missing, strict=False))
    result = [ApiCall(DELETE, record | make_parameters(type_, value)) for value in surplus[len(swaps) :]]
    result += [
        ApiCall(UPDATE, record | make_parameters(type_, value) | _stored_fields(change, value, ttl))
        for value in new
        if value in old and (change.restores or not _is_written(change.before, value, ttl, change.mark))
    ]
    for old_value, value in swaps:
        if not fits_update(type_, old_value, value):
            # The old one gets the TTL first: beside another one it would lose its mark when the new one is added.
            result += [
                ApiCall(
                    UPDATE, record | make_parameters(type_, old_value) | {"ttl": str(ttl), "comments": change.mark}
                ),
                ApiCall(ADD, record | make_parameters(type_, value) | _stored_fields(change, value, ttl)),
                ApiCall(DELETE, record | make_parameters(type_, old_value)),
            ]
        else:
            result.append(
                ApiCall(UPDATE, record | make_replacement(type_, old_value, value) | _stored_fields(change, value, ttl))
            )
    result += [
        ApiCall(ADD, record | make_parameters(type_, value) | _stored_fields(change, value, ttl))
        for value in missing[len(swaps) :]
    ]
    # An add takes no "disable": what was disabled is so again by a second call.
    result += [
        ApiCall(UPDATE, record | make_parameters(type_, value) | _stored_fields(change, value, ttl))
        for value in missing[len(swaps) :]
        if change.restores and value in change.restores.disabled
    ]
    return result


def _stored_fields(change: Change, value: str, ttl: int) -> dict[str, str]:
    """What is stored beside a value."""
    found = change.restores
    if found is None:
        return {"ttl": str(ttl), "comments": change.mark}
    mark = found.marks[found.rrset.values.index(value)]
    return {"ttl": str(ttl), "comments": mark, "disable": str(value in found.disabled).lower()}


def _is_written(found: Found | None, value: str, ttl: int, mark: str) -> bool:
    if found is None or found.is_unmarked or not found.intact or found.rrset.ttl != ttl:
        return False
    return found.marks[found.rrset.values.index(value)] == mark
