"""Which certificates the clients of both servers accept, and what they say of the others, over real sockets."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from syncer.config import TechnitiumConfig
from syncer.errors import TargetUnreachable
from syncer.kube.access import Access, Credentials
from syncer.kube.client import ApiServer, Unreachable
from syncer.pacing import RateLimit
from syncer.targets.technitium.client import TechnitiumClient, Untrusted
from syncer.tls import explain_distrust, make_context
from tests.fakes.mint import AUTHORITY, AUTHORITY_KEY, EXPIRED, HOSTS, SERVER, SIGNS, SUBJECT_KEY, USAGE, Mint, Pair

ANSWER = b'{"status":"ok","response":{"zones":[]}}'


class Scene(NamedTuple):
    """What the server shows, and what the client is given as its authority."""

    shown: Pair
    given: Path


def show_leaf(mint: Mint, authority: Pair, *extensions: str) -> Scene:
    return Scene(mint.sign(authority, *extensions), authority.certificate)


def show_chain(
    mint: Mint, *middle: str, given: str = "root", sent: bool = True, days: int = 30, leaf_days: int = 30
) -> Scene:
    """Root, intermediate, leaf; ``given`` is the one that the client knows."""
    root = mint.make_root()
    intermediate = mint.sign(root, *(middle or (*AUTHORITY, AUTHORITY_KEY)), days=days)
    leaf = mint.sign(intermediate, days=leaf_days)
    known = {"root": root, "intermediate": intermediate, "leaf": leaf}[given]
    return Scene(leaf._replace(between=(intermediate.certificate,) if sent else ()), known.certificate)


def show_root(mint: Mint, *extensions: str) -> Scene:
    root = mint.make_root(*extensions)
    return Scene(root, root.certificate)


def show_to_a_stranger(mint: Mint, shown: Pair) -> Scene:
    return Scene(shown, mint.make_root().certificate)


Make = Callable[[Mint], Scene]

TO_THE_LETTER: dict[str, Make] = {
    "all that RFC 5280 asks for": lambda mint: show_leaf(mint, mint.make_root()),
    "a chain through an intermediate": show_chain,
}
LAX: dict[str, Make] = {
    "an authority without key usage": lambda mint: show_leaf(mint, mint.make_root(SIGNS, SUBJECT_KEY)),
    "an authority without key identifier": lambda mint: show_leaf(mint, mint.make_root(SIGNS, USAGE), HOSTS),
    "an authority whose constraints are not critical": lambda mint: show_leaf(
        mint, mint.make_root("basicConstraints=CA:true", USAGE, SUBJECT_KEY)
    ),
    "a certificate without the identifier of its authority": lambda mint: show_leaf(mint, mint.make_root(), HOSTS),
    "a chain through an intermediate without key usage": lambda mint: show_chain(
        mint, SIGNS, SUBJECT_KEY, AUTHORITY_KEY
    ),
}
GIVEN_ALONE: dict[str, Make] = {
    "an intermediate alone": lambda mint: show_chain(mint, given="intermediate"),
    "an intermediate alone, which is not sent": lambda mint: show_chain(mint, given="intermediate", sent=False),
    "the server's certificate alone": lambda mint: show_chain(mint, given="leaf"),
    "the server's certificate, signed by itself": lambda mint: show_root(mint, HOSTS, SUBJECT_KEY),
}
TRUSTED = TO_THE_LETTER | LAX | GIVEN_ALONE

REFUSED: dict[str, tuple[Make, str]] = {
    "an unknown authority": (
        lambda mint: show_to_a_stranger(mint, mint.sign(mint.make_root())),
        "no authority that we know signed it",
    ),
    "a chain whose root is unknown": (
        lambda mint: show_to_a_stranger(mint, show_chain(mint).shown),
        "no authority that we know signed it",
    ),
    "an intermediate that is not sent": (
        lambda mint: show_chain(mint, sent=False),
        "no authority that we know signed it, or the server does not send the certificates in between",
    ),
    "a certificate signed by itself": (
        lambda mint: show_to_a_stranger(mint, mint.make_root(HOSTS)),
        "it is signed by itself, and is not among the certificates that we trust",
    ),
    "another host": (
        lambda mint: show_leaf(mint, mint.make_root(), "subjectAltName=IP:10.0.0.1,DNS:other.talos00"),
        r"it was made for other names \(.*127\.0\.0\.1",
    ),
    "another host, its certificate given alone": (
        lambda mint: show_root(mint, "subjectAltName=IP:10.0.0.1"),
        r"it was made for other names \(.*127\.0\.0\.1",
    ),
    "a certificate that has expired": (
        lambda mint: show_chain(mint, leaf_days=EXPIRED),
        "it has expired, or that of its authority has",
    ),
    "a certificate that has expired, given alone": (
        lambda mint: show_chain(mint, given="leaf", leaf_days=EXPIRED),
        "it has expired",
    ),
    "an authority that has expired": (
        lambda mint: show_leaf(mint, mint.make_root(days=EXPIRED)),
        "it has expired, or that of its authority has",
    ),
    "an intermediate that has expired, given alone": (
        lambda mint: show_chain(mint, given="intermediate", days=EXPIRED),
        "it has expired, or that of its authority has",
    ),
    "a certificate for clients": (
        lambda mint: show_leaf(mint, mint.make_root(), *SERVER, "extendedKeyUsage=clientAuth"),
        "it was not made for a server",
    ),
    "an authority that may not sign": (
        lambda mint: show_leaf(mint, mint.make_root(SIGNS, "keyUsage=critical,digitalSignature", SUBJECT_KEY)),
        "it is signed by a certificate that may not sign others",
    ),
    "an intermediate that is none": (
        lambda mint: show_chain(mint, "basicConstraints=critical,CA:false", SUBJECT_KEY, AUTHORITY_KEY),
        "it is signed by a certificate that may not sign others",
    ),
    "an authority for other names": (
        lambda mint: show_leaf(
            mint, mint.make_root(*AUTHORITY, "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0")
        ),
        "permitted subtree violation",
    ),
}


@contextmanager
def serve(shown: Pair) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...  # a client that hangs up on our certificate

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = shown.make_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def ask_api_server(url: str, ca_file: Path | None) -> None:
    server = ApiServer(Access(url, Credentials(), ca_file.read_text() if ca_file else "", proxy=""))
    assert server.get("/version")["status"] == "ok"


def make_technitium(url: str, ca_file: Path | None) -> TechnitiumClient:
    config = TechnitiumConfig(url, "token", ca_file=str(ca_file or ""), rate_limit=1000)
    return TechnitiumClient(config, RateLimit(1000), lambda *_: None)


def ask_technitium(url: str, ca_file: Path | None) -> None:
    assert make_technitium(url, ca_file).call("/api/zones/list", {}) == {"zones": []}


def ask_with_curl(url: str, ca_file: Path) -> None:
    subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", ca_file, url], check=True, capture_output=True)


def ask_with_kubectl(url: str, ca_file: Path) -> None:
    options = [f"--server={url}", f"--certificate-authority={ca_file}", "--kubeconfig=/dev/null", "--token=token"]
    subprocess.run(["kubectl", *options, "get", "--raw", "/version"], check=True, capture_output=True)


every_client = pytest.mark.parametrize("ask", [ask_api_server, ask_technitium])


class Theatre:
    """Makes each scene once."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._made: dict[str, Scene] = {}

    def set_scene(self, name: str) -> Scene:
        if name not in self._made:
            make = TRUSTED[name] if name in TRUSTED else REFUSED[name][0]
            self._made[name] = make(self._mint)
        return self._made[name]


