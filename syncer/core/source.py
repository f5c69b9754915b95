"""What one Kubernetes object asks for, after it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Ref(NamedTuple):
    """Which object. Two API groups may hold an object of the same kind, namespace and name."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class Want(NamedTuple):
    """A name that an object wants published.

    ``values`` are addresses (IPv4 and IPv6 may stand side by side) or exactly one host name. Empty: the object knows
    no address for it (yet); with ``auto`` the Traefik Service may still have one.
    """

    name: str
    values: tuple[str, ...]


class Skip(NamedTuple):
    """A name that an object mentions and that is not published. ``reason`` is a sentence part for a person."""

    name: str
    reason: str


HIGH, NORMAL, LOW = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Source:
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
