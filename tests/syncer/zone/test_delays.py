"""How long a change of an object takes until DNS has it."""

from __future__ import annotations

import pytest

from syncer import metrics
from syncer.core.names import zone_of
from syncer.errors import ZoneUnusable
from syncer.ledger import Freeze
from tests.syncer.test_worker import LAB, Case
from tests.syncer.zone.memory import ZONE

GRAFANA = f"grafana.{ZONE}"


@pytest.fixture
def case() -> Case:
    case = Case(ZONE, LAB)
    case.turn()
    return case


def change(case: Case, *names: str, since: float | None = None, claimed: bool = True) -> None:
    """Objects that ask for these names come, or go, at this time."""
    for name in names:
        assert zone_of(name, case.worker.zones)
        label = name.removesuffix(f".{ZONE}")
        case.cluster.put(label) if claimed else case.cluster.drop(label)
    case.worker.enqueue(names, case.clock.now if since is None else since)


def read_metric(operation: str) -> float:
    """Seconds that changes took, in sum."""
    labels = {"target": "toy", "zone": ZONE, "operation": operation}
    return metrics.REGISTRY.get_sample_value("catalyst_dns_sync_change_duration_seconds_sum", labels) or 0.0


def list_seconds(case: Case, zone: str = ZONE) -> list[float]:
    return [round(sample.milliseconds / 1000, 3) for sample in case.worker.zones[zone].changes.last]


def test_a_change_is_measured_from_when_it_came_to_when_it_was_written(case: Case) -> None:
    before = read_metric("create")
    change(case, GRAFANA, since=case.clock.now - 0.25)
    case.turn(0.5)
    assert list_seconds(case) == [0.75]
    assert read_metric("create") == before + 0.75
    assert list_seconds(case, LAB) == []


def test_of_several_changes_of_a_name_the_first_counts(case: Case) -> None:
    change(case, GRAFANA)
    case.clock.now += 2
    change(case, GRAFANA)
    case.turn(1)
    assert list_seconds(case) == [3.0]


def test_what_needs_no_write_is_not_measured_nor_what_was_known_before(case: Case) -> None:
    change(case, GRAFANA)
    case.turn()
    change(case, GRAFANA)
    case.turn()
    case.put("blog")
    case.turn()
    assert len(list_seconds(case)) == 1


def test_a_server_that_is_away_counts_as_the_time_that_it_took(case: Case) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    change(case, GRAFANA)
    case.turn()
    del case.target.trouble[ZONE]
    case.turn(100)
    (seconds,) = list_seconds(case)
    assert seconds >= 100


def test_a_delete_waits_on_purpose_and_is_not_among_them(case: Case) -> None:
    change(case, GRAFANA)
    case.turn()
    change(case, GRAFANA, claimed=False)
    for _ in range(5):
        case.turn()
    assert case.published == set()
    assert list_seconds(case) == [1.0]


def test_what_a_person_holds_back_is_not_a_delay_of_ours(case: Case) -> None:
    case.ledger.frozen = [Freeze("", None, "olga")]
    case.worker.read_freezes(case.clock.now)
    change(case, GRAFANA)
    case.turn()
    case.clock.now += 3600
    case.ledger.frozen = []
    case.worker.read_freezes(case.clock.now)
    case.turn(1)
    assert case.published == {GRAFANA}
    assert list_seconds(case) == []