@pytest.fixture(scope="module")
def mint(tmp_path_factory: pytest.TempPathFactory) -> Mint:
    return Mint(tmp_path_factory.mktemp("mint"))


@pytest.fixture(scope="module")
def theatre(mint: Mint) -> Theatre:
    return Theatre(mint)


@every_client
@pytest.mark.parametrize("name", TRUSTED)
def test_it_connects_with(theatre: Theatre, ask: Callable[[str, Path], None], name: str) -> None:
    scene = theatre.set_scene(name)
    with serve(scene.shown) as url:
        ask(url, scene.given)


@every_client
@pytest.mark.parametrize("name", REFUSED)
def test_it_says_why_it_refuses(theatre: Theatre, ask: Callable[[str, Path], None], name: str) -> None:
    scene = theatre.set_scene(name)
    _, reason = REFUSED[name]
    with serve(scene.shown) as url, pytest.raises((Unreachable, Untrusted), match=f"is not trusted: {reason}"):
        ask(url, scene.given)


@pytest.mark.parametrize("ask", [ask_with_curl, ask_with_kubectl])
@pytest.mark.parametrize("name", [*TRUSTED, *REFUSED])
def test_kubectl_and_curl_decide_alike(theatre: Theatre, ask: Callable[[str, Path], None], name: str) -> None:
    program = ask.__name__.rpartition("_")[2]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    scene = theatre.set_scene(name)
    with serve(scene.shown) as url:
        if name in TRUSTED:
            ask(url, scene.given)
        else:
            with pytest.raises(subprocess.CalledProcessError):
                ask(url, scene.given)


