"""What the operator lets the objects of a namespace claim, by annotations of the Namespace, which tenants cannot edit
(product: "Security", ``TENANCY=strict``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from syncer.core.allowed import ANY_TARGET, AllowedTargets, collect_allowed, parse_allowed
from syncer.core.annotations import PREFIX, split_list
from syncer.core.globs import match_glob, read_glob
from syncer.core.kinds import SERVICE
from syncer.core.manifest import as_mapping, clip_text
from syncer.core.rdata import list_targets
from syncer.core.scope import SERVER_NAME, Scope
from syncer.core.source import NORMAL, Skip, SkipCause, SourceObject, Want, WantedRecord, withhold_values

T = TypeVar("T")

UNREAD_NAMESPACE = "its Namespace has not been read, which says what its objects may claim"
UNKNOWN_NAMESPACE = "its Namespace is in no document: what it allows was not checked"
NOT_ALLOWED = "not among the targets that its Namespace allows"
NO_SERVERS = "no object may delegate a name (TENANCY=strict)"
NO_REDIRECTS = "no object may redirect what is below a name (TENANCY=strict)"
FORBIDDEN = {"NS": NO_SERVERS, "DNAME": NO_REDIRECTS}
"""Types with which a tenant would answer for every name below."""
MOST_NAMES = 10_000_000


class NamespaceTerms(NamedTuple):
    """``allowed_names`` are globs, None for any name; ``max_names`` is None where the settings say it. ``warnings`` are
    what is wrong with the annotations; ``is_unread``: nothing is known of them, and nothing is admitted."""

    allowed_names: tuple[str, ...] | None = None
    allowed_targets: AllowedTargets = ANY_TARGET
    allows_priority: bool = False
    max_names: int | None = None
    warnings: tuple[str, ...] = ()
    is_unread: bool = False

    def refuse_name(self, name: str) -> str:
        """Why no object of the namespace may publish the name, "" when one may."""
        if self.is_unread:
            return UNREAD_NAMESPACE
        if self.allowed_names is None or any(match_glob(glob, name) for glob in self.allowed_names):
            return ""
        return f"not among the names that its Namespace allows ({PREFIX}allowed-names)"


UNREAD_TERMS = NamespaceTerms(is_unread=True)
UNKNOWN_TERMS = NamespaceTerms(allows_priority=True, warnings=(UNKNOWN_NAMESPACE,))


def read_terms(manifest: Mapping[str, Any]) -> NamespaceTerms:
    """Of a Namespace. What cannot be read admits nothing."""
    annotations: Mapping[Any, Any] = as_mapping(as_mapping(manifest.get("metadata")).get("annotations"))
    texts = {
        key.removeprefix(PREFIX): text
        for key, text in annotations.items()
        if isinstance(key, str) and key.startswith(PREFIX) and isinstance(text, str)
    }
    return _TermsReader(texts).read_terms() if texts else NamespaceTerms()


class _TermsReader:
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.warnings: list[str] = []

    def read_terms(self) -> NamespaceTerms:
        names = targets = None
        if "allowed-names" in self.texts:
            names = tuple(self._read_list("allowed-names", read_glob))
        if "allowed-targets" in self.texts:
            targets = collect_allowed(self._read_list("allowed-targets", parse_allowed))
        priority, most = self._allows_priority(), self._read_most()
        return NamespaceTerms(names, targets or ANY_TARGET, priority, most, tuple(self.warnings))

    def _read_list(self, word: str, parse: Callable[[str], T]) -> Iterator[T]:
        parts = split_list(self.texts[word])
        if not parts:
            self._warn(word, "is empty: it admits nothing")
        for part in parts:
            try:
                yield parse(part)
            except ValueError as error:
                self._warn(word, f'"{clip_text(part)}": {error}: it admits nothing')

    def _allows_priority(self) -> bool:
        text = self.texts.get("allow-priority", "false")
        if text.strip().lower() not in ("true", "false"):
            self._warn("allow-priority", f'"{clip_text(text)}" is neither true nor false: it is false')
        return text.strip().lower() == "true"

    def _read_most(self) -> int | None:
        text = self.texts.get("max-names")
        if text is None:
            return None
        if text.strip().isascii() and text.strip().isdigit() and int(text.strip()[:9]) <= MOST_NAMES:
            return int(text.strip()[:9])
        self._warn("max-names", f'"{clip_text(text)}" is no number up to {MOST_NAMES:,}: the setting holds')
        return None

    def _warn(self, word: str, problem: str) -> None:
        self.warnings.append(f"annotation {PREFIX}{word}: {problem}")


def admit_source(source: SourceObject, terms: NamespaceTerms, scope: Scope) -> SourceObject:
    """What the terms of its namespace leave of what an object asks for; the object itself where that is all."""
    wants, skipped = [], []
    for asked in source.wants:
        want = _narrow_want(asked, terms, scope, has_default=source.ref.kind != SERVICE.kind)
        if reason := terms.refuse_name(want.name) or _refuse_records(want):
            skipped.append(Skip(want.name, reason, SkipCause.POLICY))
        else:
            wants.append(want)
    warnings = list(_list_warnings(source, wants, terms))
    between = source.priority if terms.allows_priority else NORMAL
    if tuple(wants) == source.wants and not warnings and between == source.priority:
        return source
    return replace(
        source,
        wants=tuple(wants),
        skipped=(*source.skipped, *skipped),
        warnings=(*source.warnings, *warnings),
        between=None if between == source.priority else between,
    )


def mark_servers(source: SourceObject, servers: Collection[str], *, strict: bool) -> SourceObject:
    """What an object may ask for at the names of a zone's own name servers: with a warning, or not at all."""
    named = [want for want in source.wants if want.name in servers]
    if not named:
        return source
    if not strict:
        warnings = (f"{want.name} is the name of a name server of its zone" for want in named)
        return replace(source, warnings=(*source.warnings, *warnings))
    skipped = (Skip(want.name, SERVER_NAME, SkipCause.POLICY) for want in named)
    wants = tuple(want for want in source.wants if want.name not in servers)
    return replace(source, wants=wants, skipped=(*source.skipped, *skipped))


