"""The names that objects mention as rows: since when each does, and how long a name is kept that was published."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef

from records.among import at_names
from records.bulk import upsert_values
from records.glance import Prepared
from records.limits import split_keys
from records.models import ManagedRecord, SourceName
from records.source_content import SourceContent
from syncer.core.claiming import explain_refused
from syncer.core.claims import Mention
from syncer.core.origin import Origin
from syncer.core.source import SkipCause, SourceObject, WantedRecord

TAKEN_BACK = "the object has taken it back"

NOT_IN_OBJECT = 2**31 - 1
"""The position of a name that an object published and does not mention now."""


_MENTION_COLUMNS = (
    *("name", "source__kind", "source__namespace", "source__name"),
    *("since", "via", "detached_seconds", "outdated", "reason"),
)
_MENTIONS = Prepared(
    lambda target, names: (
        SourceName.objects.filter(at_names(names), source__target=target).order_by().values_list(*_MENTION_COLUMNS)
    )
)
_SHADOWED = Prepared(
    lambda target: (
        SourceName.objects.filter(source__target=target).exclude(shadow="").order_by().values_list("name").distinct()
    )
)


def find_mentions(target: str, names: Collection[str]) -> dict[str, dict[str, Mention]]:
    """What is known of the names on the target, by name and origin."""
    mentions: dict[str, dict[str, Mention]] = {}
    rows = _MENTIONS.read_rows(target, names)
    for name, kind, namespace, own_name, since, via, seconds, outdated, reason in rows:
        parents = None if via is None else tuple(via)
        mention = Mention(since.isoformat(), parents, seconds, outdated, reason == TAKEN_BACK)
        mentions.setdefault(name, {})[str(Origin(kind, namespace, own_name))] = mention
    return mentions


def rank_names(target: str, namespace: str, most: int) -> list[str]:
    """See ``Ledger.rank_names``."""
    ours = ManagedRecord.objects.filter(
        target=target, name=OuterRef("name"), owned=True, origin__contains=f"/{namespace}/"
    )
    mentions = SourceName.objects.filter(source__target=target, source__namespace=namespace).annotate(
        is_published=Exists(ours)
    )
    order = ("-is_published", "since", "source__created", "source__name", "position")
    # A name that several objects mention counts as one of them, so that there may be less than the most.
    return list(dict.fromkeys(mentions.order_by(*order).values_list("name", flat=True)[:most].iterator()))


def save_shadows(target: str, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
    """See ``ZoneLedger.save_shadows``."""
    mentions = SourceName.objects.filter(source__target=target)
    told = _SHADOWED.read_rows(target)
    names: dict[str, list[str]] = {"": [name for (name,) in told if manages(name) and name not in shadows]}
    for name, shadow in shadows.items():
        names.setdefault(shadow, []).append(name)
    with transaction.atomic():
        for shadow, alike in names.items():
            for chunk in split_keys(alike):
                mentions.filter(at_names(chunk)).exclude(shadow=shadow).update(shadow=shadow)


class _NewMention(NamedTuple):
    """The row that a name of an object shall have, by its fields."""

    source: int
    name: str
    position: int
    since: datetime
    values: Sequence[str] | None = None
    own: bool = False
    via: Sequence[str] | None = None
    reason: str = ""
    cause: str = ""
    detached_since: datetime | None = None
    detached_seconds: float = 0.0
    outdated: str = ""
    refused: Sequence[str] | None = None
    records: Sequence[WantedRecord] | None = None


CHANGES = tuple(name for name in _NewMention._fields if name not in ("source", "name", "since"))
"""What an object may say otherwise of a name that it has mentioned before."""


class _OldMention(NamedTuple):
    """The row that a name of an object has. ``is_published``: it was published for the object, which not only asked."""

    pk: int
    is_published: bool
    via: list[str] | None
    reason: str
    since: datetime
    detached_since: datetime | None
    seconds: float
    outdated: str


def save_mentions(
    target: str, saved: Mapping[int, SourceContent], changed: Collection[int], now: datetime, is_new_version: bool
) -> set[str]:
    """``saved`` by the keys of the sources, ``changed`` are those that had a row. A name that an object goes on naming
    keeps its times. Returns the names that were kept for one of them, and are not any more."""
    old = _read_mentions(target, saved, changed)
    mentions: list[_NewMention] = []
    dropped: list[int] = []
    ended: set[str] = set()
    for key, content in saved.items():
        before = old.get(key, {})
        rows = {row.name: row for row in _list_mentions(key, content, before, now, is_new_version)}
        mentions += rows.values()
        for name, mention in before.items():
            if name not in rows:
                dropped.append(mention.pk)
            if mention.detached_since is not None and (name not in rows or rows[name].detached_since is None):
                ended.add(name)
    SourceName.objects.filter(pk__in=dropped).delete()
    upsert_values(SourceName, _NewMention._fields, mentions, CHANGES)
    return ended


def _read_mentions(
    target: str, contents: Mapping[int, SourceContent], changed: Collection[int]
) -> dict[int, dict[str, _OldMention]]:
    """The rows of the ``changed`` sources, by source and name."""
    columns = ("pk", "source_id", "name", "values", "via", "reason", "since", "detached_since", "detached_seconds")
    rows = list(SourceName.objects.filter(source__in=changed).values_list(*columns, "outdated"))
    given_up = {
        name for _, source, name, values, *_ in rows if values is not None and name not in contents[source].wanted
    }
    published = _find_published(target, list(given_up))
    old: dict[int, dict[str, _OldMention]] = {}
    for pk, source, name, values, via, reason, since, detached_since, *rest in rows:
        is_published = values is not None and (name, str(contents[source].source.ref)) in published
        is_published = is_published or detached_since is not None
        mention = _OldMention(pk, is_published, via, reason, since, detached_since, *rest)
        old.setdefault(source, {})[name] = mention
    return old


def _find_published(target: str, names: Sequence[str]) -> set[tuple[str, str]]:
    """Those of the names that the ledger says are ours, each with the origins for which they are published."""
    published: set[tuple[str, str]] = set()
    for chunk in split_keys(names):
        rows = ManagedRecord.objects.filter(at_names(chunk), target=target, owned=True).order_by()
        for name, origin, claimants in rows.values_list("name", "origin", "claimants"):
            published.update((name, who) for who in (origin, *claimants))
    return published


def _list_mentions(
    key: int, content: SourceContent, old: Mapping[str, _OldMention], now: datetime, is_new_version: bool
) -> Iterator[_NewMention]:
    """One for each name that the object mentions, or that is kept for it."""
    for position, name in enumerate(chain(content.wanted, content.skipped)):
        before = old.get(name)
        since = before.since if before else now
        if want := content.wanted.get(name):
            row = _NewMention(key, name, position, since, want.values, want.own, want.via)
            if want.records:
                row = row._replace(records=want.records)
            if want.is_refused:  # how long it is kept goes on, whatever else is changed in the object
                times = (before.detached_since, before.seconds) if before else (None, 0.0)
                row = row._replace(detached_since=times[0], detached_seconds=times[1])
                refused = [*want.refused, *(value for record in want.records for value in record.refused)]
                row = row._replace(refused=refused, reason=explain_refused(refused))
            yield row
            continue
        skip = content.skipped[name]
        via = before.via if before else None
        row = _NewMention(key, name, position, since, via=via, reason=skip.reason, cause=skip.cause)
        yield _keep_mention(row, before, content.source, now, is_new_version) or row
    for name, before in old.items():
        if name in content.wanted or name in content.skipped:
            continue
        row = _NewMention(key, name, NOT_IN_OBJECT, before.since, via=before.via, reason=TAKEN_BACK)
        if kept := _keep_mention(row, before, content.source, now, is_new_version):
            yield kept._replace(cause=SkipCause.TROUBLE)
        elif (
            before.via
            and (before.is_published or before.reason == TAKEN_BACK)
            and any(trouble.concerns(name, None) for trouble in content.source.troubles)
        ):
            # By which parents it was published tells, until its record is gone, that no trouble hides it.
            yield row._replace(cause=SkipCause.INTENT)


def _keep_mention(
    row: _NewMention, before: _OldMention | None, source: SourceObject, now: datetime, is_new_version: bool
) -> _NewMention | None:
    """The row of a name that was published and is not any more, if nothing in the object took it back."""
    if before is None or not before.is_published:
        return None
    reason = source.find_trouble(row.name, None if before.via is None else tuple(before.via))
    is_outdated = not reason and row.cause == SkipCause.RULE and (is_new_version or bool(before.outdated))
    if not (reason or is_outdated):
        return None
    return row._replace(
        reason=reason or row.reason,
        detached_since=before.detached_since or now,
        detached_seconds=before.seconds,
        outdated=row.reason if is_outdated else before.outdated,  # a trouble that ends must not take it along
    )