@pytest.mark.parametrize("name", TO_THE_LETTER | LAX)
def test_the_strict_check_of_python_3_13_takes_what_keeps_to_the_letter_alone(theatre: Theatre, name: str) -> None:
    """So that these certificates are what their names say, whatever version of openssl made them."""
    scene = theatre.set_scene(name)
    context = make_context(ca_file=str(scene.given))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server, client = (ssl.MemoryBIO() for _ in range(2))
    shaking = [
        scene.shown.make_context().wrap_bio(client, server, server_side=True),
        context.wrap_bio(server, client, server_hostname="127.0.0.1"),
    ]

    def shake_hands() -> None:
        while shaking:
            for side in list(shaking):
                try:
                    side.do_handshake()
                    shaking.remove(side)
                except ssl.SSLWantReadError:
                    pass

    if name in TO_THE_LETTER:
        shake_hands()
    else:
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands()


@every_client
def test_a_common_name_is_no_host_name(mint: Mint, ask: Callable[[str, Path], None]) -> None:
    """kubectl and urllib3 say so too, curl does not."""
    root = mint.make_root()
    with serve(mint.sign(root, AUTHORITY_KEY, name="localhost")) as url, pytest.raises((Unreachable, Untrusted)):
        ask(url.replace("127.0.0.1", "localhost"), root.certificate)


@every_client
def test_the_systems_authorities_count_where_none_is_given(
    mint: Mint, ask: Callable[[str, Path | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, others = mint.make_root(SIGNS, SUBJECT_KEY), mint.make_root()
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.certificate))
    with serve(mint.sign(ours)) as url:
        ask(url, None)
        with pytest.raises((Unreachable, Untrusted), match="no authority that we know"):
            ask(url, others.certificate)


@every_client
def test_what_is_written_around_a_certificate_may_be_anything(mint: Mint, ask: Callable[[str, Path], None]) -> None:
    root, others = mint.make_root(), mint.make_root()
    bundle = root.certificate.with_name("bundle.crt")
    bundle.write_text(f"# Büro\n{others.certificate.read_text()}\n# Küche\n{root.certificate.read_text()}")
    with serve(mint.sign(root)) as url:
        ask(url, bundle)


def test_a_ca_file_is_read_again_for_each_connection(mint: Mint) -> None:
    old, new = mint.make_root(), mint.make_root()
    file = old.certificate.with_name("ca.crt")
    with serve(mint.sign(new)) as url:
        client = make_technitium(url, file)
        for text, complaint in [
            (None, f"{file} in DNS_API_CA_FILE cannot be used: No such file or directory"),
            ("half", f"{file} in DNS_API_CA_FILE cannot be used: no certificate can be read from it"),
            (old.certificate.read_text(), "no authority that we know"),
        ]:
            if text is not None:
                file.write_text(text)
            with pytest.raises(TargetUnreachable, match=complaint):
                client.call("/api/zones/list", {})
        file.write_text(new.certificate.read_text())
        assert client.call("/api/zones/list", {}) == {"zones": []}


def test_a_reason_without_a_sentence_is_told_in_openssls_words() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = 68, "CA signature digest algorithm too weak"
    assert explain_distrust(error) == "CA signature digest algorithm too weak"


def test_the_end_of_a_certificate_is_known_once_it_was_verified(theatre: Theatre) -> None:
    scene = theatre.set_scene("a chain through an intermediate")
    with serve(scene.shown) as url:
        client = make_technitium(url, scene.given)
        assert client.certificate_ends == 0
        client.call("/api/zones/list", {})
        show = ["openssl", "x509", "-noout", "-enddate", "-in", scene.shown.certificate]
        told = subprocess.run(show, check=True, capture_output=True, text=True).stdout.strip()
        assert client.certificate_ends == ssl.cert_time_to_seconds(told.removeprefix("notAfter="))
