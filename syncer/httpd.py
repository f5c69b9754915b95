"""The small HTTP server of the metrics and of the health probes: fixed paths, GET only, a thread for each request."""

from __future__ import annotations

import logging
import re
import socket
import socketserver
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from math import inf
from threading import Lock, Thread
from typing import Any, NamedTuple

from syncer.errors import SyncError

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:\[\]/]*)):(?P<port>\d{1,5})", re.ASCII)

ANSWERING = inf
"""In the place of the moment at which a connection was opened, once its request has come."""


class CannotListen(SyncError):
    """The address cannot be listened on; the message names the setting."""

    worth_retrying = False


class PlainAnswer(NamedTuple):
    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``:8080``, ``127.0.0.1:8080`` or ``[::1]:8080``; an empty host means every interface.

    Raises ``ValueError`` with a sentence.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"{text!r} is no address to listen on, such as :8080 or 127.0.0.1:8080")
    return match["six"] or match["host"], int(match["port"])


class Server:
    """Answers from the start until ``close``. ``setting`` is the environment variable that ``address`` comes from."""

    def __init__(self, setting: str, address: str, pages: Mapping[str, Callable[[], PlainAnswer]]) -> None:
        self._http = PageServer(open_listener(setting, address), pages)
        self.port: int = self._http.socket.getsockname()[1]
        self._thread = Thread(target=self._http.serve_forever, args=(0.2,), name=setting, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Give up the port in a forked child; the parent keeps it."""
        self._http.socket.close()

    def close(self) -> None:
        """Takes at most a fifth of a second; answers under way are not waited for."""
        self._http.shutdown()
        self._http.server_close()


def open_listener(setting: str, address: str) -> socket.socket:
    """Raises ``CannotListen``."""
    try:
        host, port = parse_address(address)
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except ValueError as error:
        raise CannotListen(f"{setting}: {error}") from None
    except OSError as error:
        # create_server adds the address, which the setting already shows.
        reason = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise CannotListen(f"{setting}={address}: cannot listen there ({reason}); set another address") from error


class PageServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Bounds the connections: where there are too many, the oldest that has not sent its request makes room, so that
    who holds many of them shuts nobody out."""

    daemon_threads = True
    request_queue_size = 32
    most = 32
    """Connections at once: each has a thread."""
    head_seconds = 5.0
    """For a request as a whole."""

    def __init__(self, listening: socket.socket, pages: Mapping[str, Callable[[], PlainAnswer]]) -> None:
        # Not http.server.HTTPServer, which looks its own name up in the DNS before it answers.
        super().__init__(listening.getsockname()[:2], PageRequest, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pages = pages
        self._opened: dict[socket.socket, float] = {}  # when, or ANSWERING
        self._lock = Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            has_room = len(self._opened) < self.most or self._end_oldest(inf)
            if has_room:
                self._opened[request] = time.monotonic()
        if has_room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def note_request(self, request: socket.socket) -> None:
        """It has come as a whole."""
        with self._lock:
            if request in self._opened:
                self._opened[request] = ANSWERING

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._opened.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called five times a second."""
        with self._lock:
            while self._end_oldest(time.monotonic() - self.head_seconds):
                pass

    def _end_oldest(self, before: float) -> bool:
        """Of those without a whole request that were opened before that moment; False where there is none."""
        request = min(self._opened, key=self._opened.__getitem__, default=None)
        if request is None or self._opened[request] >= before:
            return False
        del self._opened[request]
        with suppress(OSError):  # its thread, which waits for more, sees the end of it
            request.shutdown(socket.SHUT_RDWR)
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            log.exception("an HTTP request could not be answered")


class PageRequest(BaseHTTPRequestHandler):
    server: PageServer
    timeout = 5
    server_version = "catalyst-dns-sync"
    sys_version = ""

    def parse_request(self) -> bool:
        is_whole = super().parse_request()
        self.server.note_request(self.connection)
        return is_whole

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"There is {', '.join(self.server.pages)}.")
            return
        answer = page()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Probes and scrapes come every few seconds: no line for each."""
