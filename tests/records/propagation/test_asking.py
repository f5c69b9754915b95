"""What is said of a record, asked for over sockets: right, wrong, unanswered; what a wildcard gives is not right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from records.propagation.asking import SIBLING_LIFE, DnsServer, QueryPace
from records.propagation.judging import Expected, Judgement, Result
from syncer.targets.technitium.fields import make_parameters
from tests.fakes.fixtures_technitium import FIELDS, ServerUnderTest
from tests.records.propagation.conftest import ZONE

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
ADDRESS = "192.0.2.5"


class Asked:
    """Judges what ``server`` says, on a clock of its own."""

    def __init__(self, server: str) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.server = DnsServer(server, QueryPace(1, lambda: self.now, self.waits.append), lambda: self.now)

    def __call__(self, name: str, *values: str, kind: str = "A", is_doubtful: bool = False) -> Judgement:
        name = f"{name}.{ZONE}" if name else ZONE
        expected = Expected(ZONE, name, kind, (frozenset(values),), EARLIER, is_doubtful)
        return self.server.judge_record(expected, NOW)


@pytest.fixture
def asked(server: str) -> Asked:
    return Asked(server)


RIGHT = Judgement(Result.RIGHT)


RARE = {
    "DNAME": "new.example",
    "HTTPS": "1 . alpn=h2,h3 ipv4hint=192.0.2.1 ech=AAb+DQACQWI=",
    "NAPTR": r'100 10 "U" "E2U+sip" "!^\\+49(.*)$!sip:\\1@x.org!" .',
    "SSHFP": f"4 2 {'ab' * 32}",
    "SVCB": "1 dns.example.com alpn=dot port=853",
    "TLSA": f"3 1 1 {'ab' * 32}",
    "URI": '10 1 "https://example.com/"',
}


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        ("A", ADDRESS, {}),
        ("AAAA", "fd00::5", {}),
        ("CNAME", "www.example.org", {}),
        ("TXT", 'say "hi" ; there', {}),
        ("TXT", "x" * 600, {}),
        ("MX", "10 mx.talos00", {"preference": 10, "exchange": "mx.talos00"}),
        ("SRV", "1 2 443 www.talos00", {"priority": 1, "weight": 2, "port": 443, "target": "www.talos00"}),
        ("CAA", "0 issue letsencrypt.org", {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}),
        *((kind, value, make_parameters(kind, value)) for kind, value in RARE.items()),
    ],
)
def test_each_type_is_right_as_we_spell_its_values(
    technitium: ServerUnderTest, asked: Asked, kind: str, value: str, fields: dict[str, object]
) -> None:
    parameters = fields or {FIELDS[kind]: value}
    technitium.ok("zones/records/add", {"domain": f"grafana.{ZONE}", "type": kind, "ttl": 300, **parameters})
    assert asked("grafana", value, kind=kind) == RIGHT


def test_a_ds_is_right_though_others_have_the_name(technitium: ServerUnderTest, asked: Asked, server: str) -> None:
    value = f"60485 13 2 {'ab' * 32}"
    technitium.add(f"lab.{ZONE}", "NS", "ns1.example.com")
    technitium.ok("zones/records/add", {"domain": f"lab.{ZONE}", "type": "DS", **make_parameters("DS", value)})
    assert asked("lab", value, kind="DS") == RIGHT
    other = f"60485 13 2 {'cd' * 32}"
    assert asked("lab", other, kind="DS") == (Result.WRONG, f"{server} answers {value}")


def test_it_says_what_came_instead(technitium: ServerUnderTest, asked: Asked, server: str) -> None:
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.9")
    technitium.add(f"blog.{ZONE}", "CNAME", f"grafana.{ZONE}")
    assert asked("grafana", ADDRESS) == (Result.WRONG, f"{server} answers 192.0.2.9")
    assert asked("grafana", "fd00::5", kind="AAAA") == (Result.WRONG, f"{server} answers nothing (NOERROR)")
    assert asked("nas", ADDRESS) == (Result.WRONG, f"{server} answers nothing (NXDOMAIN)")
    assert asked("blog", "192.0.2.9") == (Result.WRONG, f"{server} answers CNAME grafana.{ZONE}")


def test_a_value_beside_ours_is_not_what_we_wrote(technitium: ServerUnderTest, asked: Asked, server: str) -> None:
    for value in (ADDRESS, "192.0.2.9"):
        technitium.add(f"grafana.{ZONE}", "A", value)
    assert asked("grafana", ADDRESS) == (Result.WRONG, f"{server} answers {ADDRESS}, 192.0.2.9")
    assert asked("grafana", "192.0.2.9", ADDRESS) == RIGHT


@pytest.mark.double_only
def test_a_server_that_does_not_hold_the_zone_answers_nothing(server: str, asked: Asked) -> None:
    expected = Expected("example.org", "www.example.org", "A", (frozenset([ADDRESS]),), EARLIER)
    assert asked.server.judge_record(expected, NOW) == (Result.UNANSWERED, f"{server} answers REFUSED")


def test_a_server_that_is_not_there_leaves_the_name_unanswered() -> None:
    judgement = Asked("127.0.0.1:0")("grafana", ADDRESS)
    assert judgement.result is Result.UNANSWERED
    assert judgement.reason.startswith("127.0.0.1:0: ")


def test_what_lies_behind_a_delegation_cannot_be_asked_for(
    technitium: ServerUnderTest, asked: Asked, server: str
) -> None:
    for name, kind, value in (
        ("lab", "NS", f"ns.lab.{ZONE}"),
        ("ns.lab", "A", ADDRESS),
    ):
        technitium.add(f"{name}.{ZONE}", kind, value)
    assert asked("ns.lab", ADDRESS) == (Result.DELEGATED, f"{server} leaves lab.{ZONE} to other servers")
    assert asked("lab", f"ns.lab.{ZONE}", kind="NS") == RIGHT
    assert asked("lab", "other.example", kind="NS") == (Result.WRONG, f"{server} answers ns.lab.{ZONE}")


# Wildcards


def by_wildcard(server: str) -> Judgement:
    return Judgement(Result.WRONG, f"{server} has no such record: a wildcard answers in its place")


def test_what_a_foreign_wildcard_answers_is_not_right(technitium: ServerUnderTest, asked: Asked, server: str) -> None:
    technitium.add(f"*.{ZONE}", "A", ADDRESS)
    assert asked("grafana", ADDRESS) == by_wildcard(server)
    assert asked("deep.in.there", ADDRESS) == by_wildcard(server)


def test_a_record_beside_a_wildcard_of_the_same_values_is_right(technitium: ServerUnderTest, asked: Asked) -> None:
    for name in ("*", "grafana", "deep.in.there"):
        technitium.add(f"{name}.{ZONE}", "A", ADDRESS)
    assert asked("grafana", ADDRESS) == RIGHT
    assert asked("deep.in.there", ADDRESS) == RIGHT


def test_a_wildcard_with_other_values_cannot_have_answered(technitium: ServerUnderTest, asked: Asked) -> None:
    technitium.add(f"*.{ZONE}", "A", "192.0.2.9")
    technitium.add(f"grafana.{ZONE}", "A", ADDRESS)
    assert asked("grafana", ADDRESS) == RIGHT


def test_a_wildcard_of_ours_is_asked_for_by_a_name_below_it(
    technitium: ServerUnderTest, asked: Asked, server: str
) -> None:
    technitium.add(f"*.apps.{ZONE}", "A", ADDRESS)
    assert asked("*.apps", ADDRESS) == RIGHT
    assert asked("*", ADDRESS) == (Result.WRONG, f"{server} answers nothing (NXDOMAIN)")
    technitium.add(f"*.{ZONE}", "A", ADDRESS)
    assert asked("*", ADDRESS) == RIGHT


def test_a_wildcard_above_ours_is_not_taken_for_it(technitium: ServerUnderTest, server: str) -> None:
    technitium.add(f"*.{ZONE}", "A", ADDRESS)
    assert Asked(server)("*.apps", ADDRESS) == by_wildcard(server)
    technitium.add(f"*.apps.{ZONE}", "A", ADDRESS)
    assert Asked(server)("*.apps", ADDRESS) == RIGHT


def test_the_apex_has_no_wildcard_above_it(technitium: ServerUnderTest, asked: Asked) -> None:
    technitium.add(ZONE, "A", ADDRESS)
    technitium.add(f"*.{ZONE}", "A", ADDRESS)
    assert asked("", ADDRESS) == RIGHT
    assert len(asked.waits) == 1


def test_a_name_that_nobody_made_is_asked_for_once_in_a_while_for_all_beside_it(
    technitium: ServerUnderTest, asked: Asked
) -> None:
    names = [f"app{number}" for number in range(5)]
    for name in names:
        technitium.add(f"{name}.{ZONE}", "A", ADDRESS)
    for name in names:
        assert asked(name, ADDRESS) == RIGHT
    assert len(asked.waits) == len(names) + 1
    asked.now += SIBLING_LIFE
    assert asked("app0", ADDRESS) == RIGHT
    assert len(asked.waits) == len(names) + 3


def test_what_was_wrong_is_not_right_by_a_wildcard_that_came_meanwhile(
    technitium: ServerUnderTest, asked: Asked, server: str
) -> None:
    technitium.add(f"grafana.{ZONE}", "A", ADDRESS)
    assert asked("grafana", ADDRESS) == RIGHT
    technitium.delete(f"grafana.{ZONE}", "A", ADDRESS)
    technitium.add(f"*.{ZONE}", "A", ADDRESS)
    assert asked("grafana", ADDRESS, is_doubtful=True) == by_wildcard(server)
    assert asked("grafana", ADDRESS) == by_wildcard(server)


# Pace


@pytest.mark.parametrize("per_second", [0.5, 2, 50])
def test_queries_are_spread_evenly(per_second: float) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    pace = QueryPace(per_second, clock, sleep)
    for _ in range(4):
        pace.wait()
    assert slept == pytest.approx([0, *[1 / per_second] * 3])
    now[0] += 60
    pace.wait()
    pace.charge()
    pace.wait()
    assert slept[4:] == pytest.approx([0, 2 / per_second]), "an idle minute saves nothing up"
