"""What a set of manifests would come to: the records, and the names that get none, without cluster or database.

What is in no document is unknown, rather than absent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import and_, itemgetter
from typing import Any

from syncer.core.claims import Decision
from syncer.core.kinds import ENDPOINT_SLICE, GATEWAY, GATEWAY_ROUTE_KINDS, INGRESS, SERVICE, Kind
from syncer.core.known import find_winner
from syncer.core.loadbalancers import DISAGREEMENT, is_traefik_service
from syncer.core.manifest import as_mapping, as_text, clip_text, is_leaving, read_ref
from syncer.core.names import misplaced_cname, zone_of
from syncer.core.near_misses import explain_near_miss, find_near_miss
from syncer.core.placement import explain_placement, find_below
from syncer.core.pointing import describe_aliases
from syncer.core.rrsets import RRset
from syncer.core.scope import Scope
from syncer.core.services import awaits_address, is_headless, read_service
from syncer.core.settling import decide_claims
from syncer.core.shadows import describe_shadows
from syncer.core.source import Ref
from syncer.documents.limits import DocumentError
from syncer.kube.documents import ManifestError, kind_of, read_apart
from syncer.kube.store import Store

Row = dict[str, Any]

NO_ADDRESS = "no address yet"
AWAITED = "no address yet: only a status can give it"
AWAITED_OF_CLUSTER = "no address yet: only the cluster can give it"
NAMELESS = "the object has no metadata.name"
NO_OBJECT = "no Kubernetes object"
"""Among the kinds that are passed over."""
OBJECT_LIMIT = 20_000
"""Objects of one preview; and host names in them."""


def preview_documents(documents: Iterable[tuple[str, str | DocumentError]], scopes: Mapping[str, Scope]) -> Row:
    """``documents`` are pairs of a place, and a text of YAML or JSON or why there is none; their order does not matter
    to the answer. ``scopes`` are by the name of their target, which each row of the answer names.

    What cannot be read is told in the answer. Raises ``ManifestError`` for more than ``OBJECT_LIMIT``.
    """
    builders = [_PreviewBuilder(target, scope) for target, scope in scopes.items()]
    unreadable: list[Row] = []
    for value in _read_values(documents, unreadable):
        for builder in builders:
            builder.add_value(value)
    for builder in builders:
        builder.decide_names()
    return {
        "targets": list(scopes),
        "records": sorted(chain.from_iterable(it.records for it in builders), key=itemgetter("name")),
        "skipped": sorted(chain.from_iterable(it.skipped for it in builders), key=_sort_key),
        "conflicts": sorted(chain.from_iterable(it.conflicts for it in builders), key=itemgetter("name")),
        "warnings": list(chain.from_iterable(it.warnings for it in builders)),
        "unreadable": unreadable,
        "passed_over": dict(sorted(reduce(and_, (it.passed_over for it in builders)).items())),
    }


def gather_targets(rows: Iterable[Row]) -> list[tuple[Row, str]]:
    """For people: rows of an answer, each with the names of the targets on which the same is said."""
    gathered: dict[str, tuple[Row, list[str]]] = {}
    for row in rows:
        key = json.dumps({**row, "target": ""})
        gathered.setdefault(key, (row, []))[1].append(row["target"])
    return [(row, ", ".join(targets)) for row, targets in gathered.values()]


def list_lost(answer: Row) -> list[Row]:
    """The skipped rows of names that no other target publishes: what one leaves out may be meant for another."""
    published: dict[str, set[str]] = {}
    for row in answer["records"]:
        published.setdefault(row["name"], set()).add(row["target"])
    return [row for row in answer["skipped"] if not published.get(row["name"], set()) - {row["target"]}]


def _read_values(documents: Iterable[tuple[str, str | DocumentError]], unreadable: list[Row]) -> Iterator[object]:
    """``unreadable`` gets a row for each document that cannot be read."""
    count = 0
    for place, text in documents:
        if isinstance(text, DocumentError):
            unreadable.append({"file": place, "document": 1, "reason": str(text)})
            continue
        for number, values, problem in read_apart(text, OBJECT_LIMIT):
            count += max(1, len(values))
            if count > OBJECT_LIMIT:
                where = f"{place}: with this file " if place else ""
                raise ManifestError(f"{where}more than {OBJECT_LIMIT:,} objects: give fewer at once")
            if problem:
                unreadable.append({"file": place, "document": number, "reason": problem})
            yield from values


class _PreviewBuilder:
    """What the objects give on one target."""

    def __init__(self, target: str, scope: Scope) -> None:
        self.target = target
        self.scope = scope
        self.store = Store(scope, assume_accepted=True)
        self.objects: dict[tuple[Kind, Ref], Mapping[str, Any]] = {}
        self.records: list[Row] = []
        self.skipped: list[Row] = []
        self.conflicts: list[Row] = []
        self.warnings: list[Row] = []
        self.passed_over: Counter[str] = Counter()

    def add_value(self, value: object) -> None:
        manifest = as_mapping(value)
        if kind := kind_of(manifest):
            self._add_manifest(kind, manifest)
        elif near := find_near_miss(manifest):
            self._skip_manifest(near, manifest, explain_near_miss(near, manifest))
        elif as_text(manifest.get("kind")) and as_text(manifest.get("apiVersion")):
            self.passed_over[clip_text(manifest["kind"])] += 1
        else:
            self.passed_over[NO_OBJECT] += 1

    def _add_manifest(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        ref = read_ref(kind, manifest)
        if not ref.name:
            self._skip_manifest(kind, manifest, NAMELESS)
        elif not self._is_read(kind, ref, manifest):
            self.passed_over[kind.kind] += 1
        elif self.objects.setdefault((kind, ref), manifest) is not manifest:
            self.add_warning(ref, "the object is there twice: the first one counts")
        elif is_leaving(manifest):
            self.add_warning(ref, "the object has a deletionTimestamp: it counts as gone")

    def _is_read(self, kind: Kind, ref: Ref, manifest: Mapping[str, Any]) -> bool:
        if kind == ENDPOINT_SLICE:
            return self.scope.service_pods
        if kind != SERVICE or is_traefik_service(ref, manifest, self.scope):
            return True
        return read_service(manifest, self.scope) is not None

    def _skip_manifest(self, kind: Kind, manifest: Mapping[str, Any], reason: str) -> None:
        """Each host name that it would give if it were read is skipped; the object itself where it has none."""
        ref = read_ref(kind, manifest)
        for name in self._list_hosts(kind, manifest) if kind.gives_names else [""]:
            self.add_skipped(name, reason, ref)

    def _list_hosts(self, kind: Kind, manifest: Mapping[str, Any]) -> list[str]:
        metadata = as_mapping(manifest.get("metadata"))
        named = {**metadata, "name": as_text(metadata.get("name")) or "nameless", "deletionTimestamp": None}
        store = Store(self.scope, assume_accepted=True)
        store.put(kind, {**manifest, "metadata": named})
        wanted = [want.name for source in store.sources() for want in source.wants]
        return [*wanted, *(skip.name for source in store.sources() for skip in source.skipped)] or [""]

    def decide_names(self) -> None:
        """Once all objects are known. Raises ``ManifestError``."""
        self._fill_store()
        names = self.store.names()
        skipped = sum(len(source.skipped) for source in self.store.sources())
        if len(names) + skipped + len(self.skipped) > OBJECT_LIMIT:
            raise ManifestError(f"more than {OBJECT_LIMIT:,} host names: give fewer objects at once")
        for source in sorted(self.store.sources(), key=lambda source: source.ref):
            for skip in source.skipped:
                self.add_skipped(skip.name, skip.reason, source.ref)
            for want in source.wants:
                for kind, reason in want.skips:
                    self.add_skipped(want.name, f"{kind}: {reason}", source.ref)
            for warning in source.warnings:
                self.add_warning(source.ref, warning)
        for key, unchecked in self.store.list_unchecked():
            self.add_warning(Ref(*key, GATEWAY.group), str(unchecked))
        for name in sorted(names):
            self._decide_name(name)
        self._drop_misplaced()
        self._warn_of_neighbours()

    def _drop_misplaced(self) -> None:
        """By what else is published. Name servers that no document gives are not known, rather than absent; beside
        those that one gives there is no DNAME."""
        types = _list_types(self.records)
        for row in [row for row in self.records if row["type"] in ("DNAME", "DS")]:
            name, kind = row["name"], row["type"]
            here = types[name] | ({"SOA", "NS"} if name == row["zone"] else set())
            reason = explain_placement(kind, here, find_below(name, types) if kind == "DNAME" else "")
            if kind == "DS" and reason:
                self._add_warning_row(row["source"], f"{name}: {reason}: no document has them")
            elif reason:
                self.records.remove(row)
                self._add_skipped_row(name, f"{kind}: {reason}", row["source"])

    def _warn_of_neighbours(self) -> None:
        """Of names that something above hides, wildcards with holes, and what leads to an alias."""
        types = _list_types(self.records)
        shadows: dict[str, str] = {}
        for zone in self.scope.zones:
            names = {row["name"] for row in self.records if row["zone"] == zone}
            delegations = {name for name in names if "NS" in types[name] and name != zone}
            redirects = {name for name in names if "DNAME" in types[name]}
            shadows |= describe_shadows(names, delegations, self._reaches_deep, redirects)
        told = dict.fromkeys((row["name"], tuple(row["source"].items())) for row in self.records)
        for name, source in told:
            if name in shadows:
                self._add_warning_row(dict(source), f"{name}: {shadows[name]}")
        for row in self.records:
            rrset = RRset(row["name"], row["type"], row["ttl"], tuple(row["values"]))
            for warning in describe_aliases(rrset, types):
                self._add_warning_row(row["source"], f"{rrset.name}: {warning}")

    def _reaches_deep(self, wildcard: str) -> bool:
        return any(source.ref.kind in GATEWAY_ROUTE_KINDS for source in self.store.claimants(wildcard))

    def _fill_store(self) -> None:
        # Gateways and namespaces come first, so that each route is evaluated once.
        for (kind, _), manifest in sorted(self.objects.items(), key=lambda item: item[0][0].gives_names):
            self.store.put(kind, manifest)
        for namespace in self.store.list_uncounted():
            self.store.settle_limits(namespace)

    def _decide_name(self, name: str) -> None:
        zones = self.scope.zones
        sources = self.store.claimants(name)
        fallback, reason = self.store.fallback()
        misplaced = misplaced_cname(name, fallback, zones)
        missing = misplaced or (f"{NO_ADDRESS}: {reason}" if DISAGREEMENT in reason else NO_ADDRESS)
        refs = {str(source.ref): source.ref for source in sources}
        decision = decide_claims(
            name,
            sources,
            (),
            default_ttl=self.scope.ttl,
            fallback=() if misplaced else fallback,
            strict=self.scope.strict,
        )
        for rrset in decision.rrsets:
            self._add_record(name, rrset.type, rrset.values, rrset.ttl, refs[decision.origin_of(rrset.type)])
        for warning in decision.warnings:
            self.add_warning(refs[decision.origin], f"{name}: {warning}")
        if not decision.rrsets:
            self._add_addressless(name, [refs[origin] for origin in decision.claimants], missing, bool(misplaced))
        self._add_losers(decision, refs, missing)

    def _add_addressless(self, name: str, refs: Sequence[Ref], missing: str, is_final: bool) -> None:
        """Where a status could still give an address, the record is shown without one."""
        waiting = [ref for ref in refs if self._could_be_told(ref) and not (is_final and ref.kind != SERVICE.kind)]
        if waiting:
            source = self.store.source(waiting[0])
            ttl = source.ttl if source else None
            self._add_record(name, "A", (), self.scope.ttl if ttl is None else ttl, waiting[0])
        for ref in refs:
            if ref in waiting:
                auto = "`addresses` is auto" if self.scope.target_name else "DNS_IP_ADDRESS=auto"
                awaited = AWAITED_OF_CLUSTER if ref.kind == SERVICE.kind else f"{AWAITED} ({auto})"
                self.add_warning(ref, f"{name}: {awaited}")
            else:
                self.add_skipped(name, self._explain_missing(ref, missing), ref)

    def _explain_missing(self, ref: Ref, missing: str) -> str:
        """``missing`` is of what has the default address."""
        if ref.kind != SERVICE.kind:
            return missing
        spec = as_mapping(self.objects[SERVICE, ref].get("spec"))
        return f"{NO_ADDRESS}: no pod that is ready has one" if is_headless(spec) else NO_ADDRESS

    def _could_be_told(self, ref: Ref) -> bool:
        """Whether a status that is not in the documents could give an address to what the object names: its own, its
        Gateway's, or that of Traefik's Service. A Service has its own or none."""
        if ref.kind == SERVICE.kind:
            return awaits_address(self.objects[SERVICE, ref])
        return self.scope.auto and (ref.kind in (INGRESS.kind, *GATEWAY_ROUTE_KINDS) or self._could_service_be_told())

    def _could_service_be_told(self) -> bool:
        if DISAGREEMENT in self.store.fallback()[1]:
            return False
        services = [
            as_mapping(manifest.get("spec"))
            for (kind, ref), manifest in self.objects.items()
            if kind == SERVICE and is_traefik_service(ref, manifest, self.scope)
        ]
        return not services or any(spec.get("type") == "LoadBalancer" for spec in services)

    def _add_record(self, name: str, record_type: str, values: Sequence[str], ttl: int, ref: Ref) -> None:
        self.records.append(
            {
                "target": self.target,
                "name": name,
                "type": record_type,
                "values": list(values),
                "ttl": ttl,
                "zone": zone_of(name, self.scope.zones),
                "source": _format_source(ref),
            }
        )

    def _add_losers(self, decision: Decision, refs: Mapping[str, Ref], missing: str) -> None:
        for loser in decision.losers:
            ref = refs[loser.origin]
            if loser.reason == NO_ADDRESS:
                self.add_skipped(decision.name, self._explain_missing(ref, missing), ref)
            else:
                self.conflicts.append(
                    {
                        "target": self.target,
                        "name": decision.name,
                        "winner": _format_source(refs[find_winner(loser.reason) or decision.origin]),
                        "loser": _format_source(ref),
                        "reason": loser.reason,
                    }
                )

    def add_skipped(self, name: str, reason: str, ref: Ref) -> None:
        self._add_skipped_row(name, reason, _format_source(ref))

    def add_warning(self, ref: Ref, message: str) -> None:
        self._add_warning_row(_format_source(ref), message)

    def _add_skipped_row(self, name: str, reason: str, source: Row) -> None:
        self.skipped.append({"target": self.target, "name": name, "reason": reason, "source": source})

    def _add_warning_row(self, source: Row, message: str) -> None:
        self.warnings.append({"target": self.target, "source": source, "message": message})


def _list_types(records: Iterable[Row]) -> dict[str, set[str]]:
    """By name."""
    types: dict[str, set[str]] = {}
    for row in records:
        types.setdefault(row["name"], set()).add(row["type"])
    return types


def _format_source(ref: Ref) -> Row:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _sort_key(row: Row) -> tuple[str, ...]:
    source = row["source"]
    return row["name"], source["kind"], source["namespace"], source["name"]
