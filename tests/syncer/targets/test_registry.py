"""The class of a target is found by that of its settings. What a target must do then, tests/contract says."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.config import HostsConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.scope import Scope
from syncer.targets import make_target
from syncer.targets.base import Target
from tests.contract.shelf import register_shelf
from tests.contract.smallest import ShelfConfig

ZONES = ("talos00", "home.lab")


def configure(settings: Any) -> TargetConfig:
    return TargetConfig(Managed(Scope(zones=ZONES, addresses=("192.168.1.54",))), settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (HostsConfig("hosts"), "hosts"),
        (TechnitiumConfig("http://127.0.0.1:1", "token"), "technitium"),
        (ShelfConfig({}), "shelf"),
    ],
)
def test_every_target_gives_each_of_its_zones_one_object(settings: object, kind: str) -> None:
    with register_shelf():
        target: Target = make_target(configure(settings), lambda *_: None)
    assert target.kind == kind
    for name in ZONES:
        assert target.zone(name).name == name
        assert target.zone(name) is target.zone(name)
    target.close()
