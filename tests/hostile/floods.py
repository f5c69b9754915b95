"""Tenants who flood the syncer with names: what it costs, and how long a name of someone else waits meanwhile.

Every flood is as large as the limits of a default installation let through, and larger."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.rig import ZONE
from tests.hostile.arena import Arena, Watch, arena
from tests.processes import DATABASE, wait_until

OBJECT = 2_500
"""Names of one object, which is what MAX_NAMES_PER_OBJECT lets through."""

NAMESPACE = 20_000
"""Names of a namespace, which is what MAX_NAMES_PER_NAMESPACE lets through."""

PUBLISHED = "select count(*) from records_managedrecord where owned and state = 'synced' and name like 'flood-%'"
HELD = """select count(*) from records_helddelete join records_heldplan on plan_id = records_heldplan.id
    where status = 'open'"""

FIRST = 100
"""Deletes that may go before the others are seen."""

BYSTANDER = "bystander"
PATIENCE = 900.0
PAUSE = 0.5
"""Seconds between two names of someone else."""


class FloodFigures(NamedTuple):
    """``rss`` is the peak in MB, ``silence`` the longest time without a beat of the loop, ``was_red``: /healthz once
    said that it is not alive; ``internal`` counts lines of the log about mistakes of ours; ``others`` are the waits of
    names of someone else, one after another; ``database`` is its size in MB at the end of each step, ``cpu`` what the
    syncer spent, and ``said`` what the log says. Times are in seconds."""

    rss: float
    silence: float
    was_red: bool
    internal: int
    others: list[float]
    database: list[float]
    cpu: float
    said: str

    def __str__(self) -> str:
        sizes = ", ".join(f"{size:.0f}" for size in self.database)
        waits = sorted(self.others)
        return (
            f"{self.rss:6.1f} MB  silence {self.silence:4.1f} s"
            f"  other {waits[len(waits) // 2]:5.2f} to {waits[-1]:5.2f} s"
            f"  CPU {self.cpu:5.1f} s  database {sizes} MB  {self.said[:300]}"
        )


class Bystander:
    """Someone who publishes one name after another in a namespace of its own."""

    def __init__(self, it: Arena) -> None:
        self.waits: list[float] = []
        self._it = it
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)

    def __enter__(self) -> Bystander:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def wait_for_names(self, count: int) -> None:
        """Until so many more are published."""
        before = len(self.waits)
        wait_until(lambda: len(self.waits) >= before + count, PATIENCE, f"{count} names of someone else", pause=1.0)

    def _publish(self) -> None:
        while not self._is_over.wait(PAUSE):
            name = f"bystander-{len(self.waits)}.{ZONE}"
            written = self._it.write_hosts(f"bystander-{len(self.waits)}", name, namespace=BYSTANDER)
            self.waits.append(self._it.wait_for(name, PATIENCE) - written)


class Flood:
    """A syncer that is up, and all that is to be seen of it while names come."""

    def __init__(self, it: Arena, watch: Watch, bystander: Bystander) -> None:
        self.it = it
        self._watch = watch
        self.bystander = bystander
        self._sizes: list[float] = []
        self._namespaces: set[str] = set()

    def make_namespace(self, name: str) -> None:
        """Once."""
        if name not in self._namespaces:
            self.it.make_namespace(name)
            self._namespaces.add(name)

    def write(self, count: int, each: int = OBJECT, a_namespace: int = NAMESPACE) -> None:
        """So many names, in objects of so many ``each``, of which a namespace has as many as it may."""
        for first in range(0, count, each):
            namespace = f"evil-{first // a_namespace}"
            self.make_namespace(namespace)
            hosts = (f"flood-{number:06}.{ZONE}" for number in range(first, min(first + each, count)))
            self.it.write_hosts(f"flood-{first:06}", *hosts, namespace=namespace)

    def delete(self, count: int, each: int = OBJECT, a_namespace: int = NAMESPACE) -> None:
        for first in range(0, count, each):
            self.it.delete_hosts(f"flood-{first:06}", f"evil-{first // a_namespace}")

    def settle(self, published: int = 0, held: int = 0) -> None:
        """Until so many names of the flood are published and in step, and the deletes of ``held`` wait for a person;
        the first few may go before the guard sees that there are many."""

        def is_settled() -> bool:
            return self.count_published() == published and 0 <= held - self._count(HELD) <= FIRST

        wait_until(is_settled, PATIENCE, f"{published} names and {held} held deletes", pause=1.0)
        self._sizes.append(measure_database(self.it.folder))

    def count_published(self) -> int:
        """Names of the flood that are in step."""
        return self._count(PUBLISHED)

    def _count(self, question: str) -> int:
        with closing(sqlite3.connect(f"file:{self.it.folder / DATABASE}?mode=ro", uri=True, timeout=30)) as database:
            return int(database.execute(question).fetchone()[0])

    def finish(self) -> FloodFigures:
        assert self.it.syncer
        internal, said = self.it.sum_up_trouble()
        watch = self._watch
        waits, cpu = list(self.bystander.waits), self.it.syncer.cpu
        return FloodFigures(watch.peak, watch.silence, watch.was_red, internal, waits, self._sizes, cpu, said)


@contextmanager
def flooding(**env: str) -> Iterator[Flood]:
    with arena() as it:
        it.make_namespace(BYSTANDER)
        with Watch(it.launch_syncer(**env).ready(60)) as watch, Bystander(it) as bystander:
            yield Flood(it, watch, bystander)


def measure_database(folder: Path) -> float:
    """Its files in MB."""
    return sum(path.stat().st_size for path in folder.glob(f"{DATABASE}*")) / 1e6


def flood_by_object(count: int = 25_000) -> FloodFigures:
    """One object with as many hosts, of which the limit lets a tenth through."""
    with flooding() as flood:
        flood.write(count, each=count, a_namespace=count)
        flood.settle(OBJECT)
        return flood.finish()


def flood_by_large_object(count: int = 25_000) -> FloodFigures:
    """The same where the limits let all of them through."""
    with flooding(MAX_NAMES_PER_OBJECT=str(count), MAX_NAMES_PER_NAMESPACE=str(count)) as flood:
        flood.write(count, each=count, a_namespace=count)
        flood.settle(count)
        return flood.finish()


def flood_by_objects(count: int = 135_000) -> FloodFigures:
    """As many names as seven namespaces may have."""
    with flooding() as flood:
        flood.write(count)
        flood.settle(count)
        return flood.finish()


def flood_by_flips(count: int = 30_000, times: int = 3) -> FloodFigures:
    """As many names that come, go and come again."""
    with flooding() as flood:
        for _ in range(times):
            flood.write(count)
            flood.settle(count)
            flood.delete(count)
            flood.settle(0, held=count)
        flood.write(count)
        flood.settle(count)
        return flood.finish()
