"""What brings Kubernetes objects: the watches on an API server, or a folder of manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from syncer.core.kinds import Kind
from syncer.meters import Meter


class WatchState(StrEnum):
    STARTING = "starting"
    WATCHING = "watching"
    NOT_INSTALLED = "not installed"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class KindState:
    """How far the reading of one kind has come.

    ``known``: the kind was listed completely at least once since the start (or is confirmed to be not installed), so
    an object that the store does not hold does not exist. It stays True when the API server goes away later.
    ``heard_at``: ``time.monotonic()`` of the last list, event, bookmark or probe. ``reason``: why the state is not
    "watching", a sentence for a person; where it is, which files among manifests cannot be read.
    """

    kind: Kind
    state: WatchState = WatchState.STARTING
    known: bool = False
    reason: str = ""
    heard_at: float = 0.0
    objects: int = 0


class Feed(Protocol):
    """Fills a ``syncer.kube.store.Store``, from threads of its own, until it is stopped."""

    def start(self) -> None: ...

    @property
    def calls(self) -> Meter | None:
        """Of the API server; None where there is none."""

    @property
    def place(self) -> str:
        """Where the objects come from."""

    def stop(self) -> None:
        """Ask every thread to end, and wait for at most two seconds."""

    def states(self) -> Sequence[KindState]:
        """One for each kind, in the order of ``syncer.core.kinds.KINDS``; what does not touch DNS comes last."""

    def deletes_wait(self) -> bool:
        """Whether kinds that were lost together have not all been heard from again: what one of them no longer has,
        another may have by now."""
