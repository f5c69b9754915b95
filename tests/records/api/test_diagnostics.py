"""Questions about one name, and about what would happen."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import dns.flags
import dns.message
import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from records.models import CustomEntry, DriftFinding, ManagedRecord, Source, SyncRequest
from records.resolve import Query, ask_all
from syncer.targets.technitium.fields import make_parameters
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.ports import free_port
from tests.records.api.conftest import record
from tests.records.objects import note_mentions
from tests.records.two_targets import set_up_two

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TEST = "/api/v1/test-dns"
MEGABYTE = 1024 * 1024
BAD_NAMES = ["", "   ", "two words.talos00", "x" * 300, "-bad.talos00", "a..b", "192.168.1.1", "nul%00.talos00"]


@pytest.fixture
def dns_server(technitium: ServerUnderTest, settings: Any) -> ServerUnderTest:
    technitium.make_zone("talos00")
    settings.DNS_TEST_SERVERS = ["{}:{}".format(*technitium.dns)]
    return technitium


def test_a_name_in_dns_is_answered_in_the_form_that_scripts_know(
    viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest
) -> None:
    dns_server.add("grafana.talos00", "A", "192.168.1.54", ttl=300)
    answer = viewer.get(f"{TEST}?hostname=Grafana.talos00.").json()
    changed = answer.pop("lastUpdate")
    (server,) = answer.pop("servers")
    assert answer == {
        "hostname": "grafana.talos00",
        "dnsResolution": {
            "resolved": True,
            "ip": "192.168.1.54",
            "ttl": 300,
            "source": "dns",
            "authoritative": True,
        },
        "ingressExists": True,
        "ingressDetails": {"namespace": "monitoring", "name": "grafana", "kind": "IngressRoute"},
        "syncStatus": "healthy",
    }
    assert changed.endswith("Z")
    assert server.pop("milliseconds") > 0
    assert server == {
        "server": "{}:{}".format(*dns_server.dns),
        "resolved": True,
        "rcode": "NOERROR",
        "authoritative": True,
        "error": None,
        "answers": [{"name": "grafana.talos00", "type": "A", "ttl": 300, "value": "192.168.1.54"}],
    }


def test_a_name_that_dns_does_not_know(viewer: APIClient, dns_server: ServerUnderTest) -> None:
    answer = viewer.get(f"{TEST}?hostname=nobody.talos00").json()
    assert answer["dnsResolution"] | {"resolved": False, "ip": None, "ttl": None} == answer["dnsResolution"]
    assert (answer["ingressExists"], answer["ingressDetails"], answer["syncStatus"]) == (False, None, "unknown")
    assert answer["servers"][0]["rcode"] == "NXDOMAIN"


def test_a_name_that_somebody_changed_has_drifted(
    viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest
) -> None:
    dns_server.add("grafana.talos00", "A", "10.6.6.6")
    assert viewer.get(f"{TEST}?hostname=grafana.talos00").json()["syncStatus"] == "drifted"
    assert viewer.get(f"{TEST}?hostname=nas.talos00").json()["syncStatus"] == "conflict"


def test_an_alias_is_followed(viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest) -> None:
    dns_server.add("grafana.talos00", "A", "192.168.1.54")
    dns_server.add("www.talos00", "CNAME", "grafana.talos00")
    ManagedRecord.objects.create(
        zone="talos00", name="www.talos00", type="CNAME", values=["grafana.talos00"], ttl=300, state="synced"
    )
    answer = viewer.get(f"{TEST}?hostname=www.talos00").json()
    assert answer["dnsResolution"]["ip"] == "192.168.1.54"
    assert answer["syncStatus"] == "healthy"
    assert [item["type"] for item in answer["servers"][0]["answers"]] == ["CNAME", "A"]


def test_another_type_can_be_asked_for(viewer: APIClient, dns_server: ServerUnderTest) -> None:
    dns_server.add("talos00", "TXT", "hello")
    answer = viewer.get(f"{TEST}?hostname=talos00&type=txt").json()
    assert answer["servers"][0]["answers"][0]["value"] == '"hello"'
    assert answer["dnsResolution"]["resolved"]
    assert viewer.get(f"{TEST}?hostname=talos00&type=AXFR").json()["errors"][0]["attr"] == "type"


def status_of(client: APIClient, name: str, kind: str = "") -> str:
    return str(client.get(f"{TEST}?hostname={name}.talos00" + (f"&type={kind}" if kind else "")).json()["syncStatus"])


@pytest.mark.parametrize(
    ("kind", "given", "changed", "written"),
    [
        ("MX", {"preference": 10, "exchange": "MX.talos00"}, {"preference": 20}, "10 mx.talos00"),
        ("TXT", {"text": 'say "hi"'}, {"text": "no"}, 'say "hi"'),
        ("SRV", {"priority": 1, "weight": 2, "port": 3, "target": "a.talos00"}, {"port": 4}, "1 2 3 a.talos00"),
        ("CAA", {"flags": 0, "tag": "issue", "value": "x.org"}, {"value": "y.org"}, "0 issue x.org"),
        ("PTR", {"ptrName": "a.talos00"}, {"ptrName": "b.talos00"}, "a.talos00"),
        ("AAAA", {"ipAddress": "fd00::0:1"}, {"ipAddress": "fd00::2"}, "fd00::1"),
        ("AAAA", {"ipAddress": "::ffff:10.0.0.1"}, {"ipAddress": "::ffff:10.0.0.2"}, "::ffff:10.0.0.1"),
        (
            "HTTPS",
            {"svcPriority": 1, "svcTargetName": ".", "svcParams": "port|443|alpn|h2"},
            {"svcParams": "alpn|h3"},
            "1 . alpn=h2 port=443",
        ),
        (
            "TLSA",
            {
                "tlsaCertificateUsage": "DANE-EE",
                "tlsaSelector": "SPKI",
                "tlsaMatchingType": "SHA2-256",
                "tlsaCertificateAssociationData": "AB" * 32,
            },
            {"tlsaSelector": "Cert"},
            f"3 1 1 {'ab' * 32}",
        ),
    ],
)
def test_a_value_of_any_type_that_somebody_changed_has_drifted(
    viewer: APIClient, dns_server: ServerUnderTest, kind: str, given: Any, changed: Any, written: str
) -> None:
    record("it.talos00", [written], type=kind)
    dns_server.ok("zones/records/add", {"domain": "it.talos00", "type": kind, **given})
    assert (status_of(viewer, "it"), status_of(viewer, "it", kind)) == ("healthy", "healthy")
    dns_server.ok("zones/records/add", {"domain": "it.talos00", "type": kind, "overwrite": "true", **given, **changed})
    assert (status_of(viewer, "it"), status_of(viewer, "it", kind)) == ("drifted", "drifted")


def test_answers_show_a_value_as_it_is_kept(viewer: APIClient, dns_server: ServerUnderTest) -> None:
    value = '1 2 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .'
    dns_server.ok("zones/records/add", {"domain": "it.talos00", "type": "NAPTR", **make_parameters("NAPTR", value)})
    shown = viewer.get(f"{TEST}?hostname=it.talos00&type=NAPTR").json()["servers"][0]["answers"]
    assert [answer["value"] for answer in shown] == [value]


def test_trouble_of_another_type_is_not_this_ones(viewer: APIClient, dns_server: ServerUnderTest) -> None:
    record("mail.talos00", ["10 mx.talos00"], type="MX")
    record("mail.talos00", ["x"], "skipped", type="TXT")
    dns_server.add("mail.talos00", "MX", "", preference=10, exchange="mx.talos00")
    assert [status_of(viewer, "mail", kind) for kind in ("MX", "TXT", "A", "")] == [
        "healthy",
        "skipped",
        "unknown",
        "skipped",
    ]


@pytest.mark.parametrize("status", ["open", "accepted", "remediated"])
def test_an_open_or_accepted_finding_is_told_whatever_dns_answers_now(
    viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest, status: str
) -> None:
    dns_server.add("grafana.talos00", "A", "192.168.1.54")
    place = {"zone": "talos00", "name": "grafana.talos00", "type": "A", "drift_type": "unexpected_value"}
    DriftFinding.objects.create(**place, status=status, reason="somebody changed its TTL to 5 s")
    expected = "healthy" if status == "remediated" else "drifted"
    assert (status_of(viewer, "grafana"), status_of(viewer, "grafana", "A")) == (expected, expected)
    assert status_of(viewer, "grafana", "MX") == "unknown"
    DriftFinding.objects.update(target="hosts")  # of a target that is not written to
    assert status_of(viewer, "grafana") == "healthy"


def test_without_an_answer_nothing_is_said_of_drift(
    viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest, settings: Any
) -> None:
    dns_server.add("grafana.talos00", "A", "192.168.1.54")
    dead, alive = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}", settings.DNS_TEST_SERVERS[0]
    settings.DNS_TEST_SERVERS = [dead]
    answer = viewer.get(f"{TEST}?hostname=grafana.talos00").json()
    assert (answer["syncStatus"], answer["dnsResolution"]["resolved"]) == ("unreachable", False)
    settings.DNS_TEST_SERVERS = [dead, alive]
    answer = viewer.get(f"{TEST}?hostname=grafana.talos00").json()
    assert (answer["syncStatus"], answer["dnsResolution"]["ip"]) == ("healthy", "192.168.1.54")
    settings.DNS_TEST_SERVERS = [alive]
    dns_server.drop_zone("talos00")
    assert status_of(viewer, "grafana") == "unreachable"


def test_a_delegation_is_seen_in_the_referral(viewer: APIClient, dns_server: ServerUnderTest) -> None:
    record("lab.talos00", ["ns.lab.talos00"], type="NS")
    record("lab.talos00", ["10.0.0.1"])
    record("ns.lab.talos00", ["10.0.0.2"])
    dns_server.add("lab.talos00", "A", "10.0.0.1")
    dns_server.add("ns.lab.talos00", "A", "10.0.0.2")
    dns_server.add("lab.talos00", "NS", "ns.lab.talos00")
    answer = viewer.get(f"{TEST}?hostname=lab.talos00&type=NS").json()
    assert [item["value"] for item in answer["servers"][0]["answers"]] == ["ns.lab.talos00"]
    assert answer["dnsResolution"] == {
        "resolved": True,
        "ip": None,
        "ttl": 300,
        "source": "dns",
        "authoritative": False,
    }
    assert [status_of(viewer, "lab", kind) for kind in ("NS", "A", "")] == ["healthy", "delegated", "healthy"]
    assert status_of(viewer, "ns.lab") == "delegated"
    dns_server.add("lab.talos00", "NS", "elsewhere.talos00")
    assert status_of(viewer, "lab", "NS") == "drifted"


def test_an_answer_that_is_too_large_for_udp_comes_over_tcp(dns_server: ServerUnderTest) -> None:
    for at in range(150):
        dns_server.add("many.talos00", "A", f"10.1.{at // 250}.{at % 250}")
    (answer,) = ask_all(["{}:{}".format(*dns_server.dns)], Query("many.talos00", ("A",), "talos00"))
    assert sum(len(rrset) for rrset in answer.records) == 150


def test_each_server_answers_for_itself(
    viewer: APIClient, world: SimpleNamespace, dns_server: ServerUnderTest, settings: Any
) -> None:
    dns_server.add("grafana.talos00", "A", "192.168.1.54")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        closed = free_port(socket.SOCK_DGRAM)
        settings.DNS_TEST_SERVERS += [
            f"127.0.0.1:{silent.getsockname()[1]}",
            f"127.0.0.1:{closed}",
            "no-such-host.invalid:53",
        ]
        answer = viewer.get(f"{TEST}?hostname=grafana.talos00").json()
    good, *bad = answer["servers"]
    assert good["resolved"]
    assert all(server["error"] and not server["resolved"] for server in bad)
    assert "no answer within" in bad[0]["error"]
    assert answer["syncStatus"] == "healthy"


def answer_together(server: socket.socket, asked: Barrier) -> None:
    """Answer one question with nothing, but not before every server has one."""
    query, address = server.recvfrom(4096)
    asked.wait()
    reply = dns.message.make_response(dns.message.from_wire(query))
    reply.flags |= dns.flags.AA  # or it would be asked once more, as a resolver is
    server.sendto(reply.to_wire(), address)


def test_servers_are_asked_at_the_same_time() -> None:
    """One after another, the first would not answer before it is given up."""
    asked = Barrier(3)
    with ExitStack() as stay, ThreadPoolExecutor(3) as pool:
        servers = [stay.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(3)]
        for server in servers:
            server.bind(("127.0.0.1", 0))
            server.settimeout(20)
        waiting = [pool.submit(answer_together, server, asked) for server in servers]
        addresses = ["{}:{}".format(*server.getsockname()) for server in servers]
        answers = ask_all(addresses, Query("grafana.talos00", ("A",), "talos00"))
        asked.abort()
    assert [answer.error for answer in answers] == [""] * 3, [future.exception() for future in waiting]


@pytest.mark.parametrize("hostname", ["example.com", "talos00.example.com", "localhost", "xtalos00", *BAD_NAMES])
def test_it_is_no_open_resolver(viewer: APIClient, hostname: str, settings: Any) -> None:
    settings.DNS_TEST_SERVERS = ["127.0.0.1:1"]
    refused = viewer.get(f"{TEST}?hostname={hostname}")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "hostname"


def test_questions_to_dns_are_rationed(viewer: APIClient, settings: Any) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = [], 1
    assert [viewer.get(f"{TEST}?hostname=a.talos00").status_code for _ in range(2)] == [200, 429]
    assert viewer.get("/api/v1/status").status_code == 200


def test_explain_tells_the_story_of_a_name(viewer: APIClient, world: SimpleNamespace) -> None:
    story = viewer.get("/api/v1/explain?hostname=blog.talos00").json()
    assert story["decision"]["winner"] == "Ingress/a/blog"
    assert any("Ingress/b/blog" in sentence and "older" in sentence for sentence in story["sentences"])


@pytest.mark.parametrize("hostname", BAD_NAMES)
def test_explain_needs_a_host_name(viewer: APIClient, hostname: str) -> None:
    refused = viewer.get(f"/api/v1/explain?hostname={hostname}")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "hostname"


INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: grafana.talos00}, {host: grafana.example.com}]}
"""


