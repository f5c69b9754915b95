"""The answer about one object in the making, whatever its kind: its names, each checked, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from sys import intern
from typing import Any, NamedTuple

from syncer.core.annotations import (
    ANNOTATION_ONLY,
    DEFINED_ONLY,
    HTTP_2,
    PREFIX,
    SERVICE_WORDS,
    Annotations,
    Values,
    read_annotations,
    settle_values,
)
from syncer.core.gateways import Endpoint
from syncer.core.kinds import SERVICE, Kind
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, read_ref
from syncer.core.names import BadName, canonical_name, misplaced_cname
from syncer.core.scope import Scope
from syncer.core.selection import passes_unasked, refuse_for_target, refuse_object, warn_publish
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Trouble, Want, WantedRecord, withhold_values

WARNING_LIMIT = 20
_WARNING_LENGTH = 400
_NAME_LENGTH = 253

EXCLUDED_BY_OBJECT = "excluded by the object's own annotation"


class Draft:
    """A SourceObject in the making. ``refusal`` is why none of the object's names is published, "" when they are."""

    __slots__ = (
        "_excluded",
        "_own_target",
        "_skipped",
        "_troubles",
        "_wants",
        "_warnings",
        "ends_tls",
        "meta",
        "refusal",
        "scope",
    )

    def __init__(self, meta: ObjectMeta, scope: Scope) -> None:
        self.meta = meta
        self.scope = scope
        self.refusal = meta.refusal
        self.ends_tls: Callable[[str], bool] = lambda name: False
        """Whether requests for the name come over TLS, as far as the object says."""
        self._own_target = meta.says.target
        self._wants: dict[str, Want] = {}
        self._skipped: dict[str, Skip] = {}
        self._warnings: dict[str, None] = dict.fromkeys(meta.says.warnings)
        self._troubles: dict[Trouble, None] = {}
        self._excluded = self._read_excluded()

    def _read_excluded(self) -> dict[str, None]:
        names: dict[str, None] = {}
        for text in self.meta.says.exclude:
            try:
                names[canonical_name(text)] = None
            except BadName as error:
                self.add_warning(f'annotation {PREFIX}exclude: "{clip_text(text)}" is left out: {error}')
        return names

    def add_name(self, text: object, endpoints: Iterable[Endpoint] = (), via: Iterable[str] = ()) -> None:
        """Publish the name, or record why not. ``endpoints`` give the addresses where the object itself says none, and
        ``via`` are the parents that serve it."""
        if not (name := self._admit_name(text)) or name in self._wants:
            return
        endpoints = tuple(endpoints)
        values = self._own_target or self._find_values(name, endpoints)
        own = bool(self._own_target) or any(endpoint.target for endpoint in endpoints)
        refused = (*self.meta.says.refused, *(value for endpoint in endpoints for value in endpoint.refused))
        bare = [endpoint._replace(target=()) for endpoint in endpoints]
        default = self._find_values(name, bare) if own and self.scope.strict else ()
        parents = tuple(intern(parent) for parent in via)
        self._add_want(Want(name, values, own, parents, withhold_values(refused, default)))

    def add_own(self, text: object, addresses: Values) -> None:
        """Publish the name with addresses of the object's own, or record why not. What the settings say is none of
        it."""
        if (name := self._admit_name(text)) and name not in self._wants:
            refused = (*self.meta.says.refused, *addresses.refused)
            default = addresses.values if self._own_target and self.scope.strict else ()
            values = self._own_target or addresses.values
            self._add_want(Want(name, values, True, (), withhold_values(refused, default)))

    def _admit_name(self, text: object) -> str:
        """The name in its one spelling; "" when it is not to be published, which is then recorded as skipped."""
        name = self.read_name(text)
        if not name or self._filter_name(name):
            return ""
        if reserved := self.scope.refuse_claim(name):
            self.skip_name(name, reserved, SkipCause.POLICY)
            return ""
        return name

    def _add_want(self, want: Want) -> None:
        if misplaced := misplaced_cname(want.name, want.values, self.scope.zones):
            self.skip_name(want.name, misplaced)
            return
        self._warn_of_name(want.name, is_host=True)
        self._wants[want.name] = want

    def _warn_of_name(self, name: str, *, is_host: bool) -> None:
        if is_host and "_" in name:
            self.add_warning(f"{clip_text(name)} has an underscore, which is not legal in a host name")
        if name in self.scope.server_names:
            self.add_warning(f"{clip_text(name)} is the name of a DNS server that is written to")

    def add_record(self, text: object, record: WantedRecord) -> None:
        """Publish the RRset at the name, which gets no addresses for it, or record why not. An object asks for each
        type of a name once."""
        if not (name := self._admit_name(text)):
            return
        self._warn_of_name(name, is_host=record.type in ("A", "AAAA"))
        known = self._wants.get(name)
        if known is not None and known.asks_address:
            self.add_warning(f"{record.type} at {clip_text(name)} is left out: the object has a host of that name")
            return
        self._wants[name] = Want(name, own=True, records=(*(known.records if known else ()), record))

    def find_want(self, name: str) -> Want | None:
        return self._wants.get(name)

    def refuse_records(self, text: object, reason: str, cause: SkipCause) -> None:
        """The object asks for records at the name, and none of them can be published."""
        name = self.read_name(text)
        if name and not self._filter_name(name):
            self.skip_name(name, reason, cause)

    def _filter_name(self, name: str) -> bool:
        """Whether it is not to be published, whatever the object's parents say; records why, unless it is the matter of
        another target."""
        if self.scope.is_elsewhere(name):
            return True
        reason = self.scope.refuse_name(name)
        if not reason and name in self._excluded:
            reason = EXCLUDED_BY_OBJECT
        reason = reason or self.refusal
        if reason:
            self.skip_name(name, reason, SkipCause.INTENT)
        return bool(reason)

    def refuse_name(self, name: str, reason: str) -> None:
        """The object asks for it, and its parents do not serve it."""
        if not self._filter_name(name):
            self.skip_name(name, reason, SkipCause.TROUBLE)

    def leave_out(self, text: object, reason: str) -> None:
        """The object names it, and says itself that it is not to be published."""
        name = self.read_name(text)
        if name and not self._filter_name(name):
            self.skip_name(name, reason, SkipCause.INTENT)

    def add_trouble(self, trouble: Trouble) -> None:
        self._troubles[trouble] = None

    def read_name(self, text: object) -> str:
        """The name in its one spelling; "" when it is none, which is then recorded as skipped."""
        try:
            if isinstance(text, str):
                return canonical_name(text)
            self.skip_name(text, "not a text")
        except BadName as error:
            self.skip_name(text, str(error))
        return ""

    def _find_values(self, name: str, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
        static = self.scope.find_addresses(name)
        answers = {endpoint.target or static or endpoint.addresses: None for endpoint in endpoints}
        if not answers:
            return static
        if len(answers) == 1:
            return next(iter(answers))
        settled = settle_values(tuple(value for values in answers for value in values))
        for warning in settled.warnings:
            self.add_warning(warning)
        return settled.values

    def skip_name(self, text: object, reason: str, cause: SkipCause = SkipCause.RULE) -> None:
        name = clip_text(text, _NAME_LENGTH)
        self._skipped.setdefault(name, Skip(name, intern(reason), cause))

    def add_warning(self, warning: str) -> None:
        self._warnings[clip_text(warning, _WARNING_LENGTH)] = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def read_objects(self, parent: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list."""
        for at, item in enumerate(self.read_list(parent, key)):
            if isinstance(item, dict):
                yield item
            else:
                self.add_warning(f"{key}[{at}] is no object")

    def read_list(self, parent: Mapping[str, Any], key: str) -> Iterable[Any]:
        value = parent.get(key)
        if value is not None and not isinstance(value, list):
            self.add_warning(f"{key} is no list")
        return as_list(value)

    def _list_wants(self) -> tuple[Want, ...]:
        protocols = self.meta.says.https
        if protocols == "" or (protocols is None and not self.scope.https_records):
            return tuple(self._wants.values())
        beside = make_https(protocols or HTTP_2)
        return tuple(
            want._replace(records=beside) if not want.records and (protocols or self.ends_tls(want.name)) else want
            for want in self._wants.values()
        )

    def build_source(self) -> SourceObject:
        meta = self.meta
        for name in self._excluded:
            is_known = name in self._skipped or self.scope.is_elsewhere(name)
            if not is_known and not any(trouble.concerns(name, None) for trouble in self._troubles):
                self.add_warning(f"annotation {PREFIX}exclude names {clip_text(name)}, which the object does not name")
        warnings = self.warnings
        if len(warnings) > WARNING_LIMIT:
            warnings = (*warnings[:WARNING_LIMIT], f"and {len(warnings) - WARNING_LIMIT} more warnings")
        return SourceObject(
            ref=meta.ref,
            uid=meta.uid,
            created=meta.created,
            wants=self._list_wants(),
            skipped=tuple(skip for name, skip in self._skipped.items() if name not in self._wants),
            warnings=warnings,
            ttl=meta.says.ttl,
            priority=meta.says.priority,
            notes=meta.says.notes,
            troubles=() if self.refusal else tuple(self._troubles),
            excluded=tuple(self._excluded),
        )


class ObjectMeta(NamedTuple):
    """What every kind of object has: who it is, and what its metadata says. ``passes_target``: the filters of the
    target do not ask for its class and its Gateways."""

    ref: Ref
    uid: str
    created: str
    says: Annotations
    refusal: str
    passes_target: bool = True


@cache
def make_https(protocols: str) -> tuple[WantedRecord, ...]:
    """The record that tells browsers to come over TLS at once, and what is spoken there (RFC 9460): one object for all
    names that have the same."""
    return (WantedRecord("HTTPS", (f"1 . alpn={protocols}",), beside=True),)


OF_SERVICES = dict.fromkeys(SERVICE_WORDS, "has an effect on Services alone")


def read_metadata(
    kind: Kind, manifest: Mapping[str, Any], scope: Scope, idle: Mapping[str, str] = OF_SERVICES
) -> ObjectMeta:
    """``idle`` are the annotations that mean nothing for objects of the kind."""
    ref = read_ref(kind, manifest)
    metadata = as_mapping(manifest.get("metadata"))
    annotations = as_mapping(metadata.get("annotations"))
    rules = scope.annotation_rules._replace(idle=idle)
    if kind == SERVICE:
        rules = rules._replace(otherwise="the Service's own addresses are", idle={})
    says = read_annotations(annotations, rules)
    refusal = says.refusal or refuse_object(ref.kind, ref.namespace, metadata, scope)
    refusal = refusal or refuse_for_target(ref, metadata, says, scope)
    if not refusal and (warning := warn_publish(annotations, scope)):
        says = says._replace(warnings=(*says.warnings, warning))
    return ObjectMeta(
        ref,
        as_text(metadata.get("uid")),
        share_time(as_text(metadata.get("creationTimestamp"))),
        says,
        refusal,
        passes_unasked(ref.kind, says, scope),
    )


@lru_cache(maxsize=512)
def share_time(text: str) -> str:
    """One text for the many objects that were made in one second. Not ``sys.intern``: Python 3.12 keeps it for ever."""
    return text


class Hosts(NamedTuple):
    """What an object names, and what it leaves out of that by an annotation of external-dns."""

    chosen: tuple[object, ...]
    left_out: tuple[object, ...] = ()
    reason: str = ""


def choose_hosts(draft: Draft, word: str, defined: Iterable[object]) -> Hosts:
    """``defined`` are the hosts of its spec; those of its hostname annotations come after. ``word`` is the annotation
    that objects of the kind obey, "" for none."""
    defined, annotated = tuple(defined), draft.meta.says.hostnames
    sources = dict(draft.meta.says.host_sources)
    for other in sources.keys() - {word}:
        draft.add_warning(f"annotation {other} of external-dns has no effect on {draft.meta.ref.kind} objects")
    match sources.get(word):
        case "annotation-only":
            return Hosts(annotated, defined, f"left out by {word}: {ANNOTATION_ONLY}")
        case "defined-hosts-only":
            return Hosts(defined, annotated, f"left out by {word}: {DEFINED_ONLY}")
    return Hosts((*defined, *annotated))
