"""What one Kubernetes object asks for, after it has been read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from syncer.core.names import covers_name
from syncer.core.origin import Origin


class Ref(NamedTuple):
    """Which object. Two API groups may hold an object of the same kind, namespace and name."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    @property
    def origin(self) -> Origin:
        return Origin(self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return str(self.origin)


class WantedRecord(NamedTuple):
    """An RRset that an object asks for as such, at a name of its own choice.

    ``values`` are in their one spelling (``syncer.core.rdata``), sorted, without duplicates; none: ``skipped`` says why
    this type is not published, a sentence part, or "" where it has none for the moment alone, and its last ones stay.
    ``ttl`` is in seconds, None where the one of the object or the default holds. ``refused`` are values that it asks
    for and no source may publish. ``waits``: a value is not published before the name that it points to is written, and
    goes before that name does (SRV of a Service). ``beside``: it is no claim of its own, but goes with the addresses
    that the object has at the name (HTTPS).
    """

    type: str
    values: tuple[str, ...] = ()
    ttl: int | None = None
    refused: tuple[str, ...] = ()
    skipped: str = ""
    waits: bool = False
    beside: bool = False


class Withheld(NamedTuple):
    """What a want of addresses does not get: ``refused`` are values that it asks for and no source may publish;
    ``default`` is, with TENANCY=strict, what it would have without a target of its own."""

    refused: tuple[str, ...] = ()
    default: tuple[str, ...] = ()


NOTHING_WITHHELD = Withheld()
"""One for all: most wants are of this sort, and there may be a hundred thousand."""


def withhold_values(refused: Iterable[str], default: tuple[str, ...] = ()) -> Withheld:
    """Each of the refused values once."""
    refused = tuple(dict.fromkeys(refused))
    return Withheld(refused, default) if refused or default else NOTHING_WITHHELD


class Want(NamedTuple):
    """A name that an object wants published.

    ``values`` are addresses (IPv4 and IPv6 may be mixed) or exactly one host name. Empty: the object knows
    no address for it (yet); with ``auto`` the Traefik Service may still have one. ``own``: they are a target of its
    own (or of its Gateway), not the default, which is not used even where it has none now. ``via`` are the parents that
    serve it, as the spec of a route names them. ``records`` are what it asks for instead of all these, one for each
    type: the name gets these RRsets then, and no address but theirs, unless they are beside them. Most names have none,
    and they cost those nothing: a seventh field would cost each of them 16 bytes.
    """

    name: str
    values: tuple[str, ...] = ()
    own: bool = False
    via: tuple[str, ...] = ()
    withheld: Withheld = NOTHING_WITHHELD
    records: tuple[WantedRecord, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        return self.withheld.refused

    @property
    def asks_address(self) -> bool:
        """Whether it is to have addresses or a host name, whichever its object leads to."""
        return all(record.beside for record in self.records)

    @property
    def is_refused(self) -> bool:
        """Whether any value that it asks for is one that no source may publish."""
        return bool(self.refused) or any(record.refused for record in self.records)

    @property
    def skips(self) -> list[tuple[str, str]]:
        """The types that are not published although others at the name are, each with the reason."""
        return [(record.type, record.skipped) for record in self.records if record.skipped]

    def list_values(self) -> list[str]:
        """For people: each value, with its type where it is neither address nor alias."""
        alike = [*self.values]
        for record in self.records if not self.asks_address else ():
            is_address = record.type in ("A", "AAAA", "CNAME")
            alike += (value if is_address else f"{record.type} {value}" for value in record.values)
        return alike


class SkipCause(StrEnum):
    """Why a name is not published; what becomes of the record that it had depends on it."""

    INTENT = "intent"
    """The object says so, or a filter of the operator."""
    RULE = "rule"
    """A rule of ours: such a name is not published."""
    PATTERN = "pattern"
    """It is no name: a regular expression, or a rule that cannot be read."""
    POLICY = "policy"
    """The operator does not let a source have such a name, or so many of them."""
    TROUBLE = "trouble"
    """The object asks for it, and something else is in the way."""


class Skip(NamedTuple):
    """A name that an object mentions and that is not published. ``reason`` is a sentence part for a person."""

    name: str
    reason: str
    cause: SkipCause = SkipCause.RULE


class Trouble(NamedTuple):
    """Why names that the object still asks for cannot be read off it now (product: section 3, "Trouble between").

    ``pattern`` is one name, a wildcard that covers names of any depth, or "" for whatever the object published last.
    ``parents`` are the parents that the spec of a route names now: what it published by none of them was taken back
    with the parent, unless ``waits``: one of them has not said anything yet.
    """

    pattern: str
    reason: str
    parents: tuple[str, ...] = ()
    waits: bool = False

    def concerns(self, name: str, via: tuple[str, ...] | None) -> bool:
        """``via`` are the parents by which the name was published last, None where that is not known."""
        if self.pattern and not covers_name(self.pattern, name):
            return False
        return self.waits or not self.parents or not via or any(_is_within(old, self.parents) for old in via)


def _is_within(old: str, parents: tuple[str, ...]) -> bool:
    """Whether one of the parents is the old one, or all of its Gateway, whose key ends where that of a listener goes
    on."""
    return any(parent == old or (parent.endswith("/") and old.startswith(parent)) for parent in parents)


HIGH, NORMAL, LOW = 0, 1, 2


FEW = 16
"""Up to so many names, a scan is as quick as a dictionary."""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One Kubernetes object that names hosts.

    ``created`` is the creationTimestamp as the API server spells it, "" when there is none. ``ttl`` is the
    annotation's, in seconds, None when the default holds. ``notes`` are the annotations that change no record
    (description, owner, slack-notify, auto-remediate) as pairs. ``excluded`` are names of this object that it says are
    not to be published.
    """

    ref: Ref
    uid: str = ""
    created: str = ""
    wants: tuple[Want, ...] = ()
    skipped: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()
    ttl: int | None = None
    priority: int = NORMAL
    notes: tuple[tuple[str, str], ...] = ()
    troubles: tuple[Trouble, ...] = ()
    excluded: tuple[str, ...] = ()
    between: int | None = None
    """Its priority between namespaces, where that is another one than within its own."""
    _by_name: dict[str, Want] | None = field(default=None, init=False, compare=False, repr=False)
    _skips: dict[str, Skip] | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def urgency(self) -> int:
        """Its priority among the objects of all namespaces."""
        return self.priority if self.between is None else self.between

    def want(self, name: str) -> Want | None:
        """What it wants at ``name``. An object may have thousands of names, and each is asked for."""
        if len(self.wants) <= FEW:
            return next((want for want in self.wants if want.name == name), None)
        by_name = self._by_name
        if by_name is None:
            by_name = {want.name: want for want in self.wants}
            object.__setattr__(self, "_by_name", by_name)
        return by_name.get(name)

    def find_trouble(self, name: str, via: tuple[str, ...] | None) -> str:
        """Why a name that it published by the parents ``via`` is not among its wants although nothing in the object
        takes it back; "" when something does, or when it wants the name."""
        if name in self.excluded or self.want(name) is not None:
            return ""
        skip = self.find_skip(name)
        if skip is not None and skip.cause is SkipCause.POLICY:
            return skip.reason
        if skip is not None and skip.cause is not SkipCause.TROUBLE:
            return ""
        return next((trouble.reason for trouble in self.troubles if trouble.concerns(name, via)), "")

    def find_skip(self, name: str) -> Skip | None:
        """Why it does not publish a name that it mentions."""
        if len(self.skipped) <= FEW:
            return next((skip for skip in self.skipped if skip.name == name), None)
        skips = self._skips
        if skips is None:
            skips = {skip.name: skip for skip in self.skipped}
            object.__setattr__(self, "_skips", skips)
        return skips.get(name)
