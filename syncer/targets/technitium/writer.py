"""Makes changes in one zone: single calls where few, zone imports where many."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

from syncer.core.plan import Change, Op
from syncer.core.rdata import SINGLE_TYPES
from syncer.core.rrsets import Found, Marker
from syncer.errors import TargetRefused, TargetUnreachable, ZoneUnusable
from syncer.targets.base import Outcome, Result
from syncer.targets.technitium.calls import DELETE, desired_values, foreign_values, own_values, plan_calls
from syncer.targets.technitium.client import ServerSaid
from syncer.targets.technitium.fields import format_lines, is_importable, is_storable
from syncer.targets.technitium.messages import Message, explain_record, find_bad_line, is_passing
from syncer.targets.technitium.zone_access import ZoneAccess

log = logging.getLogger(__name__)

FEW = 5
"""Up to so many RRsets are written by single calls ..."""
FEW_VALUES = 20
"""... where they have no more values in all, of which each is a call: other names wait behind it."""

CHUNK = 2000
"""RRsets in one import: a twentieth of a second for the server."""
LINES = 4000
"""Values in one import: each takes 12 us of the server, but 1.6 ms where the zone is signed, and it has 10 s."""
BYTES = 1_200_000
"""In one import, where one RRset has not more. A server before 15.0 takes 4 MB in a form field, in which some bytes are
spelled as three."""


class ZoneWriter:
    """For one ``apply``. ``probe`` asks for the serials of all zones."""

    def __init__(self, access: ZoneAccess, marker: Marker, probe: Callable[[], object]) -> None:
        self._access = access
        self._marker = marker
        self._probe = probe
        self._sent: Sequence[Change] = ()
        """What is under way, and how many of its calls were answered."""
        self._answered = 0

    def write_changes(self, changes: Sequence[Change]) -> Iterator[Result]:
        """One result for each change, then the error when there was one for the whole server; what was not sent
        before the server fell silent has none."""
        waiting = {change.key: change for change in changes}
        try:
            for result in self._write_in_order(changes):
                self._sent, self._answered = (), 0
                waiting.pop(result.change.key, None)
                yield result
        except TargetUnreachable as e:
            self._access.tracker.invalidate()
            for change in self._sent:
                if change.key in waiting:  # a delete is sent as an update before
                    yield Result(waiting[change.key], Outcome.UNKNOWN, str(e))
            raise
        except TargetRefused as e:
            for change in waiting.values():
                in_part = self._answered and change in self._sent
                yield Result(change, Outcome.UNKNOWN if in_part else Outcome.REFUSED, str(e))
            if not isinstance(e, ZoneUnusable):
                raise

    def _write_in_order(self, changes: Sequence[Change]) -> Iterator[Result]:
        replaces_unseen = self._is_worth_importing([change for change in changes if self._fits_import(change)]) or any(
            (change.key[1] in SINGLE_TYPES and change.before) or self._can_shrink(change) for change in changes
        )
        current = yield from self._refuse_outdated(changes, replaces_unseen)
        switching = _order_switches(current)
        for change in switching:
            yield self._write_change(change)
        switched = {change.name for change in switching}
        rest = [change for change in current if change.name not in switched]
        bulk = [change for change in rest if self._fits_import(change)]
        if not self._is_worth_importing(bulk):
            bulk = []
        for change in rest:
            if change.op is Op.DELETE:
                yield from self._delete_rrset(change)
        yield from self._import_changes(bulk)
        imported = {change.key for change in bulk}
        for change in rest:
            if change.op is not Op.DELETE and change.key not in imported:
                yield self._write_change(change)

    def _refuse_outdated(
        self, changes: Sequence[Change], replaces_unseen: bool
    ) -> Generator[Result, None, list[Change]]:
        """Refuse what was planned on a view that no longer holds, lest something be lost that was just made.

        One cheap call tells, unless we looked a moment ago and no write is to come that replaces whatever it finds
        (``replaces_unseen``); only when it shows a foreign write are the names read again.
        """
        tracker = self._access.tracker
        if tracker.undisturbed and (replaces_unseen or not tracker.is_fresh):
            self._probe()
            self._access.check_node()
        if tracker.undisturbed and self._access.problem:
            raise ZoneUnusable(self._access.problem)
        if tracker.undisturbed:
            return list(changes)
        observed = self._observe_rrsets(changes)
        current = []
        for change in changes:
            if self._is_unchanged(change.before, observed.get(change.key)):
                current.append(change)
            else:
                yield Result(change, Outcome.REFUSED, "someone else changed it after it was read")
        return current

    def _observe_rrsets(self, changes: Sequence[Change]) -> dict[tuple[str, str], Found]:
        """What there is now at the names of ``changes``."""
        names = {change.name for change in changes}
        return {(found.rrset.name, found.rrset.type): found for found in self._access.read_names(names)}

    def _is_unchanged(self, before: Found | None, now: Found | None) -> bool:
        if before is None or now is None:
            return before is now
        ours = self._marker.own_values(now)
        are_same = self._marker.own_values(before) == ours or (before.is_unmarked and not ours)
        return before.rrset == now.rrset and are_same

    # One RRset

    def _write_change(self, change: Change) -> Result:
        if not is_storable(change.mark):
            return Result(change, Outcome.REFUSED, f"its mark cannot be stored: {change.mark!a}", True)
        ttls = self._find_ttls(change)
        if len(ttls) > 1:
            return Result(change, Outcome.REFUSED, "someone else's values at this name have several TTLs", True)
        ttl = ttls.pop() if ttls else 0
        try:
            calls = plan_calls(change, self._marker, ttl)
        except ValueError:
            return Result(change, Outcome.REFUSED, f"{change.after or change.before} is no {change.key[1]} value", True)
        if not calls:
            return self._explain_no_call(change, ttl)
        self._sent = (change,)
        in_step, found = True, True
        for call in calls:
            try:
                in_step &= self._access.send_call(call)
            except ServerSaid as e:
                if call.path == DELETE and Message.NO_RECORD.is_in(str(e)):
                    found = False
                    continue
                return self._explain_refusal(change, str(e))
            self._answered += 1
        if not in_step:
            return self._settle_doubt(change, "someone else wrote the same at the same moment")
        return Result(change, Outcome.DONE) if found else Result(change, Outcome.UNCONFIRMED, "no such record exists")

    def _find_ttls(self, change: Change) -> set[int]:
        """The TTL to write; several when none can be written without changing a foreign record."""
        if change.after is None:
            return set()
        foreign = foreign_values(change, self._marker)
        if not foreign or change.before is None:
            return {change.after.ttl}
        if change.before.intact:
            return {change.before.rrset.ttl}
        values = self._access.read_values(change.name, change.after.type)
        ttls = {value.ttl for value in values if not self._marker.knows(value.mark)}
        return ttls or {change.after.ttl}

    def _explain_no_call(self, change: Change, ttl: int) -> Result:
        if change.after is None:
            return Result(change, Outcome.REFUSED, "nothing of it carries our mark", True)
        if change.after.ttl != ttl:
            return Result(change, Outcome.REFUSED, f"someone else's value at this name keeps the TTL at {ttl}", True)
        return Result(change, Outcome.DONE)

    def _explain_refusal(self, change: Change, text: str) -> Result:
        if Message.RECORD_EXISTS.is_in(text):
            return self._settle_doubt(change, "someone else made the same record meanwhile")
        if change.op is not Op.CREATE and self._is_made_all_the_same(change):
            return Result(change, Outcome.DONE)
        if self._answered:
            return Result(change, Outcome.UNKNOWN, f"only in part: {explain_record(text)}")
        return Result(change, Outcome.REFUSED, explain_record(text), not is_passing(text))

    def _is_made_all_the_same(self, change: Change) -> bool:
        """A server may say an error for what it did: 13.4 does, for some deletes (``Operation is not valid due to the
        current state of the object.``)."""
        now = self._observe_rrsets([change]).get(change.key)
        is_made = _is_made(change, now) if change.after else now is None or not self._marker.owns(now)
        if is_made:
            self._access.tracker.invalidate()  # whether the serial moved by one is more than it said
        return is_made

    def _settle_doubt(self, change: Change, reason: str) -> Result:
        """The answers leave a doubt whether what is there is ours: look."""
        now = self._observe_rrsets([change]).get(change.key)
        ours = set(self._marker.own_values(now)) if now else set()
        if _is_made(change, now) if change.restores else ours == set(desired_values(change, self._marker)):
            return Result(change, Outcome.DONE)
        self._access.tracker.invalidate()
        if not ours or self._is_unchanged(change.before, now):
            return Result(change, Outcome.REFUSED, reason)
        return Result(change, Outcome.UNKNOWN, reason)

    # Many

    def _fits_import(self, change: Change) -> bool:
        """An import replaces the RRset as a whole, so it must be ours as a whole."""
        return (
            change.after is not None
            and change.restores is None
            and self._is_whole(change)
            and is_importable(change.after, change.mark)
        )

    def _is_whole(self, change: Change) -> bool:
        """Whether all that was found is ours."""
        return not (change.before and change.before.is_cut) and not foreign_values(change, self._marker)

    def _is_worth_importing(self, changes: Sequence[Change]) -> bool:
        """Many; or a new TTL for several values, which only an import gives to all of them at once."""
        return self._access.server.may_import and (
            len(changes) > FEW
            or sum(_count_values(change) for change in changes) > FEW_VALUES
            or any(
                len(own_values(change, self._marker)) > 1
                and change.before
                and change.after
                and change.before.rrset.ttl != change.after.ttl
                for change in changes
            )
        )

    def _import_changes(self, changes: Sequence[Change]) -> Iterator[Result]:
        waiting = list(changes)
        while waiting and self._is_worth_importing(waiting):
            chunk, lines = _cut_import(waiting)
            self._sent = chunk
            try:
                self._access.import_lines(lines, len(chunk))
            except ServerSaid as e:
                if Message.ACCESS_DENIED.is_in(str(e)):
                    self._access.server.may_import = False
                    log.warning("the token may not import into zones (section Zones: Modify): changes go one by one")
                    break
                done, suspect = self._inspect_failed_import(chunk, str(e))
                for change in done:
                    yield Result(change, Outcome.DONE)
                settled = {change.key for change in done}
                if suspect:
                    result = self._write_change(suspect)
                    yield result
                    settled.add(suspect.key)
                waiting = [change for change in waiting if change.key not in settled]
                if suspect and result.outcome is not Outcome.REFUSED and not Message.TRY_AGAIN.is_in(str(e)):
                    break  # it was not the one: no use in guessing on
            else:
                for change in chunk:
                    yield Result(change, Outcome.DONE)
                del waiting[: len(chunk)]
        for change in waiting:
            yield self._write_change(change)

    def _delete_rrset(self, change: Change) -> Iterator[Result]:
        """One of many values is shrunk to the first of them before, which is one call for all the others."""
        found = change.before
        if found is None or not self._can_shrink(change):
            yield self._write_change(change)
            return
        left = Found(replace(found.rrset, values=found.rrset.values[:1]), found.marks[:1])
        for result in self._import_changes([Change(Op.UPDATE, found, left.rrset, left.marks[0])]):
            if result.outcome is not Outcome.DONE:
                yield result._replace(change=change)
                return
        yield self._write_change(replace(change, before=left))._replace(change=change)

    def _can_shrink(self, change: Change) -> bool:
        return (
            change.op is Op.DELETE
            and change.before is not None
            and _count_values(change) > FEW_VALUES
            and self._access.server.may_import
            and self._is_whole(change)
            and is_importable(change.before.rrset, change.before.marks[0])
        )

    def _inspect_failed_import(self, chunk: Sequence[Change], text: str) -> tuple[list[Change], Change | None]:
        """Which changes are made, and the one to try by itself: the RRsets before the one that failed are in. A file
        that cannot be parsed changes nothing, and the server names the line."""
        if line := find_bad_line(text):
            by_line = [change for change in chunk if change.after for _ in change.after.values]
            if line <= len(by_line):
                return [], by_line[line - 1]
        tracker = self._access.tracker
        serial, undisturbed = tracker.serial, tracker.undisturbed
        observed = self._observe_rrsets(chunk)
        done = [change for change in chunk if _is_made(change, observed.get(change.key))]
        tracker.undisturbed = undisturbed and serial is not None and tracker.serial == serial + len(done)
        done_keys = {change.key for change in done}
        return done, next((change for change in chunk if change.key not in done_keys), None)


def _count_values(change: Change) -> int:
    """Each of those that are there and of those that shall be is a call where it is written by itself."""
    return max(len(change.before.rrset.values) if change.before else 0, len(change.after.values) if change.after else 0)


def _cut_import(changes: Sequence[Change]) -> tuple[list[Change], str]:
    """The first of them, as many as go into one import, and its lines."""
    texts: list[str] = []
    values = size = 0
    for change in changes[:CHUNK]:
        assert change.after is not None
        text = format_lines(change.after, change.mark)
        values, size = values + len(change.after.values), size + len(text)
        if texts and (values > LINES or size > BYTES):
            break
        texts.append(text)
    return list(changes[: len(texts)]), "".join(texts)


def _is_made(change: Change, now: Found | None) -> bool:
    if now is None or now.rrset != change.after:
        return False
    if found := change.restores:
        return (now.marks, now.disabled) == (found.marks, found.disabled)
    return set(now.marks) == {change.mark}


def _order_switches(changes: Sequence[Change]) -> list[Change]:
    """The changes at names that lose or gain a CNAME, which tolerates no other type: name by name, deletes first."""
    names = Counter(change.name for change in changes)
    aliases = {change.name for change in changes if change.key[1] == "CNAME" and names[change.name] > 1}
    return sorted(
        (change for change in changes if change.name in aliases),
        key=lambda change: (change.name, change.op is not Op.DELETE),
    )
