"""Why a name is or is not in DNS, in sentences, from what the syncer last reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from records.advice import NO_ADDRESS, UNREAD, find_step, tell_clients, tell_warnings
from records.answer_models import RecordAnswer
from records.answered_by import Answerer, find_answerer
from records.audit import SYNCER, Action
from records.entry_names import call_entries, name_entries
from records.kept import BY_POLICY, mention_end
from records.mentions import find_indirect_mentions, list_wildcards
from records.models import (
    CURRENT_STATUSES,
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldDelete,
    HeldPlan,
    ManagedRecord,
    SourceName,
    SyncRequest,
    SyncStatus,
)
from records.rows import ZoneKey
from records.targets import find_managed, find_servers, find_targets, list_targets
from syncer.core.claims import Mode
from syncer.core.known import RecordState, find_why
from syncer.core.names import canonical_name, people_name, zone_of
from syncer.core.origin import CUSTOM_ENTRY
from syncer.core.selection import describe_unread

Result = RecordAnswer.Result

PRIORITIES = ("high", "normal", "low")
PROBLEM_STATES = (RecordState.CONFLICT, RecordState.DRIFTED, RecordState.FAILED, RecordState.HELD, RecordState.SKIPPED)
"""In which a record is not in DNS as wanted, and a person should look at it."""
OFF_STATES = (*PROBLEM_STATES, RecordState.PENDING)
"""Of records that are not in step with DNS."""
CLAIM_LIMIT = 100
"""Claims and skips of one name that are listed; ten thousand objects may name the same host."""

Row = dict[str, Any]


def count_states() -> dict[str, int]:
    """Of the records, by state."""
    return dict(ManagedRecord.objects.order_by().values_list("state").annotate(Count("id")))


def explain_name(hostname: str, target: str = "") -> Row:
    """On one target; by default the first that manages the name. Raises ``syncer.core.names.BadName`` for what is no
    host name."""
    name = canonical_name(hostname, symbols=False)
    return _Explanation(name, target).build_answer()


class _Explanation:
    def __init__(self, name: str, target: str) -> None:
        self.status = SyncStatus.read()
        self.name = name
        known = list_targets(self.status)
        self.targets = find_targets(name, self.status)
        self.target = target = target or next(iter((*self.targets, *known)))
        self.is_in_use = target in known
        self.managed = find_managed(target)
        self.zones = zones = self.managed.scope.zones
        self.zone = zone_of(name, zones)
        records = ManagedRecord.objects.filter(target=target, name=name).order_by("type")
        self.records = list(records.prefetch_related("dns_answer"))
        here = ("", target)
        self.entries = list(CustomEntry.objects.filter(target__in=here, name=name).order_by("mode", "type"))
        mentions = SourceName.objects.filter(source__target=target, name=name).select_related("source")
        in_order = mentions.order_by("source__namespace", "source__name", "source__kind")
        self.wanted = list(in_order.filter(values__isnull=False)[:CLAIM_LIMIT])
        self.skipped = list(in_order.filter(values__isnull=True)[:CLAIM_LIMIT])
        wildcards = list_wildcards(name, self.zone)
        self.mentions = find_indirect_mentions(target, name, wildcards)
        is_there = any(record.owned or record.foreign for record in self.records)
        key = ZoneKey(target, self.zone or "")
        self.answerer = find_answerer(key, name, wildcards, is_there=is_there) if self.zone else None
        changes = AuditEntry.objects.filter(target__in=here, name=name).order_by("-at", "-id")
        self.last_change = changes.filter(is_change_of_dns()).first()
        self.last_error = changes.filter(action=Action.FAILED).first()

    def build_answer(self) -> Row:
        claims = list(self._list_claims())
        sentences = [
            *self._describe_zone(),
            *self._describe_records(),
            *self._describe_claims(claims),
            *self._describe_skips(),
            *tell_warnings(self.wanted),
            *tell_clients(self.name, self.records, find_servers(self.target)),
        ]
        if not claims and not self.records and not self.skipped:
            unread = list(describe_unread(self.managed.scope))
            sentences += ["No object and no custom entry wants it.", *unread, *([f"{UNREAD}."] if unread else [])]
        # What is asked for by name needs no pattern to explain it.
        told = [mention for mention in self.mentions if mention.how == "rule" or not self._is_wanted()]
        sentences += [mention.sentence for mention in told]
        sentences += self._describe_answerer()
        sentences += [*self._describe_history(), *self._describe_syncer()]
        decision = self._describe_decision()
        losers = decision["losers"]
        # The fields go by the key of an entry, and what is read by its name.
        names = call_entries([*sentences, *(loser["reason"] for loser in losers)])
        decision["losers"] = [loser | {"reason": name_entries(loser["reason"], names)} for loser in losers]
        return {
            "hostname": self.name,
            "target": self.target,
            "targets": self.targets,
            "zone": self.zone,
            "published": any(record.owned and record.state == RecordState.SYNCED for record in self.records),
            "decision": decision,
            "sentences": [_begin_sentence(name_entries(sentence, names)) for sentence in sentences],
            "claims": claims,
            "skipped": [
                *({"source": str(mention.source), "reason": mention.reason} for mention in self.skipped),
                *({"source": who, "reason": reason} for who, reason in self._list_skipped_types()),
            ],
            "mentions": [mention._asdict() for mention in self.mentions],
            "answered_by": self.answerer and {"what": self.answerer.what.value, "name": self.answerer.name},
            "records": [
                {
                    "type": record.type,
                    "values": record.values,
                    "ttl": record.ttl,
                    "owned": record.owned,
                    "state": record.state,
                    "reason": record.reason,
                    "winner": record.origin,
                    "answer": _list_answer(record.answer),
                }
                for record in self.records
            ],
            "last_change": _list_fields(self.last_change),
            "last_error": _list_fields(self.last_error),
        }

    @property
    def active_block(self) -> CustomEntry | None:
        return next((entry for entry in self.entries if entry.enabled and entry.mode == Mode.BLOCK), None)

    def _describe_decision(self) -> Row:
        """``outcome`` is the state of the records in one word, or why there are none."""
        states = sorted({record.state for record in self.records})
        outcome = (
            "outside"
            if self.zone is None
            else "blocked"
            if self.active_block
            else ", ".join(states)
            or ("waiting" if self._is_wanted() else "skipped" if self.skipped else "nobody asks for it")
        )
        return {
            "outcome": outcome,
            "winner": next((record.origin for record in self.records if record.origin), ""),
            "why": next((why for record in self.records if (why := explain_win(record))), ""),
            "claimants": sorted({claimant for record in self.records for claimant in record.claimants}),
            "losers": [{"source": loser, "reason": reason} for loser, reason in self._find_losers().items()],
        }

    def _find_losers(self) -> dict[str, str]:
        return {loser: reason for record in self.records for loser, reason in record.losers}

    def _is_wanted(self) -> bool:
        """Whether any claim wants the name published."""
        return bool(self.wanted) or any(entry.enabled and entry.mode != Mode.BLOCK for entry in self.entries)

    def _list_claims(self) -> Iterator[Row]:
        """Custom entries first, then sources: who has the name, who lost it, and who is new to the syncer."""
        for entry in self.entries:
            yield {
                "source": entry.origin,
                "kind": CUSTOM_ENTRY,
                "mode": entry.mode,
                "enabled": entry.enabled,
                "type": entry.type,
                "values": entry.values,
                "ttl": entry.ttl,
                "owner": entry.owner,
                "description": entry.description,
            }
        ranked = [who for record in self.records for who in (*record.claimants, *dict(record.losers))]
        ranks = {who: rank for rank, who in reversed([*enumerate(ranked)])}
        for mention in sorted(self.wanted, key=lambda mention: ranks.get(str(mention.source), len(ranked))):
            source = mention.source
            yield {
                "source": str(source),
                "kind": source.kind,
                "namespace": source.namespace,
                "name": source.name,
                "created": source.created,
                "priority": PRIORITIES[source.priority],
                "values": mention.list_values(),
                "ttl": source.ttl,
                "owner": source.notes.get("owner", ""),
                "description": source.notes.get("description", ""),
            }

    def _describe_zone(self) -> Iterator[str]:
        shown = people_name(self.name)
        if self.zone is None:
            zones = ", ".join(map(people_name, self.zones))
            yield f"{shown} is outside every managed zone ({zones}), so nothing is ever written for it."
            return
        where = "is the apex of" if self.name == self.zone else "lies in"
        yield f"{shown} {where} zone {people_name(self.zone)}."
        if block := self.active_block:
            words = f" ({block.description})" if block.description else ""
            yield f"Custom entry {block} blocks the name{words}: it is never published."

    def _describe_records(self) -> Iterator[str]:
        for record in self.records:
            what = f"{record.type} {', '.join(record.values)} with a TTL of {record.ttl} s"
            yield _state_sentence(record, what)
            if record.answer:
                yield _answer_sentence(record.type, record.answer)
        if any(record.state == RecordState.HELD for record in self.records):
            yield from self._describe_holds()
        findings = DriftFinding.objects.filter(target=self.target, name=self.name)
        for finding in findings.filter(status__in=CURRENT_STATUSES):
            stays = f", which {finding.decided_by} accepted" if finding.status == DriftFinding.Status.ACCEPTED else ""
            yield f"Drift since {finding.found_at:%Y-%m-%d %H:%M:%S} UTC ({finding.type}): {finding.reason}{stays}."
        requests = SyncRequest.objects.filter(target__in=("", self.target), name=self.name)
        for request in requests.filter(done_at=None).order_by("id")[:3]:
            yield f"{request.requested_by} asked to {request.get_action_display()}; the syncer has not answered yet."

    def _describe_holds(self) -> Iterator[str]:
        held = HeldDelete.objects.filter(plan__target=self.target, plan__status=HeldPlan.Status.OPEN, name=self.name)
        for delete in held.select_related("plan"):
            why = f" ({delete.type}: {delete.cause})" if delete.cause else f" ({delete.type})"
            yield f"Held plan {delete.plan_id} waits for someone to approve or reject it{why}: {delete.plan.reason}."

    def _describe_claims(self, claims: Sequence[Row]) -> Iterator[str]:
        held = self._list_held()
        changed = {str(mention.source): mention.source.seen_at for mention in self.wanted}
        changed |= {entry.origin: entry.updated_at for entry in self.entries}
        deletion = self._find_deletion()
        losers = self._find_losers()
        for claim in claims:
            who = claim["source"]
            wants = f"{who} wants the name" + (f" for {', '.join(claim['values'])}" if claim["values"] else "")
            if claim.get("mode") == Mode.BLOCK:
                if not claim["enabled"]:
                    yield f"{who} would block the name, but is disabled."
            elif not claim.get("enabled", True):
                yield f"{wants}, but is disabled."
            elif who in losers and who in held:
                yield f"{wants}, {held[who]}; it does not get all of it: {losers[who]}."
            elif who in losers:
                yield f"{wants}, and does not get it: {losers[who]}."
            elif who in held:
                yield f"{wants}, {held[who]}."
            elif self.active_block:
                yield f"{wants}, and does not get it: the name is blocked."
            elif not claim["values"]:
                yield f"{wants}, but has {NO_ADDRESS}.{find_step(NO_ADDRESS)}"
            elif deletion and deletion.at > changed[who]:
                at = _format_time(deletion)
                yield f"{wants}; {deletion.actor} deleted it from DNS at {at}, {self._describe_return()}."
            else:
                yield f"{wants}; the syncer has not processed it yet."

    def _list_held(self) -> dict[str, str]:
        """What those have of it who may have the name."""
        held: dict[str, str] = {}
        for record in self.records:
            why = explain_win(record)
            for claimant in record.claimants:
                held[claimant] = f"{HELD_WORDS.get(RecordState(record.state), 'and has it')}{f': {why}' if why else ''}"
        return held

    def _find_deletion(self) -> AuditEntry | None:
        """The last change, if a person deleted from DNS what is still wanted. Deleting a custom entry is no part of a
        pass."""
        entry = self.last_change
        by_hand = entry and entry.action == Action.DELETED and entry.correlation and entry.actor != SYNCER
        return entry if by_hand else None

    def _describe_return(self) -> str:
        at = self.status and self.status.next_pass_at
        when = f", about {at:%H:%M:%S} UTC," if at and at > timezone.now() else ""
        return f"and the next full pass{when} creates it again: block the name to prevent that"

    def _describe_skips(self) -> Iterator[str]:
        kept = [mention for mention in self.wanted if mention.detached_since is not None]
        for mention in (*self.skipped, *kept):
            if mention.detached_since is None:
                why = f"{mention.reason}.{find_step(mention.reason)}"
                yield f"{mention.source} mentions the name, and it is not published: {why}"
                continue
            until = BY_POLICY
            if end := mention_end(mention):
                until = f"until {end:%Y-%m-%d %H:%M} UTC at the earliest, if nothing in the object takes it back before"
            yield f"{mention.source} published the name, and it stays as it was although {mention.reason}: {until}."
        for who, reason in self._list_skipped_types():
            yield f"{who} asks for a type that is not published: {reason}."
        for mention in self.wanted:
            if mention.shadow:
                yield f"{mention.source} asks for {people_name(self.name)}: {mention.shadow}."

    def _list_skipped_types(self) -> Iterator[tuple[str, str]]:
        """Of objects that get other types at the name."""
        for mention in self.wanted:
            for kind, reason in mention.read_want().skips:
                yield str(mention.source), f"{kind}: {reason}"

    def _describe_answerer(self) -> Iterator[str]:
        if self.answerer is None:
            return
        name = self.answerer.name
        match self.answerer.what:
            case Answerer.WILDCARD:
                yield f"The wildcard {name} answers for it, unless the zone has another record at or above the name."
            case Answerer.FOREIGN_WILDCARD:
                yield f"The wildcard {name}, which is not ours, answers for it, unless another record is in the way."
            case Answerer.DNAME:
                yield f"The DNAME of {name} answers for it: resolvers look below its target instead."
            case Answerer.DELEGATION:
                yield f"The zone delegates {name}: resolvers ask the name servers given there, whatever we write."

    def _describe_history(self) -> Iterator[str]:
        if entry := self.last_change:
            what = "found gone" if entry.action == Action.GONE else entry.action
            why = f" ({entry.reason})" if entry.reason else ""
            yield f"Last change: {what} at {_format_time(entry)} by {entry.actor}{_describe_data(entry)}{why}."
        if entry := self.last_error:
            over = " (it has succeeded since)" if self.last_change and self.last_change.id > entry.id else ""
            yield f"Last error: at {_format_time(entry)}, {entry.type}: {entry.reason}{over}."

    def _describe_syncer(self) -> Iterator[str]:
        status = self.status
        if status is None:
            yield "No syncer has run on this database yet."
            return
        if not self.is_in_use:
            yield f"The syncer that ran last does not write to target {self.target}: this may be out of date."
            return
        if status.is_silent:
            last = f"{status.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"The syncer has not reported since {last}: this may be out of date."
        if status.target_problem:
            yield f"The syncer has a problem with {status.target}: {status.target_problem}."
        if self.zone and (problem := status.zones.get(self.zone)):
            yield f"The syncer has a problem with zone {self.zone}: {problem}."


HELD_WORDS = {
    RecordState.PENDING: "and is about to get it",
    RecordState.CONFLICT: "and would have it, were it not for the foreign record",
    RecordState.FOREIGN: "and finds its values there, made by someone else",
    RecordState.FAILED: "and would have it, had the DNS server not refused it",
    RecordState.SKIPPED: "and would have it, were it not for that",
    RecordState.KEPT: "and has what is kept there",
    RecordState.HELD: "and had it",
}


def explain_win(record: ManagedRecord) -> str:
    """By which of the questions that rank claims the winner came first; "" where no other claim wanted the name."""
    reasons = (find_why(reason, record.origin) for _, reason in record.losers)
    return " and ".join(dict.fromkeys(filter(None, reasons)))


def is_change_of_dns() -> Q:
    """The audit entries after which DNS was another: an edited entry, or a record that was only given up, is none."""
    by_a_pass = Q(action__in=(Action.CREATED, Action.UPDATED, Action.DELETED, Action.ADOPTED)) & ~Q(correlation="")
    return by_a_pass | Q(action__in=(Action.GONE, Action.UNDONE))


def _begin_sentence(text: str) -> str:
    """A name is lower-case at the beginning, too."""
    return f"C{text[1:]}" if text.startswith("custom entry ") else text


def _state_sentence(record: ManagedRecord, what: str) -> str:
    reason = f": {record.reason}" if record.reason else ""
    held = reason or ": its delete is held"
    for_whom = f" for {record.origin}" if record.origin else ""
    # One of another type, which the name cannot have beside ours, is nobody's to replace.
    way_out = "Replace the foreign record with it, keep theirs, or delete it on the server"
    way_out = way_out if record.foreign else "Delete that one on the server first"
    sentences = {
        RecordState.SYNCED: f"{what} is in DNS, written by us{for_whom}{reason}.",
        RecordState.PENDING: f"{what}{for_whom} is on its way{reason}.",
        RecordState.DRIFTED: f"{what}{for_whom} is not in DNS as we wrote it{reason}. Remediate or accept the drift.",
        RecordState.FOREIGN: f"{what} is in DNS, but is not ours{reason}. Nothing is written;"
        " replace it to make it ours.",
        RecordState.CONFLICT: f"{what}{for_whom} cannot be written{reason}. {way_out}.",
        RecordState.FAILED: f"{what}{for_whom} was refused by the DNS server{reason}. It is tried again when it"
        " changes, and with the next full pass.",
        RecordState.SKIPPED: f"{what}{for_whom} is not published{reason}.",
        RecordState.HELD: f"{what} is still in DNS, although nothing wants it any more{held}.",
        RecordState.KEPT: f"{what} is kept in DNS{reason}.",
    }
    return sentences[RecordState(record.state)]


def _answer_sentence(kind: str, answer: RecordAnswer) -> str:
    since, asked = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (answer.since, answer.asked_at))
    what = {
        Result.RIGHT: f"DNS answers {kind} as it was written",
        Result.WRONG: f"DNS has answered {kind} wrong since {since}: {answer.reason}",
        Result.UNANSWERED: f"DNS has not answered {kind} since {since}: {answer.reason}",
        Result.DELEGATED: f"Whether DNS holds {kind} cannot be asked: {answer.reason}",
    }
    return f"{what[Result(answer.result)]} (asked at {asked})."


def _list_answer(answer: RecordAnswer | None) -> Row | None:
    if answer is None:
        return None
    fields = {"result": answer.result, "reason": answer.reason, "since": _spell_time(answer.since)}
    return fields | {"asked_at": answer.asked_at and _spell_time(answer.asked_at)}


def _list_fields(entry: AuditEntry | None) -> Row | None:
    if entry is None:
        return None
    fields = ("id", "at", "actor", "action", "type", "before", "after", "source", "reason", "correlation")
    return {field: getattr(entry, field) for field in fields} | {"at": _spell_time(entry.at)}


def _describe_data(entry: AuditEntry) -> str:
    values = [", ".join(data.get("values") or ()) if data else "" for data in (entry.before, entry.after)]
    before, after = values
    if before and after and before != after:
        return f", {entry.type} from {before} to {after}"
    return f", {entry.type} {after or before}".rstrip()


def _format_time(entry: AuditEntry) -> str:
    return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"


def _spell_time(moment: datetime) -> str:
    """As the rest of the API does."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
