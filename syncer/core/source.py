"""What one Kubernetes object asks for, after it has been read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

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


class Want(NamedTuple):
    """A name that an object wants published.

    ``values`` are addresses (IPv4 and IPv6 may be mixed) or exactly one host name. Empty: the object knows
    no address for it (yet); with ``auto`` the Traefik Service may still have one.
    """

    name: str
    values: tuple[str, ...]


class Skip(NamedTuple):
    """A name that an object mentions and that is not published. ``reason`` is a sentence part for a person."""

    name: str
    reason: str


HIGH, NORMAL, LOW = 0, 1, 2


FEW = 16
"""Up to so many names, a scan is as quick as a dictionary."""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One Kubernetes object that names hosts.

    ``created`` is the creationTimestamp as the API server spells it, "" when there is none. ``ttl`` is the
    annotation's, in seconds, None when the default holds. ``notes`` are the annotations that change no record
    (description, owner, slack-notify, auto-remediate) as pairs.
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
    _by_name: dict[str, Want] | None = field(default=None, init=False, compare=False, repr=False)

    def want(self, name: str) -> Want | None:
        """What it wants at ``name``. An object may have thousands of names, and each is asked for."""
        if len(self.wants) <= FEW:
            return next((want for want in self.wants if want.name == name), None)
        by_name = self._by_name
        if by_name is None:
            by_name = {want.name: want for want in self.wants}
            object.__setattr__(self, "_by_name", by_name)
        return by_name.get(name)
