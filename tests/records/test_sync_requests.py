"""What is asked of the syncer, and what it reads of that."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from records import operations, sync_requests
from records.ledger import DatabaseLedger
from records.models import AuditEntry, ManagedRecord, SyncRequest
from syncer.core.claims import Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import RRset
from syncer.ledger import AppliedChange
from syncer.targets.base import Outcome, Result
from tests.records.cast import Cast, last_audit, list_asked, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_everything_or_a_zone_or_a_name_can_be_synced() -> None:
    sync_requests.sync_now("admin")
    sync_requests.sync_now("admin", zone="talos00")
    sync_requests.sync_now("admin", name="WWW.talos00.")
    assert list_asked() == [("sync", "", ""), ("sync", "talos00", ""), ("sync", "talos00", "www.talos00")]
    assert (last_audit().actor, last_audit().action, last_audit().name) == ("admin", "requested", "www.talos00")


@pytest.mark.parametrize("what", [{"zone": "example.com"}, {"name": "www.example.com"}, {"name": "two words.talos00"}])
def test_what_is_in_no_zone_cannot_be_synced(what: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        sync_requests.sync_now("admin", **what)
    assert not SyncRequest.objects.exists()


def test_what_is_refused_again_after_a_person_asked_is_told_again(cast: Cast) -> None:
    zone = DatabaseLedger().zone("default", "talos00")
    wanted = RRset("new.talos00", "A", 300, ("192.0.2.4",))
    change = Change(Op.CREATE, None, wanted, "")
    refused = AppliedChange(Decision(wanted.name, (wanted,)), Result(change, Outcome.REFUSED, "busy"))

    def count_failures() -> int:
        zone.record_pass([refused], [], "abc", "syncer")
        return AuditEntry.objects.filter(name=wanted.name, action="failed").count()

    assert [count_failures(), count_failures()] == [1, 1]
    sync_requests.sync_now("ada", name="new.talos00")
    assert [count_failures(), count_failures()] == [2, 2]
    sync_requests.sync_names("ada", ["new.talos00", "grafana.talos00"])
    assert [count_failures(), count_failures()] == [3, 3]
    there = {"ttl": 300, "values": ["192.0.2.66"], "marks": [""], "disabled": []}
    ManagedRecord.objects.filter(name=wanted.name).update(state="conflict", foreign=there)
    operations.replace_record("ada", ManagedRecord.objects.get(name=wanted.name))
    assert [count_failures(), count_failures()] == [4, 4]
    sync_requests.sync_now("ada", name="other.talos00")
    sync_requests.sync_now("ada", zone="talos00")
    assert count_failures() == 4, "another name, or all of them"
