"""What a server, a proxy or a network can answer, over real sockets."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import logging
import shutil
import ssl
import subprocess
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from syncer.config import TechnitiumConfig
from syncer.errors import TargetRefused, TargetUnreachable
from syncer.pacing import RateLimit
from syncer.targets.technitium.client import ServerSaid, TechnitiumClient

TOKEN = "5ec2e7" * 10
OK = b'{"response":{"zones":[]},"server":"ns1.test","status":"ok"}'


@dataclass
class Answering:
    """A server that gives the same answer to everything, and remembers what it was asked."""

    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    body: bytes = OK
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    needs_form: bool = False
    connections: int = 0
    hangs: threading.Event | None = None


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()
    yield from _serve(answering, None)


def _serve(answering: Answering, context: ssl.SSLContext | None) -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            answering.connections += 1
            super().setup()

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answering.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}, sent))
            if answering.hangs:
                answering.hangs.wait(5)
            body = answering.body
            if answering.needs_form and b"token=" not in sent:
                body = (
                    b'{"status":"error","errorMessage":"Parameter \\u0027token\\u0027 missing.","stackTrace":"at ..."}'
                )
            self.send_response(answering.status)
            for key, value in {"Content-Type": answering.content_type, **answering.headers}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that hangs up on our certificate

    http = Server(("127.0.0.1", 0), Handler)
    if context:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    answering.url = f"{'https' if context else 'http'}://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    yield answering
    http.shutdown()
    http.server_close()
    thread.join()


def make_client(server: Answering, **settings: object) -> TechnitiumClient:
    config = TechnitiumConfig(server.url, TOKEN, rate_limit=1000, **settings)  # type: ignore[arg-type]
    return TechnitiumClient(config, RateLimit(1000), lambda *seen: None)


def complaint(server: Answering, kind: type[Exception], **settings: object) -> str:
    with pytest.raises(kind) as caught:
        make_client(server, **settings).call("/api/zones/list", {})
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None or TOKEN not in str(caught.value.__cause__)
    return str(caught.value)


def test_the_token_goes_in_the_header_and_one_connection_is_kept(server: Answering) -> None:
    client = make_client(server)
    for _ in range(3):
        assert client.call("/api/zones/list", {"node": "ns1"}) == {"zones": []}
    assert server.connections == 1
    path, headers, body = server.seen[0]
    assert (path, headers["authorization"], body) == ("/api/zones/list", f"Bearer {TOKEN}", b"node=ns1")


def test_what_is_closed_leaves_no_connection(server: Answering) -> None:
    client = make_client(server)
    for _ in range(2):
        client.call("/api/zones/list", {})
        client.close()
    assert server.connections == 2


def test_an_old_server_gets_the_token_as_a_form_field_and_never_in_the_url(server: Answering) -> None:
    server.needs_form = True
    client = make_client(server)
    assert client.call("/api/zones/list", {}) == {"zones": []}
    client.import_lines("a.talos00. 60 IN A 10.0.0.1 ;m\n", {"zone": "talos00"})
    client.call("/api/zones/list", {})
    assert [TOKEN.encode() in body for _, _, body in server.seen] == [False, True, True, True]
    assert all(TOKEN not in path for path, _, _ in server.seen)
    assert b"records=a.talos00." in server.seen[2][2]


def test_an_import_names_its_content_type_exactly(server: Answering) -> None:
    make_client(server).import_lines("a.talos00. 60 IN A 10.0.0.1 ;m\n", {"node": "ns1", "zone": "talos00"})
    path, headers, body = server.seen[0]
    assert path == "/api/zones/import?node=ns1&zone=talos00&overwrite=true"
    assert headers["content-type"] == "text/plain"
    assert body == b"a.talos00. 60 IN A 10.0.0.1 ;m\n"


def test_a_netrc_file_does_not_replace_the_token(
    server: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login nas password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    make_client(server).call("/api/zones/list", {})
    assert server.seen[0][1]["authorization"] == f"Bearer {TOKEN}"


def test_a_refusal_comes_in_the_servers_words(server: Answering) -> None:
    server.body = (
        b'{"status":"error","errorMessage":"It failed to parse.","innerErrorMessage":"An invalid IP address."}'
    )
    assert complaint(server, ServerSaid) == "It failed to parse. (An invalid IP address.)"


def test_a_token_that_is_no_longer_good_says_what_to_do(server: Answering) -> None:
    server.body = b'{"server":"ns1","status":"invalid-token","errorMessage":"Invalid token or session expired."}'
    assert "DNS_API_TOKEN" in complaint(server, TargetRefused)


def test_a_server_that_echoes_the_token_does_not_get_it_into_our_messages(server: Answering) -> None:
    server.body = b'{"status":"error","errorMessage":"no such token: ' + TOKEN.encode() + b'"}'
    assert complaint(server, ServerSaid) == "no such token: [hidden]"


def test_a_password_in_the_url_is_for_what_stands_before_the_server(server: Answering) -> None:
    server.url = server.url.replace("http://", "http://nas:hunter2@")
    make_client(server).call("/api/zones/list", {})
    (_, headers, _), *_ = server.seen
    assert headers["authorization"] == "Basic " + base64.b64encode(b"nas:hunter2").decode()


def test_a_redirect_is_refused_and_says_where_to(server: Answering) -> None:
    server.status, server.body = 307, b""
    server.headers = {"Location": "https://ns1.test:53443/api/zones/list"}
    said = complaint(server, TargetRefused)
    assert said == "the server redirects to https://ns1.test:53443: set DNS_SERVER_URL to that"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "content_type", "body", "says"),
    [
        (502, "text/html", b"<html><h1>Bad Gateway</h1></html>", "a proxy answered 502 with HTML"),
        (200, "text/html", b"<!doctype html><html>Log in</html>", "a proxy answered 200 with HTML"),
        (502, "text/html", b"", "answered 502 with nothing"),
        (404, "text/plain", b"", "answered 404 with nothing"),
        (200, "application/json", b"", "answered 200 with nothing"),
        (503, "text/plain", b"upstream is away", "answered 503 without JSON"),
        (200, "application/json", b'{"response":{"zo', "answered 200 without JSON"),
        (200, "application/json", b"[]", "answered 200 without JSON"),
    ],
)
def test_what_is_no_answer_of_technitium_is_said_to_be_none(
    server: Answering, status: int, content_type: str, body: bytes, says: str
) -> None:
    server.status, server.content_type, server.body = status, content_type, body
    assert says in complaint(server, TargetUnreachable)
    with pytest.raises(TargetUnreachable):
        read_records(make_client(server))


def read_records(client: TechnitiumClient) -> None:
    with client.stream("/api/zones/records/get", {}) as chunks:
        client.raise_refusal(b"".join(chunks).decode())


def test_a_server_that_never_answers_is_given_up(server: Answering) -> None:
    server.hangs = threading.Event()
    try:
        assert "did not answer within 0.2 s" in complaint(server, TargetUnreachable, timeout=0.2)
    finally:
        server.hangs.set()


def test_whoever_must_show_signs_of_life_is_called_while_a_server_is_waited_for(server: Answering) -> None:
    server.hangs = threading.Event()
    heard: list[None] = []
    config = TechnitiumConfig(server.url, TOKEN, timeout=1.3)
    client = TechnitiumClient(config, RateLimit(1000), lambda *seen: None, lambda: heard.append(None))
    try:
        with pytest.raises(TargetUnreachable):
            client.call("/api/zones/list", {})
    finally:
        server.hangs.set()
    assert len(heard) >= 2


def test_a_redirect_to_what_is_no_address_is_refused_in_a_sentence(server: Answering) -> None:
    server.status, server.body, server.headers = 307, b"", {"Location": "http://[x"}
    said = complaint(server, TargetRefused)
    assert said == "the server redirects to an address that is none: set DNS_SERVER_URL to that"


def test_the_body_of_a_redirect_is_bounded_like_any(server: Answering) -> None:
    server.status, server.body = 307, gzip.compress(b" " * 50_000_000)
    server.headers = {"Location": "https://ns1.test", "Content-Encoding": "gzip"}
    tracemalloc.start()
    try:
        said = complaint(server, TargetUnreachable)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said.endswith("answered with more than 6 MB: is this Technitium?")
    assert peak < 12_000_000


def test_no_cookie_is_kept(server: Answering) -> None:
    server.headers = {"Set-Cookie": f"a={'x' * 1000}"}
    client = make_client(server)
    for _ in range(2):
        client.call("/api/zones/list", {})
    assert "cookie" not in server.seen[1][1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": ", ".join(["gzip"] * 50)},
        {"Content-Encoding": "deflate"},
        {"Transfer-Encoding": "chunked"},
        {"X-Long": "x" * 70_000},
    ],
    ids=["gzip", "gzips", "deflate", "chunked", "long"],
)
def test_what_http_does_not_allow_is_a_server_that_does_not_answer(server: Answering, headers: dict[str, str]) -> None:
    server.headers = headers
    assert len(complaint(server, TargetUnreachable, timeout=1.0)) < 500


def test_a_server_that_is_not_there_is_named_with_the_systems_reason() -> None:
    nobody = Answering(url="http://nas:hunter2@127.0.0.1:1")
    said = complaint(nobody, TargetUnreachable)
    assert said == "http://127.0.0.1:1 cannot be reached: Connection refused"


def test_a_token_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(TargetRefused, match="DNS_API_TOKEN") as caught:
        TechnitiumClient(TechnitiumConfig("http://127.0.0.1:1", TOKEN + "\n"), RateLimit(10), lambda *seen: None)
    assert TOKEN not in str(caught.value)


def test_every_request_is_observed_and_logged_without_the_token(
    server: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[tuple[str, str, str, float]] = []
    config = TechnitiumConfig(server.url, TOKEN)
    TechnitiumClient(config, RateLimit(1000), lambda *request: seen.append(request)).call("/api/zones/list", {})
    gone = TechnitiumConfig("http://127.0.0.1:1", TOKEN)
    with pytest.raises(TargetUnreachable):
        TechnitiumClient(gone, RateLimit(1000), lambda *request: seen.append(request)).call("/api/zones/list", {})
    assert [(path, method, status) for path, method, status, _ in seen] == [
        ("/api/zones/list", "POST", "200"),
        ("/api/zones/list", "POST", "error"),
    ]
    assert all(seconds >= 0 for *_, seconds in seen)
    assert TOKEN not in caplog.text
    assert "POST /api/zones/list: 200" in caplog.text


def make_certificate(folder: Path, *options: str) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ns1.test -keyout key.pem -out cert.pem"
    subprocess.run([*command.split(), *options], cwd=folder, check=True, capture_output=True, timeout=60)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Self-signed and without any name in it, as Technitium makes it when it listens on all addresses."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[Answering]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from _serve(Answering(), context)


def fingerprint(certificate: Path) -> str:
    pem = certificate.read_text().partition("-----BEGIN CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[1] + pem[2])).hexdigest()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: Answering) -> None:
    said = complaint(tls_server, TargetUnreachable)
    assert "is not trusted: it is signed by itself" in said
    assert said.endswith("DNS_API_CA_FILE gives an authority, DNS_API_TLS_FINGERPRINT trusts it as it is")
    assert not tls_server.seen


def test_the_address_of_the_http_port_spelled_with_https_is_told_from_a_bad_certificate(server: Answering) -> None:
    wrong = TechnitiumConfig(server.url.replace("http:", "https:"), TOKEN, rate_limit=1000)
    with pytest.raises(TargetUnreachable) as caught:
        TechnitiumClient(wrong, RateLimit(1000), lambda *seen: None).call("/api/zones/list", {})
    said = str(caught.value)
    assert "does not speak TLS: is that the HTTP port (5380" in said


def test_a_pinned_certificate_is_trusted_whatever_names_it_carries(tls_server: Answering, certificate: Path) -> None:
    plain = fingerprint(certificate)
    colons = ":".join(plain[i : i + 2] for i in range(0, 64, 2)).upper()
    for spelling in (plain, colons):
        assert make_client(tls_server, fingerprint=spelling).call("/api/zones/list", {}) == {"zones": []}


def test_another_certificate_than_the_pinned_one_is_refused(tls_server: Answering) -> None:
    said = complaint(tls_server, TargetUnreachable, fingerprint="ab" * 32)
    assert said.endswith("does not have the fingerprint in DNS_API_TLS_FINGERPRINT")
    assert not tls_server.seen


def test_a_certificate_file_vouches_for_the_server_only_with_a_name_that_fits(
    tls_server: Answering, certificate: Path
) -> None:
    said = complaint(tls_server, TargetUnreachable, ca_file=str(certificate))
    assert "is not trusted" in said


def test_a_certificate_file_with_the_servers_address_is_enough(tmp_path: Path) -> None:
    named = make_certificate(tmp_path, "-addext", "subjectAltName=IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(named)
    serving = contextlib.contextmanager(_serve)
    with serving(Answering(), context) as server:
        assert make_client(server, ca_file=str(tmp_path / "cert.pem")).call("/api/zones/list", {}) == {"zones": []}