def preview(client: APIClient, text: str | bytes, media_type: str = "application/yaml") -> Any:
    return client.generic("POST", "/api/v1/preview", text, content_type=media_type)


@pytest.mark.parametrize("media_type", ["application/yaml", "text/plain", "application/x-www-form-urlencoded", ""])
def test_preview_takes_manifests_however_curl_calls_them(viewer: APIClient, media_type: str) -> None:
    answer = preview(viewer, INGRESS, media_type).json()
    assert [record["name"] for record in answer["records"]] == ["grafana.talos00"]
    assert [skip["name"] for skip in answer["skipped"]] == ["grafana.example.com"]
    assert not Source.objects.exists()


def test_preview_takes_json(viewer: APIClient) -> None:
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "a"},
        "spec": {"rules": [{"host": "a.talos00"}]},
    }
    answer = preview(viewer, json.dumps({"kind": "List", "apiVersion": "v1", "items": [manifest]}), "application/json")
    assert answer.json()["records"][0]["source"] == {"kind": "Ingress", "namespace": "default", "name": "a"}


LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (b"\xff\xfe", 400, "UTF-8"),
        (b"---\n{apiVersion: v1, kind: X}\n" * 20_001, 400, "more than 20,000 objects"),
        (b"x" * (10 * MEGABYTE + 1), 413, "10 MB"),
    ],
    ids=["bytes", "many", "large"],
)
def test_preview_refuses_what_is_no_text_or_too_much(viewer: APIClient, text: bytes, code: int, words: str) -> None:
    refused = preview(viewer, text)
    assert refused.status_code == code
    assert words in refused.json()["errors"][0]["detail"]


