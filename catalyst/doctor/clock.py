"""What a server shows to anyone who connects: its clock and its certificate. No secret is sent."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from catalyst.doctor.finding import Finding, report_ok, report_warning
from syncer.tls import make_blind_context

TIMEOUT = 5.0
TOLERANCE = 30.0
"""Seconds by which two clocks may differ: beyond that, tokens and certificates are not valid yet, or no longer."""


class Shown(NamedTuple):
    """``ahead``: the seconds by which its clock is ahead of ours, None when it shows no clock. ``fingerprint``: the
    SHA-256 of its certificate, "" without one."""

    ahead: float | None
    fingerprint: str


def probe_server(url: str) -> Shown:
    """Raises ``OSError`` or ``http.client.HTTPException``."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port or 80, timeout=TIMEOUT)
    certificate = None
    if parts.scheme == "https":
        context = make_blind_context()
        connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=TIMEOUT, context=context)
    try:
        connection.connect()
        if isinstance(connection.sock, ssl.SSLSocket):
            certificate = connection.sock.getpeercert(binary_form=True)
        before = time.time()
        connection.request("HEAD", "/")
        date = connection.getresponse().headers.get("Date", "")
        return Shown(
            measure_lead(date, (before + time.time()) / 2), format_fingerprint(certificate) if certificate else ""
        )
    finally:
        connection.close()


def measure_lead(date: str, now: float) -> float | None:
    try:
        # The header is cut to whole seconds: half a second late on average.
        return parsedate_to_datetime(date).timestamp() + 0.5 - now
    except (TypeError, ValueError):
        return None


def format_fingerprint(certificate: bytes) -> str:
    digits = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def compare_clocks(servers: Mapping[str, str]) -> Iterator[Finding]:
    """``servers`` are URLs, by the name that the findings use."""
    for name, url in servers.items():
        try:
            difference = probe_server(url).ahead
        except (OSError, http.client.HTTPException):
            continue
        if difference is None:
            continue
        if abs(difference) > TOLERANCE:
            word = "ahead of" if difference > 0 else "behind"
            yield report_warning(
                "clock", f"the clock of {name} is {abs(difference):.0f} s {word} ours: keep both in time (NTP)"
            )
        else:
            yield report_ok("clock", f"{name} and this machine agree within {max(1.0, abs(difference)):.0f} s")
