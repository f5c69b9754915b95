"""Refusals, lost answers, and what the serial tells."""

from __future__ import annotations

import pytest

from syncer.config import TechnitiumConfig
from syncer.core.rrsets import RRset
from syncer.errors import TargetRefused, TargetUnreachable, ZoneUnusable
from syncer.targets.base import Outcome, Result
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import (
    MARK,
    MARKER,
    ZONE,
    apply,
    apply_well,
    create,
    delete,
    held,
    update,
)


@pytest.mark.double_only
def test_one_poisoned_record_among_many_is_refused_alone(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.add(f"poison.{ZONE}", "TXT", "in the way", 300, "")
    held(target)
    good = [create(f"app{i:02}", "10.0.0.1") for i in range(99)]
    changes = [*good[:50], create("poison", "web.example.com", type_="CNAME"), *good[50:]]
    technitium.requests.clear()
    results = apply(target, *changes)
    poisoned = results.pop((f"poison.{ZONE}", "CNAME"))
    assert {result.outcome for result in results.values()} == {Outcome.DONE}
    assert (poisoned.outcome, poisoned.permanent) == (Outcome.REFUSED, True)
    assert "a CNAME cannot be beside other records" in poisoned.reason
    assert len(technitium.requests.seen) <= 5
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]
    assert len(held(target)) == 100


def test_several_poisoned_records_are_each_refused_with_their_reason(target: TechnitiumTarget) -> None:
    held(target)
    changes = [create(f"app{i:02}", "10.0.0.1") for i in range(40)]
    changes[3] = create("long", "10.0.0.1", ttl=604801)
    changes[20] = create("bad", "300.0.0.1")
    changes[33] = create("l" * 64, "10.0.0.1")
    results = apply(target, *changes)
    refused = {key[0].partition(".")[0]: item for key, item in results.items() if item.outcome is not Outcome.DONE}
    assert set(refused) == {"long", "bad", "l" * 64}
    assert all(item.outcome is Outcome.REFUSED and item.permanent for item in refused.values())
    assert "SOA expire" in refused["long"].reason
    assert len(held(target)) == 37
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]


def test_a_change_that_was_made_in_part_is_unknown(target: TechnitiumTarget) -> None:
    held(target)
    result = apply(target, create("grafana", "10.0.0.1", "300.0.0.1"))[f"grafana.{ZONE}", "A"]
    assert result.outcome is Outcome.UNKNOWN
    assert "only in part" in result.reason
    assert held(target)[f"grafana.{ZONE}", "A"].rrset.values == ("10.0.0.1",)


def test_a_mark_that_would_break_the_zone_file_is_refused(target: TechnitiumTarget) -> None:
    results = apply(target, *(create(f"app{i}", "10.0.0.1", mark="m" * 256) for i in range(7)))
    assert {(result.outcome, result.permanent) for result in results.values()} == {(Outcome.REFUSED, True)}


def test_types_that_the_server_cannot_take_are_refused_beforehand(target: TechnitiumTarget) -> None:
    target.check()
    assert target.refuses(RRset(f"a.{ZONE}", "A", 300, ("10.0.0.1",))) == ""
    assert "LOC" in target.refuses(RRset(f"a.{ZONE}", "LOC", 300, ("x",)))


def test_a_wrong_token_says_what_to_do(technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    target = TechnitiumTarget(TechnitiumConfig(technitium.url, "0" * 64), MARKER, (ZONE,))
    for call in (target.check, target.serials, lambda: target.zone(ZONE).read()):
        with pytest.raises(TargetRefused, match="DNS_API_TOKEN"):
            call()


def test_the_serial_that_we_left_is_known_without_asking(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    assert target.zone(ZONE).left_serial is None
    held(target)
    apply_well(target, *(create(f"app{i}", "10.0.0.1") for i in range(10)))
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]
    apply_well(target, update(held(target)[f"app3.{ZONE}", "A"], "10.0.0.2", "10.0.0.3"))
    apply_well(target, *(delete(item) for item in held(target).values()))
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]


