"""The one client of the API server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.kube.access import Access, Credentials, Identity
from syncer.kube.client import ApiError, ApiServer, Silence, Unreachable
from syncer.kube.connect import read_kubeconfig, read_service_account
from tests.fakes.kubernetes.cluster import Cluster

MakeCluster = Callable[..., Cluster]

NAMESPACES = "/api/v1/namespaces"


@pytest.fixture
def server(kubernetes: Cluster) -> Iterator[ApiServer]:
    api = ApiServer(read_kubeconfig(str(kubernetes.kubeconfig)), timeout=2.0)
    yield api
    api.close()


@pytest.fixture
def tls(kubernetes_double: MakeCluster) -> Cluster:
    return kubernetes_double(tls=True)


@pytest.fixture
def stream() -> Iterator[Callable[[list[bytes]], ApiServer]]:
    """A server that answers one request with these chunks and then says no more."""
    listeners: list[socket.socket] = []

    def serve(chunks: list[bytes]) -> ApiServer:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            listeners.append(connection)
            with suppress(OSError):  # the client left, or the test is over
                for chunk in chunks:
                    connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))

        threading.Thread(target=run, daemon=True).start()
        return ApiServer(Access(f"http://127.0.0.1:{listener.getsockname()[1]}", Credentials()))

    yield serve
    for listener in listeners:
        listener.close()


def test_it_gives_the_object_of_an_answer(server: ApiServer) -> None:
    assert server.get(NAMESPACES, {"limit": "1"})["kind"] == "NamespaceList"


@pytest.mark.double_only
def test_it_writes_patches_and_deletes(server: ApiServer) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "syncer"},
        "spec": {"holderIdentity": "a"},
    }
    server.send("POST", path, lease)
    merge = {"spec": {"holderIdentity": "b"}}
    patched = server.send("PATCH", f"{path}/syncer", merge, content_type="application/merge-patch+json")
    assert patched["spec"]["holderIdentity"] == "b"
    stale = patched | {"metadata": patched["metadata"] | {"resourceVersion": "1"}}
    with pytest.raises(ApiError) as conflict:
        server.send("PUT", f"{path}/syncer", stale)
    assert conflict.value.status == 409
    server.send("DELETE", f"{path}/syncer")
    with pytest.raises(ApiError) as missing:
        server.get(f"{path}/syncer")
    assert missing.value.status == 404


@pytest.mark.double_only
def test_a_refusal_carries_its_status_and_how_long_to_wait(kubernetes: Cluster, server: ApiServer) -> None:
    kubernetes.faults.status(429, retry_after=7)
    with pytest.raises(ApiError, match="answered GET /api/v1/namespaces with 429") as refusal:
        server.get(NAMESPACES)
    assert (refusal.value.status, refusal.value.retry_after) == (429, 7.0)


@pytest.mark.double_only
def test_it_does_not_follow_a_redirect(kubernetes: Cluster, server: ApiServer) -> None:
    kubernetes.faults.status(307)
    with pytest.raises(ApiError) as refusal:
        server.get(NAMESPACES)
    assert refusal.value.status == 307


@pytest.mark.double_only
@pytest.mark.parametrize("page", ["<html>log in</html>", "[]", "", "[" * 100_000])
def test_a_page_of_a_proxy_is_no_answer(kubernetes: Cluster, server: ApiServer, page: str) -> None:
    kubernetes.faults.body(page, code=200)
    with pytest.raises(Unreachable, match="does not answer like an API server"):
        server.get(NAMESPACES)


def test_a_new_token_is_read_when_the_old_one_is_refused(kubernetes_double: MakeCluster) -> None:
    tokens = iter(["old", "new", "unused"])
    access = Access(kubernetes_double(token="new").url, Credentials(lambda: Identity(f"Bearer {next(tokens)}")))
    assert ApiServer(access).get(NAMESPACES)["kind"] == "NamespaceList"
    assert next(tokens) == "unused"


def test_a_token_that_stays_refused_is_an_error_without_the_token_in_it(kubernetes_double: MakeCluster) -> None:
    server = ApiServer(Access(kubernetes_double(token="right").url, Credentials(lambda: Identity("Bearer hunter2"))))
    with pytest.raises(ApiError, match="does not accept our credentials") as refusal:
        server.get(NAMESPACES)
    assert refusal.value.status == 401
    assert "hunter2" not in str(refusal.value)


def test_a_token_that_no_header_can_hold_is_an_error() -> None:
    server = ApiServer(Access("http://127.0.0.1:1", Credentials(lambda: Identity("Bearer a\nb"))))
    with pytest.raises(Unreachable, match="cannot reach"):
        server.get(NAMESPACES)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "cannot reach the API server at http://127.0.0.1:1: Connection refused"),
        ("https://127.0.0.1:1", "Connection refused"),
        ("http://nowhere.invalid", "Name or service not known|name resolution"),
    ],
)
def test_it_says_in_a_sentence_why_nobody_answers(url: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        ApiServer(Access(url, Credentials(), proxy="")).get(NAMESPACES)


@pytest.mark.double_only
def test_a_server_that_accepts_and_never_answers_is_given_up(kubernetes: Cluster) -> None:
    kubernetes.faults.freeze()
    server = ApiServer(Access(kubernetes.url, Credentials()), timeout=0.2)
    with pytest.raises(Unreachable, match="no answer in time"):
        server.get(NAMESPACES)


def test_a_pod_gets_in_with_its_service_account(kubernetes_double: MakeCluster, tmp_path: Path) -> None:
    double = kubernetes_double(tls=True, token="pod")
    (tmp_path / "token").write_text("pod\n")
    (tmp_path / "ca.crt").write_text(read_kubeconfig(str(double.kubeconfig)).ca)
    port = double.url.rpartition(":")[2]
    access = read_service_account({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}, tmp_path)
    assert ApiServer(access).get(NAMESPACES)["kind"] == "NamespaceList"


def test_a_client_certificate_of_a_kubeconfig_is_shown(tls: Cluster) -> None:
    assert ApiServer(read_kubeconfig(str(tls.kubeconfig))).get(NAMESPACES)["kind"] == "NamespaceList"


def test_another_client_certificate_is_shown_on_new_connections(tls: Cluster) -> None:
    access = read_kubeconfig(str(tls.kubeconfig))
    shown = access.credentials.current_identity().certificate
    identities = iter([Identity(expires=0), Identity(certificate=shown, expires=0)])
    server = ApiServer(replace(access, credentials=Credentials(lambda: next(identities))))
    # The first identity is refused on a connection that stays open; the second one needs another.
    assert server.get(NAMESPACES)["kind"] == "NamespaceList"


def test_an_unknown_authority_is_not_trusted(tls: Cluster) -> None:
    access = replace(read_kubeconfig(str(tls.kubeconfig)), ca="")
    with pytest.raises(Unreachable, match="its certificate is not trusted: "):
        ApiServer(access).get(NAMESPACES)


def test_a_certificate_for_another_name_is_not_trusted(tls: Cluster) -> None:
    access = replace(read_kubeconfig(str(tls.kubeconfig)), server_name="other.example.com")
    with pytest.raises(Unreachable, match=r"not trusted: .*other\.example\.com"):
        ApiServer(access).get(NAMESPACES)


def test_the_check_can_be_switched_off(tls: Cluster) -> None:
    access = replace(read_kubeconfig(str(tls.kubeconfig)), ca="", verify=False)
    assert ApiServer(access).get(NAMESPACES)["kind"] == "NamespaceList"


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_events_arrive_whole_however_they_are_cut(stream: Callable[[list[bytes]], ApiServer], size: int) -> None:
    events = [{"type": "ADDED", "object": {"n": n, "text": "ü" * 40}} for n in range(20)]
    text = b"\n\n \n" + b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
    server = stream([text[start : start + size] for start in range(0, len(text), size)])
    with closing(server.watch("/", {}, silence=5)) as lines:
        assert [next(lines) for _ in events] == events


def test_an_event_does_not_wait_for_the_next_one(stream: Callable[[list[bytes]], ApiServer]) -> None:
    with closing(stream([b'{"type": "ADDED"}\n{"ty']).watch("/", {}, silence=0.1)) as lines:
        assert next(lines) == {"type": "ADDED"}
        with pytest.raises(Silence):
            next(lines)


def test_a_line_that_is_no_json_ends_the_stream(stream: Callable[[list[bytes]], ApiServer]) -> None:
    with closing(stream([b'{"type": "ADDED"}\n', b"<html>\n"]).watch("/", {}, silence=5)) as lines:
        assert next(lines) == {"type": "ADDED"}
        with pytest.raises(Unreachable, match="no event"):
            next(lines)


def test_a_line_without_an_end_does_not_fill_the_memory(stream: Callable[[list[bytes]], ApiServer]) -> None:
    with (
        closing(stream([b"x" * (1 << 20)] * 20).watch("/", {}, silence=5)) as lines,
        pytest.raises(Unreachable, match="more than 16 MB"),
    ):
        next(lines)


def test_a_silent_watch_over_tls_is_noticed(tls: Cluster) -> None:
    server = ApiServer(read_kubeconfig(str(tls.kubeconfig)))
    now = {"resourceVersion": server.get(NAMESPACES)["metadata"]["resourceVersion"]}
    with closing(server.watch(NAMESPACES, now, silence=0.1)) as lines, pytest.raises(Silence):
        next(lines)


def test_closing_ends_a_watch_that_waits_for_an_event(stream: Callable[[list[bytes]], ApiServer]) -> None:
    server = stream([b'{"type": "ADDED"}\n'])
    lines = server.watch("/", {}, silence=3600)
    next(lines)
    threading.Timer(0.1, server.close).start()
    with pytest.raises(Unreachable):
        next(lines)


def test_a_closed_client_stays_closed(server: ApiServer) -> None:
    server.close()
    with pytest.raises(Unreachable, match="was closed"):
        server.get(NAMESPACES)


def test_each_call_is_counted_and_what_is_refused_by_our_rights_is_an_answer(
    server: ApiServer, kubernetes_double: MakeCluster
) -> None:
    server.get(NAMESPACES)
    with pytest.raises(ApiError):
        server.get("/api/v1/nothing-of-that-kind")
    assert (server.calls.recent.number, server.calls.recent.failed) == (2, 0)
    gone = ApiServer(Access("http://127.0.0.1:1", Credentials()))
    with pytest.raises(Unreachable):
        gone.get(NAMESPACES)
    assert (gone.calls.recent.number, gone.calls.recent.failed) == (1, 1)
