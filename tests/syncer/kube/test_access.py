"""Identities, how long they are kept, and how a server's certificate is checked."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator

import pytest

from syncer.errors import KubernetesError
from syncer.kube.access import Access, Credentials, Identity, load_certificate
from tests.fakes.kubernetes.certificates import Certificates, make_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make certificates")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


class TlsServer:
    """Tells each client the name in the certificate that it showed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._listening = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._answer_clients, daemon=True)
        self._thread.start()

    def _answer_clients(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            with connection:
                shown = connection.getpeercert() or {}
                names = dict(pair for part in shown.get("subject", ()) for pair in part)  # type: ignore[misc]
                connection.sendall(str(names.get("commonName", "nobody")).encode())

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


@pytest.fixture
def server(certificates: Certificates) -> Iterator[TlsServer]:
    server = TlsServer(certificates.make_context())
    yield server
    server.close()


def greet(context: ssl.SSLContext | None, server: TlsServer, name: str = "127.0.0.1") -> str:
    """Whom the server takes us for."""
    assert context is not None
    with (
        socket.create_connection(("127.0.0.1", server.port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        return connection.recv(100).decode()


def access(ca: str = "", verify: bool = True) -> Access:
    return Access("https://127.0.0.1:6443", Credentials(), ca, verify)


def test_an_identity_does_not_show_its_token() -> None:
    assert "secret" not in repr(Identity("Bearer secret"))


def test_an_identity_is_kept_until_it_expires() -> None:
    now = [1000.0]
    tokens = iter("abc")
    credentials = Credentials(lambda: Identity(next(tokens), expires=now[0] + 60), clock=lambda: now[0])
    assert credentials.current_identity().authorization == "a"
    now[0] += 59
    assert credentials.current_identity().authorization == "a"
    now[0] += 1
    assert credentials.current_identity().authorization == "b"


def test_a_refused_token_is_obtained_again_at_once_but_a_newer_one_is_kept() -> None:
    tokens = iter("abc")
    credentials = Credentials(lambda: Identity(next(tokens)))
    refused = credentials.current_identity()
    credentials.forget_identity(refused)
    assert credentials.current_identity().authorization == "b"
    credentials.forget_identity(refused)
    assert credentials.current_identity().authorization == "b"


def test_an_expired_identity_is_not_used_when_no_new_one_is_to_be_had() -> None:
    now = [1000.0]
    answers = iter([Identity("a", expires=1060.0)])

    def obtain() -> Identity:
        for identity in answers:
            return identity
        raise KubernetesError("the plugin is gone")

    credentials = Credentials(obtain, clock=lambda: now[0])
    credentials.current_identity()
    now[0] += 60
    for _ in range(2):
        with pytest.raises(KubernetesError, match="the plugin is gone"):
            credentials.current_identity()


def test_plain_http_needs_no_certificates() -> None:
    assert Access("http://127.0.0.1:8001", Credentials()).make_tls_context() is None


def test_a_server_whose_authority_we_know_is_trusted_under_its_own_name(
    certificates: Certificates, server: TlsServer
) -> None:
    context = access(certificates.authority.read_text()).make_tls_context()
    assert greet(context, server) == "nobody"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greet(context, server, "kubernetes.default")


def test_a_server_whose_authority_we_do_not_know_is_trusted_only_where_nothing_is_checked(server: TlsServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        greet(access().make_tls_context(), server)
    assert greet(access(verify=False).make_tls_context(), server, "kubernetes.default") == "nobody"


def test_an_authority_that_is_none_is_told_with_its_server() -> None:
    with pytest.raises(
        KubernetesError, match=r"^the certificate authority of https://127\.0\.0\.1:6443 is not usable: "
    ):
        access("no PEM").make_tls_context()


def test_the_server_sees_the_clients_certificate(certificates: Certificates, server: TlsServer) -> None:
    context = access(certificates.authority.read_text()).make_tls_context()
    assert context is not None
    load_certificate(context, certificates.client.read_text() + certificates.client_key.read_text())
    assert greet(context, server) == "admin"


@pytest.mark.parametrize("text", ["", "no PEM"])
def test_a_certificate_that_cannot_be_used_is_told_so(text: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(KubernetesError, match=r"^the client certificate is not usable: "):
        load_certificate(context, text)


def test_an_encrypted_key_is_refused_and_no_one_is_asked_for_its_password(certificates: Certificates) -> None:
    command = ["openssl", "pkey", "-in", str(certificates.client_key), "-aes256", "-passout", "pass:secret"]
    key = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(KubernetesError, match=r"^the client certificate is not usable: its key is encrypted$"):
        load_certificate(context, certificates.client.read_text() + key)
