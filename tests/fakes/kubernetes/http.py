"""HTTP/1.1 on asyncio: requests in, answers out in one write each, chunked answers for watches, and rude endings."""

from __future__ import annotations

import asyncio
import http
import socket
import struct
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import parse_qsl, unquote

from tests.fakes.kubernetes.store import encode_json

_LARGEST_HEAD = 64 * 1024
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
_NO_LINGER = struct.pack("ii", 1, 0)


class BadRequest(Exception):
    pass


class Request:
    __slots__ = ("body", "headers", "method", "path", "query")

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        self.method, self.headers, self.body = method, headers, body
        self.path = unquote(path) if "%" in path else path
        self.query = dict(parse_qsl(query, keep_blank_values=True)) if query else {}


Handle = Callable[[Request, "Connection"], None]


class Connection(asyncio.Protocol):
    """One client. While an answer is outstanding (``busy``) further requests wait in the buffer."""

    def __init__(self, handle: Handle, connections: set[Connection]) -> None:
        self.on_lost: Callable[[], None] | None = None
        self._handle, self._connections = handle, connections
        self._buffer = bytearray()
        self._busy = False
        self._last = False
        self._continued = False
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        if self.on_lost:
            self.on_lost()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._handle_next()

    def has_certificate(self) -> bool:
        return bool(self.transport.get_extra_info("peercert"))

    def answer(
        self, code: int, body: bytes, content_type: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {code} {_PHRASES.get(code, '')}", f"Content-Type: {content_type}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [
            f"Content-Length: {len(body)}",
            "Connection: close" if self._last else "Cache-Control: no-cache, private",
        ]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self._finish_answer()

    def json(self, code: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        self.answer(code, encode_json(value) + b"\n", headers=headers)

    def begin(self) -> None:
        """Start a chunked answer: ``chunk`` as often as needed, then ``finish``."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n"
        self.transport.write(head + b"Transfer-Encoding: chunked\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%s\r\n" % (len(data), data))

    def finish(self) -> None:
        self.on_lost = None
        self.transport.write(b"0\r\n\r\n")
        self._finish_answer()

    def reset(self) -> None:
        """Cut with a RST."""
        connected = self.transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def cut(self, half_chunk: bytes = b"") -> None:
        """Close without the last chunk, after the beginning of one that promises more than comes."""
        if half_chunk:
            self.transport.write(b"%x\r\n%s" % (2 * len(half_chunk), half_chunk))
        self.transport.close()

    def _finish_answer(self) -> None:
        self._busy = False
        if self._last:
            self.transport.close()
        elif self._buffer:
            asyncio.get_running_loop().call_soon(self._handle_next)

    def _handle_next(self) -> None:
        while not self._busy and not self.transport.is_closing():
            try:
                request = self._parse_request()
            except (BadRequest, ValueError) as e:
                self._last = True
                self.answer(400, f"{e}\n".encode(), "text/plain; charset=utf-8")
                return
            if request is None:
                return
            self._busy = True
            self._handle(request, self)

    def _parse_request(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LARGEST_HEAD:
                raise BadRequest("the request head is too long")
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        parts = first.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest("malformed request line")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequest("malformed header")
            headers[name.lower()] = value.strip()
        body, size = b"", end + 4
        if headers.get("transfer-encoding", "").lower() == "chunked":
            chunked = self._chunked_body(size)
            if chunked is None:
                self._invite_body(headers)
                return None
            body, size = chunked
        elif "content-length" in headers:
            start, size = size, size + int(headers["content-length"])
            if len(self._buffer) < size:
                self._invite_body(headers)
                return None
            body = bytes(self._buffer[start:size])
        del self._buffer[:size]
        self._continued = False
        self._last = parts[2] == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
        return Request(parts[0], parts[1], headers, body)

    def _invite_body(self, headers: Mapping[str, str]) -> None:
        if headers.get("expect", "").lower() == "100-continue" and not self._continued:
            self._continued = True
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _chunked_body(self, at: int) -> tuple[bytes, int] | None:
        body = bytearray()
        while True:
            line = self._buffer.find(b"\r\n", at)
            if line < 0:
                return None
            size = int(self._buffer[at:line].split(b";")[0], 16)
            at = line + 2
            if len(self._buffer) < at + size + 2:
                return None
            body += self._buffer[at : at + size]
            at += size + 2
            if not size:
                return bytes(body), at
