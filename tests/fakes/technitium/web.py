"""HTTP/1.1 by hand: one thread for each connection, one write for each answer, so that a call costs little."""

from __future__ import annotations

import gzip
import io
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.fakes.technitium.api import JSON_TYPE, Answered, Asked
from tests.fakes.technitium.params import Params

if TYPE_CHECKING:
    from tests.fakes.technitium.server import Technitium

REQUEST_LINE_LIMIT = 8192
CONTROL = "/fake/"
BACKSTAGE = "X-Backstage"
"""A header that keeps a request out of the log and out of reach of the faults of HTTP: for those who set the scene."""
GZIPPED = b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
REASONS = {
    200: "OK",
    307: "Temporary Redirect",
    400: "Bad Request",
    404: "Not Found",
    414: "URI Too Long",
    502: "Bad Gateway",
}
PROXY_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
)


class Web:
    """Listens on 127.0.0.1; ``port`` 0 takes any free one and keeps it over ``close`` and ``open``."""

    def __init__(self, server: Technitium, port: int, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self.port = port
        self._tls = tls
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._thread = threading.Thread(target=self._accept_connections, args=(listener,), daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    def close(self) -> None:
        """Refuse connections, and cut those that are open. The port is free afterwards."""
        listener, self._listener = self._listener, None
        if listener:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if self._thread:
            self._thread.join()
        self.hang_up()

    def hang_up(self) -> None:
        """Cut the open connections."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept_connections(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                if self._listener:
                    self._connections.add(connection)
                else:
                    connection.close()
            with connection, connection.makefile("rb") as reader:
                while self._serve_request(connection, reader):
                    pass
        with self._lock:
            self._connections.discard(connection)
        with suppress(OSError):
            connection.close()

    def _serve_request(self, connection: socket.socket, reader: io.BufferedReader) -> bool:
        """One request and its answer. False ends the connection."""
        line = reader.readline(REQUEST_LINE_LIMIT + 3)
        if not line.strip():
            return False
        if len(line) > REQUEST_LINE_LIMIT + 2:
            connection.sendall(_format_head(Answered(414), 0, b"Connection: close\r\n"))
            return False
        parts = line.decode("latin-1").split()
        if len(parts) != 3:
            return False
        method, target, _ = parts
        headers = {}
        while (header := reader.readline(65536)) not in (b"\r\n", b"\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _read_body(reader, headers)
        path, _, query = target.partition("?")
        asked = Asked(
            method,
            path,
            query,
            headers.get("content-type", ""),
            headers.get("authorization", ""),
            body,
            backstage=BACKSTAGE.lower() in headers,
        )
        answered = self.answer_request(asked)
        if answered is None:
            return False
        content, more = answered.body, b""
        if answered.unpacks_to:
            content, more = _inflate_answer(content, answered.unpacks_to), GZIPPED
        elif content and self._server.faults.gzip and "gzip" in headers.get("accept-encoding", ""):
            content, more = gzip.compress(content, 1), GZIPPED
        closing = headers.get("connection", "").lower() == "close"
        head = _format_head(answered, len(content), more + (b"Connection: close\r\n" if closing else b""))
        if answered.trickle:
            connection.sendall(head)
            return self._trickle_answer(connection, content, answered.trickle)
        connection.sendall(head if method == "HEAD" else head + content)
        return not closing

    def _trickle_answer(self, connection: socket.socket, content: bytes, pause: float) -> bool:
        """A byte at a time, until who asked has gone."""
        for byte in content:
            if self._server.stopped.wait(pause):
                return False
            connection.sendall(bytes([byte]))
        return True

    def answer_request(self, asked: Asked) -> Answered | None:
        """None: no answer at all."""
        if asked.path.startswith(CONTROL):
            return self._answer_control(asked)
        params = self._server.api.read_params(asked)
        if asked.backstage:
            return self._server.api.answer_request(asked, params)
        self._server.on_request(False)
        answered = self._answer_or_fail(asked, params)
        self._server.on_request(True)
        return answered

    def _answer_or_fail(self, asked: Asked, params: Params) -> Answered | None:
        self._server.requests.note(asked.method, asked.path, params.all(), len(asked.body))
        faults = self._server.faults
        if not faults.hits(asked.path):
            return self._server.api.answer_request(asked, params)
        if faults.delay:
            time.sleep(faults.delay)
        if faults.hang:
            self._server.stopped.wait()
            return None
        if faults.redirect:
            target = asked.path + ("?" + asked.query if asked.query else "")
            return Answered(307, headers=(("Location", faults.redirect.rstrip("/") + target),))
        if faults.bad_gateway:
            return Answered(502, PROXY_PAGE if faults.bad_gateway == "html" else b"", "text/html")
        if faults.not_found:
            return Answered(404)
        drop = faults.drop_answer
        answered = self._server.api.answer_request(asked, params, bad_token=faults.invalid_token)
        if faults.says:
            answered = Answered(200, faults.says.encode(), JSON_TYPE)
        answered = answered._replace(trickle=faults.trickle, unpacks_to=faults.unpacks_to)
        return None if drop else answered

    def _answer_control(self, asked: Asked) -> Answered:
        try:
            given = json.loads(asked.body or b"{}")
            result: Any = self._steer_server(asked.path.removeprefix(CONTROL), given, asked.method)
        except (ValueError, TypeError, KeyError) as e:
            return Answered(400, f"{e}\n".encode(), "text/plain")
        if result is None:
            return Answered(404)
        return Answered(200, json.dumps(result).encode(), JSON_TYPE)

    def _steer_server(self, what: str, given: dict[str, Any], method: str) -> Any:
        server = self._server
        match what:
            case "faults":
                if method == "DELETE":
                    server.faults.reset()
                server.faults.update(**given)
                return asdict(server.faults)
            case "requests":
                if method == "DELETE":
                    server.requests.clear()
                return {
                    "counts": dict(server.requests.counts),
                    "requests": [r._asdict() for r in server.requests.seen],
                }
            case "zones":
                for name, kind in given.items():
                    server.turn(name, kind)
                return {z.name: z.kind for z in server.tree.zones()}
            case "crash":
                server.crash(grace=0.05)  # so that this answer still goes out
                return {}
            case "save":
                server.save()
                return {}
            case "listening":
                threading.Timer(0.05, server.pause_listening, (float(given["seconds"]),)).start()
                return {}
            case _:
                return None


def _format_head(answered: Answered, length: int, more: bytes) -> bytes:
    lines = [f"HTTP/1.1 {answered.status} {REASONS[answered.status]}"]
    if answered.content_type:
        lines.append(f"Content-Type: {answered.content_type}")
        lines.append("Cache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\nExpires: 0")
    lines += [f"{name}: {value}" for name, value in answered.headers]
    lines.append(f"Content-Length: {length}\r\n")
    return "\r\n".join(lines).encode("latin-1") + more + b"\r\n"


def _inflate_answer(content: bytes, megabytes: int) -> bytes:
    """Gzipped, with so many blanks before it, none of which is in memory at once."""
    packed = gzip.compress(b" " * 1_000_000)
    return packed * megabytes + gzip.compress(content)


def _read_body(reader: io.BufferedReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return reader.read(int(headers.get("content-length") or 0))
    chunks = []
    while size := int(reader.readline(100).split(b";")[0], 16):
        chunks.append(reader.read(size))
        reader.readline(2)
    while reader.readline(65536) not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(chunks)