def test_a_foreign_write_is_noticed(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    apply_well(target, create("grafana", "10.0.0.1"))
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.9", 300, "made by hand")
    apply_well(target, create("blog", "10.0.0.1"))
    assert target.zone(ZONE).left_serial is None
    held(target)
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.8", 300, "made by hand")
    target.serials()
    assert target.zone(ZONE).left_serial is None


@pytest.mark.double_only
def test_a_delete_that_finds_nothing_is_not_taken_for_done(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    apply_well(target, create("grafana", "10.0.0.1"))
    there = held(target)[f"grafana.{ZONE}", "A"]
    technitium.faults.ghost_deletes = 1
    assert apply(target, delete(there))[there.rrset.name, "A"].outcome is Outcome.UNCONFIRMED
    assert held(target)[f"grafana.{ZONE}", "A"] == there
    apply_well(target, delete(there))


@pytest.mark.double_only
def test_a_delete_or_update_that_was_made_although_the_server_says_an_error_is_done(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    apply_well(target, create("grafana", "10.0.0.1"), create("nas", "10.0.0.1"))
    grafana, nas = held(target)[f"grafana.{ZONE}", "A"], held(target)[f"nas.{ZONE}", "A"]
    for change in (update(nas, "10.0.0.2"), delete(grafana)):
        technitium.faults.sorry_writes = 1
        assert apply(target, change)[change.key].outcome is Outcome.DONE
        assert target.zone(ZONE).left_serial is None
    assert {key: found.rrset.values for key, found in held(target).items()} == {(f"nas.{ZONE}", "A"): ("10.0.0.2",)}


@pytest.mark.double_only
def test_a_set_that_met_another_one_is_tried_again(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    technitium.faults.busy_sets = 2
    apply_well(target, create("grafana", "web.example.com", type_="CNAME"))
    technitium.faults.busy_sets = 100
    result = apply(target, create("blog", "web.example.com", type_="CNAME"))[f"blog.{ZONE}", "CNAME"]
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)


@pytest.mark.double_only
@pytest.mark.parametrize("many", [False, True])
def test_a_write_without_an_answer_is_unknown(
    technitium: ServerUnderTest, target: TechnitiumTarget, many: bool
) -> None:
    held(target)
    technitium.faults.update(drop_answer=True, only="/api/zones/import" if many else "/api/zones/records/add")
    results: list[Result] = []
    with pytest.raises(TargetUnreachable):
        results.extend(target.zone(ZONE).apply([create(f"app{i}", "10.0.0.1") for i in range(20 if many else 2)]))
    assert {result.outcome for result in results} == {Outcome.UNKNOWN}
    assert len(results) == (20 if many else 1)
    technitium.faults.reset()
    assert target.zone(ZONE).left_serial is None
    assert len(held(target)) == len(results)


@pytest.mark.double_only
def test_a_token_that_may_not_import_writes_one_by_one(
    technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    technitium.make_zone(ZONE)
    config = TechnitiumConfig(technitium.url, technitium.limited_token(ZONE), rate_limit=1000)
    limited = TechnitiumTarget(config, MARKER, (ZONE,))
    held(limited)
    for batch in range(2):
        apply_well(limited, *(create(f"app{batch}-{i}", "10.0.0.1") for i in range(8)))
    assert len(held(limited)) == 16
    assert technitium.requests.counts["/api/zones/import"] == 1
    assert caplog.text.count("may not import") == 1


@pytest.mark.double_only
@pytest.mark.technitium_version("14.3")
def test_names_with_many_values_are_imported_in_parts_that_an_old_server_takes(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    """It refuses a form field of 4 MB as a whole, and each value by itself would be a call."""
    held(target)
    values = [f"10.0.{number // 250}.{number % 250}" for number in range(100)]
    mark = MARKER.mark("Ingress/monitoring/" + "x" * 200)
    apply_well(target, *(create(f"app{number}", *values, mark=mark) for number in range(150)))
    assert len(held(target)) == 150
    assert "/api/zones/records/add" not in technitium.requests.counts
    assert technitium.requests.counts["/api/zones/import"] == 4


@pytest.mark.double_only
def test_an_import_that_stops_in_the_middle_is_carried_on(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    held(target)
    technitium.faults.import_stops_after = 7
    apply_well(target, *(create(f"app{i:02}", "10.0.0.1") for i in range(20)))
    assert len(held(target)) == 20


def test_a_disabled_zone_is_said_to_be_disabled(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    technitium.disable_zone(ZONE)
    with pytest.raises(ZoneUnusable, match="talos00 is disabled"):
        target.zone(ZONE).read()
    assert ZONE not in target.serials()
    result = apply(target, create("grafana", "10.0.0.1"))[f"grafana.{ZONE}", "A"]
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
    assert "disabled" in result.reason


@pytest.mark.double_only
def test_writes_go_to_the_primary_of_a_cluster(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.faults.cluster_primary = "ns0.cluster.lab"
    apply_well(target, create("grafana", "10.0.0.1"))
    assert held(target)[f"grafana.{ZONE}", "A"].marks == (MARK,)
    apply_well(target, *(create(f"app{i}", "10.0.0.1") for i in range(10)))
    assert all(
        request.params["node"] == "ns0.cluster.lab" for request in technitium.requests.seen if "records" in request.path
    )


@pytest.mark.double_only
def test_a_token_that_dies_in_the_middle_refuses_the_rest(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    held(target)
    technitium.faults.update(invalid_token=True, only="/api/zones/records/add")
    results: list[Result] = []
    with pytest.raises(TargetRefused, match="DNS_API_TOKEN"):
        results.extend(target.zone(ZONE).apply([create(f"app{i}", "10.0.0.1") for i in range(3)]))
    assert [result.outcome for result in results] == [Outcome.REFUSED] * 3


@pytest.mark.double_only
def test_a_server_that_comes_back_is_used_again(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    technitium.double.stop_listening()
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        target.serials()
    technitium.double.listen_again()
    apply_well(target, create("grafana", "10.0.0.1"))


@pytest.mark.double_only
def test_a_server_that_lost_writes_in_a_crash_is_noticed(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    apply_well(target, create("grafana", "10.0.0.1"))
    technitium.double.crash()
    target.serials()
    assert target.zone(ZONE).left_serial is None


@pytest.mark.double_only
def test_no_second_sees_more_requests_than_the_limit(technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    limited = TechnitiumTarget(TechnitiumConfig(technitium.url, technitium.token, rate_limit=10), MARKER, (ZONE,))
    for _ in range(22):
        limited.serials()
    at = [request.at for request in technitium.requests.seen]
    assert all(sum(start <= other < start + 1 for other in at) <= 10 for start in at)
    assert at[-1] - at[0] >= 2


@pytest.mark.double_only
def test_a_pass_over_ten_thousand_records_takes_one_request(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    held(target)
    apply_well(target, *(create(f"app{i:05}", "10.0.0.1") for i in range(10_000)))
    technitium.requests.clear()
    assert len(held(target)) == 10_000
    assert len(technitium.requests.seen) == 1
