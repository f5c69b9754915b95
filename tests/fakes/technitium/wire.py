"""DNS messages (RFC 1035 section 4), as far as a server needs them."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from typing import NamedTuple

from tests.fakes.technitium.lookup import Answer, Reply
from tests.fakes.technitium.rdata import NUMBERS, Rdata
from tests.fakes.technitium.special import pack_params

OPT = 41
OUR_SIZE = 1232
PLAIN_SIZE = 512
IN = 1
QR, AA, TC, RD = 0x8000, 0x0400, 0x0200, 0x0100


class Question(NamedTuple):
    id: int
    flags: int
    name: str
    type: int
    cls: int
    size: int
    """What the asker takes over UDP; 0 without EDNS."""

    @property
    def opcode(self) -> int:
        return self.flags >> 11 & 15


def parse_question(packet: bytes) -> Question | None:
    """None for what is no question, or more than one."""
    try:
        id, flags, questions, answers, authority, additional = struct.unpack_from(">6H", packet)
        if flags & QR or questions != 1:
            return None
        labels, at = [], 12
        while length := packet[at]:
            if length > 63:
                return None
            labels.append(packet[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length
        type, cls = struct.unpack_from(">HH", packet, at + 1)
        rest = at + 5
        size = 0
        if additional and not answers and not authority and packet[rest : rest + 3] == bytes([0, 0, OPT]):
            size = max(struct.unpack_from(">H", packet, rest + 3)[0], PLAIN_SIZE)
    except (struct.error, IndexError):
        return None
    return Question(id, flags, ".".join(labels), type, cls, size)


def build_message(question: Question, reply: Reply, limit: int) -> bytes:
    """A message that does not fit into ``limit`` bytes comes truncated to its question."""
    message = _Message(question, reply)
    if len(message.octets) > limit:
        message = _Message(question, Reply(reply.rcode, reply.authoritative), TC)
    return bytes(message.octets)


class _Message:
    def __init__(self, question: Question, reply: Reply, more_flags: int = 0) -> None:
        self.octets = bytearray(12)
        self._names: dict[str, int] = {}
        self._put_name(question.name)
        self.octets += struct.pack(">HH", question.type, question.cls)
        for section in (reply.answers, reply.authority, reply.additional):
            self._put_section(section)
        if question.size:
            self.octets += struct.pack(">BHHIH", 0, OPT, OUR_SIZE, 0, 0)
        flags = QR | question.flags & (0x7800 | RD) | (AA if reply.authoritative else 0) | more_flags | reply.rcode
        counts = len(reply.answers), len(reply.authority), len(reply.additional) + bool(question.size)
        struct.pack_into(">6H", self.octets, 0, question.id, flags, 1, *counts)

    def _put_section(self, answers: Iterable[Answer]) -> None:
        for name, record in answers:
            self._put_name(name)
            self.octets += struct.pack(">HHIH", NUMBERS[record.type], IN, record.ttl, 0)
            start = len(self.octets)
            self._put_data(record.data)
            struct.pack_into(">H", self.octets, start - 2, len(self.octets) - start)

    def _put_data(self, data: Rdata) -> None:
        values = data.values
        match data.type:
            case "A" | "AAAA":
                self.octets += ipaddress.ip_address(values[0]).packed
            case "TXT":
                for string in values[0]:
                    self.octets += bytes([len(string)]) + string.encode()
            case "CAA":
                self.octets += bytes([values[0], len(values[1])]) + values[1].encode() + values[2].encode()
            case "MX":
                self.octets += struct.pack(">H", values[0])
                self._put_name(values[1])
            case "SRV":
                self.octets += struct.pack(">HHH", *values[:3])
                self._put_name(values[3], compress=False)
            case "DS":
                self.octets += struct.pack(">HBB", *values[:3]) + bytes.fromhex(values[3])
            case "SSHFP" | "TLSA":
                self.octets += bytes(values[:-1]) + bytes.fromhex(values[-1])
            case "URI":
                self.octets += struct.pack(">HH", *values[:2]) + values[2].encode()
            case "NAPTR":
                self.octets += struct.pack(">HH", *values[:2])
                for string in values[2:5]:
                    self.octets += bytes([len(string)]) + string.encode()
                self._put_name(values[5], compress=False)
            case "SVCB" | "HTTPS":
                self.octets += struct.pack(">H", values[0])
                self._put_name(values[1], compress=False)
                self.octets += pack_params(values[2])
            case "SOA":
                self._put_name(values[0])
                self._put_name(values[1].replace("@", "."))
                self.octets += struct.pack(">5I", *values[2:])
            case type:
                # Pointers only where RFC 1035 knows the type (RFC 3597 section 4).
                self._put_name(values[0], compress=type in ("NS", "CNAME", "PTR"))

    def _put_name(self, name: str, *, compress: bool = True) -> None:
        rest = name.lower()
        written = name
        while rest:
            at = self._names.get(rest)
            if at is not None and compress:
                self.octets += struct.pack(">H", 0xC000 | at)
                return
            if len(self.octets) < 0x4000 and compress:
                self._names[rest] = len(self.octets)
            label, _, written = written.partition(".")
            self.octets += bytes([len(label)]) + label.encode("latin-1", "replace")
            rest = rest.partition(".")[2]
        self.octets.append(0)
