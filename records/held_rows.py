"""The deletes that wait for a person, as rows of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import models
from django.utils import timezone

from records.among import at_names
from records.audit import Action, make_entry
from records.bulk import insert_rows
from records.causes import find_causes
from records.limits import KEYS, split_keys, split_rows
from records.models import HeldDelete, HeldPlan, ManagedRecord, RRsetKey, SyncRequest
from records.rows import ZoneKey
from syncer.core.origin import Origin
from syncer.ledger import DecidedHold, HeldDeletes, Request

Plan = HeldPlan.Status

ANSWERS = {Plan.APPROVED: Action.APPROVED, Plan.REJECTED: Action.REJECTED}
DECIDED = (Plan.APPROVED, Plan.REJECTED)
UNDECIDED = (Plan.GATHERING, Plan.OPEN)


class Choice(NamedTuple):
    """What a request is about: of the plan ``plan_id`` the deletes ``chosen``, or all of it where that is None; of
    every open plan where there is no plan."""

    plan_id: int | None = None
    chosen: list[int] | None = None


def live_plans(key: ZoneKey) -> models.QuerySet[HeldPlan]:
    """Those by which a delete waits, may go or must not."""
    return HeldPlan.objects.filter(**key._asdict(), status__in=(*UNDECIDED, *DECIDED))


def read_holds(key: ZoneKey, names: Collection[str] | None = None) -> HeldDeletes:
    """Those at ``names``; None: all of them."""
    found: dict[str, set[RRsetKey]] = {status: set() for status in (*UNDECIDED, *DECIDED)}
    rows = _deletes_of(key, *found).order_by().values_list("plan__status", "name", "type")
    for part in split_rows(rows, names):
        for status, name, kind in part.iterator(KEYS):
            found[status].add((name, kind))
    approved, rejected = (frozenset(found[status]) for status in DECIDED)
    return HeldDeletes(frozenset().union(*(found[status] for status in UNDECIDED)), approved, rejected)


def count_held(key: ZoneKey) -> Counter[str]:
    """How many deletes of the open plan each namespace has, by their holders."""
    rows = _deletes_of(key, *UNDECIDED).order_by().values_list("origin").annotate(models.Count("pk"))
    namespaces: Counter[str] = Counter()
    for origin, count in rows:
        namespaces[Origin.parse(origin).namespace] += count
    return namespaces


def hold_deletes(
    key: ZoneKey,
    deletes: Collection[RRsetKey],
    reason: str,
    names: Collection[str] | None = None,
    *,
    are_all: bool = True,
) -> None:
    """Make ``deletes`` the open plan, as far as ``names`` go (None: all of it). A person may be looking at that plan
    right now: where further deletes come, it ends, and they all are a plan of their own. An approval covers no more
    than what was shown, and a plan can be decided when ``are_all`` of its deletes are in it."""
    old = HeldPlan.objects.select_for_update().filter(**key._asdict(), status__in=UNDECIDED).first()
    known = _find_held(old, names) if old else {}
    wanted = set(deletes)
    _drop_rows([pk for delete, pk in known.items() if delete not in wanted])
    news = sorted(wanted.difference(known))
    plan = old
    if news and (plan is None or plan.is_open):
        plan = HeldPlan(**key._asdict(), status=Plan.GATHERING, reason=reason)
        if old is not None:
            old.decide(Plan.OBSOLETE)
        plan.save()
        if old is not None:
            old.deletes.update(plan=plan)
            old.successor = plan
            old.save()
    if plan is None:
        return
    for some in split_keys(news):
        insert_rows(HeldDelete, _make_rows(key, plan, some))
    if not wanted and are_all and not plan.deletes.exists():
        plan.decide(Plan.OBSOLETE)
        return
    is_whole = are_all and plan.is_gathering
    if is_whole or reason not in ("", plan.reason):
        plan.status, plan.reason = Plan.OPEN if is_whole else plan.status, reason or plan.reason
        plan.save()


def _find_held(plan: HeldPlan, names: Collection[str] | None) -> dict[RRsetKey, int]:
    rows = plan.deletes.order_by().values_list("name", "type", "pk")
    return {(name, kind): pk for part in split_rows(rows, names) for name, kind, pk in part.iterator(KEYS)}


def decide_plans(request: Request, *, approve: bool) -> DecidedHold:
    """Approve or reject what the request means and is still held. The rest of a plan that is decided in part stays
    open."""
    status = Plan.APPROVED if approve else Plan.REJECTED
    choice = _read_choice(request)
    plans = HeldPlan.objects.filter(status=Plan.OPEN)
    places = {"target": request.target, "zone": request.zone}
    plans = plans.filter(**{column: value for column, value in places.items() if value})
    if choice.chosen is None and choice.plan_id is not None:
        plans = plans.filter(pk=choice.plan_id)
    count = 0
    for plan in plans.select_for_update():
        count += _decide_plan(plan, choice.chosen, status, request.actor)
    return DecidedHold(count, _explain_missing(choice, count))


def forget_decisions(key: ZoneKey, wanted: Collection[RRsetKey]) -> bool:
    """What a claim holds again leaves the plans that a person decided: its next delete is to be decided anew. Whether
    there was any."""
    kept = set(wanted)
    rows = _deletes_of(key, *DECIDED).filter(at_names(name for name, _ in kept)) if kept else HeldDelete.objects.none()
    spent = [row for row in rows if row.key in kept]
    _drop_rows([row.pk for row in spent])
    left = HeldPlan.objects.filter(pk__in={row.plan_id for row in spent}, deletes=None)
    left.update(status=Plan.OBSOLETE)
    return bool(spent)


def close_finished_plans(key: ZoneKey) -> None:
    """Of an approved plan nothing is left to delete."""
    here = ManagedRecord.objects.filter(
        **key._asdict(), name=models.OuterRef("name"), type=models.OuterRef("type"), owned=True
    )
    waiting = HeldDelete.objects.filter(models.Exists(here), plan=models.OuterRef("pk"))
    approved = HeldPlan.objects.filter(**key._asdict(), status=Plan.APPROVED)
    approved.exclude(models.Exists(waiting)).update(status=Plan.DONE)


def explain_deletes(key: ZoneKey, holders: Mapping[RRsetKey, str]) -> dict[RRsetKey, str]:
    """Why these RRsets go, and who let them: for the audit."""
    if not holders:
        return {}
    causes = find_causes(key.target, holders)
    names = {name for name, _ in holders}
    approved = (row for row in _deletes_of(key, Plan.APPROVED).select_related("plan") if row.name in names)
    return causes | {
        row.key: f"{row.cause or causes[row.key]}; {row.plan.decided_by} approved it"
        for row in approved
        if row.key in causes
    }


def _read_choice(request: Request) -> Choice:
    row = SyncRequest.objects.filter(pk=request.id).values_list("plan_id", "deletes").first()
    return Choice(*row) if row else Choice()


def _decide_plan(plan: HeldPlan, chosen: Iterable[int] | None, status: HeldPlan.Status, actor: str) -> int:
    rows = list(plan.deletes.only("plan", "name", "type"))
    meant = set(chosen) if chosen is not None else {row.pk for row in rows}
    part = [row for row in rows if row.pk in meant]
    if not part:
        return 0
    decided = plan
    if len(part) < len(rows):
        place = {"target": plan.target, "zone": plan.zone}
        decided = HeldPlan(**place, reason=plan.reason, created_at=plan.created_at)
    decided.decide(status, actor)
    if decided is not plan:
        for moved in split_keys(row.pk for row in part):
            HeldDelete.objects.filter(pk__in=moved).update(plan=decided)
    of_all = f" of {len(rows)}" if len(part) < len(rows) else ""
    make_entry(
        ANSWERS[status],
        actor,
        target=plan.target,
        zone=plan.zone,
        source=str(decided.origin),
        reason=f"{len(part)}{of_all} held deletes",
        before={"deletes": [[row.name, row.type] for row in part]},
    ).save()
    return len(part)


def _explain_missing(choice: Choice, count: int) -> str:
    """Why fewer were decided than a person saw; "" where that is not so."""
    asked = max(count, 1) if choice.chosen is None else len(choice.chosen)
    if choice.plan_id is None or count >= asked:
        return ""
    plan = HeldPlan.objects.get(pk=choice.plan_id)
    ending = "" if plan.is_open else f": {plan.describe_end()}"
    if choice.chosen is None:
        return f"nothing of held plan {plan.pk} is left to decide{ending}"
    return f"{asked - count} of {asked} are not held any more, or were decided meanwhile{ending}"


def _make_rows(key: ZoneKey, plan: HeldPlan, deletes: Collection[RRsetKey]) -> list[HeldDelete]:
    names = {name for name, _ in deletes}
    rows = ManagedRecord.objects.filter(at_names(names), **key._asdict()).order_by()
    known = {row.key: row for row in rows}
    holders = {delete: known[delete].origin if delete in known else "" for delete in deletes}
    causes = find_causes(key.target, holders)
    now = timezone.now()
    return [
        HeldDelete(
            plan=plan,
            name=delete[0],
            type=delete[1],
            values=known[delete].values if delete in known else [],
            ttl=known[delete].ttl if delete in known else None,
            origin=holders[delete],
            cause=causes[delete],
            held_at=now,
        )
        for delete in deletes
    ]


def _deletes_of(key: ZoneKey, *statuses: str) -> models.QuerySet[HeldDelete]:
    return HeldDelete.objects.filter(plan__target=key.target, plan__zone=key.zone, plan__status__in=statuses)


def _drop_rows(keys: list[int]) -> None:
    for chunk in split_keys(keys):
        HeldDelete.objects.filter(pk__in=chunk).delete()
