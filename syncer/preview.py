"""What a set of manifests would come to: the records, and the names that get none, without cluster or database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from syncer.core.claims import Decision
from syncer.core.kinds import Kind
from syncer.core.manifest import as_mapping, as_text, clip_text, is_leaving, read_ref
from syncer.core.names import misplaced_cname, zone_of
from syncer.core.scope import Scope
from syncer.core.settling import decide_claims
from syncer.core.source import Ref, SourceObject
from syncer.kube.documents import ManifestError, add_namespaces, kind_of, read_documents
from syncer.kube.store import Store

Row = dict[str, Any]

NO_ADDRESS = "no address yet"
OBJECT_LIMIT = 20_000
"""Objects of one preview; and host names in them."""


def preview(documents: Iterable[tuple[str, str]], scope: Scope) -> Row:
    """``documents`` are (place, text) pairs of YAML or JSON; their order does not matter to the answer.

    Raises ``ManifestError`` with place and reason for what cannot be read, or is more than ``OBJECT_LIMIT``.
    """
    builder = _PreviewBuilder(scope)
    count = 0
    for place, text in documents:
        objects = read_documents(text, place, OBJECT_LIMIT)
        count += len(objects)
        if count > OBJECT_LIMIT:
            raise ManifestError(f"{place}: with this file more than {OBJECT_LIMIT:,} objects: give fewer at once")
        for number, manifest in enumerate(objects, 1):
            builder.add_manifest(manifest, place, number)
    return builder.build_answer()


class _PreviewBuilder:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        # Objects of namespaces that are not watched are shown as skipped: the store would leave them out silently.
        self.store = Store(replace(scope, namespaces=()), assume_accepted=True)
        self.objects: dict[tuple[Kind, Ref], Mapping[str, Any]] = {}
        self.records: list[Row] = []
        self.skipped: list[Row] = []
        self.conflicts: list[Row] = []
        self.warnings: list[Row] = []

    def add_manifest(self, manifest: Mapping[str, Any], place: str, number: int) -> None:
        if not as_text(manifest.get("apiVersion")) or not as_text(manifest.get("kind")):
            raise ManifestError(
                f"{f'{place}: ' if place else ''}object {number} is no Kubernetes object: it has no apiVersion or kind"
            )
        kind = kind_of(manifest)
        if kind is None:
            what = f"{clip_text(manifest['kind'])} of {clip_text(manifest['apiVersion'])}"
            self.add_warning(_unread_ref(manifest), f"{what} is not read: passed over")
            return
        ref = read_ref(kind, manifest)
        if not ref.name:
            self.add_warning(ref, "the object has no metadata.name: passed over")
        elif self.objects.setdefault((kind, ref), manifest) is not manifest:
            self.add_warning(ref, "the object is there twice: the first one counts")
        elif is_leaving(manifest):
            self.add_warning(ref, "the object has a deletionTimestamp: it counts as gone")

    def build_answer(self) -> Row:
        self._fill_store()
        names = self.store.names()
        if len(names) + sum(len(source.skipped) for source in self.store.sources()) > OBJECT_LIMIT:
            raise ManifestError(f"more than {OBJECT_LIMIT:,} host names: give fewer objects at once")
        for source in sorted(self.store.sources(), key=lambda source: source.ref):
            for skip in source.skipped:
                self.add_skipped(skip.name, skip.reason, source.ref)
            for warning in source.warnings:
                self.add_warning(source.ref, warning)
        for name in sorted(names):
            self._decide_name(name)
        return {
            "records": self.records,
            "skipped": sorted(self.skipped, key=_sort_key),
            "conflicts": self.conflicts,
            "warnings": self.warnings,
        }

    def _fill_store(self) -> None:
        add_namespaces(self.objects)
        # Gateways and namespaces come first, so that each route is evaluated once.
        for (kind, _), manifest in sorted(self.objects.items(), key=lambda item: item[0][0].gives_names):
            self.store.put(kind, manifest)

    def _decide_name(self, name: str) -> None:
        zones = self.scope.zones
        sources = list(self._watched_claimants(name))
        fallback, reason = self.store.fallback()
        misplaced = misplaced_cname(name, fallback, zones)
        missing = misplaced or (f"{NO_ADDRESS}: {reason}" if "different addresses" in reason else NO_ADDRESS)
        refs = {str(source.ref): source.ref for source in sources}
        decision = decide_claims(name, sources, (), default_ttl=self.scope.ttl, fallback=() if misplaced else fallback)
        for rrset in decision.rrsets:
            self.records.append(
                {
                    "name": name,
                    "type": rrset.type,
                    "values": list(rrset.values),
                    "ttl": rrset.ttl,
                    "zone": zone_of(name, zones),
                    "source": _format_source(refs[decision.origin]),
                }
            )
        for warning in decision.warnings:
            self.add_warning(refs[decision.origin], f"{name}: {warning}")
        self._add_losers(decision, refs, missing)

    def _add_losers(self, decision: Decision, refs: Mapping[str, Ref], missing: str) -> None:
        if not decision.rrsets:
            for origin in decision.claimants:
                self.add_skipped(decision.name, missing, refs[origin])
        for loser in decision.losers:
            if loser.reason == NO_ADDRESS:
                self.add_skipped(decision.name, missing, refs[loser.origin])
            else:
                self.conflicts.append(
                    {
                        "name": decision.name,
                        "winner": _format_source(refs[decision.origin]),
                        "loser": _format_source(refs[loser.origin]),
                        "reason": loser.reason,
                    }
                )

    def _watched_claimants(self, name: str) -> Iterator[SourceObject]:
        namespaces = self.scope.namespaces
        for source in self.store.claimants(name):
            if namespaces and source.ref.namespace not in namespaces:
                self.add_skipped(name, f"namespace {source.ref.namespace} is not in WATCH_NAMESPACE", source.ref)
            else:
                yield source

    def add_skipped(self, name: str, reason: str, ref: Ref) -> None:
        self.skipped.append({"name": name, "reason": reason, "source": _format_source(ref)})

    def add_warning(self, ref: Ref, message: str) -> None:
        self.warnings.append({"source": _format_source(ref), "message": message})


def _format_source(ref: Ref) -> Row:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _unread_ref(manifest: Mapping[str, Any]) -> Ref:
    metadata = as_mapping(manifest.get("metadata"))
    return Ref(clip_text(manifest["kind"]), as_text(metadata.get("namespace")), as_text(metadata.get("name")))


def _sort_key(row: Row) -> tuple[str, ...]:
    source = row["source"]
    return row["name"], source["kind"], source["namespace"], source["name"]
