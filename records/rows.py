"""Engine values as rows of the database."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

from django.utils import timezone

from records.models import AuditEntry, ManagedRecord
from records.models import Source as SourceRow
from syncer.core.claims import Decision
from syncer.core.names import BadName, canonical_target
from syncer.core.plan import Change, Op, RecordState, RRsetStatus
from syncer.core.rrsets import RRset
from syncer.core.source import Source
from syncer.ledger import AppliedChange, Key
from syncer.targets.base import Outcome


def record_row(
    zone: str, decision: Decision, rrset: RRset, state: RecordState, reason: str = "", *, owned: bool = False
) -> ManagedRecord:
    return ManagedRecord(
        zone=zone,
        name=rrset.name,
        type=rrset.type,
        values=list(rrset.values),
        ttl=rrset.ttl,
        owned=owned,
        state=state,
        reason=reason,
        origin=decision.origin_of(rrset.type),
        claimants=list(decision.claimants_of(rrset.type)),
        losers=[list(loser) for loser in decision.losers],
        changed_at=timezone.now(),
    )


def take_result(zone: str, item: AppliedChange, rows: list[ManagedRecord], gone: list[Key]) -> None:
    """A claim ends only with a definite answer: a refusal leaves what was there before, silence leaves the claim."""
    change, outcome, reason, _ = item.result
    if outcome is Outcome.DONE:
        if change.after is None:
            gone.append(change.key)
        else:
            said = "; ".join(item.decision.warnings)
            rows.append(record_row(zone, item.decision, change.after, RecordState.SYNCED, said, owned=True))
    elif outcome is Outcome.REFUSED:
        still_ours = change.op is not Op.CREATE and not change.adopts
        shown = change.before.rrset if still_ours and change.before else change.after
        assert shown is not None
        rows.append(record_row(zone, item.decision, shown, RecordState.FAILED, reason, owned=still_ours))
    else:
        shown = change.after or (change.before.rrset if change.before else None)
        assert shown is not None
        rows.append(record_row(zone, item.decision, shown, RecordState.PENDING, reason, owned=True))


def change_fact(
    zone: str, decision: Decision, change: Change, action: str, reason: str, actor: str, correlation: str
) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        action="adopted" if change.adopts and action == "updated" else action,
        zone=zone,
        name=change.name,
        type=change.key[1],
        before=data_of(change.before.rrset) if change.before else None,
        after=data_of(change.after) if change.after else None,
        source=decision.origin_of(change.key[1]),
        reason=reason,
        correlation=correlation,
    )


def verdict_fact(
    zone: str, decision: Decision, verdict: RRsetStatus, action: str, actor: str, correlation: str
) -> AuditEntry:
    rrset = verdict.rrset
    return AuditEntry(
        actor=actor,
        action=action,
        zone=zone,
        name=rrset.name,
        type=rrset.type,
        before=data_of(rrset) if action == "gone" else None,
        after=None if action == "gone" else data_of(rrset),
        source=decision.origin_of(rrset.type),
        reason=verdict.reason,
        correlation=correlation,
    )


def data_of(rrset: RRset) -> dict[str, Any]:
    return {"ttl": rrset.ttl, "values": list(rrset.values)}


def spelled(kind: str, value: str) -> str:
    """Addresses and host names as the engine compares them, whoever wrote the row; the rest is as it is."""
    with suppress(BadName):
        if kind in ("A", "AAAA", "CNAME"):
            return canonical_target(value)
    return value


def _storable(content: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What every database takes (PostgreSQL no NUL and no half of a surrogate pair), and its digest."""
    text = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace").replace(b"\\u0000", b"?")
    return json.loads(text), hashlib.blake2b(text, digest_size=16).hexdigest()


def source_row(source: Source) -> SourceRow:
    ref = source.ref
    content = {
        "uid": source.uid[:64],
        "created": source.created[:40],
        "names": [[want.name, list(want.values)] for want in source.wants],
        "skipped": [list(skip) for skip in source.skipped],
        "warnings": list(source.warnings),
        "ttl": source.ttl,
        "priority": source.priority,
        "notes": dict(source.notes),
    }
    content, digest = _storable(content)
    return SourceRow(
        group=ref.group,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        digest=digest,
        seen_at=timezone.now(),
        **content,
    )
