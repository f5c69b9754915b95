"""What DNS servers say about a name: real queries, and only to servers that the settings name."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

TIMEOUT = 3.0
"""Seconds for one question by UDP, and as many again by TCP when the answer was cut off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server said to all the questions. ``error`` "" when it answered."""

    server: str
    rcode: str = ""
    authoritative: bool = False
    records: tuple[dns.rrset.RRset, ...] = ()
    milliseconds: float = 0.0
    error: str = ""


def ask_all(servers: Sequence[str], name: str, types: Iterable[str]) -> list[Answer]:
    """``servers`` are host:port; the answers are in their order."""
    types = tuple(types)
    with ThreadPoolExecutor(max(1, len(servers))) as pool:
        return list(pool.map(lambda server: ask(server, name, types), servers))


def ask(server: str, name: str, types: Sequence[str]) -> Answer:
    """One server, without recursion elsewhere: an authoritative server answers from its zone."""
    host, _, port = server.rpartition(":")
    started = time.monotonic()
    records: dict[str, dns.rrset.RRset] = {}
    try:
        address = str(socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0][4][0])
        for kind in types:
            query = dns.message.make_query(f"{name}.", kind, use_edns=0, payload=1232)
            reply, _ = dns.query.udp_with_fallback(query, address, TIMEOUT, int(port))
            records |= {rrset.to_text(): rrset for rrset in reply.answer}
    except OSError as error:
        return Answer(server, error=error.strerror or str(error))
    except dns.exception.Timeout:
        return Answer(server, error=f"no answer within {TIMEOUT:g} s")
    except dns.exception.DNSException as error:
        return Answer(server, error=f"no proper answer: {error}")
    return Answer(
        server,
        dns.rcode.to_text(reply.rcode()),
        bool(reply.flags & dns.flags.AA),
        tuple(records.values()),
        round((time.monotonic() - started) * 1000, 1),
    )
