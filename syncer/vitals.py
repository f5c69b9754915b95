"""What is shown of the servers that we talk to, of certificates, and of how long we take: beside the health, and no
part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from syncer.certificates import FailingCertificates
from syncer.kube.feed import Feed
from syncer.ledger import Measured
from syncer.meters import API, CHANGES, KUBERNETES, Meter
from syncer.targets.base import ServerReport
from syncer.worker import TargetWorker


class Vitals:
    """``find_failing`` tells of the certificates in the cluster, None where they are not watched."""

    def __init__(
        self,
        workers: Sequence[TargetWorker],
        feed: Feed,
        find_failing: Callable[[], FailingCertificates] | None = None,
    ) -> None:
        self._workers = workers
        self._feed = feed
        self._find_failing = find_failing
        self._told: dict[tuple[str, str, str], int] = {}
        """The last minute of each that was written down."""

    def describe(self) -> dict[str, Any]:
        """As JSON has it."""
        failing = self._find_failing() if self._find_failing else None
        return {
            "targets": [
                {
                    "target": worker.name,
                    "kind": worker.target.kind,
                    "problem": worker.problem,
                    "warning": worker.target.warning,
                    **_describe_server(worker.target.describe()),
                }
                for worker in self._workers
            ],
            "kubernetes": {"place": self._feed.place, "calls": _describe_calls(self._feed.calls)},
            "certificates": failing and failing._asdict() | {"worst": [each._asdict() for each in failing.worst]},
        }

    def list_news(self) -> list[Measured]:
        """The minutes that are over and were not written down yet: ``note_written`` says that they are."""
        return [
            Measured(*key, minute)
            for key, meter in self._list_meters()
            for minute in meter.list_ended(self._told.get(key, 0))
        ]

    def note_written(self, news: Iterable[Measured]) -> None:
        for subject, target, zone, minute in news:
            self._told[subject, target, zone] = minute.start

    def _list_meters(self) -> Iterator[tuple[tuple[str, str, str], Meter]]:
        for worker in self._workers:
            if calls := worker.target.describe().calls:
                yield (API, worker.name, ""), calls
            for zone in worker.zones.values():
                yield (CHANGES, worker.name, zone.name), zone.changes
        if calls := self._feed.calls:
            yield (KUBERNETES, "", ""), calls


def _describe_server(report: ServerReport) -> dict[str, Any]:
    nodes = [node._asdict() for node in report.nodes]
    return report._asdict() | {"nodes": nodes, "calls": _describe_calls(report.calls)}


def _describe_calls(meter: Meter | None) -> dict[str, Any] | None:
    """``last`` is of each call its Unix time, how many milliseconds it took, and whether it was answered."""
    if meter is None:
        return None
    last = [[round(each.at), round(each.milliseconds, 1), int(each.is_ok)] for each in meter.last]
    return {**meter.recent._asdict(), "last": last}
