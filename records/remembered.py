"""The objects of the cluster as the syncer last saw them, for the decisions of the engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from records.models import Source as SourceRow
from records.models import SourceName
from records.source_models import read_records
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Want, withhold_values


class RememberedClaims:
    """The objects as the syncer last saw them: ``Claims``. The Traefik Service is not among them: a new name that needs
    its address is not planned, and one that has it keeps it."""

    def __init__(self, target: str, names: Collection[str] | None = None) -> None:
        """What they ask for on the target. ``names``: only the objects that mention one of these; None: all."""
        self._by_name: dict[str, list[SourceObject]] = {}
        self._by_ref: dict[Ref, SourceObject] = {}
        wanted: dict[int, list[Want]] = {}
        skipped: dict[int, list[Skip]] = {}
        mentions = SourceName.objects.filter(source__target=target).order_by("source", "position")
        sources = SourceRow.objects.filter(target=target).order_by()
        if names is not None:
            sources = sources.filter(mentions__name__in=names).distinct()
            mentions = mentions.filter(source__in=sources)
        columns = ("source", "name", "values", "own", "via", "refused", "records", "reason", "cause")
        for key, name, values, own, via, refused, records, reason, cause in mentions.values_list(*columns).iterator():
            if values is None:
                skipped.setdefault(key, []).append(Skip(name, reason, SkipCause(cause or SkipCause.RULE)))
            else:
                want = Want(name, tuple(values), own, tuple(via or ()), records=read_records(records))
                # Of records it is said with each of them what is refused.
                want = want._replace(withheld=withhold_values(refused or ())) if want.asks_address else want
                wanted.setdefault(key, []).append(want)
        for row in sources.iterator():
            source = SourceObject(
                Ref(row.kind, row.namespace, row.name, row.group),
                created=row.created,
                wants=tuple(wanted.get(row.pk, ())),
                skipped=tuple(skipped.get(row.pk, ())),
                ttl=row.ttl,
                priority=row.priority,
                troubles=row.read_troubles(),
                excluded=tuple(row.excluded),
                between=row.between,
            )
            self._by_ref[source.ref] = source
            for want in source.wants:
                self._by_name.setdefault(want.name, []).append(source)

    def names(self) -> Collection[str]:
        return self._by_name.keys()

    def claimants(self, name: str) -> Sequence[SourceObject]:
        return self._by_name.get(name, ())

    def source(self, ref: Ref) -> SourceObject | None:
        return self._by_ref.get(ref)

    def note_servers(self, zone: str, names: Collection[str]) -> None:
        """What they are was told the objects when they were read."""

    def is_leaving(self, namespace: str) -> bool:
        return False

    def fallback(self) -> tuple[tuple[str, ...], str]:
        return (), ""
