"""What DNS servers say about a name: real queries, and only to servers that the settings name."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

from syncer.core.names import canonical_address
from syncer.core.rdata import HOST_TYPES, WORDS, clean_value

TIMEOUT = 3.0
"""Seconds for one query by UDP, and as many again by TCP when the answer was cut off."""


class Query(NamedTuple):
    """The record types that are asked for at one name, and the zone that it lies in."""

    name: str
    types: tuple[str, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server said to all the questions. ``error`` "" when it answered; ``delegation`` the name at or above the
    one that was asked for from which on other servers are responsible, "" when this one is."""

    server: str
    rcode: str = ""
    authoritative: bool = False
    delegation: str = ""
    records: tuple[dns.rrset.RRset, ...] = ()
    milliseconds: float = 0.0
    error: str = ""

    def values(self, name: str, kind: str) -> set[str]:
        """As ``syncer.core.rrsets.RRset`` spells them."""
        return {value for rrset in self.records if _is_of(rrset, name, kind) for value in _spell_values(rrset, kind)}

    def hides(self, name: str, kind: str) -> bool:
        """Whether the server holds such a record to itself: at and below a delegation it gives nothing but the NS, and
        the DS beside it."""
        return self.delegation != "" and not (name == self.delegation and kind in ("NS", "DS"))


def ask_all(servers: Sequence[str], query: Query) -> list[Answer]:
    """``servers`` are host:port; the answers are in their order."""
    with ThreadPoolExecutor(max(1, len(servers))) as pool:
        return list(pool.map(lambda server: ask_server(server, query), servers))


def ask_server(server: str, query: Query) -> Answer:
    """One server, from what it holds of the zone; one that holds nothing of it may look elsewhere."""
    host, _, port = server.rpartition(":")
    started = time.monotonic()
    records: dict[str, dns.rrset.RRset] = {}
    authoritative, cut = True, ""
    try:
        address = str(socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0][4][0])
        for kind in query.types:
            reply = _ask_type(address, int(port), query, kind)
            referral = _find_referral(reply, query)
            found = [referral] if referral and _is_of(referral, query.name, kind) else reply.answer
            records |= {rrset.to_text(): rrset for rrset in found}
            authoritative = authoritative and bool(reply.flags & dns.flags.AA)
            cut = _name_of(referral) if referral else cut
    except OSError as error:
        return Answer(server, error=error.strerror or str(error))
    except dns.exception.Timeout:
        return Answer(server, error=f"no answer within {TIMEOUT:g} s")
    except dns.exception.DNSException as error:
        return Answer(server, error=f"no proper answer: {error}")
    return Answer(
        server,
        dns.rcode.to_text(reply.rcode()),
        authoritative,
        cut,
        tuple(records.values()),
        round((time.monotonic() - started) * 1000, 1),
    )


def show_value(rdata: dns.rdata.Rdata) -> str:
    """One value of an answer, as a zone file has it but for the dot at its end."""
    kind, text = dns.rdatatype.to_text(rdata.rdtype), rdata.to_text()
    return _spell_words(kind, text) if kind in WORDS else text.removesuffix(".")


def _ask_type(address: str, port: int, query: Query, kind: str) -> dns.message.Message:
    """Asked for recursion, the owner of a zone would follow its delegations, and show another server's answer."""
    message = dns.message.make_query(f"{query.name}.", kind, use_edns=0, payload=1232, flags=0)
    reply, _ = dns.query.udp_with_fallback(message, address, TIMEOUT, port)
    if not reply.flags & dns.flags.AA and not _find_referral(reply, query):
        message.flags |= dns.flags.RD  # a resolver, which does not own the zone
        reply, _ = dns.query.udp_with_fallback(message, address, TIMEOUT, port)
    return reply


def _find_referral(reply: dns.message.Message, query: Query) -> dns.rrset.RRset | None:
    """The NS records of the delegation to which the server refers: it lies in the zone, at or above the name."""
    for rrset in () if reply.answer else reply.authority:
        cut = _name_of(rrset)
        lies_between = cut.endswith(f".{query.zone}") and f".{query.name}".endswith(f".{cut}")
        if rrset.rdtype == dns.rdatatype.NS and lies_between:
            return rrset
    return None


def _name_of(rrset: dns.rrset.RRset) -> str:
    return rrset.name.to_text(omit_final_dot=True).lower()


def _is_of(rrset: dns.rrset.RRset, name: str, kind: str) -> bool:
    return _name_of(rrset) == name and rrset.rdtype == dns.rdatatype.from_text(kind)


def _spell_values(rrset: dns.rrset.RRset, kind: str) -> list[str]:
    if kind == "TXT":
        return [b"".join(item.strings).decode("utf-8", "replace") for item in rrset]
    if kind == "CAA":
        return [f"{item.flags} {item.tag.decode()} {item.value.decode('utf-8', 'replace')}" for item in rrset]
    texts = [item.to_text() for item in rrset]
    if kind == "AAAA":
        return [canonical_address(text) for text in texts]
    if kind in WORDS:
        return [_spell_words(kind, text) for text in texts]
    return [text.removesuffix(".").lower() for text in texts] if kind in HOST_TYPES else texts


def _spell_words(kind: str, text: str) -> str:
    try:
        return clean_value(kind, text)
    except ValueError:  # one that we could not publish
        return text
