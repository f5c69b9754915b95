"""What waits for a person, oldest first: each with what it is, since when, and the buttons that end it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from records.admin import columns
from records.admin.steps import OPERATE, STEPS, Button, list_steps, make_buttons
from records.dashboard.vitals import CertificateTrouble, list_ending, read_certificates
from records.effect import EntryState, find_states
from records.entry_names import call_entries, name_entries
from records.lost_claims import LostClaim, list_lost
from records.models import CustomEntry, DriftFinding, HeldPlan, ManagedRecord, SourceName, SyncRequest, SyncStatus
from syncer.core.known import RecordState
from syncer.core.names import people_name
from syncer.core.origin import Origin
from syncer.core.source import SkipCause
from syncer.core.sources import UNREADABLE

DECIDE = "records.change_heldplan"
UNENDING = "It does not run out"
"""Of a held plan: nothing goes, or stays for good, because nobody looked."""
WAITING = 500
"""Requests that the syncer has not answered, of which is told who made them."""


class NeedKind(NamedTuple):
    """``word`` and ``plural`` are what people call it; ``page`` and ``query`` show all of them in the admin, "" where
    that knows nothing of them: the System page does."""

    word: str
    plural: str
    icon: str
    tone: str
    page: str
    query: Mapping[str, str]

    @property
    def list_url(self) -> str:
        if not self.page:
            return f"{reverse('dashboard:system')}#certificates"
        return columns.admin_url(f"{self.page}_changelist", **self.query)


KINDS: Mapping[str, NeedKind] = {
    "held": NeedKind("held plan", "held plans", "pause", "warn", "heldplan", {"show": "open"}),
    "drift": NeedKind("drift", "drifted", "drift", "bad", "driftfinding", {"show": "open"}),
    "conflict": NeedKind("conflict", "conflicts", "clash", "bad", "managedrecord", {"state__exact": "conflict"}),
    "failed": NeedKind("failed", "failed", "cross", "bad", "managedrecord", {"state__exact": "failed"}),
    "lost": NeedKind("lost claim", "lost claims", "lost", "warn", "source", {"show": "lost"}),
    "entry": NeedKind(
        "entry without effect", "entries without effect", "entry", "warn", "customentry", {"show": "lost"}
    ),
    "kept": NeedKind("kept", "kept", "pin", "warn", "managedrecord", {"state__exact": "kept"}),
    "rule": NeedKind("unreadable rule", "unreadable rules", "rule", "warn", "source", {"show": "skipped"}),
    "certificate": NeedKind("certificate", "certificates", "seal", "bad", "", {}),
}
RECORD_KINDS = {"conflict": RecordState.CONFLICT, "failed": RecordState.FAILED, "kept": RecordState.KEPT}


class Need(NamedTuple):
    """``name`` is the host name that it is about, "" for a plan; ``asked`` says who has asked for what already;
    ``target`` is the one that it is on, "" where it is on none."""

    key: str
    since: datetime
    title: str
    url: str
    what: str
    name: str = ""
    buttons: Collection[Button] = ()
    asked: str = ""
    target: str = ""

    @property
    def kind(self) -> NeedKind:
        return KINDS[self.key]


class NeedCount(NamedTuple):
    key: str
    number: int
    url: str

    @property
    def kind(self) -> NeedKind:
        return KINDS[self.key]


class Needs:
    """Everything that waits. ``states`` counts the records by state; a syncer that has fallen silent knows nothing of
    certificates."""

    def __init__(self, states: Mapping[str, int], status: SyncStatus | None = None) -> None:
        self._plans = HeldPlan.objects.filter(status=HeldPlan.Status.OPEN)
        self._findings = DriftFinding.objects.filter(~_is_in_conflict(), status=DriftFinding.Status.OPEN)
        self._rules = SourceName.objects.filter(cause=SkipCause.PATTERN, reason=UNREADABLE)
        lost = list(list_lost())
        self._lost = _join_claims(claim for claim in lost if not Origin.parse(claim.origin).is_entry)
        self._entries = _join_claims(claim for claim in lost if Origin.parse(claim.origin).is_entry)
        heard = None if status is None or status.is_silent else status
        self._certificates = list_ending(heard)
        counts = {
            "held": self._plans.count(),
            "drift": self._findings.count(),
            "lost": len(self._lost),
            "entry": len(self._entries),
            "rule": self._rules.count(),
            "certificate": len(self._certificates),
        }
        if card := read_certificates(heard):
            self._certificates += card.failing
            counts["certificate"] += card.number
        counts |= {key: states.get(state, 0) for key, state in RECORD_KINDS.items()}
        self.counts = [NeedCount(key, counts[key], f"{reverse('dashboard:needs')}?kind={key}") for key in KINDS]
        self.total = sum(counts.values())

    def list_oldest(self, request: HttpRequest, limit: int, kind: str = "") -> list[Need]:
        """``kind`` is a key of ``KINDS``, "" for all."""
        there = {count.key for count in self.counts if count.number and kind in ("", count.key)}
        needs: list[Need] = []
        asked = _find_asked() if there else {}
        if "held" in there:
            needs += [_tell_plan(request, plan, asked) for plan in self._first_plans(limit)]
        if "drift" in there:
            needs += _tell_findings(request, list(self._findings.order_by("found_at", "id")[:limit]), asked)
        for key in RECORD_KINDS.keys() & there:
            rows = ManagedRecord.objects.filter(state=RECORD_KINDS[key]).order_by("changed_at", "id")[:limit]
            needs += [_tell_record(request, key, record, asked) for record in rows]
        for key, joined in (("lost", self._lost), ("entry", self._entries)):
            if key in there:
                oldest = sorted(joined, key=lambda claims: (claims[0].since, claims[0].name))[:limit]
                states = _find_entry_states(claims[0].origin for claims in oldest)
                needs += [_tell_claims(key, claims, states) for claims in oldest]
        if "rule" in there:
            rules = self._rules.select_related("source").order_by("since", "id")[:limit]
            needs += [_tell_rule(row) for row in rules]
        if "certificate" in there:
            needs += [_tell_certificate(each) for each in self._certificates]
        oldest_first = sorted(needs, key=lambda need: (need.since, need.title))[:limit]
        names = call_entries(need.what for need in oldest_first)
        return [need._replace(what=name_entries(need.what, names)) for need in oldest_first]

    def _first_plans(self, limit: int) -> QuerySet[HeldPlan]:
        return self._plans.with_deletes(0).with_gravest().order_by("created_at", "id")[:limit]


def _is_in_conflict() -> Exists:
    """What someone rewrote so that our mark is gone is a conflict, too, whose buttons settle both: it is told once."""
    place = {field: OuterRef(field) for field in ("target", "zone", "name", "type")}
    return Exists(ManagedRecord.objects.filter(**place, state=RecordState.CONFLICT))


def _join_claims(claims: Iterable[LostClaim]) -> list[list[LostClaim]]:
    """Those that lost the same name on the same target belong together."""
    joined: dict[tuple[str, str], list[LostClaim]] = {}
    for claim in claims:
        joined.setdefault((claim.target, claim.name), []).append(claim)
    return list(joined.values())


Asked = Mapping[tuple[str, ...], str]
"""Who asked for what, by ("plan", key) and by (target, name, type)."""


def _find_asked() -> Asked:
    waiting = SyncRequest.objects.filter(done_at=None).exclude(action=SyncRequest.Action.SYNC).order_by("-id")[:WAITING]
    asked: dict[tuple[str, ...], str] = {}
    for row in waiting:
        place = ("plan", str(row.plan_id)) if row.plan_id else (row.target, row.name, row.type)
        asked[place] = f"{row.requested_by} asked to {row.get_action_display()}: the syncer works on it."
    return asked


def _tell_plan(request: HttpRequest, plan: HeldPlan, asked: Asked) -> Need:
    size: int = plan.size  # type: ignore[attr-defined] # of with_deletes
    buttons = []
    if request.user.has_perm(DECIDE):
        buttons = [Button("approve", "Approve", str(plan.pk)), Button("reject", "Reject", str(plan.pk))]
    return Need(
        "held",
        plan.created_at,
        f"{columns.count_noun(size, ('delete', 'deletes'))} in {people_name(plan.zone)}",
        reverse("dashboard:plan", args=[plan.pk]),
        f"{plan.reason}. Gravest of them: {_name_gravest(plan)}. {UNENDING}.",
        buttons=buttons,
        asked=asked.get(("plan", str(plan.pk)), ""),
        target=plan.target,
    )


def _name_gravest(plan: HeldPlan) -> str:
    name: str = plan.gravest  # type: ignore[attr-defined] # of with_gravest
    if name == plan.zone:
        return "the name of the zone itself"
    return f"the wildcard {name}" if name.startswith("*.") else people_name(name)


def _tell_findings(request: HttpRequest, findings: Collection[DriftFinding], asked: Asked) -> list[Need]:
    actions = [action for action in ("remediate", "accept") if request.user.has_perm(OPERATE)]
    return [
        Need(
            "drift",
            finding.found_at,
            f"{people_name(finding.name)} {finding.type}",
            name_page(finding.name, finding.target),
            f"{finding.get_drift_type_display()}: {finding.reason}",
            finding.name,
            [Button(action, STEPS[action].label, f"drift-{finding.pk}") for action in actions],
            asked.get((finding.target, *finding.key), ""),
            finding.target,
        )
        for finding in findings
    ]


def _tell_record(request: HttpRequest, key: str, record: ManagedRecord, asked: Asked) -> Need:
    steps = ["sync"] if key == "failed" else list(list_steps(record, None, can_undo=False))
    wanted = {"conflict": ("replace", "keep"), "kept": ("remove",), "failed": ("sync",)}[key]
    pk = "" if key == "failed" else str(record.pk)
    return Need(
        key,
        record.changed_at,
        f"{people_name(record.name)} {record.type}",
        name_page(record.name, record.target),
        record.reason,
        record.name,
        make_buttons(request, [step for step in steps if step in wanted], pk),
        asked.get((record.target, *record.key), ""),
        record.target,
    )


def _find_entry_states(origins: Iterable[str]) -> Mapping[str, EntryState]:
    """Of those that are entries."""
    keys = [origin.name for origin in map(Origin.parse, origins) if origin.is_entry]
    entries = list(CustomEntry.objects.filter(pk__in=keys)) if keys else []
    states = find_states(entries) if entries else {}
    return {entry.origin: states[entry.pk] for entry in entries}


def _tell_claims(key: str, claims: list[LostClaim], states: Mapping[str, EntryState]) -> Need:
    first, *others = claims
    more = f", and {columns.count_noun(len(others), ('other claim', 'other claims'))} likewise" if others else ""
    if (state := states.get(first.origin)) and state.effective:
        more += f"; on {', '.join(state.effective)} it has its effect"
    return Need(
        key,
        first.since,
        people_name(first.name),
        name_page(first.name, first.target),
        f"{first.origin} does not get it: {first.reason}{more}",
        first.name,
        target=first.target,
    )


def _tell_rule(row: SourceName) -> Need:
    return Need(
        "rule",
        row.since,
        str(row.source),
        columns.admin_url("source_change", row.source_id),
        next((warning for warning in row.source.warnings if row.name in warning), row.name),
        target=row.source.target,
    )


def _tell_certificate(failing: CertificateTrouble) -> Need:
    url = KINDS["certificate"].list_url
    ends = f"; it ends {failing.expires:%Y-%m-%d %H:%M} UTC" if failing.expires else ""
    return Need("certificate", failing.since, failing.title, url, f"{failing.reason}{ends}")


def name_page(name: str, target: str = "") -> str:
    """The address of the page of a name on the dashboard."""
    url = reverse("dashboard:name", args=[name])
    return f"{url}?target={target}" if target else url
