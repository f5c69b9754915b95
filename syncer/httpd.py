"""The small HTTP server of the metrics and of the health probes: fixed paths, GET only, a thread for each request."""

from __future__ import annotations

import logging
import re
import socket
import socketserver
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any, NamedTuple

from syncer.errors import SyncError

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:\[\]/]*)):(?P<port>\d{1,5})", re.ASCII)


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
        self._http = PageServer(listen(setting, address), pages)
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


def listen(setting: str, address: str) -> socket.socket:
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
    daemon_threads = True
    request_queue_size = 32

    def __init__(self, listening: socket.socket, pages: Mapping[str, Callable[[], PlainAnswer]]) -> None:
        # Not http.server.HTTPServer, which looks its own name up in the DNS before it answers.
        super().__init__(listening.getsockname()[:2], PageRequest, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pages = pages

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            log.exception("an HTTP request could not be answered")


class PageRequest(BaseHTTPRequestHandler):
    server: PageServer
    timeout = 5
    server_version = "catalyst-dns-sync"
    sys_version = ""

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
