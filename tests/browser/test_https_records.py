"""A browser that asks our DNS server, over HTTPS as browsers of today do, and what it makes of an HTTPS record."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import pytest
from playwright.sync_api import Error, sync_playwright

from syncer.core.allowed import TargetRules
from syncer.core.kinds import INGRESS
from tests.browser.stack import CHROMIUM
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.mint import Mint
from tests.syncer.zone.engine import ZONE, Engine, ingress

NAME = f"grafana.{ZONE}"


class Resolver(ThreadingHTTPServer):
    """DNS over HTTPS (RFC 8484) in front of a DNS server, and the web server behind all names.

    A browser asks for the addresses and for the HTTPS record at once. It goes on without the record when that is not
    there a moment after the addresses, so those are held back until it is.
    """

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), ResolverRequest)
        self.upstream = upstream
        self.asked: list[tuple[str, str]] = []
        self.visits: list[str] = []
        self.has_told_record = threading.Event()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser closes connections as it likes."""

    def ask(self, query: dns.message.Message) -> bytes:
        host, port = self.upstream
        return dns.query.tcp(query, host, port=port, timeout=5).to_wire()


class ResolverRequest(BaseHTTPRequestHandler):
    server: Resolver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._resolve(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        _, is_query, text = self.path.partition("?dns=")
        if is_query:
            self._resolve(base64.urlsafe_b64decode(text + "=="))
        else:
            self.server.visits.append(self.headers["Host"])
            self._answer("text/plain", b"over TLS")

    def log_message(self, format: str, *args: object) -> None: ...

    def _resolve(self, wire: bytes) -> None:
        query = dns.message.from_wire(wire)
        name, kind = query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype
        self.server.asked.append((name, dns.rdatatype.to_text(kind)))
        is_record = (name, kind) == (NAME, dns.rdatatype.HTTPS)
        if name == NAME and not is_record:
            self.server.has_told_record.wait(5)
        self._answer("application/dns-message", self.server.ask(query))
        if is_record:
            self.server.has_told_record.set()

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def resolver(technitium: ServerUnderTest, tmp_path: Path) -> Iterator[Resolver]:
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    mint = Mint(tmp_path)
    server = Resolver(technitium.dns, mint.sign(mint.make_root()).make_context())
    yield server
    server.shutdown()
    server.server_close()


def publish(technitium: ServerUnderTest, https: str) -> None:
    manifest = ingress("grafana", target="127.0.0.1", https=https)
    engine = Engine(technitium, scope={"targets": TargetRules(loopback=True)})
    engine.put_object(INGRESS, manifest)
    engine.settle()
    engine.close()
    assert technitium.ask(NAME) == ["127.0.0.1"]


def visit(resolver: Resolver, profile: Path) -> list[str]:
    """Where a browser with a fresh profile goes that is told ``http://`` and the name."""
    secure = {"mode": "secure", "templates": f"https://127.0.0.1:{resolver.port}/dns-query"}
    profile.mkdir()
    (profile / "Local State").write_text(json.dumps({"dns_over_https": secure}))
    # No test may listen on port 443, and nobody is to listen on port 80.
    arguments = ["--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"]
    arguments.append(f"--testing-fixed-https-port={resolver.port}")
    requests: list[str] = []
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=arguments, ignore_https_errors=True
        )
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("response", lambda response: requests.append(str(response.status)))
        try:
            page.goto(f"http://{NAME}/")
            requests.append(page.inner_text("body"))
        except Error as error:
            requests.append(error.message.partition(" at ")[0])
        context.close()
    return requests


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.django_db
@pytest.mark.one_database
def test_the_first_request_goes_over_tls(technitium: ServerUnderTest, resolver: Resolver, tmp_path: Path) -> None:
    publish(technitium, "true")
    went = visit(resolver, tmp_path / "profile")
    assert (NAME, "HTTPS") in resolver.asked
    # The browser itself sends the 307: nothing has left the machine by then.
    assert went == [f"http://{NAME}/", "307", f"https://{NAME}/", "200", "over TLS"]
    assert NAME in resolver.visits


@pytest.mark.django_db
@pytest.mark.one_database
def test_without_the_record_it_goes_in_plain(technitium: ServerUnderTest, resolver: Resolver, tmp_path: Path) -> None:
    if is_taken(80):
        pytest.skip("something listens on port 80")
    publish(technitium, "false")
    went = visit(resolver, tmp_path / "profile")
    assert (NAME, "HTTPS") in resolver.asked
    assert went == [f"http://{NAME}/", "Page.goto: net::ERR_CONNECTION_REFUSED"]
    assert NAME not in resolver.visits
