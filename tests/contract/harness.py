"""What a target brings along to be held to the contract: a place of its own, empty, and hands to arrange it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

import pytest

from syncer.config import TargetSettings
from syncer.core.plan import Key
from syncer.core.rrsets import RRset

ZONE, LAB = "talos00", "home.lab"
ZONES = (ZONE, LAB)
"""Every place holds both."""


class Harness(Protocol):
    """A place that holds records, and what it takes to try a target on it. What the target cannot hold is asked of the
    target (``refuses``, ``keeps_ttl``), and not said here again.

    Names below ``ZONES`` are whole, values as in an ``RRset``.
    """

    name: ClassVar[str]
    """In the names of the tests."""

    settings_type: ClassVar[type]
    """Of the settings for which the target is registered in ``TARGETS``."""

    @property
    def settings(self) -> TargetSettings: ...

    refused: ClassVar[Mapping[str, object]]
    """Fields of an endpoint in a DNSEndpoint whose record the place refuses although ``refuses`` says nothing; none
    where there is no such thing."""

    def __init__(self, request: pytest.FixtureRequest) -> None: ...

    def watch_steps(self, on_step: Callable[[], None]) -> None:
        """To be called in the thread of the target between any two of its steps, where ``observe`` hears of none."""

    def put_foreign(self, rrset: RRset) -> None:
        """By hand, beside what is there."""

    def drop_foreign(self, rrset: RRset) -> None:
        """By hand."""

    def read_foreign(self) -> object:
        """All that is not ours, byte for byte as the place itself shows it: what must stay equal."""

    def read_ours(self) -> dict[Key, RRset]:
        """All that is ours, read past the target; a TTL of 0 where the place has none."""

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """What a client of the place is answered, in sorted order; nothing where there is nothing."""

    def stop(self) -> None:
        """It is gone, until ``mend``."""

    def mute(self) -> None:
        """Until ``mend`` it may do what it is asked, and does not answer."""

    def mend(self) -> None:
        """All is well again."""

    def close(self) -> None: ...
