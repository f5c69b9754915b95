"""What the syncer tells of the servers that it talks to and of certificates, as the System page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from django.utils import timezone

from records.admin.columns import count_noun
from records.models import SyncStatus
from syncer.meters import MINUTE, RECENT

SOON = timedelta(days=14)
"""Before the end of a server's certificate from which on it needs someone: nothing renews it for us."""


class Calls(NamedTuple):
    """``last`` are the last calls, milliseconds and whether they were answered; ``number`` and ``failed`` are of the
    last five minutes."""

    last: Sequence[tuple[float, bool]]
    number: int
    failed: int

    @property
    def took(self) -> str:
        times = [milliseconds for milliseconds, is_ok in self.last if is_ok]
        if not times:
            return "no answer yet"
        return f"half of the last {len(self.last)} within {median(times):.3g} ms, the slowest {max(times):.3g} ms"

    @property
    def success(self) -> str:
        """How many of them were answered, "" where there were none."""
        if not self.number:
            return ""
        part = 100 * (self.number - self.failed) / self.number
        return f"{part:.0f} %" if part in (0, 100) else f"{min(part, 99.9):.1f} %"

    @property
    def of_what(self) -> str:
        number = f"of {count_noun(self.number, ('call', 'calls'))}" if self.number else "no call"
        return f"{number} in the last {RECENT} minutes"

    @property
    def tone(self) -> str:
        """One that fails among many is worth a look; where the last one did, or most do, something is wrong."""
        if not self.number:
            return ""
        is_bad = 2 * self.failed > self.number or (self.last and not self.last[-1][1])
        return "bad" if is_bad else "warn" if self.failed else "good"

    def describe(self) -> str:
        """For who cannot see the line."""
        missing = sum(not is_ok for _, is_ok in self.last)
        return f"how long the last answers took: {self.took}{f'; {missing} without an answer' if missing else ''}"


class ServerCard(NamedTuple):
    """Of a target. ``budget`` is the part of the calls that were allowed in the last five minutes, in percent."""

    target: str
    kind: str
    problem: str
    warning: str
    place: str
    name: str
    version: str
    role: str
    nodes: Sequence[Mapping[str, Any]]
    rights: str
    excess: str
    limit: float
    budget: float
    paused: float
    certificate_ends: datetime | None
    calls: Calls | None

    @property
    def is_ending(self) -> bool:
        return self.certificate_ends is not None and self.certificate_ends - timezone.now() < SOON


class ClusterCard(NamedTuple):
    place: str
    calls: Calls | None


class CertificateTrouble(NamedTuple):
    """``expires`` None: it was never issued. ``since`` is when its trouble began, as far as that is known."""

    title: str
    reason: str
    expires: datetime | None
    since: datetime


class CertificateCard(NamedTuple):
    """``failing`` are the first of ``number``."""

    known: int
    number: int
    failing: Sequence[CertificateTrouble]


def list_servers(status: SyncStatus | None) -> list[ServerCard]:
    """One for each target."""
    return [_read_server(told) for told in _read_vitals(status).get("targets", ())]


def read_cluster(status: SyncStatus | None) -> ClusterCard | None:
    told = _read_vitals(status).get("kubernetes")
    return ClusterCard(told["place"], _read_calls(told.get("calls"))) if told else None


def read_certificates(status: SyncStatus | None) -> CertificateCard | None:
    """Those of cert-manager, None where they are not watched."""
    told = _read_vitals(status).get("certificates")
    if not told:
        return None
    failing = [_read_certificate(each, status) for each in told["worst"]]
    return CertificateCard(told["known"], told["number"], failing)


def list_ending(status: SyncStatus | None) -> list[CertificateTrouble]:
    """Those of the DNS servers themselves that end soon."""
    return [
        CertificateTrouble(server.place, "the certificate of the DNS server ends soon", end, end - SOON)
        for server in list_servers(status)
        if server.is_ending and (end := server.certificate_ends)
    ]


def _read_vitals(status: SyncStatus | None) -> Mapping[str, Any]:
    return (status.vitals if status else None) or {}


def _read_server(told: Mapping[str, Any]) -> ServerCard:
    calls, limit = _read_calls(told.get("calls")), told["limit"]
    return ServerCard(
        target=told["target"],
        kind=told["kind"],
        problem=told["problem"],
        warning=told["warning"],
        place=told["place"],
        name=told["name"],
        version=told["version"],
        role=_tell_role(told),
        nodes=told["nodes"],
        rights=told["rights"],
        excess=told["excess"],
        limit=limit,
        budget=100 * calls.number / (limit * RECENT * MINUTE) if calls and limit else 0.0,
        paused=told["paused"],
        certificate_ends=_read_moment(told["certificate_ends"]),
        calls=calls,
    )


def _tell_role(told: Mapping[str, Any]) -> str:
    if not told["cluster"]:
        return "on its own" if told["version"] else ""
    return f"primary node of {told['cluster']}"


def _read_calls(told: Mapping[str, Any] | None) -> Calls | None:
    if told is None:
        return None
    last = [(milliseconds, bool(is_ok)) for _, milliseconds, is_ok in told["last"]]
    return Calls(last, told["number"], told["failed"])


def _read_certificate(told: Mapping[str, Any], status: SyncStatus | None) -> CertificateTrouble:
    expires, now = _read_moment(told["expires"]), timezone.now()
    since = expires
    with suppress(ValueError):
        since = datetime.fromisoformat(told["failed_at"])
    known = since if since is not None and since.tzinfo else None
    beat = status.heartbeat_at if status else now
    return CertificateTrouble(f"{told['namespace']}/{told['name']}", told["reason"], expires, min(known or beat, beat))


def _read_moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
