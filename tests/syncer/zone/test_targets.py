"""Two targets: what each publishes, remembers and is asked, and what one is to the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from records.ledger import DatabaseLedger
from records.models import AuditEntry, ManagedRecord, Source, SourceName, SyncRequest, SyncStatus, TargetStatus
from syncer.config import Config, HostsConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.kinds import INGRESS
from syncer.core.scope import Scope
from syncer.errors import SyncError
from syncer.health import NEVER_PASSED, Health
from syncer.kube.store import Store
from syncer.kube.stores import StoreGroup
from syncer.loop import Loop
from syncer.target_loop import Setup
from syncer.targets import make_target
from syncer.targets.shared_servers import ServerUse, SharedServers
from syncer.wakeup import Wakeup
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, ZONE, Lists, ingress, published
from tests.syncer.zone.memory import Clock

pytestmark = [pytest.mark.django_db, pytest.mark.double_only]

PUBLIC = "203.0.113.7"
BOTH = "shop.example.com"


class TwoTargets:
    """A Technitium that has both zones, and a hosts file for one of them."""

    def __init__(self, technitium: ServerUnderTest, path: Path) -> None:
        self.technitium, self.path = technitium, path
        path.write_text("127.0.0.1 localhost\n")
        for zone in (ZONE, "example.com"):
            technitium.make_zone(zone)
        self.clock, self.feed, self.ledger = Clock(), Lists(), DatabaseLedger()
        self.objects: dict[str, tuple[str, ...]] = {}
        server = TechnitiumConfig(technitium.url, technitium.token, rate_limit=100_000, timeout=5, name="lan")
        self.configs = (
            TargetConfig(Managed(Scope(zones=(ZONE, "example.com"), addresses=(ADDRESS,))), server),
            TargetConfig(
                Managed(Scope(zones=("example.com",), addresses=(PUBLIC,))), HostsConfig(str(path), name="public")
            ),
        )
        self.start()

    def start(self, *configs: TargetConfig) -> None:
        self.configs = configs or self.configs
        config = Config(self.configs, version="1.0")
        stores = [Store(target.scope, clock=self.clock) for target in self.configs]
        self.cluster = StoreGroup(stores)
        servers = SharedServers([target.name for target in self.configs], 0.0, self.clock)
        targets = [make_target(it, lambda *_: None, use=ServerUse(servers, it.name)) for it in self.configs]
        self.health = Health(self.feed.states, [target.name for target in self.configs], clock=self.clock)
        setups = [Setup(*parts, Wakeup()) for parts in zip(self.configs, stores, targets, strict=True)]
        self.loop = Loop(config, self.feed, setups, self.ledger, self.health, Wakeup(), self.clock)

    def put(self, name: str, *hosts: str) -> None:
        self.objects[name] = hosts
        self.cluster.put(INGRESS, ingress(name, *hosts))

    def refill(self) -> None:
        """What a new process reads."""
        for name, hosts in self.objects.items():
            self.cluster.put(INGRESS, ingress(name, *hosts))

    def settle(self) -> None:
        for _ in range(12):
            self.clock.now += 1
            self.loop.turn()

    def lines(self) -> list[str]:
        """Of our block in the hosts file."""
        lines = (" ".join(line.split()) for line in self.path.read_text().splitlines())
        return [line for line in lines if line[:1].isdigit() and "localhost" not in line]


@pytest.fixture
def two(technitium: ServerUnderTest, tmp_path: Path) -> Iterator[TwoTargets]:
    scene = TwoTargets(technitium, tmp_path / "hosts")
    yield scene
    for target in scene.loop.targets:
        target.worker.target.close()


def owned() -> set[tuple[str, str, str]]:
    rows = ManagedRecord.objects.filter(owned=True)
    return {(row.target, row.name, ",".join(row.values)) for row in rows}


def test_one_ingress_has_two_answers_where_its_zone_is_on_both(two: TwoTargets) -> None:
    two.put("shop", BOTH, "nas.talos00")
    two.settle()
    assert published(two.technitium, "example.com")["shop", "A"] == [ADDRESS]
    assert published(two.technitium)["nas", "A"] == [ADDRESS]
    assert two.lines() == [f"{PUBLIC} {BOTH}"]
    assert owned() == {("lan", BOTH, ADDRESS), ("lan", "nas.talos00", ADDRESS), ("public", BOTH, PUBLIC)}
    assert {entry.target for entry in AuditEntry.objects.filter(action="created")} == {"lan", "public"}
    assert two.ledger.last_start().version == "1.0"


def test_a_server_under_a_second_name_takes_nothing_from_the_target_that_wrote_there(two: TwoTargets) -> None:
    two.put("shop", BOTH)
    two.settle()
    url = two.technitium.url.replace("127.0.0.1", "localhost")
    server = TechnitiumConfig(url, two.technitium.token, rate_limit=100_000, timeout=5, name="again")
    again = TargetConfig(Managed(Scope(zones=("example.com",), addresses=("192.0.2.9",))), server)
    two.start(again, *two.configs)
    two.refill()
    with pytest.raises(SyncError, match=r"^again: zone example\.com is on the server of target lan too"):
        two.loop.run_once()
    assert published(two.technitium, "example.com")["shop", "A"] == [ADDRESS]
    assert owned() == {("lan", BOTH, ADDRESS), ("public", BOTH, PUBLIC)}


def test_of_two_new_targets_on_one_server_a_single_pass_writes_for_the_first(two: TwoTargets) -> None:
    url = two.technitium.url.replace("127.0.0.1", "localhost")
    server = TechnitiumConfig(url, two.technitium.token, rate_limit=100_000, timeout=5, name="again")
    again = TargetConfig(Managed(Scope(zones=("example.com",), addresses=("192.0.2.9",))), server)
    two.start(again, *two.configs)
    two.put("shop", BOTH)
    with pytest.raises(SyncError, match=r"^lan: zone example\.com is on the server of target again too"):
        two.loop.run_once()
    assert published(two.technitium, "example.com")["shop", "A"] == ["192.0.2.9"]


def test_what_an_object_asks_for_is_remembered_of_each_target(two: TwoTargets) -> None:
    two.put("shop", BOTH, "nas.talos00")
    two.settle()
    assert {source.target for source in Source.objects.all()} == {"lan", "public"}
    of_public = SourceName.objects.filter(source__target="public").values_list("name", "values")
    assert dict(of_public) == {BOTH: [PUBLIC], "nas.talos00": None}


def test_a_target_that_is_away_holds_up_no_other(two: TwoTargets) -> None:
    two.technitium.stop_listening()
    two.put("shop", BOTH)
    two.settle()
    assert two.lines() == [f"{PUBLIC} {BOTH}"]
    assert two.ledger.last_start().version == ""  # what is held at the other one has its reason still
    of_lan = [text for text in two.health.readiness() if text.startswith("lan: ")]
    assert of_lan == [f"lan: {two.technitium.url} cannot be reached: Connection refused", f"lan: {NEVER_PASSED}"]
    status = SyncStatus.objects.get()
    assert status.target_problem.startswith("lan: ")
    assert [bool(row.problem) for row in TargetStatus.objects.all()] == [True, False]


def test_a_delete_at_one_target_leaves_the_other_alone(two: TwoTargets) -> None:
    two.put("shop", BOTH)
    two.settle()
    request = SyncRequest.objects.create(action="delete", name=BOTH, requested_by="ada", target="public")
    two.clock.now += 1
    two.loop.turn()
    request.refresh_from_db()
    assert request.outcome == "1 record deleted"
    assert two.lines() == []
    assert published(two.technitium, "example.com")["shop", "A"] == [ADDRESS]


def test_a_request_for_all_is_answered_once_by_both(two: TwoTargets) -> None:
    two.settle()
    request = SyncRequest.objects.create(action="sync", requested_by="ada")
    two.settle()
    request.refresh_from_db()
    assert request.outcome == "full pass of every zone"


def test_a_target_that_the_settings_name_no_more_keeps_its_records_and_says_so(
    two: TwoTargets, caplog: pytest.LogCaptureFixture
) -> None:
    two.put("shop", BOTH)
    two.settle()
    two.start(two.configs[0])
    two.settle()
    assert two.lines() == [f"{PUBLIC} {BOTH}"]
    assert ("public", BOTH, PUBLIC) in owned()
    assert [(row.name, row.in_use) for row in TargetStatus.objects.order_by("name")] == [
        ("lan", True),
        ("public", False),
    ]
    assert "public is not among the targets any more: 1 records in example.com stay as they are" in caplog.text


def test_records_of_a_target_that_is_gone_are_released_and_nothing_is_done_there(two: TwoTargets) -> None:
    names = [f"app{number}.example.com" for number in range(200)]
    two.put("crowd", *names)
    two.settle()
    two.start(two.configs[0])
    two.settle()
    asked = [
        SyncRequest(action=action, target="public", zone="example.com", name=name, requested_by="ada")
        for action, name in [*(("release", name) for name in names[1:]), ("delete", names[0])]
    ]
    SyncRequest.objects.bulk_create(asked)
    two.settle()
    outcomes = Counter(SyncRequest.objects.values_list("action", "outcome"))
    assert outcomes == {
        ("release", "1 record released"): 199,
        ("delete", "target public is not written by this syncer"): 1,
    }
    of_public = ManagedRecord.objects.filter(target="public", owned=True)
    assert list(of_public.values_list("name", flat=True)) == [names[0]]
    assert len(two.lines()) == 200
    assert ManagedRecord.objects.filter(target="lan", owned=True).count() == 200


def test_a_target_that_is_named_again_goes_on_with_its_records(two: TwoTargets) -> None:
    both = two.configs
    two.put("shop", BOTH)
    two.settle()
    two.start(both[0])
    two.settle()
    before = two.path.read_text()
    two.start(*both)
    two.refill()
    two.settle()
    assert owned() == {("lan", BOTH, ADDRESS), ("public", BOTH, PUBLIC)}
    assert two.path.read_text() == before
    assert [row.in_use for row in TargetStatus.objects.all()] == [True, True]


def test_settings_of_a_target_are_its_own(two: TwoTargets) -> None:
    lan, public = two.configs
    two.start(replace(lan, managed=replace(lan.managed, max_deletes_unguarded=1, max_delete_ratio=0.0)), public)
    for number in range(4):
        two.put(f"app{number}", f"app{number}.example.com")
    two.settle()
    assert len(two.lines()) == 4
    for number in range(4):
        two.cluster.drop(INGRESS, "web", f"app{number}")
    two.settle()
    assert two.lines() == []
    assert len(published(two.technitium, "example.com")) == 4
    assert [target.worker.held for target in two.loop.targets] == [4, 0]


@pytest.fixture
def alone(two: TwoTargets) -> TwoTargets:
    """With the server as the only target, as the ``DNS_*`` variables name it, and many names."""
    lan, _ = two.configs
    assert isinstance(lan.settings, TechnitiumConfig)
    two.start(replace(lan, settings=replace(lan.settings, name="default")))
    for number in range(10):
        two.put(f"crowd{number}", *(f"app{number}-{index}.example.com" for index in range(100)))
    two.put("nas", "nas.talos00")
    two.settle()
    assert ManagedRecord.objects.filter(target="default", state="synced", owned=True).count() == 1001
    return two


@pytest.mark.parametrize("was", ["default", ""], ids=["it says what it was", "it has the same server and zones"])
def test_a_target_under_a_new_name_loses_and_rewrites_nothing(
    alone: TwoTargets, was: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = [alone.technitium.serial(zone) for zone in (ZONE, "example.com")]
    since = dict(SourceName.objects.values_list("name", "since"))
    (default,) = alone.configs
    assert isinstance(default.settings, TechnitiumConfig)
    alone.start(replace(default, settings=replace(default.settings, name="lan"), was=was))
    alone.refill()
    alone.settle()
    assert [alone.technitium.serial(zone) for zone in (ZONE, "example.com")] == before
    assert ManagedRecord.objects.filter(target="lan", state="synced", owned=True).count() == 1001
    assert not ManagedRecord.objects.exclude(target="lan").exists()
    assert dict(SourceName.objects.values_list("name", "since")) == since
    told = "the 1001 records of target default are those of lan from now on"
    assert told in caplog.messages
    assert [(entry.target, entry.reason) for entry in AuditEntry.objects.filter(action="moved")] == [("lan", told)]
    assert [row.name for row in TargetStatus.objects.all()] == ["lan"]


def test_a_name_of_which_nothing_is_known_is_told_and_nothing_is_taken(
    two: TwoTargets, caplog: pytest.LogCaptureFixture
) -> None:
    lan, public = two.configs
    two.start(replace(lan, was="nobody"), public)
    two.settle()
    assert "target lan: was: nobody names a target of which nothing is known" in caplog.messages


def test_a_target_that_has_records_of_its_own_takes_over_no_others(
    two: TwoTargets, caplog: pytest.LogCaptureFixture
) -> None:
    two.put("shop", BOTH)
    two.settle()
    lan, _ = two.configs
    two.start(replace(lan, was="public"))
    two.put("shop", BOTH)
    two.settle()
    assert owned() == {("lan", BOTH, ADDRESS), ("public", BOTH, PUBLIC)}
    assert any("does not take over the records of public" in message for message in caplog.messages)
