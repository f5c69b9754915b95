"""A target is one file, here this one, and one line in the registry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncer.config import HostsConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.core.scope import Scope
from syncer.targets import TARGETS, make_target
from syncer.targets.base import Outcome, Reading, Result, Target
from tests.syncer.zone.engine import Engine

ZONES = ("talos00", "home.lab")
MARK = Marker("default").mark("Ingress/web/grafana")


@dataclass(frozen=True)
class ToyConfig:
    shelf: dict[tuple[str, str], Found] = field(default_factory=dict)
    """Where the records are kept."""
    name: str = "toy"
    place: str = "a shelf"


class ToyTarget:
    kind = "toy"
    keeps_ttl = True
    is_exclusive = False
    marks_origin = True
    is_bulky = True
    paused = 0.0
    warning = ""

    def __init__(
        self,
        config: ToyConfig,
        marker: Marker,
        zones: Collection[str],
        observe: Callable[[str, str, str, float], None],
        waited: Callable[[float], None],
        waiting: Callable[[], None],
    ) -> None:
        self._observe = observe
        self._zones = {name: ToyZone(name, config.shelf) for name in zones}

    def check(self) -> None:
        self._observe("/toy", "LOOK", "200", 0.0)

    def serials(self) -> Mapping[str, int] | None:
        return None

    def refuses(self, rrset: RRset) -> str:
        return "" if rrset.type == "A" else f"a toy holds no {rrset.type}"

    def zone(self, name: str) -> ToyZone:
        return self._zones[name]

    def close(self) -> None:
        pass


class ToyZone:
    node = ""
    left_serial = None
    lost_writes = False

    def __init__(self, name: str, shelf: dict[tuple[str, str], Found]) -> None:
        self.name = name
        self._shelf = shelf

    def recall(self, node: str) -> None:
        pass

    def read(self, names: Collection[str] | None = None) -> Reading:
        found = (found for (name, _), found in self._shelf.items() if name.endswith(f".{self.name}"))
        return Reading(None, (item for item in found if names is None or item.rrset.name in names))

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        for change in changes:
            if change.after:
                self._shelf[change.key] = Found(change.after, (change.mark,) * len(change.after.values))
            else:
                del self._shelf[change.key]
            yield Result(change, Outcome.DONE)


@pytest.fixture
def registered() -> Iterator[None]:
    TARGETS[ToyConfig] = f"{__name__}:ToyTarget"
    yield
    del TARGETS[ToyConfig]


def configure(target: Any) -> TargetConfig:
    return TargetConfig(Managed(Scope(zones=ZONES, addresses=("192.168.1.54",))), target)


@pytest.mark.usefixtures("registered")
def test_a_registered_target_is_read_and_written_like_any_other() -> None:
    shelf: dict[tuple[str, str], Found] = {}
    requests: list[str] = []
    target = make_target(configure(ToyConfig(shelf)), lambda endpoint, *_: requests.append(endpoint))
    target.check()
    assert (target.kind, requests) == ("toy", ["/toy"])

    zone = target.zone("talos00")
    grafana = RRset("grafana.talos00", "A", 300, ("192.168.1.54",))
    create = Change(Op.CREATE, None, grafana, MARK)
    assert list(zone.apply([create])) == [Result(create, Outcome.DONE)]
    (found,) = zone.read().found
    assert found == Found(grafana, (MARK,))
    assert list(target.zone("home.lab").read().found) == []

    delete = Change(Op.DELETE, found, None, "")
    assert list(zone.apply([delete])) == [Result(delete, Outcome.DONE)]
    assert list(zone.read(["grafana.talos00"]).found) == []
    target.close()


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.usefixtures("registered")
def test_the_engine_serves_it_like_any_other() -> None:
    shelf: dict[tuple[str, str], Found] = {}
    engine = Engine(ToyConfig(shelf), *ZONES)
    engine.put("grafana")
    engine.put("alias", target="edge.example.com")
    engine.settle()
    assert {key: found.rrset.values for key, found in shelf.items()} == {("grafana.talos00", "A"): ("192.168.1.54",)}
    assert (engine.state("grafana"), engine.state("alias", "CNAME")) == ("synced", "skipped")
    assert engine.reason("alias", "CNAME") == "a toy holds no CNAME"
    engine.drop("grafana")
    engine.settle(4)
    assert shelf == {}


@pytest.mark.parametrize(
    ("config", "kind"),
    [(HostsConfig("hosts"), "hosts"), (TechnitiumConfig("http://127.0.0.1:1", "token"), "technitium")],
)
def test_every_target_gives_each_of_its_zones_one_object(config: HostsConfig | TechnitiumConfig, kind: str) -> None:
    target: Target = make_target(configure(config), lambda *_: None)
    assert target.kind == kind
    for name in ZONES:
        assert target.zone(name).name == name
        assert target.zone(name) is target.zone(name)
    target.close()
