"""What a DNSEndpoint asks for: records of any type, as it writes them down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from syncer.core.annotations import MAX_TTL
from syncer.core.drafts import OF_SERVICES, Draft, read_metadata
from syncer.core.fitting import find_misplacement, list_misfits, measure_texts
from syncer.core.kinds import DNS_ENDPOINT
from syncer.core.manifest import as_mapping, clip_text
from syncer.core.names import BadName
from syncer.core.rdata import TYPES, BadValue, clean_value, list_targets
from syncer.core.scope import Scope
from syncer.core.source import SkipCause, SourceObject, WantedRecord

WITHOUT_EFFECT = OF_SERVICES | dict.fromkeys(
    ("hostname", "target", "ttl", "https"), "has no effect on a DNSEndpoint, which says it in its spec"
)
"""Annotations of other kinds: an endpoint says its names, values and TTLs itself."""

QUOTED = ("TXT", "CAA")
"""The types whose values people write in quotes."""

ALONE = "a CNAME is alone at its name, which has other records here: {}"
SET_IDENTIFIER = "it has a setIdentifier, by which a provider gives one of several answers: that is not offered"
NO_TARGETS = "it has no targets"
VALUES_SHOWN = 5


@dataclass(slots=True)
class AskedRRset:
    """Of one name and type what all endpoints say. ``reasons`` are why nothing of an endpoint is published."""

    values: dict[str, None] = field(default_factory=dict)
    refused: dict[str, None] = field(default_factory=dict)
    ttls: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def make_record(self, kind: str, reason: str) -> WantedRecord:
        """``reason`` is why the type as a whole is not published, "" when it may be."""
        reason = reason or ("" if self.values else next(iter(self.reasons), NO_TARGETS))
        values = () if reason else tuple(sorted(self.values))
        return WantedRecord(kind, values, min(self.ttls, default=None), tuple(self.refused), reason)


class EndpointPlace(NamedTuple):
    """Of which endpoint a warning is, for a person."""

    at: int
    name: str
    kind: str

    def __str__(self) -> str:
        return f"endpoints[{self.at}] ({clip_text(self.name)} {clip_text(self.kind, 20)})"


def read_dns_endpoint(manifest: Mapping[str, Any], scope: Scope) -> SourceObject:
    """Types of one name and their values add up, over all endpoints of the object."""
    return _EndpointReader(manifest, scope).read_source()


class _EndpointReader:
    def __init__(self, manifest: Mapping[str, Any], scope: Scope) -> None:
        self.draft = Draft(read_metadata(DNS_ENDPOINT, manifest, scope, WITHOUT_EFFECT), scope)
        self.scope = scope
        self.spec = as_mapping(manifest.get("spec"))
        self.names: dict[str, dict[str, AskedRRset]] = {}

    def read_source(self) -> SourceObject:
        for at, endpoint in enumerate(self.draft.read_list(self.spec, "endpoints")):
            if isinstance(endpoint, dict):
                self._read_endpoint(at, endpoint)
            else:
                self.draft.add_warning(f"endpoints[{at}] is no object")
        for name, types in self.names.items():
            records = list(self._settle_types(name, types))
            if any(record.values for record in records):
                for record in records:
                    self.draft.add_record(name, record)
            else:
                self._skip_name(name, records)
        return self.draft.build_source()

    def _skip_name(self, name: str, records: list[WantedRecord]) -> None:
        reasons = [f"{record.type}: {record.skipped}" for record in records]
        is_refused = any(record.refused for record in records)
        self.draft.refuse_records(name, "; ".join(reasons), SkipCause.POLICY if is_refused else SkipCause.RULE)

    def _read_endpoint(self, at: int, endpoint: Mapping[str, Any]) -> None:
        name = self.draft.read_name(endpoint.get("dnsName", ""))
        if not name:
            return
        written = endpoint.get("recordType", "")
        kind = written.strip().upper() if isinstance(written, str) else clip_text(written, 20)
        asked = self.names.setdefault(name, {}).setdefault(clip_text(kind, 20), AskedRRset())
        if reason := self._refuse_endpoint(endpoint, name, kind):
            asked.reasons.append(reason)
            return
        place = EndpointPlace(at, name, kind)
        self._read_targets(endpoint, kind, asked, place)
        if (ttl := self._read_ttl(endpoint, place)) is not None:
            asked.ttls.append(ttl)

    def _refuse_endpoint(self, endpoint: Mapping[str, Any], name: str, kind: str) -> str:
        if not kind:
            return "it has no recordType"
        if kind not in TYPES:
            return f"records of this type cannot be published; those that can: {', '.join(TYPES)}"
        if endpoint.get("setIdentifier"):
            return SET_IDENTIFIER
        return find_misplacement(kind, name, self.scope.find_zone(name) or "")

    def _read_targets(self, endpoint: Mapping[str, Any], kind: str, asked: AskedRRset, place: EndpointPlace) -> None:
        bad: dict[str, None] = {}
        for target in self.draft.read_list(endpoint, "targets"):
            try:
                value = self._read_value(kind, target)
            except (BadName, BadValue) as error:
                bad[f'"{clip_text(target)}": {error}'] = None
                continue
            if reason := self._refuse_value(kind, value):
                asked.refused[value] = None
                bad[f'"{clip_text(value)}": {reason}'] = None
            else:
                asked.values[value] = None
        if not bad:
            return
        shown = list(bad)[:VALUES_SHOWN]
        more = f"; and {len(bad) - len(shown)} more" if len(bad) > len(shown) else ""
        told = f"{'; '.join(shown)}{more}"
        asked.reasons.append(told)
        self.draft.add_warning(f"{place}: left out {told}")

    @staticmethod
    def _read_value(kind: str, target: object) -> str:
        if not isinstance(target, str):
            raise BadValue("not a text")
        text = target.strip()
        if kind in QUOTED and len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1]
        elif kind == "TXT":
            text = target
        return clean_value(kind, text)

    def _refuse_value(self, kind: str, value: str) -> str:
        reasons = (self.scope.targets.refuse_value(target) for target in list_targets(kind, value))
        return next((reason for reason in reasons if reason), "")

    def _read_ttl(self, endpoint: Mapping[str, Any], place: EndpointPlace) -> int | None:
        """None for the default, which 0 means."""
        ttl = endpoint.get("recordTTL")
        if ttl is None or ttl == 0:
            return None
        if not isinstance(ttl, int) or isinstance(ttl, bool) or not 1 <= ttl <= MAX_TTL:
            self.draft.add_warning(
                f"{place}: recordTTL {clip_text(ttl)} is no number from 0 to {MAX_TTL}; the default TTL is used instead"
            )
            return None
        least = self.scope.min_ttl if self.scope.strict else 1
        if ttl < least:
            self.draft.add_warning(f"{place}: recordTTL {ttl} s is less than MIN_TTL: {least} s is used instead")
        return max(ttl, least)

    def _settle_types(self, name: str, types: Mapping[str, AskedRRset]) -> Iterator[WantedRecord]:
        """A CNAME gives way to whatever else of the object is at its name."""
        records = {kind: asked.make_record(kind, self._refuse_type(kind, asked, name)) for kind, asked in types.items()}
        others = [kind for kind, record in records.items() if kind != "CNAME" and record.values]
        for kind, record in records.items():
            if kind == "CNAME" and record.values and others:
                yield record._replace(values=(), skipped=ALONE.format(", ".join(others)))
            else:
                yield record

    def _refuse_type(self, kind: str, asked: AskedRRset, name: str) -> str:
        if not asked.values:
            return ""
        return next(iter(list_misfits(kind, asked.values, name, measure_texts(asked.values))), "")
