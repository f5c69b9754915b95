"""The DNS side of the server: UDP and TCP on one port."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fakes.technitium import lookup, wire
from tests.fakes.technitium.lookup import FORMERR, REFUSED, Reply
from tests.fakes.technitium.rdata import TYPES

if TYPE_CHECKING:
    from tests.fakes.technitium.server import Technitium

NOTIMP = 4
TCP_LIMIT = 65535
TCP_IDLE = 10.0
"""Seconds that a TCP connection may stay silent."""


class Dns:
    """Listens on 127.0.0.1; ``port`` 0 takes any that is free for both protocols."""

    def __init__(self, server: Technitium, port: int) -> None:
        self._server = server
        self.port = port
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        tcp, udp = self._bind_sockets()
        self.port = udp.getsockname()[1]
        self._sockets = [tcp, udp]
        self._threads = [
            threading.Thread(target=self._serve_udp, args=(udp,), daemon=True),
            threading.Thread(target=self._serve_tcp, args=(tcp,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_open(self) -> bool:
        return bool(self._sockets)

    def close(self) -> None:
        """The port is free afterwards. Not to be called with the server's lock, for which a question may wait."""
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._sockets = []
        for thread in self._threads:
            thread.join()

    def _bind_sockets(self) -> tuple[socket.socket, socket.socket]:
        for attempt in range(20):
            tcp = socket.create_server(("127.0.0.1", self.port))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            try:
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
                return tcp, udp
            except OSError:
                tcp.close()
                udp.close()
                if self.port or attempt == 19:
                    raise
        raise AssertionError("unreachable")

    def _serve_udp(self, sock: socket.socket) -> None:
        with suppress(OSError):
            while True:
                packet, asker = sock.recvfrom(4096)
                answer = self._answer_packet(packet, udp=True)
                if answer:
                    sock.sendto(answer, asker)

    def _serve_tcp(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            connection.settimeout(TCP_IDLE)
            while len(head := reader.read(2)) == 2:
                answer = self._answer_packet(reader.read(struct.unpack(">H", head)[0]), udp=False)
                if not answer:
                    return
                connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer_packet(self, packet: bytes, *, udp: bool) -> bytes | None:
        question = wire.parse_question(packet)
        if question is None:
            return None
        limit = min(question.size, wire.OUR_SIZE) or wire.PLAIN_SIZE
        with self._server.lock:
            self._server.network.catch_up()
            reply = self._find_reply(question)
        if udp and question.type == 255 and reply.answers:
            limit = 0  # ANY has to come over TCP
        return wire.build_message(question, reply, limit if udp else TCP_LIMIT)

    def _find_reply(self, question: wire.Question) -> Reply:
        if question.opcode:
            return Reply(NOTIMP, authoritative=False)
        if question.cls != wire.IN:
            return Reply(REFUSED, authoritative=False)
        if question.type in (251, 252):
            return Reply(FORMERR if question.type == 252 else REFUSED, authoritative=False)
        type = TYPES.get(question.type, "")
        return lookup.answer_question(self._server.tree, question.name, type or f"TYPE{question.type}")
