"""Objects of the cluster as the syncer stores them: a row, and one for each name that it mentions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from records.ledger import DatabaseLedger
from records.models import HeldDelete, HeldPlan, Source, SourceName
from syncer.core.source import Ref, Skip, SourceObject, Want

Names = Sequence[tuple[str, Sequence[str]]]
Skipped = Sequence[tuple[str, str]]


def make_source(
    kind: str, namespace: str, name: str, names: Names = (), skipped: Skipped = (), **columns: Any
) -> Source:
    """``names`` are (name, values), ``skipped`` (name, reason)."""
    source = Source.objects.create(kind=kind, namespace=namespace, name=name, **columns)
    note_mentions(source, names, skipped)
    return source


def note_mentions(source: Source, names: Names = (), skipped: Skipped = ()) -> None:
    """These instead of what it mentioned before."""
    SourceName.objects.filter(source=source).delete()
    mentions = [SourceName(name=name, values=list(values)) for name, values in names]
    mentions += [SourceName(name=name, reason=reason) for name, reason in skipped]
    for position, mention in enumerate(mentions):
        mention.source, mention.position, mention.since = source, position, timezone.now()
    SourceName.objects.bulk_create(mentions)


def make_plan(zone: str, deletes: Iterable[tuple[str, str]], reason: str = "too many", **columns: Any) -> HeldPlan:
    """A held plan; ``deletes`` are (name, type) each."""
    plan = HeldPlan.objects.create(zone=zone, reason=reason, **columns)
    HeldDelete.objects.bulk_create(HeldDelete(plan=plan, name=name, type=kind) for name, kind in deletes)
    return plan


def blog_source(*wants: str, skipped: str = "", **more: str) -> SourceObject:
    """``more`` are its notes."""
    ref = Ref("Ingress", "web", "blog", "networking.k8s.io")
    return SourceObject(
        ref,
        wants=tuple(Want(name, ("192.0.2.7",)) for name in wants),
        skipped=(Skip(skipped, "outside every managed zone"),) if skipped else (),
        notes=tuple(more.items()),
    )


def save_source(source: SourceObject) -> Source:
    DatabaseLedger().save_sources("default", {source.ref: source})
    return Source.objects.get()