def test_an_empty_preview_is_empty(viewer: APIClient) -> None:
    assert preview(viewer, "").json() == {
        "targets": ["default"],
        "records": [],
        "skipped": [],
        "conflicts": [],
        "warnings": [],
        "unreadable": [],
        "passed_over": {},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2", "line"),
        ("[" * 100_000, "nested"),
        ("{" * 100_000, ""),
        (LAUGHS, "aliases"),
        ("&a [*a]", "inside itself"),
        ("host: {{ .Values.host }}", "template to be rendered first"),
    ],
    ids=["cut", "deep", "deep-json", "laughs", "snake", "template"],
)
def test_preview_lists_the_documents_that_it_cannot_read(viewer: APIClient, text: str, words: str) -> None:
    answer = preview(viewer, f"{INGRESS}\n---\n{text}")
    assert answer.status_code == 200
    (row,) = answer.json()["unreadable"]
    assert (row["file"], row["document"]) == ("", INGRESS.count("\n---") + 2)
    assert words in row["reason"]
    assert [record["name"] for record in answer.json()["records"]] == ["grafana.talos00"]


def test_preview_shows_what_each_of_several_targets_gets_or_the_one_that_is_named(
    viewer: APIClient, settings: LazySettings
) -> None:
    set_up_two(settings)
    text = INGRESS.replace("grafana.talos00", "wiki.example.com")
    shown = preview(viewer, text).json()
    assert shown["targets"] == ["lan", "public"]
    assert [(row["target"], row["values"]) for row in shown["records"] if row["name"] == "wiki.example.com"] == [
        ("lan", ["192.168.1.54"]),
        ("public", ["203.0.113.7"]),
    ]
    one = viewer.generic("POST", "/api/v1/preview?target=public", text, content_type="text/plain").json()
    assert {row["target"] for row in one["records"]} == {"public"} == {*one["targets"]}
    wrong = viewer.generic("POST", "/api/v1/preview?target=dmz", text, content_type="text/plain")
    assert (wrong.status_code, wrong.json()["errors"][0]["attr"]) == (400, "target")


