"""What a set of manifests would come to: the records, and the names that get none, without cluster or database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from syncer.core.claims import Decision, decide
from syncer.core.kinds import NAMESPACE, Kind
from syncer.core.manifest import as_mapping, as_text, is_leaving, ref_of, shown
from syncer.core.names import zone_of
from syncer.core.scope import Scope
from syncer.core.source import Ref, Source
from syncer.core.sources import misplaced_cname
from syncer.kube.documents import ManifestError, kind_of, read_documents
from syncer.kube.store import Store

Row = dict[str, Any]

NO_ADDRESS = "no address yet"
OBJECT_LIMIT = 20_000
"""Objects of one preview; and host names in them."""


def preview(documents: Iterable[tuple[str, str]], scope: Scope) -> Row:
    """``documents`` are (place, text) pairs of YAML or JSON. Answers what product §10 shows, in a settled order.

    Raises ``ManifestError`` with place and reason for what cannot be read, or is more than ``OBJECT_LIMIT``.
    """
    answer = _Answer(scope)
    count = 0
    for place, text in documents:
        objects = read_documents(text, place, OBJECT_LIMIT)
        count += len(objects)
        if count > OBJECT_LIMIT:
            raise ManifestError(f"{place}: with this file more than {OBJECT_LIMIT:,} objects: give fewer at once")
        for number, manifest in enumerate(objects, 1):
            answer.take(manifest, place, number)
    return answer.give()


class _Answer:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        # A namespace that is not watched is for us to say: the cluster would drop its objects without a word.
        self.cluster = Store(replace(scope, namespaces=()), assume_accepted=True)
        self.objects: dict[tuple[Kind, Ref], Mapping[str, Any]] = {}
        self.records: list[Row] = []
        self.skipped: list[Row] = []
        self.conflicts: list[Row] = []
        self.warnings: list[Row] = []

    def take(self, manifest: Mapping[str, Any], place: str, number: int) -> None:
        if not as_text(manifest.get("apiVersion")) or not as_text(manifest.get("kind")):
            raise ManifestError(
                f"{f'{place}: ' if place else ''}object {number} is no Kubernetes object: it has no apiVersion or kind"
            )
        kind = kind_of(manifest)
        if kind is None:
            what = f"{shown(manifest['kind'])} of {shown(manifest['apiVersion'])}"
            self.warn(_stranger(manifest), f"{what} is not read: passed over")
            return
        ref = ref_of(kind, manifest)
        if not ref.name:
            self.warn(ref, "the object has no metadata.name: passed over")
        elif self.objects.setdefault((kind, ref), manifest) is not manifest:
            self.warn(ref, "the object is there twice: the first one counts")
        elif is_leaving(manifest):
            self.warn(ref, "the object has a deletionTimestamp: it counts as gone")

    def give(self) -> Row:
        self._fill_cluster()
        names = self.cluster.names()
        if len(names) + sum(len(source.skipped) for source in self.cluster.sources()) > OBJECT_LIMIT:
            raise ManifestError(f"more than {OBJECT_LIMIT:,} host names: give fewer objects at once")
        for source in sorted(self.cluster.sources(), key=lambda source: source.ref):
            for skip in source.skipped:
                self.skip(skip.name, skip.reason, source.ref)
            for warning in source.warnings:
                self.warn(source.ref, warning)
        for name in sorted(names):
            self._settle(name)
        return {
            "records": self.records,
            "skipped": sorted(self.skipped, key=_by_name),
            "conflicts": self.conflicts,
            "warnings": self.warnings,
        }

    def _fill_cluster(self) -> None:
        # A namespace that stands in no document is there all the same.
        for name in {ref.namespace for _, ref in self.objects} - {""}:
            manifest: Mapping[str, Any] = {"metadata": {"name": name}}
            self.objects.setdefault((NAMESPACE, ref_of(NAMESPACE, manifest)), manifest)
        # What decides comes first, so that each route is looked at once.
        for (kind, _), manifest in sorted(self.objects.items(), key=lambda item: item[0][0].gives_names):
            self.cluster.put(kind, manifest)

    def _settle(self, name: str) -> None:
        zones = self.scope.zones
        sources = list(self._watched(name))
        fallback, reason = self.cluster.fallback()
        misplaced = misplaced_cname(name, fallback, zones)
        missing = misplaced or (f"{NO_ADDRESS}: {reason}" if "different addresses" in reason else NO_ADDRESS)
        refs = {str(source.ref): source.ref for source in sources}
        decision = decide(name, sources, (), default_ttl=self.scope.ttl, fallback=() if misplaced else fallback)
        for rrset in decision.rrsets:
            self.records.append(
                {
                    "name": name,
                    "type": rrset.type,
                    "values": list(rrset.values),
                    "ttl": rrset.ttl,
                    "zone": zone_of(name, zones),
                    "source": _source(refs[decision.origin]),
                }
            )
        for warning in decision.warnings:
            self.warn(refs[decision.origin], f"{name}: {warning}")
        self._tell_losers(decision, refs, missing)

    def _tell_losers(self, decision: Decision, refs: Mapping[str, Ref], missing: str) -> None:
        if not decision.rrsets:
            for origin in decision.claimants:
                self.skip(decision.name, missing, refs[origin])
        for loser in decision.losers:
            if loser.reason == NO_ADDRESS:
                self.skip(decision.name, missing, refs[loser.origin])
            else:
                self.conflicts.append(
                    {
                        "name": decision.name,
                        "winner": _source(refs[decision.origin]),
                        "loser": _source(refs[loser.origin]),
                        "reason": loser.reason,
                    }
                )

    def _watched(self, name: str) -> Iterator[Source]:
        namespaces = self.scope.namespaces
        for source in self.cluster.claimants(name):
            if namespaces and source.ref.namespace not in namespaces:
                self.skip(name, f"namespace {source.ref.namespace} is not in WATCH_NAMESPACE", source.ref)
            else:
                yield source

    def skip(self, name: str, reason: str, ref: Ref) -> None:
        self.skipped.append({"name": name, "reason": reason, "source": _source(ref)})

    def warn(self, ref: Ref, message: str) -> None:
        self.warnings.append({"source": _source(ref), "message": message})


def _source(ref: Ref) -> Row:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _stranger(manifest: Mapping[str, Any]) -> Ref:
    metadata = as_mapping(manifest.get("metadata"))
    return Ref(shown(manifest["kind"]), as_text(metadata.get("namespace")), as_text(metadata.get("name")))


def _by_name(row: Row) -> tuple[str, ...]:
    source = row["source"]
    return row["name"], source["kind"], source["namespace"], source["name"]
