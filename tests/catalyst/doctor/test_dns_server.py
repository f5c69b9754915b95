"""What the doctor finds on a Technitium server."""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path

import pytest

from catalyst.doctor import dns_server
from catalyst.doctor.finding import Finding
from records.models import ManagedZone
from syncer.config import TechnitiumConfig
from syncer.errors import ServerRefused
from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest
from tests.fakes.technitium import Technitium
from tests.syncer.targets.technitium.test_client import make_certificate

ADMIN = "a-token-of-an-administrator-0123456789"


def look(
    url: str, token: str, *zones: str, fingerprint: str = "", others: tuple[str, ...] = (), node: str = ""
) -> list[Finding]:
    config = TechnitiumConfig(url, token, fingerprint=fingerprint, others=others)
    return list(dns_server.check_server(config, zones or ("talos00",), {}, node))


def problems(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level == "problem"]


@pytest.mark.parametrize(
    ("rights", "lacking"),
    [("true|false|false", "Modify and Delete"), ("true|true|false", "Delete"), ("true|false|true", "Modify")],
)
def test_a_token_that_may_not_write_is_found_out_without_a_write(
    technitium: ServerUnderTest, rights: str, lacking: str
) -> None:
    zone = technitium.make_zone("doctor.example")
    token = technitium.limited_token(zone, rights=rights)
    serial = technitium.serial(zone)
    assert problems(look(technitium.url, token, zone)) == [
        f"zone {zone}: the token's user lacks {lacking} on it: give it in the zone's permissions"
    ]
    assert technitium.serial(zone) == serial


@pytest.mark.double_only
@pytest.mark.parametrize("version", ["13.4", "14.3", "15.2"])
def test_every_version_can_be_looked_at(version: str) -> None:
    with Technitium(token=ADMIN, version=version) as server:
        server.tree.create("talos00")
        findings = look(server.url, ADMIN)
    assert problems(findings) == []
    texts = [finding.text for finding in findings]
    assert f"{server.url} answers, Technitium {version}" in texts
    assert any("may administer the whole server" in text for text in texts)
    assert any("talos00 is there" in text and "read, write and delete" in text for text in texts)


def test_zones_that_are_missing_or_disabled_are_named(technitium: ServerUnderTest) -> None:
    zone = technitium.make_zone("doctor.example")
    technitium.disable_zone(zone)
    missing, disabled = problems(look(technitium.url, technitium.token, "none.example", zone))
    assert "zone none.example is not on the server" in missing
    assert zone in missing
    assert "disabled" in disabled


def test_a_certificate_that_is_not_trusted_is_shown_by_its_fingerprint(tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    certificate = ssl.PEM_cert_to_DER_cert((tmp_path / "cert.pem").read_text())
    digest = hashlib.sha256(certificate).hexdigest()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with Technitium(token=ADMIN, tls=context) as server:
        server.tree.create("talos00")
        (text,) = problems(look(server.url, ADMIN))
        shown = re.search(r"SHA-256 fingerprint ([0-9A-F:]{95}):", text)
        assert shown
        assert shown[1].replace(":", "").lower() == digest
        assert "set DNS_API_TLS_FINGERPRINT to it" in text
        assert problems(look(server.url, ADMIN, fingerprint=digest)) == []
        (text,) = problems(look(server.url, ADMIN, fingerprint="ab" * 32))
        assert shown[1] in text
        assert {request.path for request in server.requests.seen if request.path != "/"} > {"/api/zones/list"}


def test_the_primary_of_a_cluster_is_named_and_its_zones_are_looked_at(technitium_cluster: ClusterUnderTest) -> None:
    node1, node2 = technitium_cluster.node1, technitium_cluster.node2
    technitium_cluster.make_zone("talos00")
    texts = [finding.text for finding in look(node2.url, node2.token)]
    assert f"the primary node of clu.test is node1.clu.test, through {node2.url}" in texts
    assert any("zone talos00 is there" in text for text in texts)
    technitium_cluster.promote(node2)
    texts = [finding.text for finding in look(node1.url, node2.token, others=(node2.url,))]
    assert "the primary node of clu.test is node2.clu.test" in texts
    assert f"{node1.url} answers, Technitium 15.2" in texts


def test_a_node_that_is_down_hides_no_other(technitium_cluster: ClusterUnderTest) -> None:
    node1, node2 = technitium_cluster.node1, technitium_cluster.node2
    technitium_cluster.make_zone("talos00")
    technitium_cluster.kill(node2)
    findings = look(node2.url, node1.token, others=(node1.url,))
    assert [text for text in problems(findings) if node2.url not in text] == []
    assert len(problems(findings)) == 1
    assert any("zone talos00 is there" in finding.text for finding in findings)


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_node_that_left_its_cluster_is_told_by_where_we_wrote_last(technitium_cluster: ClusterUnderTest) -> None:
    node1 = technitium_cluster.node1
    technitium_cluster.make_zone("talos00")
    technitium_cluster.promote(technitium_cluster.node2)
    assert dns_server.find_last_node("default") == ""
    ManagedZone.objects.create(zone="talos00", node="node1.clu.test")
    node = dns_server.find_last_node("default")
    texts = [finding.text for finding in look(node1.url, node1.token, node=node) if finding.level == "warning"]
    assert f"node1 ({node1.url}) left the cluster clu.test: no cluster serves what it holds" in " ".join(texts)
    assert "left the cluster" not in " ".join(finding.text for finding in look(node1.url, node1.token))


def test_two_servers_that_are_no_cluster_are_a_problem(technitium_cluster: ClusterUnderTest) -> None:
    node1 = technitium_cluster.node1
    technitium_cluster.promote(technitium_cluster.node2)
    with Technitium(token=node1.token) as other, pytest.raises(ServerRefused, match="in no cluster"):
        look(node1.url, node1.token, others=(other.url,))


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("http://127.0.0.1:5380", "ok"),
        ("http://[::1]:5380", "ok"),
        ("http://localhost:5380", "ok"),
        ("http://192.0.2.5:5380", "warning"),
        ("http://dns.talos00:5380", "warning"),
    ],
)
def test_plain_http_is_a_warning_where_it_leaves_the_machine(url: str, level: str) -> None:
    assert [finding.level for finding in dns_server.check_transport(TechnitiumConfig(url, "token"))] == [level]
