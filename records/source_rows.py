"""The objects of the cluster as rows: each with the names that it mentions, and since when it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from records.among import at_names
from records.bulk import upsert_values
from records.limits import KEYS, ROWS, split_keys
from records.models import ManagedRecord, SourceName
from records.models import Source as SourceRow
from syncer.core.claiming import explain_refused
from syncer.core.claims import Mention
from syncer.core.origin import Origin
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Want, WantedRecord

TAKEN_BACK = "the object has taken it back"

NOT_IN_OBJECT = 2**31 - 1
"""The position of a name that an object published and does not mention now."""

NAMES = 5_000
"""Names of objects that are written together, and more only where one object has them."""

LONG_AGO = 1e9
"""Seconds: longer than anything is kept."""

PLACE = ("kind", "namespace", "name")
"""The columns that say whose row it is; the others may be large."""

CONTENT = ("uid", "created", "warnings", "ttl", "priority", "between", "notes", "troubles", "excluded")


class SourceContent(NamedTuple):
    """What a source says, as every database takes it, and the digest of that."""

    source: SourceObject
    wanted: dict[str, Want]
    skipped: dict[str, Skip]
    digest: str

    @property
    def columns(self) -> Iterator[Any]:
        """The values of ``CONTENT``."""
        it = self.source
        yield from (it.uid[:64], it.created[:40], it.warnings, it.ttl, it.priority, it.between)
        yield from (dict(it.notes), it.troubles, it.excluded)


def read_content(source: SourceObject) -> SourceContent:
    text = _spell_content(source)
    if rb"\u0000" in text or not text.isascii():
        source = _make_storable(source)
        text = _spell_content(source)
    wanted = {want.name: want for want in source.wants}
    skipped = {skip.name: skip for skip in source.skipped if skip.name not in wanted}
    return SourceContent(source, wanted, skipped, hashlib.blake2b(text, digest_size=16).hexdigest())


def _spell_content(source: SourceObject) -> bytes:
    content = {
        "uid": source.uid[:64],
        "created": source.created[:40],
        "names": [_list_want(want) for want in source.wants],
        "skipped": source.skipped,
        "warnings": source.warnings,
        "ttl": source.ttl,
        "priority": source.priority,
        "notes": dict(source.notes),
        "troubles": source.troubles,
        "excluded": source.excluded,
    }
    if source.between is not None:  # else as a version wrote it that knew nothing of this
        content["between"] = source.between
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _make_storable(source: SourceObject) -> SourceObject:
    """PostgreSQL takes no NUL and no half of a surrogate pair."""
    texts = ("uid", "created", "wants", "skipped", "warnings", "notes", "troubles", "excluded")
    return replace(source, **{name: _clean_texts(getattr(source, name)) for name in texts})


def _clean_texts(value: Any) -> Any:
    """The same with ``?`` for these, at any depth."""
    match value:
        case SkipCause():
            return value
        case str():
            return value.replace("\0", "?").encode("utf-8", "replace").decode()
        case tuple():
            members = map(_clean_texts, value)
            return value._make(members) if hasattr(value, "_make") else tuple(members)
    return value


def _list_want(want: Want) -> Sequence[Any]:
    """As a version wrote it that refused no target and knew of no records, wherever there are none: then it is not
    written again."""
    if want.records:
        return [*want[:4], want.refused, want.records]
    return [*want[:4], want.refused] if want.refused else want[:4]


def split_sources(
    sources: Mapping[Ref, SourceObject | None],
) -> Iterator[dict[Ref, SourceObject | None]]:
    """As many at a time as go into one question, and of large ones fewer."""
    chunk: dict[Ref, SourceObject | None] = {}
    names = 0
    for ref, source in sources.items():
        chunk[ref] = source
        names += len(source.wants) + len(source.skipped) if source else 1
        if len(chunk) >= KEYS or names >= NAMES:
            yield chunk
            chunk, names = {}, 0
    if chunk:
        yield chunk


def save_chunk(
    target: str,
    sources: Mapping[Ref, SourceObject | None],
    now: datetime,
    writing: Callable[[], AbstractContextManager[None]] = transaction.atomic,
    *,
    is_new_version: bool = False,
) -> set[str]:
    """Write what is new or other than before, and drop what is gone (None); one transaction, which ``writing`` makes.

    Returns the names that were kept for one of them although a trouble hid them, and are not any more.
    ``now`` is the same for all that are saved together: none of them has named a host for longer than the others.
    ``is_new_version``: what differs may differ because our rules do, and not the object.
    """
    known = _find_rows(target, sources)
    contents: dict[Ref, SourceContent] = {}
    for ref, source in sources.items():
        if source is not None:
            content = read_content(source)
            if ref not in known or known[ref].digest != content.digest:
                contents[ref] = content
    gone = [known[ref].pk for ref, source in sources.items() if source is None and ref in known]
    if not contents and not gone:
        return set()
    with writing():
        _write_rows(target, contents, now)
        rows = _find_rows(target, contents)
        saved = {rows[ref].pk: content for ref, content in contents.items()}
        changed = [known[ref].pk for ref in contents if ref in known]
        ended = _save_mentions(target, saved, changed, now, is_new_version)
        kept = SourceName.objects.filter(source__in=gone, detached_since__isnull=False)
        ended.update(kept.values_list("name", flat=True))
        SourceRow.objects.filter(pk__in=gone).delete()
    return ended


class _KnownSource(NamedTuple):
    pk: int
    digest: str


def _find_rows(target: str, refs: Iterable[Ref]) -> dict[Ref, _KnownSource]:
    """Also those of their namesakes."""
    namesakes = SourceRow.objects.filter(at_names(ref.name for ref in refs), target=target).order_by()
    columns = namesakes.values_list("pk", "digest", *Ref._fields)
    return {Ref(*place): _KnownSource(pk, digest) for pk, digest, *place in columns}


def _write_rows(target: str, contents: Mapping[Ref, SourceContent], now: datetime) -> None:
    told = (*CONTENT, "digest", "seen_at")
    rows = ((target, *ref, *it.columns, it.digest, now) for ref, it in contents.items())
    upsert_values(SourceRow, ("target", *Ref._fields, *told), rows, told)


def forget_others(target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
    """Drop the sources of ``kinds`` (group, kind) on the target that are not among ``known``."""
    of_kinds = Q(pk__in=[])
    for group, kind in kinds:
        of_kinds |= Q(group=group, kind=kind)
    here = set(known)
    rows = (
        SourceRow.objects.filter(of_kinds, target=target)
        .order_by()
        .values_list("pk", "kind", "namespace", "name", "group")
    )
    gone = [pk for pk, *place in rows if Ref(*place) not in here]
    for chunk in split_keys(gone):
        SourceRow.objects.filter(pk__in=chunk).delete()


def find_mentions(target: str, names: Collection[str]) -> dict[str, dict[str, Mention]]:
    """What is known of the names on the target, by name and origin."""
    place = ("source__kind", "source__namespace", "source__name")
    columns = ("name", *place, "since", "via", "detached_seconds", "outdated", "reason")
    mentions: dict[str, dict[str, Mention]] = {}
    rows = SourceName.objects.filter(at_names(names), source__target=target).order_by().values_list(*columns)
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


def forget_refused(target: str, names: Collection[str]) -> None:
    """What is asked for at these names has been written, and no target is kept there any more."""
    for chunk in split_keys(names):
        asked = SourceName.objects.filter(at_names(chunk), source__target=target, values__isnull=False)
        asked.filter(detached_since__isnull=False).update(detached_since=None, detached_seconds=0)


def end_detached(target: str, names: Collection[str]) -> None:
    """Nothing is kept at these names any longer than until now."""
    for chunk in split_keys(names):
        kept = SourceName.objects.filter(at_names(chunk), source__target=target, detached_since__isnull=False)
        kept.update(detached_seconds=LONG_AGO)


def save_shadows(target: str, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
    """See ``ZoneLedger.save_shadows``."""
    mentions = SourceName.objects.filter(source__target=target)
    told = mentions.exclude(shadow="").order_by().values_list("name", flat=True).distinct()
    names: dict[str, list[str]] = {"": [name for name in told if manages(name) and name not in shadows]}
    for name, shadow in shadows.items():
        names.setdefault(shadow, []).append(name)
    with transaction.atomic():
        for shadow, alike in names.items():
            for chunk in split_keys(alike):
                mentions.filter(at_names(chunk)).exclude(shadow=shadow).update(shadow=shadow)


def suspect_detached(target: str) -> None:
    """What a trouble hides while the version of the program changes may be outdated; that shows when the trouble
    ends."""
    kept = SourceName.objects.filter(source__target=target, detached_since__isnull=False, outdated="")
    kept.update(outdated=F("reason"))


def count_detached(target: str, seconds: float, grace: float, unread_kinds: Collection[str]) -> list[str]:
    """See ``Ledger.count_detached``."""
    kept = SourceName.objects.filter(source__target=target, detached_since__isnull=False, detached_seconds__lt=grace)
    kept = kept.exclude(source__kind__in=unread_kinds) if unread_kinds else kept
    with transaction.atomic():
        over = list(kept.filter(detached_seconds__gte=grace - seconds).values_list("name", flat=True).distinct())
        kept.update(detached_seconds=F("detached_seconds") + seconds)
    return over


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


def _save_mentions(
    target: str, saved: Mapping[int, SourceContent], changed: Collection[int], now: datetime, is_new_version: bool
) -> set[str]:
    """``saved`` by the keys of the sources, ``changed`` are those that had a row. A name that an object goes on naming
    keeps its times."""
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
