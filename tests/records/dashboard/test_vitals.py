"""The servers, the cluster and the certificates, as the syncer told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from records.dashboard.needs import Needs
from records.dashboard.vitals import Calls, list_ending, list_servers, read_certificates, read_cluster
from records.explain import count_states
from records.models import SyncStatus
from records.roles import VIEWER
from syncer.certificates import FailingCertificate, FailingCertificates
from syncer.targets.base import NodeReport, ServerReport
from tests.records.cast import make_cast
from tests.records.test_admin import visitor

SAMPLES = [[0, 2.0, 1], [1, 4.0, 1], [2, 90.0, 0], [3, 6.0, 1]]
CALLS = {"number": 60, "failed": 1, "last": SAMPLES}


def describe(**more: Any) -> dict[str, Any]:
    """As ``syncer.vitals`` writes it."""
    report = ServerReport("https://dns1:53443", "dns1.lan", "15.2", limit=10.0, **more)
    whose = {"target": "lan", "kind": "technitium", "problem": "", "warning": ""}
    return whose | report._asdict() | {"calls": CALLS}


def status_of(*servers: dict[str, Any], certificates: Any = None, **columns: Any) -> SyncStatus:
    now = timezone.now()
    vitals = {
        "targets": list(servers) or [describe()],
        "kubernetes": {"place": "https://api:6443", "calls": CALLS},
        "certificates": certificates,
    }
    return SyncStatus(
        **{"holder": "here 1", "started_at": now, "heartbeat_at": now, "target": "technitium", "vitals": vitals}
        | columns
    )


def tell_failing(*failing: FailingCertificate, known: int = 3) -> dict[str, Any]:
    told = FailingCertificates(known, len(failing), list(failing))
    return told._asdict() | {"worst": [each._asdict() for each in failing]}


def test_a_server_is_told_with_its_version_its_role_and_what_it_used_of_the_limit() -> None:
    (server,) = list_servers(status_of())
    assert (server.target, server.name, server.version, server.role) == ("lan", "dns1.lan", "15.2", "on its own")
    assert server.budget == pytest.approx(2.0), "60 of the 3,000 calls of five minutes"
    assert server.calls is not None
    assert (server.calls.success, server.calls.of_what) == ("98.3 %", "of 60 calls in the last 5 minutes")
    assert server.calls.took == "half of the last 4 within 4 ms, the slowest 6 ms"
    assert server.calls.describe().endswith("; 1 without an answer")


def test_a_node_of_a_cluster_is_told_beside_the_others() -> None:
    nodes = [NodeReport("dns1.lan", True, True)._asdict(), NodeReport("dns2.lan", False, False)._asdict()]
    (server,) = list_servers(status_of(describe(cluster="lan") | {"nodes": nodes}))
    assert server.role == "primary node of lan"
    assert [node["is_reachable"] for node in server.nodes] == [True, False]


@pytest.mark.parametrize(
    ("number", "failed", "last", "tone"),
    [(0, 0, [], ""), (60, 0, [(1.0, True)], "good"), (60, 1, [(1.0, True)], "warn"), (60, 1, [(1.0, False)], "bad"),
     (60, 31, [(1.0, True)], "bad")],
)  # fmt: skip
def test_one_call_that_failed_among_many_is_a_warning(number: int, failed: int, last: Any, tone: str) -> None:
    assert Calls(last, number, failed).tone == tone


def test_all_but_one_of_a_hundred_thousand_is_not_all() -> None:
    assert Calls([], 100_000, 1).success == "99.9 %"


def test_where_nothing_was_told_there_is_nothing_to_show() -> None:
    for status in (None, status_of(vitals=None)):
        assert list_servers(status) == []
        assert (read_cluster(status), read_certificates(status)) == (None, None)


def test_a_certificate_that_fails_needs_someone_since_it_failed() -> None:
    failing = FailingCertificate("web", "shop", "its renewal has failed 2 times in a row", 1.0, "2026-01-02T03:04:05Z")
    new = FailingCertificate("web", "new", "it is not ready", None, "")
    status = status_of(certificates=tell_failing(failing, new))
    card = read_certificates(status)
    assert card is not None
    assert [(each.title, each.since) for each in card.failing] == [
        ("web/shop", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("web/new", status.heartbeat_at),
    ]


def test_the_certificate_of_a_dns_server_needs_someone_two_weeks_before_its_end() -> None:
    now = timezone.now()
    for days, told in ((15, 0), (13, 1), (-1, 1)):
        status = status_of(describe(certificate_ends=(now + timedelta(days=days)).timestamp()))
        assert len(list_ending(status)) == told
        assert list_servers(status)[0].is_ending is bool(told)


@pytest.mark.django_db
def test_what_fails_is_among_what_needs_you_until_the_syncer_is_silent() -> None:
    failing = tell_failing(FailingCertificate("web", "shop", "it has expired", 1.0, ""))
    ends = (timezone.now() + timedelta(days=2)).timestamp()
    status = status_of(describe(certificate_ends=ends), certificates=failing)
    counts = {count.key: count.number for count in Needs(count_states(), status).counts}
    assert counts["certificate"] == 2
    status.heartbeat_at = timezone.now() - timedelta(hours=1)
    assert {count.key: count.number for count in Needs(count_states(), status).counts}["certificate"] == 0


@pytest.mark.django_db
def test_the_pages_show_it_and_what_a_server_calls_itself_is_text() -> None:
    make_cast()
    failing = tell_failing(FailingCertificate("web", "shop", "it has expired", 1.0, ""))
    lan = describe(excess="may do <all>") | {"name": "<b>dns</b>"}
    public = describe() | {"target": "public", "problem": "it cannot be reached"}
    told = status_of(lan, public, certificates=failing).vitals
    SyncStatus.objects.update(vitals=told)
    client = visitor(VIEWER)
    text = client.get("/ui/system/").content.decode()
    for words in ("version 15.2", "&lt;b&gt;dns&lt;/b&gt;", "may do &lt;all&gt;", "https://api:6443", "web/shop"):
        assert words in text
    assert text.count('class="spark"') == 3
    assert text.count("it cannot be reached") == 1, "each target has a card, and its own trouble there"
    needs = client.get("/ui/needs/?kind=certificate").content.decode()
    assert "web/shop" in needs
    assert 'href="/ui/system/#certificates"' in needs
