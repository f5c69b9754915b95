"""The double itself: what its faults do, and what the tapes do not show."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import pytest
import requests

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.technitium import Technitium

ZONE = "talos00"
GRAFANA, NAS, BLOG = f"grafana.{ZONE}", f"nas.{ZONE}", f"blog.{ZONE}"


@pytest.fixture
def zone(technitium: ServerUnderTest) -> str:
    return technitium.make_zone(ZONE)


def ask_over_http(technitium: ServerUnderTest, path: str = "/api/zones/list", **more: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {technitium.token}"}
    return requests.post(technitium.url + path, headers=headers, allow_redirects=False, timeout=5, data=more)


def import_text(technitium: ServerUnderTest, text: str, **params: str) -> dict[str, str]:
    reply = requests.post(
        technitium.url + "/api/zones/import",
        params={"zone": ZONE, "token": technitium.token, **params},
        data=text.encode(),
        headers={"Content-Type": "text/plain"},
        timeout=30,
    )
    answer: dict[str, str] = reply.json()
    return answer


def test_it_gives_in_dns_what_was_added_over_http(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.2")
    technitium.add(GRAFANA, "A", "10.0.0.1")
    technitium.add(BLOG, "CNAME", GRAFANA)
    assert technitium.ask(GRAFANA) == ["10.0.0.1", "10.0.0.2"]
    assert technitium.ask(BLOG) == ["10.0.0.1", "10.0.0.2"]
    assert technitium.ask(GRAFANA, "AAAA") == []
    assert technitium.ask(NAS) == "NXDOMAIN"
    assert technitium.ask("grafana.elsewhere.lab") == "REFUSED"


def test_a_wildcard_answers_below_the_closest_name_that_exists(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(f"*.{ZONE}", "A", "10.0.0.1")
    technitium.add(f"a.b.{ZONE}", "A", "10.0.0.2")
    technitium.add(f"c.b.{ZONE}", "A", "10.0.0.2")
    assert technitium.ask(f"x.y.{ZONE}") == ["10.0.0.1"]
    assert technitium.ask(f"x.a.b.{ZONE}") == "NXDOMAIN"
    assert technitium.ask(f"x.b.{ZONE}") == "NXDOMAIN"
    assert technitium.ask(f"b.{ZONE}") == []


@pytest.mark.double_only  # as the server's source has it; no tape shows it
def test_an_empty_name_on_the_way_to_a_single_one_does_not_stop_a_wildcard(
    technitium: ServerUnderTest, zone: str
) -> None:
    technitium.add(f"*.{ZONE}", "A", "10.0.0.1")
    technitium.add(f"a.b.{ZONE}", "A", "10.0.0.2")
    assert technitium.ask(f"x.b.{ZONE}") == ["10.0.0.1"]
    assert technitium.ask(f"b.{ZONE}") == []


def test_a_delegated_name_is_answered_with_its_servers(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(f"sub.{ZONE}", "NS", f"ns.sub.{ZONE}")
    technitium.add(f"ns.sub.{ZONE}", "A", "10.0.0.53")
    host, port = technitium.dns
    reply = dns.query.udp(dns.message.make_query(f"www.sub.{ZONE}", "A"), host, port=port, timeout=5)
    assert not reply.answer
    assert [str(rrset) for rrset in reply.authority] == [f"sub.{ZONE}. 300 IN NS ns.sub.{ZONE}."]
    assert [rrset[0].address for rrset in reply.additional] == ["10.0.0.53"]


def test_two_cnames_in_a_circle_are_a_failure(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(BLOG, "CNAME", NAS)
    technitium.add(NAS, "CNAME", BLOG)
    assert technitium.ask(BLOG) == "SERVFAIL"
    assert technitium.ask(BLOG, "CNAME") == [NAS]


def test_a_long_answer_comes_over_tcp(technitium: ServerUnderTest, zone: str) -> None:
    for i in range(100):
        technitium.add(GRAFANA, "A", f"10.0.1.{i}")
    assert len(technitium.ask(GRAFANA)) == 100
    host, port = technitium.dns
    reply = dns.query.udp(dns.message.make_query(GRAFANA, "A"), host, port=port, timeout=5)
    assert reply.flags & dns.flags.TC


def test_no_data_and_no_name_come_with_the_soa(technitium: ServerUnderTest, zone: str) -> None:
    host, port = technitium.dns
    reply = dns.query.udp(dns.message.make_query(NAS, "A"), host, port=port, timeout=5)
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]
    assert reply.authority[0][0].serial == technitium.serial(ZONE)


def test_a_zone_that_is_disabled_takes_writes_and_does_not_answer(technitium: ServerUnderTest, zone: str) -> None:
    technitium.disable_zone(ZONE)
    technitium.add(GRAFANA, "A", "10.0.0.1")
    assert technitium.ask(GRAFANA) == "REFUSED"
    assert technitium.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]


def test_a_name_belongs_to_the_zone_that_was_there_when_it_was_made(technitium: ServerUnderTest) -> None:
    technitium.make_zone("home.lab")
    technitium.add("nas.k8s.home.lab", "A", "10.0.0.1")
    technitium.make_zone("k8s.home.lab")
    before = technitium.serial("home.lab")
    assert technitium.rows("home.lab") == []
    assert technitium.rows("k8s.home.lab") == [("nas.k8s.home.lab", "A", 300, "10.0.0.1", "")]
    technitium.delete("nas.k8s.home.lab", "A", "10.0.0.1")
    assert technitium.serial("home.lab") == before + 1
    assert technitium.serial("k8s.home.lab") == 1


@pytest.mark.double_only  # as the server's source has it; no tape shows it
def test_what_is_quoted_or_in_brackets_in_a_zone_file_is_read(technitium: ServerUnderTest, zone: str) -> None:
    text = (
        "$TTL 120\n; a comment line\n\n"
        'note IN TXT "two words" "and more" ;mine\n'
        "  60 IN A 10.0.0.7\n"
        "$ORIGIN sub.talos00.\n"
        "@ MX 10 ( mail\n ) ;in brackets\n"
        "srv 30 SRV 1 2 80 nas.talos00.\n"
    )
    assert import_text(technitium, text)["status"] == "ok"
    assert technitium.rows(ZONE) == [
        (f"note.{ZONE}", "A", 60, "10.0.0.7", ""),
        (f"note.{ZONE}", "TXT", 120, "two wordsand more True ['two words', 'and more']", "mine"),
        (f"srv.sub.{ZONE}", "SRV", 30, f"1 2 80 {NAS}", ""),
        (f"sub.{ZONE}", "MX", 120, f"10 mail.sub.{ZONE}", "in brackets"),
    ]


DIGEST = "ab" * 32

RARE = [
    (
        "SVCB",
        "1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2",
        {"svcTargetName": "", "svcPriority": 1, "svcParams": {"alpn": "h2,h3", "ipv4hint": "192.0.2.1,192.0.2.2"}},
        '1 . alpn="h2,h3" ipv4hint="192.0.2.1,192.0.2.2"',
    ),
    (
        "HTTPS",
        "1 web ech=0006fe0d00024162",
        {"svcTargetName": f"web.{ZONE}", "svcParams": {"ech": "00:06:FE:0D:00:02:41:62"}},
        f'1 web.{ZONE}. ech="AAb+DQACQWI="',
    ),
    ("HTTPS", '1 . alpn="h2,h3"', {"svcParams": {"alpn": '"h2,h3"'}}, '1 . alpn="\\"h2,h3\\""'),
    (
        "HTTPS",
        "1 . no-default-alpn alpn=h2",
        {"svcParams": {"no-default-alpn": None, "alpn": "h2"}},
        '1 . alpn="h2" no-default-alpn',
    ),
    (
        "TLSA",
        f"3 1 1 {DIGEST}",
        {
            "certificateUsage": "DANE-EE",
            "selector": "SPKI",
            "matchingType": "SHA2-256",
            "certificateAssociationData": DIGEST.upper(),
        },
        f"3 1 1 {DIGEST}",
    ),
    (
        "SSHFP",
        f"4 2 {DIGEST}",
        {"algorithm": "Ed25519", "fingerprintType": "SHA256", "fingerprint": DIGEST.upper()},
        f"4 2 {DIGEST}",
    ),
    (
        "DS",
        f"60485 13 2 {DIGEST}",
        {
            "keyTag": 60485,
            "algorithm": "ECDSAP256SHA256",
            "algorithmNumber": 13,
            "digestType": "SHA256",
            "digestTypeNumber": 2,
            "digest": DIGEST.upper(),
        },
        f"60485 13 2 {DIGEST}",
    ),
    (
        "URI",
        '10 1 "https://Example.com"',
        {"priority": 10, "weight": 1, "uri": "https://example.com/"},
        '10 1 "https://example.com/"',
    ),
    ("DNAME", "other.example.", {"dname": "other.example"}, "other.example."),
    (
        "NAPTR",
        '1 2 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .',
        {
            "order": 1,
            "preference": 2,
            "flags": "U",
            "services": "E2U+sip",
            "regexp": "!^.*$!sip:a@b.c!",
            "replacement": ".",
        },
        '1 2 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .',
    ),
]


@pytest.mark.double_only  # as seen on 15.2 and in its source; no tape shows it
@pytest.mark.parametrize(("type_", "line", "rdata", "answer"), RARE)
def test_rare_types_are_imported_listed_and_answered(
    technitium: ServerUnderTest, zone: str, type_: str, line: str, rdata: dict[str, Any], answer: str
) -> None:
    imported = import_text(technitium, f"a 60 IN {type_} {line} ;ours\n")
    assert imported["status"] == "ok", imported
    (record,) = [record for record in technitium.records(ZONE) if record["type"] == type_]
    assert record["rData"].items() >= rdata.items()
    assert record["comments"] == "ours"
    assert technitium.ask(f"a.{ZONE}", type_) == [answer.removesuffix(".")]


@pytest.mark.double_only
@pytest.mark.parametrize(
    ("line", "inner"),
    [
        ("HTTPS 1 . ech=AAb+DQACQWI=", "The input is not a valid hex string"),
        ('SVCB 1 . dohpath="/q{?dns}"', "DoH path template must be relative"),
        ('SVCB 1 . key667="x"', "Requested value 'key667' was not found."),
        ("TLSA DANE-EE SPKI SHA2-256 abcd", "The input string 'DANE-EE'"),
        ("TLSA 3 1 1 abcd", "Invalid Certificate Association Data value"),
        ("LOC 52 22 23.000 N 4 53 32.000 E -2.00m", ""),
    ],
)
def test_a_rare_type_that_cannot_be_parsed_is_refused(
    technitium: ServerUnderTest, zone: str, line: str, inner: str
) -> None:
    answer = import_text(technitium, f"a 60 IN {line}\n")
    assert answer["status"] == "error"
    assert answer.get("innerErrorMessage", "").startswith(inner)


@pytest.mark.double_only
def test_below_a_dname_names_that_are_not_there_lead_elsewhere(technitium: ServerUnderTest, zone: str) -> None:
    technitium.make_zone("home.lab")
    technitium.add("www.home.lab", "A", "10.0.0.9")
    technitium.add(f"old.{ZONE}", "DNAME", "home.lab")
    technitium.add(f"here.old.{ZONE}", "A", "10.0.0.1")
    assert technitium.ask(f"www.old.{ZONE}", "A") == ["10.0.0.9"]
    assert technitium.ask(f"www.old.{ZONE}", "CNAME") == ["www.home.lab"]
    assert technitium.ask(f"here.old.{ZONE}", "A") == ["10.0.0.1"]
    assert technitium.ask(f"old.{ZONE}", "DNAME") == ["home.lab"]
    assert technitium.ask(f"old.{ZONE}", "A") == []
    for target in (f"old.{ZONE}", f"x.old.{ZONE}"):
        refused = technitium.call(
            "zones/records/add", {"domain": f"old.{ZONE}", "type": "DNAME", "dname": target, "overwrite": "true"}
        )
        assert refused["errorMessage"].startswith("DNAME domain name cannot be")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a b c d", "failed to parse 'rr' field on line # 2"),
        ("a..b 60 IN A 10.0.0.1", "failed to parse 'domain-name' field on line # 2"),
        ('a 60 IN TXT "open', "failed to parse 'rdata' field on line # 2"),
        ("a 60 IN MX ten mail", "failed to parse 'rdata' field on line # 2"),
        ("$INCLUDE other.zone", "does not support $INCLUDE control entry on line # 2"),
    ],
)
def test_a_zone_file_that_cannot_be_read_changes_nothing(
    technitium: ServerUnderTest, zone: str, line: str, complaint: str
) -> None:
    answer = import_text(technitium, f"grafana 60 IN A 10.0.0.1\n{line}\n")
    assert answer["status"] == "error"
    assert complaint in answer["errorMessage"]
    assert technitium.rows(ZONE) == []
    assert technitium.serial(ZONE) == 1


def test_an_export_can_be_imported_again(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.1", 60, "ours")
    technitium.add(NAS, "AAAA", "2001:db8::1", 60, disable=True)
    technitium.add(BLOG, "CNAME", GRAFANA)
    technitium.add(f"_http._tcp.{ZONE}", "SRV", NAS, priority=1, weight=2, port=80, target=NAS)
    before = technitium.rows(ZONE)
    wanted = {"zone": ZONE, "token": technitium.token}
    text = requests.get(f"{technitium.url}/api/zones/export", params=wanted, timeout=5).text
    technitium.make_zone(ZONE)
    assert import_text(technitium, text)["status"] == "ok"
    assert technitium.rows(ZONE) == before
    if not technitium.version.startswith("13."):  # which does not write down what is disabled
        assert technitium.ask(NAS, "AAAA") == "NXDOMAIN"


def test_a_limited_token_reaches_its_zone_and_no_other(technitium: ServerUnderTest, zone: str) -> None:
    technitium.make_zone("home.lab")
    technitium.token, admin = technitium.limited_token(ZONE), technitium.token
    technitium.add(GRAFANA, "A", "10.0.0.1")
    assert [z["name"] for z in technitium.ok("zones/list")["zones"]] == [ZONE]
    refused = technitium.call("zones/records/get", {"domain": "home.lab"})
    assert refused["errorMessage"] == "Access was denied."
    assert import_text(technitium, "a 60 IN A 10.0.0.1\n")["errorMessage"] == "Access was denied."
    technitium.token = admin


@pytest.mark.double_only
@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"invalid_token": True}, lambda r: r.json()["status"] == "invalid-token"),
        ({"not_found": True}, lambda r: r.status_code == 404 and not r.content),
        ({"redirect": "https://h:53443"}, lambda r: r.headers["Location"] == "https://h:53443/api/zones/list"),
        ({"bad_gateway": "html"}, lambda r: r.status_code == 502 and b"<html>" in r.content),
        ({"bad_gateway": "empty"}, lambda r: r.status_code == 502 and not r.content),
        ({"gzip": False}, lambda r: "Content-Encoding" not in r.headers),
    ],
)
def test_a_fault_of_http_shows_until_it_is_taken_back(
    technitium: ServerUnderTest, fault: dict[str, object], seen: Callable[[requests.Response], bool]
) -> None:
    technitium.faults.update(**fault)
    assert seen(ask_over_http(technitium))
    technitium.faults.reset()
    healthy = ask_over_http(technitium)
    assert healthy.json()["status"] == "ok"
    assert healthy.headers["Content-Encoding"] == "gzip"


@pytest.mark.double_only
def test_a_fault_hits_as_often_as_it_is_told_and_only_the_paths_it_is_told(technitium: ServerUnderTest) -> None:
    technitium.faults.update(not_found=True, times=2, only="/api/zones/")
    assert ask_over_http(technitium, "/api/user/session/get").status_code == 200
    assert [ask_over_http(technitium).status_code for _ in range(3)] == [404, 404, 200]


@pytest.mark.double_only
def test_a_server_that_hangs_does_not_answer_and_still_stops(technitium: ServerUnderTest) -> None:
    technitium.faults.hang = True
    with pytest.raises(requests.ReadTimeout):
        requests.get(technitium.url + "/api/zones/list", timeout=0.2)
    technitium.double.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(technitium.url + "/api/zones/list", timeout=0.2)


@pytest.mark.double_only
def test_a_lost_answer_leaves_the_write_done(technitium: ServerUnderTest, zone: str) -> None:
    technitium.faults.update(drop_answer=True, times=1)
    with pytest.raises(requests.ConnectionError):
        ask_over_http(technitium, "/api/zones/records/add", domain=GRAFANA, type="A", ipAddress="10.0.0.1")
    assert technitium.ask(GRAFANA) == ["10.0.0.1"]


@pytest.mark.double_only
def test_a_slow_answer_takes_its_time(technitium: ServerUnderTest) -> None:
    technitium.faults.delay = 0.2
    began = time.monotonic()
    ask_over_http(technitium)
    assert time.monotonic() - began >= 0.2


@pytest.mark.double_only
def test_it_listens_again_on_the_same_port(technitium: ServerUnderTest) -> None:
    technitium.stop_listening()
    with pytest.raises(requests.ConnectionError):
        ask_over_http(technitium)
    technitium.listen_again()
    assert ask_over_http(technitium).json()["status"] == "ok"


@pytest.mark.double_only
def test_a_ghost_delete_answers_that_nothing_is_there_and_leaves_it(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.1")
    technitium.faults.ghost_deletes = 1
    gone = {"domain": GRAFANA, "type": "A", "ipAddress": "10.0.0.1"}
    answer = technitium.call("zones/records/delete", gone)
    assert answer["errorMessage"] == "Cannot delete record: no such record exists."
    assert technitium.ask(GRAFANA) == ["10.0.0.1"]
    assert technitium.call("zones/records/delete", gone)["status"] == "ok"


@pytest.mark.double_only
def test_a_busy_set_asks_to_try_again(technitium: ServerUnderTest, zone: str) -> None:
    technitium.faults.busy_sets = 1
    change = {"domain": GRAFANA, "type": "A", "ipAddress": "10.0.0.1", "overwrite": "true"}
    answer = technitium.call("zones/records/add", change)
    assert answer["errorMessage"] == "Cannot set records. Please try again."
    assert technitium.call("zones/records/add", change)["status"] == "ok"


@pytest.mark.double_only
def test_an_import_that_stops_half_way_leaves_what_it_did(technitium: ServerUnderTest, zone: str) -> None:
    technitium.faults.import_stops_after = 1
    answer = import_text(technitium, "grafana 60 IN A 10.0.0.1\nblog 60 IN A 10.0.0.1\n")
    assert answer["status"] == "error"
    assert technitium.rows(ZONE) == [(GRAFANA, "A", 60, "10.0.0.1", "")]


@pytest.mark.double_only
def test_a_crash_loses_what_was_written_since_the_last_save(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(NAS, "A", "10.0.0.9", 60, "by hand")
    technitium.double.save()
    saved = technitium.serial(ZONE)
    technitium.add(GRAFANA, "A", "10.0.0.1")
    technitium.add(NAS, "A", "10.0.0.8", 300)
    technitium.make_zone("home.lab")
    technitium.crash()
    assert technitium.rows(ZONE) == [(NAS, "A", 60, "10.0.0.9", "by hand")]
    assert technitium.ask(GRAFANA) == "NXDOMAIN"
    assert technitium.serial(ZONE) == saved
    assert [z["name"] for z in technitium.ok("zones/list")["zones"] if not z["internal"]] == [ZONE]


def test_five_seconds_after_the_first_write_all_of_them_are_on_disk() -> None:
    now = 1000.0
    with Technitium(token="secret", clock=lambda: now) as double:
        server = ServerUnderTest(double.url, double.token, double.dns, double)
        server.make_zone(ZONE)
        server.add(GRAFANA, "A", "10.0.0.1")
        now += 4.9
        server.add(BLOG, "A", "10.0.0.1")
        now += 0.1
        server.add(NAS, "A", "10.0.0.9")
        double.crash()
        assert [row[0] for row in server.rows(ZONE)] == [BLOG, GRAFANA]
        server.close()


@pytest.mark.double_only
def test_a_zone_can_be_turned_into_a_secondary(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.1")
    technitium.double.turn(ZONE, "Secondary")
    answer = technitium.call("zones/records/add", {"domain": BLOG, "type": "A", "ipAddress": "10.0.0.1"})
    assert answer["errorMessage"] == "Cannot add record in Secondary zone."
    assert technitium.ask(GRAFANA) == ["10.0.0.1"]


@pytest.mark.double_only
def test_a_secondary_of_a_cluster_passes_on_what_names_the_primary(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.1", 300, "ours")
    technitium.faults.cluster_primary = "ns0.cluster.lab"
    here = {"domain": GRAFANA, "zone": ZONE}
    without_node = ask_over_http(technitium, "/api/zones/records/get", **here).json()["response"]
    assert without_node["zone"]["type"] == "Secondary"
    assert "comments" not in without_node["records"][0]
    through = ask_over_http(technitium, "/api/zones/records/get", **here, node="ns0.cluster.lab").json()["response"]
    assert through["records"][0]["comments"] == "ours"


@pytest.mark.double_only
def test_it_counts_requests_and_hides_the_token(technitium: ServerUnderTest, zone: str) -> None:
    ask_over_http(technitium, token=technitium.token, node="x")
    assert technitium.requests.counts == {"/api/zones/list": 1}
    assert technitium.requests.seen[0].params == {"node": "x"}


@pytest.mark.technitium_version("14.3")
def test_an_older_server_wants_its_token_in_the_form(technitium: ServerUnderTest) -> None:
    answer = ask_over_http(technitium).json()
    assert (answer["status"], answer["errorMessage"]) == ("error", "Parameter 'token' missing.")
    assert technitium.ok("zones/list")["zones"]


@pytest.mark.technitium_version("13.4")
def test_13_4_takes_what_is_there_and_what_is_gone_for_done(technitium: ServerUnderTest, zone: str) -> None:
    technitium.add(GRAFANA, "A", "10.0.0.1", 300)
    technitium.add(GRAFANA, "A", "10.0.0.1", 60)
    assert technitium.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]
    technitium.delete(NAS, "A", "10.0.0.9")
    assert technitium.call("nothing/here")["status"] == "ok"


@pytest.mark.double_only
def test_it_can_be_steered_from_another_process(technitium: ServerUnderTest, zone: str) -> None:
    def steer(what: str, content: object = None, method: str = "POST") -> object:
        body = json.dumps(content).encode() if content is not None else None
        request = urllib.request.Request(f"{technitium.url}/fake/{what}", body, method=method)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    steer("faults", {"not_found": True})
    assert ask_over_http(technitium).status_code == 404
    steer("faults", {}, "DELETE")
    assert ask_over_http(technitium).status_code == 200
    seen = steer("requests", method="GET")
    assert isinstance(seen, dict)
    assert seen["counts"] == {"/api/zones/list": 2}
    technitium.double.save()
    technitium.add(GRAFANA, "A", "10.0.0.1")
    steer("crash", {})
    steer("zones", {ZONE: "Secondary"})
    assert technitium.rows(ZONE) == []
    assert technitium.double.zone(ZONE).kind == "Secondary"
    with pytest.raises(urllib.request.HTTPError, match="400"):
        steer("faults", {"no_such_fault": True})


def test_it_runs_by_hand_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.fakes.technitium", "--token", "secret", "--zone", ZONE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[1]
        host, port = process.stdout.readline().split()[1].split(":")
        server = ServerUnderTest(url, "secret", (host, int(port)))
        server.add(GRAFANA, "A", "10.0.0.1")
        assert server.ask(GRAFANA) == ["10.0.0.1"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        server.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(url.rpartition(":")[2])), timeout=1)


def test_ten_thousand_records_are_imported_and_listed(technitium: ServerUnderTest, zone: str) -> None:
    text = "".join(f"h{i} 300 IN A 10.0.{i >> 8}.{i & 255} ;ours\n" for i in range(10_000))
    before = technitium.serial(ZONE)
    assert import_text(technitium, text)["status"] == "ok"
    assert technitium.serial(ZONE) == before + 10_000
    assert len(technitium.records(ZONE)) == 10_002
