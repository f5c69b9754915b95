"""What the tests of the hosts target share: our mark, and short words for changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncer.config import HostsConfig
from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.targets.base import Outcome, Result, Target
from syncer.targets.hosts.target import HostsTarget

MARKER = Marker("default")
OURS = MARKER.mark("hosts-file")
ZONES = ("talos00", "home.lab", "k8s.home.lab")
NOBODY = 65534
IP = "192.168.1.54"


def target_of(path: Path) -> HostsTarget:
    return HostsTarget(HostsConfig(str(path)), MARKER, ZONES)


def read(target: Target, zone: str = "talos00", names: list[str] | None = None) -> dict[tuple[str, str], Found]:
    return {(item.rrset.name, item.rrset.type): item for item in target.zone(zone).read(names).found}


def create(name: str, *values: str, kind: str = "A") -> Change:
    return Change(Op.CREATE, None, RRset(name, kind, 300, values), MARKER.mark("Ingress/monitoring/grafana"))


def update(before: Found, *values: str, adopts: bool = False) -> Change:
    rrset = RRset(before.rrset.name, before.rrset.type, 300, values)
    return Change(Op.UPDATE, before, rrset, MARKER.mark("Ingress/monitoring/grafana"), adopts)


def delete(before: Found) -> Change:
    return Change(Op.DELETE, before, None, "")


def done(target: Target, *changes: Change) -> None:
    assert list(target.zone("talos00").apply(changes)) == [Result(change, Outcome.DONE) for change in changes]


def ours(name: str, *values: str, kind: str = "A") -> Found:
    return Found(RRset(name, kind, 0, values), (OURS,) * len(values))


@contextmanager
def as_nobody(*owned: Path) -> Iterator[None]:
    """As a user with few rights; nothing changes for someone who has few rights already."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
