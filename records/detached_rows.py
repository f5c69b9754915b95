"""Names that are kept although their object, or what hides it, does not ask for them now: how long each has been."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from records.among import at_names
from records.glance import Glance
from records.limits import ROWS, split_keys
from records.mention_rows import NOT_IN_OBJECT
from records.models import Source as SourceRow
from records.models import SourceName
from syncer.core.origin import Origin
from syncer.core.source import SkipCause

LONG_AGO = 1e9
"""Seconds: longer than anything is kept."""

PLACE = ("kind", "namespace", "name")
"""The columns that say whose row it is; the others may be large."""


def note_detached(target: str, kept: Iterable[tuple[str, str, str]]) -> None:
    """Names that are kept, each with an origin for which and the reason: their time begins, where it has not."""
    reasons = {(name, origin): reason for name, origin, reason in kept}
    for names in split_keys(dict.fromkeys(name for name, _ in reasons)):
        chunk = set(names)
        concerned = {key: reason for key, reason in reasons.items() if key[0] in chunk}
        _detach_names(target, concerned, timezone.now())


def _detach_names(target: str, reasons: Mapping[tuple[str, str], str], now: datetime) -> None:
    """``reasons`` by name and origin."""
    missing = dict(reasons)
    idle: list[int] = []
    names = (name for name, _ in reasons)
    mentions = SourceName.objects.filter(at_names(names), source__target=target).select_related("source")
    columns = ("name", "values", "refused", "detached_since", *(f"source__{part}" for part in PLACE))
    for mention in mentions.only(*columns):
        key = mention.name, str(mention.source)
        if key in reasons:
            missing.pop(key, None)
            is_kept = mention.values is None or mention.refused is not None
            idle += [mention.pk] if mention.detached_since is None and is_kept else []
    SourceName.objects.filter(pk__in=idle).update(detached_since=now)
    if not missing:
        return
    sources: dict[str, list[SourceRow]] = {}
    namesakes = SourceRow.objects.filter(at_names(Origin.parse(origin).name for _, origin in missing), target=target)
    for source in namesakes.only(*PLACE):
        sources.setdefault(str(source), []).append(source)
    fixed = {"position": NOT_IN_OBJECT, "since": now, "cause": SkipCause.TROUBLE, "detached_since": now}
    SourceName.objects.bulk_create(
        (
            SourceName(source=source, name=name, reason=reason, **fixed)
            for (name, origin), reason in missing.items()
            for source in sources.get(origin, ())
        ),
        batch_size=ROWS,
    )


def forget_detached(target: str, names: Collection[str]) -> None:
    """Nothing of ours is at these names any more, so that nothing is kept there."""
    mentions = SourceName.objects.filter(at_names(names), source__target=target)
    mentions.filter(position=NOT_IN_OBJECT).delete()
    mentions.filter(detached_since__isnull=False).update(detached_since=None, detached_seconds=0, outdated="")


def detached_mentions(target: str) -> QuerySet[SourceName]:
    """The names that are kept although their object does not want them now."""
    return SourceName.objects.filter(source__target=target, detached_since__isnull=False)


DETACHED = Glance(detached_mentions)
"""Whether there are any on a target."""


def forget_refused(target: str, names: Collection[str]) -> None:
    """What is asked for at these names has been written, and no target is kept there any more."""
    for chunk in split_keys(names):
        asked = detached_mentions(target).filter(at_names(chunk), values__isnull=False)
        asked.update(detached_since=None, detached_seconds=0)


def end_detached(target: str, names: Collection[str]) -> None:
    """Nothing is kept at these names any longer than until now."""
    for chunk in split_keys(names):
        detached_mentions(target).filter(at_names(chunk)).update(detached_seconds=LONG_AGO)


def suspect_detached(target: str) -> None:
    """What a trouble hides while the version of the program changes may be outdated; that shows when the trouble
    ends."""
    detached_mentions(target).filter(outdated="").update(outdated=F("reason"))


def count_detached(target: str, seconds: float, grace: float, unread_kinds: Collection[str]) -> list[str]:
    """See ``Ledger.count_detached``."""
    kept = detached_mentions(target).filter(detached_seconds__lt=grace)
    kept = kept.exclude(source__kind__in=unread_kinds) if unread_kinds else kept
    with transaction.atomic():
        over = list(kept.filter(detached_seconds__gte=grace - seconds).values_list("name", flat=True).distinct())
        kept.update(detached_seconds=F("detached_seconds") + seconds)
    return over