def _narrow_want(want: Want, terms: NamespaceTerms, scope: Scope, *, has_default: bool) -> Want:
    """Without the targets that the Namespace does not allow. What the settings say is the operator's, and where there
    is a ``default`` at all, it leads to that."""
    if not want.asks_address:
        return want._replace(records=tuple(_narrow_record(record, terms) for record in want.records))
    if terms.allowed_targets == ANY_TARGET:
        return want
    static = scope.find_addresses(want.name)

    def admit(values: tuple[str, ...]) -> tuple[str, ...]:
        return values if values == static else tuple(filter(terms.allowed_targets.allows, values))

    own = admit(want.values)
    if own == want.values:
        return want
    refused = (*want.refused, *(value for value in want.values if value not in own))
    default = want.withheld.default
    is_own = want.own and (bool(own) or not has_default)
    return want._replace(values=own or admit(default), own=is_own, withheld=withhold_values(refused, default))


def _narrow_record(record: WantedRecord, terms: NamespaceTerms) -> WantedRecord:
    """Without what points to where no object of the namespace may point, and without what is forbidden to all. What
    waits leads to a name of the object's own."""
    if record.waits:
        return record

    def allows(value: str) -> bool:
        return record.type not in FORBIDDEN and all(map(terms.allowed_targets.allows, list_targets(record.type, value)))

    refused = tuple(value for value in record.values if not allows(value))
    if not refused:
        return record
    values = tuple(value for value in record.values if value not in refused)
    skipped = record.skipped if values else FORBIDDEN.get(record.type, NOT_ALLOWED)
    return record._replace(values=values, refused=(*record.refused, *refused), skipped=skipped)


def _refuse_records(want: Want) -> str:
    """Why none of the types that it asks for is published, "" when one is or it asks for addresses."""
    if want.asks_address or any(record.values for record in want.records):
        return ""
    return next(record.skipped for record in want.records)


def _list_warnings(source: SourceObject, wants: list[Want], terms: NamespaceTerms) -> Iterator[str]:
    for warning in terms.warnings:
        yield f"Namespace {source.ref.namespace}: {warning}"
    if source.priority != NORMAL and not terms.allows_priority and not terms.is_unread:
        yield f"priority counts within its namespace alone: the Namespace has no {PREFIX}allow-priority"
    before = {want.name: want for want in source.wants}
    refused = {value: None for want in wants for value in want.refused if value not in before[want.name].refused}
    if refused:
        values = clip_text(", ".join(refused), 200)
        instead = "nothing" if source.ref.kind == SERVICE.kind else "the default address"
        yield f"{values}: {NOT_ALLOWED}; {instead} is used instead"
    dropped = {
        f"{record.type} {value}": None
        for want in wants
        for record, asked in zip(want.records, before[want.name].records, strict=True)
        for value in record.refused
        if record.values and value not in asked.refused
    }
    if dropped:
        yield f"{clip_text(', '.join(dropped), 200)}: {NOT_ALLOWED}"
