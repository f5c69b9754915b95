from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kubernetes.cluster import Cluster, call_api
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until

pytestmark = pytest.mark.double_only

EVERYWHERE = "/apis/networking.k8s.io/v1/ingresses"
HERE = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
INGRESSES = "ingresses.networking.k8s.io"
ROUTES = "/apis/traefik.io/v1alpha1/ingressroutes"


def version(cluster: Cluster) -> str:
    rv: str = cluster.list(EVERYWHERE)["metadata"]["resourceVersion"]
    return rv


def raw(cluster: Cluster, text: str, timeout: float = 5) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", cluster.server.port), timeout=timeout)
    connection.sendall(text.encode())
    return connection


def answers(cluster: Cluster) -> bool:
    try:
        return cluster.call("GET", EVERYWHERE).code == 200
    except ConnectionError:
        return False


def open_watch(cluster: Cluster) -> socket.socket:
    connection = raw(
        cluster, f"GET {EVERYWHERE}?watch=1&resourceVersion={version(cluster)} HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert b"200 OK" in connection.recv(4096)
    return connection


def test_a_server_that_is_away_refuses_and_comes_back_at_the_same_address(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.away()
        with pytest.raises(ConnectionResetError):
            watch.recv(100)
    with pytest.raises(ConnectionRefusedError):
        kubernetes.call("GET", EVERYWHERE)
    kubernetes.create(ingress("grafana", "grafana.talos00"))
    kubernetes.faults.back()
    assert [item["metadata"]["name"] for item in kubernetes.list(EVERYWHERE)["items"]] == ["grafana"]


def test_a_server_may_be_away_for_a_while(kubernetes: Cluster) -> None:
    kubernetes.faults.away(seconds=0.5)
    with pytest.raises(ConnectionRefusedError):
        kubernetes.call("GET", EVERYWHERE)
    wait_until(lambda: answers(kubernetes))


def test_a_server_may_refuse_one_kind_for_a_while(kubernetes: Cluster) -> None:
    kubernetes.faults.status(403, times=None, resource=INGRESSES, seconds=0.5)
    assert kubernetes.call("GET", ROUTES).code == 200
    assert [kubernetes.call("GET", EVERYWHERE).code for _ in range(2)] == [403, 403]
    wait_until(lambda: answers(kubernetes))


def test_a_watch_is_reset_in_mid_stream(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.reset_watches("ingressroutes.traefik.io")
        kubernetes.create(ingress("grafana", "grafana.talos00"))
        assert b"ADDED" in watch.recv(9999)
        kubernetes.faults.reset_watches(INGRESSES)
        with pytest.raises(ConnectionResetError):
            watch.recv(100)


def test_a_watch_is_cut_in_the_middle_of_a_line(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.truncate_watches()
        size, _, line = b"".join(iter(lambda: watch.recv(999), b"")).partition(b"\r\n")
    assert line.startswith(b'{"type":"MODIFIED"')
    assert len(line) < int(size, 16)


def test_a_watch_is_closed_without_its_last_chunk(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.cut_watches()
        assert watch.recv(100) == b""


def test_a_watch_ends_in_good_order(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.end_watches()
        assert watch.recv(100) == b"0\r\n\r\n"
        watch.sendall(f"GET {EVERYWHERE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert b"IngressList" in watch.recv(9999)


def test_a_watch_fails_with_an_error_event(kubernetes: Cluster) -> None:
    with kubernetes.watch(EVERYWHERE, resourceVersion=version(kubernetes)) as stream:
        kubernetes.faults.fail_watches(500)
        kind, body = stream.event()
        assert (kind, body["kind"], body["code"]) == ("ERROR", "Status", 500)
        assert stream.line() == b""


@pytest.mark.parametrize("line", ["", "no JSON", "null", '{"type":"MODIFIED"}'])
def test_anything_may_stand_between_two_events(kubernetes: Cluster, line: str) -> None:
    with kubernetes.watch(EVERYWHERE, resourceVersion=version(kubernetes)) as stream:
        kubernetes.faults.write_to_watches(line)
        assert stream.line() == line.encode() + b"\n"
        kubernetes.create(ingress("grafana", "grafana.talos00"))
        assert stream.names(1) == [("ADDED", "grafana")]


def test_a_silent_watch_says_nothing_and_a_new_one_tells_what_was_missed(kubernetes: Cluster) -> None:
    rv = version(kubernetes)
    with kubernetes.watch(EVERYWHERE, timeout=0.4, resourceVersion=rv, allowWatchBookmarks="true") as stream:
        kubernetes.faults.silence()
        kubernetes.create(ingress("grafana", "grafana.talos00"))
        kubernetes.faults.bookmark_watches()
        with pytest.raises(TimeoutError):
            stream.line()
    with kubernetes.watch(EVERYWHERE, resourceVersion=rv) as stream:
        assert stream.names(1) == [("ADDED", "grafana")]


def test_a_frozen_server_takes_requests_and_answers_none(kubernetes: Cluster) -> None:
    with open_watch(kubernetes) as watch:
        kubernetes.faults.freeze()
        with raw(kubernetes, f"GET {EVERYWHERE} HTTP/1.1\r\nHost: x\r\n\r\n", timeout=0.3) as asked:
            kubernetes.create(ingress("grafana", "grafana.talos00"))
            watch.settimeout(0.3)
            for waiting in (asked, watch):
                with pytest.raises(TimeoutError):
                    waiting.recv(100)
            kubernetes.faults.clear()
            with pytest.raises(ConnectionResetError):
                asked.recv(100)
    assert kubernetes.call("GET", EVERYWHERE).code == 200


@pytest.mark.parametrize("code", [410, 429, 500, 503])
def test_the_next_requests_fail_as_often_as_asked(kubernetes: Cluster, code: int) -> None:
    kubernetes.faults.status(code, times=2, verb="list", resource=INGRESSES, retry_after=7)
    assert kubernetes.call("GET", "/api/v1/namespaces").code == 200
    assert kubernetes.call("GET", f"{HERE}/nothing").code == 404
    for _ in range(2):
        answer = kubernetes.call("GET", EVERYWHERE)
        assert (answer.code, answer.body["kind"], answer.headers["Retry-After"]) == (code, "Status", "7")
    assert kubernetes.call("GET", EVERYWHERE).code == 200


def test_discovery_fails_by_its_path(kubernetes: Cluster) -> None:
    kubernetes.faults.status(503, resource="/apis/traefik.io")
    assert kubernetes.call("GET", "/apis/cert-manager.io").code == 200
    assert kubernetes.call("GET", "/apis/traefik.io").code == 503


def test_a_list_fails_on_its_second_page(kubernetes: Cluster) -> None:
    for name in ("blog", "grafana", "nas"):
        kubernetes.create(ingress(name, f"{name}.talos00"))
    kubernetes.faults.status(500, verb="list", resource=INGRESSES, later_pages=True)
    token = kubernetes.list(EVERYWHERE, limit=2)["metadata"]["continue"]
    path = f"{EVERYWHERE}?limit=2&continue={token}"
    assert [kubernetes.call("GET", path).code for _ in range(2)] == [500, 200]


def test_a_watch_that_opens_may_end_at_once(kubernetes: Cluster) -> None:
    kubernetes.faults.end_at_once(times=1, resource=INGRESSES)
    with kubernetes.watch(EVERYWHERE) as stream:
        assert (stream.code, stream.line()) == (200, b"")
    kubernetes.create(ingress("grafana", "grafana.talos00"))
    with kubernetes.watch(EVERYWHERE) as stream:
        assert stream.names(1) == [("ADDED", "grafana")]


def test_a_proxy_in_between_answers_a_page(kubernetes: Cluster) -> None:
    kubernetes.faults.body("<html>Bad Gateway</html>", code=502)
    answer = kubernetes.call("GET", EVERYWHERE)
    assert (answer.code, answer.body, answer.headers["Content-Type"]) == (502, "<html>Bad Gateway</html>", "text/html")


def test_an_answer_may_take_its_time(kubernetes: Cluster) -> None:
    kubernetes.faults.slow(0.2, times=1, verb="list")
    started = time.monotonic()
    assert kubernetes.call("GET", EVERYWHERE).code == 200
    assert time.monotonic() - started >= 0.2


def test_a_request_is_reset_in_place_of_an_answer(kubernetes: Cluster) -> None:
    kubernetes.faults.reset_requests()
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        kubernetes.call("GET", EVERYWHERE)


def test_requests_are_counted_but_not_those_of_the_test(kubernetes: Cluster) -> None:
    kubernetes.create(ingress("grafana", "grafana.talos00"))
    kubernetes.call("GET", EVERYWHERE)
    kubernetes.call("GET", "/apis/traefik.io")
    with kubernetes.watch(EVERYWHERE, resourceVersion="0") as stream:
        stream.event()
    assert dict(kubernetes.requests) == {
        ("list", INGRESSES): 1,
        ("watch", INGRESSES): 1,
        ("get", "/apis/traefik.io"): 1,
    }
    assert kubernetes.call("GET", "/fake/requests").body == {
        "list": {INGRESSES: 1},
        "watch": {INGRESSES: 1},
        "get": {"/apis/traefik.io": 1},
    }
    kubernetes.call("DELETE", "/fake/requests")
    assert not kubernetes.requests


def test_faults_and_groups_are_switched_from_another_process(kubernetes: Cluster) -> None:
    back_door = kubernetes.back_door
    fault = {"fault": "status", "code": 503, "times": None, "verb": "list"}
    assert call_api(back_door, "POST", "/fake/faults", fault).code == 200
    assert kubernetes.call("GET", EVERYWHERE).code == 503
    call_api(back_door, "DELETE", "/fake/faults")
    assert kubernetes.call("GET", EVERYWHERE).code == 200
    call_api(back_door, "POST", "/fake/faults", {"fault": "away"})
    with pytest.raises(ConnectionRefusedError):
        kubernetes.call("GET", EVERYWHERE)
    call_api(back_door, "POST", "/fake/faults", {"fault": "back"})
    call_api(back_door, "DELETE", "/fake/groups/traefik.io")
    assert kubernetes.call("GET", ROUTES).code == 404
    call_api(back_door, "PUT", "/fake/groups/traefik.io")
    assert kubernetes.call("GET", ROUTES).code == 200


@pytest.mark.parametrize("fault", [{"fault": "take"}, {"fault": "banana"}, {"fault": "slow"}, {}, []])
def test_a_fault_that_is_not_known_is_refused(kubernetes: Cluster, fault: object) -> None:
    assert call_api(kubernetes.back_door, "POST", "/fake/faults", fault).code == 400


def test_a_right_that_was_taken_away_is_missed_in_the_words_of_a_real_server(kubernetes: Cluster) -> None:
    kubernetes.refuse("list", INGRESSES, namespace="")
    answer = kubernetes.call("GET", EVERYWHERE)
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.body["message"].startswith("ingresses.networking.k8s.io is forbidden: User ")
    assert answer.body["message"].endswith(
        'cannot list resource "ingresses" in API group "networking.k8s.io" at the cluster scope'
    )
    assert kubernetes.call("GET", HERE).code == 200
    assert kubernetes.call("GET", ROUTES).code == 200
    kubernetes.allow()
    assert kubernetes.call("GET", EVERYWHERE).code == 200


@pytest.mark.parametrize(("namespace", "allowed"), [("", True), ("default", False)])
def test_a_review_tells_what_is_allowed(kubernetes: Cluster, namespace: str, allowed: bool) -> None:
    kubernetes.refuse("*", INGRESSES, namespace="default")
    attributes = {"verb": "watch", "group": "networking.k8s.io", "resource": "ingresses", "namespace": namespace}
    body = {"spec": {"resourceAttributes": attributes}}
    answer = kubernetes.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert (answer.code, answer.body["status"]["allowed"]) == (201, allowed)


def test_a_token_is_required_and_may_change(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double(token="first")
    rv = cluster.call("GET", EVERYWHERE, headers={"Authorization": "Bearer first"}).body["metadata"]["resourceVersion"]
    headers = {"Authorization": "Bearer first"}
    assert [cluster.call("GET", EVERYWHERE, headers=h).code for h in (headers, {}, {"Authorization": "Bearer x"})] == [
        200,
        401,
        401,
    ]
    assert cluster.call("GET", "/healthz").body == "ok"
    with cluster.watch(EVERYWHERE, headers=headers, resourceVersion=rv) as stream:
        cluster.server.require_tokens("second")
        refused = cluster.call("GET", EVERYWHERE, headers=headers)
        assert (refused.code, refused.body["reason"]) == (401, "Unauthorized")
        cluster.create(ingress("grafana", "grafana.talos00"))
        assert stream.names(1) == [("ADDED", "grafana")]


def test_a_client_certificate_opens_as_the_kubeconfig_gives_it(
    kubernetes_double: Callable[..., Cluster], tmp_path: Path
) -> None:
    cluster = kubernetes_double(tls=True)
    config: dict[str, Any] = json.loads(cluster.kubeconfig.read_text())
    user = config["users"][0]["user"]
    authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority)
    assert _status(cluster, context) == 401
    for name in ("client-certificate-data", "client-key-data"):
        (tmp_path / name).write_bytes(base64.b64decode(user[name]))
    context.load_cert_chain(tmp_path / "client-certificate-data", tmp_path / "client-key-data")
    assert _status(cluster, context) == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        _status(cluster, ssl.create_default_context())


def _status(cluster: Cluster, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection("127.0.0.1", cluster.server.port, context=context, timeout=5)
    connection.request("GET", EVERYWHERE)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("text", ["banana\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_not_http_is_refused(kubernetes: Cluster, text: str) -> None:
    with raw(kubernetes, text) as connection:
        assert connection.recv(999).startswith(b"HTTP/1.1 400 ")


def test_requests_that_come_in_pieces_or_together_are_answered_in_order(kubernetes: Cluster) -> None:
    body = json.dumps(ingress("grafana", "grafana.talos00"))
    half = len(body) // 2
    head = f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with raw(kubernetes, f"{head}Transfer-Encoding: chunked\r\n\r\n{half:x}\r\n") as connection:
        time.sleep(0.05)
        rest = body[half:]
        get = f"GET {HERE}/grafana HTTP/1.1\r\nHost: x\r\n\r\nGET {HERE}/nas HTTP/1.1\r\nConnection: close\r\n\r\n"
        connection.sendall(f"{body[:half]}\r\n{len(rest):x}\r\n{rest}\r\n0\r\n\r\n{get}".encode())
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answers) == [b"201", b"200", b"404"]
