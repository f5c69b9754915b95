"""Through which proxy the API server is asked: a real proxy in between, and the rules of HTTPS_PROXY and NO_PROXY."""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.errors import KubernetesError
from syncer.kube.access import Access, Credentials
from syncer.kube.client import ApiServer, Unreachable
from syncer.kube.connect import read_kubeconfig
from syncer.kube.proxy import choose_proxy, is_exempt
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.mint import HOSTS, SIGNS, Mint

NAMESPACES = "/api/v1/namespaces"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

MakeCluster = Callable[..., Cluster]


class Proxy(socketserver.ThreadingTCPServer):
    """Leads every request, tunnelled or not, to ``behind``, and keeps the first line of each."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, behind: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), ProxyRequest)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        host, _, port = behind.rpartition("/")[2].rpartition(":")
        self.behind = host, int(port)
        self.asked: list[str] = []
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class ProxyRequest(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(65536)
        first, _, rest = head.partition(b"\r\n")
        method, target, version = first.split(b" ")
        self.server.asked.append(f"{method.decode()} {target.decode()}")
        with socket.create_connection(self.server.behind) as upstream:
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = b"/" + target.split(b"/", 3)[3]
                upstream.sendall(b"%s %s %s\r\n%s" % (method, path, version, rest))
            back = threading.Thread(target=copy_bytes, args=(upstream, self.request), daemon=True)
            back.start()
            copy_bytes(self.request, upstream)
            back.join()


def copy_bytes(origin: socket.socket, destination: socket.socket) -> None:
    with suppress(OSError):
        while data := origin.recv(65536):
            destination.sendall(data)
    with suppress(OSError):
        destination.shutdown(socket.SHUT_WR)


StartProxy = Callable[..., Proxy]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.fixture
def proxy_before() -> Iterator[StartProxy]:
    started: list[Proxy] = []

    def start(cluster: Cluster, tls: ssl.SSLContext | None = None) -> Proxy:
        started.append(Proxy(cluster.url, tls))
        return started[-1]

    yield start
    for proxy in started:
        proxy.shutdown()
        proxy.server_close()


def ask_namespaces(access: Access) -> str:
    server = ApiServer(access)
    try:
        return str(server.get(NAMESPACES)["kind"])
    finally:
        server.close()


def test_a_proxy_of_the_kubeconfig_is_asked_for_a_tunnel_and_the_certificate_is_still_checked(
    kubernetes_double: MakeCluster, proxy_before: StartProxy
) -> None:
    cluster = kubernetes_double(tls=True)
    proxy = proxy_before(cluster)
    named = replace(read_kubeconfig(str(cluster.kubeconfig)), server="https://api.talos00:6443", proxy=proxy.url)
    with pytest.raises(Unreachable, match=r"its certificate is not trusted: .*api\.talos00"):
        ask_namespaces(named)
    assert ask_namespaces(replace(named, server_name="localhost")) == "NamespaceList"
    assert set(proxy.asked) == {"CONNECT api.talos00:6443"}


@pytest.mark.parametrize("verify", [True, False])
def test_a_proxy_that_speaks_tls_is_verified_by_the_systems_authorities_where_anything_is(
    kubernetes_double: MakeCluster,
    proxy_before: StartProxy,
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    verify: bool,
) -> None:
    cluster = kubernetes_double(tls=True)
    mint = Mint(tmp_path)
    root = mint.make_root(SIGNS)
    proxy = proxy_before(cluster, mint.sign(root, HOSTS).make_context())
    access = replace(read_kubeconfig(str(cluster.kubeconfig)), proxy=proxy.url, verify=verify)
    if verify:
        with pytest.raises(Unreachable, match="the certificate of the proxy is not trusted: no authority that we know"):
            ask_namespaces(access)
        environment.setenv("SSL_CERT_FILE", str(root.certificate))
    assert ask_namespaces(access) == "NamespaceList"


def test_a_proxy_of_the_environment_is_asked(
    kubernetes_double: MakeCluster,
    proxy_before: StartProxy,
    environment: pytest.MonkeyPatch,
) -> None:
    cluster = kubernetes_double(token="right")
    proxy = proxy_before(cluster)
    environment.setenv("HTTP_PROXY", proxy.url)
    access = replace(read_kubeconfig(str(cluster.kubeconfig)), server="http://api.talos00")
    assert ask_namespaces(access) == "NamespaceList"
    assert proxy.asked == [f"GET http://api.talos00{NAMESPACES}"]


@pytest.mark.double_only
def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    kubernetes: Cluster, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert ask_namespaces(Access(kubernetes.url, Credentials())) == "NamespaceList"
    with pytest.raises(Unreachable, match="Connection refused"):
        ask_namespaces(Access("http://api.talos00", Credentials()))


@pytest.mark.parametrize(
    ("server", "configured", "variables", "chosen"),
    [
        ("https://api.talos00", None, {}, ""),
        ("https://api.talos00", None, {"HTTPS_PROXY": "http://a"}, "http://a"),
        ("https://api.talos00", None, {"https_proxy": "http://a"}, "http://a"),
        ("https://api.talos00", None, {"HTTP_PROXY": "http://a"}, ""),
        ("https://api.talos00", None, {"ALL_PROXY": "http://a"}, "http://a"),
        ("https://api.talos00", None, {"ALL_PROXY": "http://a", "HTTPS_PROXY": "http://b"}, "http://b"),
        ("https://api.talos00", None, {"HTTPS_PROXY": "http://a", "NO_PROXY": ".talos00"}, ""),
        ("https://api.talos00", "http://c", {"HTTPS_PROXY": "http://a"}, "http://c"),
        ("https://api.talos00", "http://c", {"NO_PROXY": "talos00"}, ""),
        ("https://api.talos00", "", {"HTTPS_PROXY": "http://a"}, ""),
        ("https://[::1]:6443", None, {"HTTPS_PROXY": "http://a"}, ""),
        ("https://localhost:6443", None, {"HTTPS_PROXY": "http://a"}, ""),
        ("https://localhost:6443", "http://c", {}, "http://c"),
    ],
)
def test_the_kubeconfig_is_asked_for_a_proxy_before_the_environment(
    environment: pytest.MonkeyPatch, server: str, configured: str | None, variables: dict[str, str], chosen: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    assert choose_proxy(server, configured) == chosen


@pytest.mark.parametrize(
    ("no_proxy", "exempt"),
    [
        ("", False),
        (" , ", False),
        (".", False),
        ("*", True),
        ("talos00", True),
        (" .TALOS00 ", True),
        ("alos00", False),
        ("other, api.talos00", True),
        ("api.talos00:6443", True),
        ("api.talos00:443", False),
        ("10.0.0.0/8", False),
    ],
)
def test_no_proxy_exempts_a_name_and_what_is_below_it(no_proxy: str, exempt: bool) -> None:
    assert is_exempt("https://api.talos00:6443", no_proxy) is exempt


@pytest.mark.parametrize(
    ("server", "no_proxy", "exempt"),
    [
        ("https://10.0.0.1:6443", "10.0.0.0/8", True),
        ("https://10.0.0.1:6443", "10.0.0.1", True),
        ("https://10.0.0.1:6443", "192.168.0.0/16", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_exempts_a_network(server: str, no_proxy: str, exempt: bool) -> None:
    assert is_exempt(server, no_proxy) is exempt


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.DependencyWarning")
@pytest.mark.parametrize("proxy", ["ftp://proxy", "socks5://proxy:1080", "SOCKS4a://proxy"])
def test_a_proxy_that_cannot_be_used_is_refused(proxy: str) -> None:
    """For SOCKS, urllib3 needs PySocks, which is no dependency of ours."""
    with pytest.raises(KubernetesError, match=f"the proxy {proxy} is not usable"):
        ApiServer(Access("https://api.talos00", Credentials(), proxy=proxy))


@pytest.mark.parametrize("proxy", ["me:geheim@proxy:3128", "ftp://me:geheim@proxy", "me:gehe/im@proxy"])
def test_the_login_at_a_proxy_that_cannot_be_used_is_not_shown(proxy: str) -> None:
    with pytest.raises(KubernetesError, match=r"^the proxy proxy(:3128)? is not usable: ") as told:
        ApiServer(Access("https://api.talos00", Credentials(), proxy=proxy))
    assert not re.search("gehe|im@", str(told.value))
