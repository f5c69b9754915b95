"""HTTPS records beside the addresses of hosts with a certificate, asked for by DNS."""

from __future__ import annotations

from typing import Any

import pytest

from records.explain import explain_name
from records.models import Source
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, PREFIX, ZONE, Engine, ingress
from tests.syncer.zone.routes import SHOP, gateway, route
from tests.syncer.zone.test_dnsendpoints import published

GRAFANA = f"grafana.{ZONE}"
ANSWER = ['1 . alpn="h2"']


def put(engine: Engine, name: str = "grafana", **notes: str) -> None:
    manifest = ingress(name, **notes)
    manifest["spec"]["tls"] = [{"hosts": [f"{name}.{ZONE}"]}]
    engine.put_object(INGRESS, manifest)
    engine.settle()


@pytest.fixture
def secure(build: Build) -> Engine:
    return build(scope={"https_records": True})


def types(engine: Engine) -> set[str]:
    return {kind for _, kind in engine.rows()}


def test_it_comes_and_goes_with_the_addresses(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure, ttl="77")
    assert technitium.ask(GRAFANA, "HTTPS") == ANSWER
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert {row[2] for row in technitium.rows(ZONE)} == {77}
    secure.drop("grafana")
    secure.settle()
    assert technitium.ask(GRAFANA, "HTTPS") == "NXDOMAIN"
    assert not secure.rows()


def test_what_is_spoken_changes_and_a_restart_writes_nothing(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure)
    put(secure, https="h2,h3")
    assert technitium.ask(GRAFANA, "HTTPS") == ['1 . alpn="h2,h3"']
    serial = technitium.serial(ZONE)
    secure.start()
    secure.settle()
    assert technitium.serial(ZONE) == serial
    put(secure, https="false")
    assert technitium.ask(GRAFANA, "HTTPS") == []
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_what_went_while_no_syncer_ran_takes_it_along(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure)
    secure.objects.clear()
    secure.start()
    secure.settle()
    assert published(technitium) == {}


def test_it_makes_way_for_an_alias_and_comes_back(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure)
    put(secure, target="edge.example.com")
    assert published(technitium) == {("grafana", "CNAME"): ["edge.example.com"]}
    put(secure)
    assert technitium.ask(GRAFANA, "HTTPS") == ANSWER


def test_the_setting_that_is_switched_off_takes_it_out(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure)
    secure.scope["https_records"] = False
    secure.start()
    secure.settle()
    assert technitium.ask(GRAFANA, "HTTPS") == []
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_a_foreign_one_stays_and_is_no_conflict(secure: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(GRAFANA, "HTTPS", "", svcPriority=1, svcTargetName=".", svcParams="alpn|h3")
    put(secure)
    assert technitium.ask(GRAFANA, "HTTPS") == ['1 . alpn="h3"']
    assert types(secure) == {"A"}
    secure.full()
    assert types(secure) == {"A"}


@pytest.mark.parametrize("value", [ADDRESS, OTHER])
def test_beside_a_foreign_address_is_none_of_ours(secure: Engine, technitium: ServerUnderTest, value: str) -> None:
    technitium.add(GRAFANA, "A", value)
    put(secure)
    assert technitium.ask(GRAFANA, "HTTPS") == []
    assert types(secure) == {"A"}


def test_an_address_that_is_taken_out_of_our_hands_takes_it_along(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure)
    secure.ask("release", GRAFANA, type="A")
    secure.full()
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert technitium.ask(GRAFANA, "HTTPS") == []


def test_a_name_with_it_counts_once_and_says_nothing_of_it(secure: Engine) -> None:
    put(secure)
    (source,) = Source.objects.all()
    assert source.wanted_names() == [(GRAFANA, [ADDRESS])]
    said = explain_name(GRAFANA)["sentences"]
    assert f"Ingress/web/grafana wants the name for {ADDRESS}, and has it." in said


def test_who_loses_the_address_loses_it_without_a_word(secure: Engine, technitium: ServerUnderTest) -> None:
    secure.put("other", GRAFANA, target=OTHER, created="2025-01-01T00:00:00Z")
    secure.settle()
    put(secure)
    assert published(technitium) == {("grafana", "A"): [OTHER]}
    (row,) = secure.rows().values()
    assert [origin for origin, _ in row.losers] == ["Ingress/web/grafana"]


def test_an_https_listener_gives_it_and_its_loss_keeps_it_with_the_address(
    secure: Engine, technitium: ServerUnderTest
) -> None:
    served: dict[str, Any] = gateway()
    served["spec"]["listeners"][0] |= {"protocol": "HTTPS"}
    secure.put_object(GATEWAY, served)
    secure.put_object(HTTP_ROUTE, route(SHOP))
    secure.settle()
    assert technitium.ask(SHOP, "HTTPS") == ANSWER
    secure.drop_object(GATEWAY, served["metadata"]["namespace"], served["metadata"]["name"])
    secure.settle()
    assert technitium.ask(SHOP, "HTTPS") == ANSWER
    assert {row.state for row in secure.rows().values()} == {"kept"}


def test_a_hosts_file_has_none_and_says_nothing(build: Build, tmp_path: Any, db: None) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    engine = Engine(str(hosts), scope={"https_records": True})
    put(engine)
    assert f"{ADDRESS}  {GRAFANA}" in hosts.read_text()
    assert types(engine) == {"A"}
    engine.close()


def test_a_hand_on_it_is_drift(secure: Engine, technitium: ServerUnderTest) -> None:
    put(secure, **{"auto-remediate": "true"})
    assert secure.objects[INGRESS, "web", "grafana"]["metadata"]["annotations"][f"{PREFIX}auto-remediate"] == "true"
    technitium.ok(
        "zones/records/delete",
        {"domain": GRAFANA, "type": "HTTPS", "svcPriority": 1, "svcTargetName": ".", "svcParams": "alpn|h2"},
    )
    secure.turn(11)
    secure.settle()
    assert technitium.ask(GRAFANA, "HTTPS") == ANSWER