def test_preview_counts_what_it_passes_over(viewer: APIClient) -> None:
    answer = preview(viewer, "---\n{apiVersion: apps/v1, kind: Deployment}\n" * 3).json()
    assert (answer["passed_over"], answer["warnings"]) == ({"Deployment": 3}, [])


def test_preview_takes_no_form_with_files(viewer: APIClient) -> None:
    file = SimpleUploadedFile("a.yaml", INGRESS.encode())
    refused = viewer.post("/api/v1/preview", {"file": file}, format="multipart")
    assert refused.status_code == 415
    (error,) = refused.json()["errors"]
    assert error["code"] == "unsupported_media_type"
    assert "send the documents themselves" in error["detail"]


def test_the_plan_is_what_the_next_pass_would_do(viewer: APIClient, world: SimpleNamespace) -> None:
    note_mentions(Source.objects.get(name="grafana"), [("grafana.talos00", ["192.168.1.99"])])
    Source.objects.filter(namespace="a").delete()
    request = SyncRequest.objects.create(action="sync", name="nas.talos00", requested_by="tests")
    ManagedRecord.objects.filter(pk=world.gone.pk).update(state="synced")
    plan = viewer.get("/api/v1/plan").json()
    changes = {(item["change"], item["name"]): item for item in plan["changes"]}
    assert set(changes) == {
        ("create", "printer.talos00"),
        ("update", "grafana.talos00"),
        ("update", "blog.talos00"),
    }, "what a plan holds waits for a person"
    assert changes["update", "blog.talos00"]["after"] == {"ttl": 300, "values": ["10.0.0.9"]}
    assert changes["update", "grafana.talos00"]["before"] == {"ttl": 300, "values": ["192.168.1.54"]}
    assert [item["id"] for item in plan["requests"]] == [request.pk]
    assert [item["id"] for item in plan["holds"]] == [world.hold.pk]
    world.hold.decide(world.hold.Status.APPROVED, "ada")
    (gone,) = [item for item in viewer.get("/api/v1/plan").json()["changes"] if item["change"] == "delete"]
    assert (gone["name"], gone["after"]) == ("gone.talos00", None)


def test_a_plan_writes_nothing(viewer: APIClient, world: SimpleNamespace) -> None:
    before = list(ManagedRecord.objects.order_by("id").values())
    viewer.get("/api/v1/plan")
    assert list(ManagedRecord.objects.order_by("id").values()) == before
    assert CustomEntry.objects.count() == 1


def test_a_sent_change_without_an_answer_is_shown(viewer: APIClient, world: SimpleNamespace) -> None:
    ManagedRecord.objects.filter(pk=world.grafana.pk).update(state="pending", reason="create under way")
    plan = viewer.get("/api/v1/plan").json()
    assert [item["name"] for item in plan["unconfirmed"]] == ["grafana.talos00"]
