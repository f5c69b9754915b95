"""DNS servers that misbehave: what they can cost the syncer, and whom it goes on serving."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.bench.rig import ADDRESS, ZONE
from tests.hostile.arena import OTHER, Arena, Figures, Watch, arena
from tests.processes import wait_until

LIST, GET = "/api/zones/list", "/api/zones/records/get"
STATE = {"name": ZONE, "type": "Primary", "disabled": False, "soaSerial": 7}
MARK = "catalyst-dns-sync/default Ingress/default"
HOSTS = 25
"""Of one Ingress."""
PATIENCE = 100.0
"""Seconds for the syncer to say something of an attack that would last for ever."""


def make_record(name: str, ip: str, **more: object) -> dict[str, object]:
    return {"name": name, "type": "A", "ttl": 300, "disabled": False, "rData": {"ipAddress": ip}, **more}


def list_answer(records: Iterable[object], **zone: object) -> str:
    response = {"zone": STATE | zone, "records": list(records)}
    return json.dumps({"response": response, "server": "ns1", "status": "ok"}, separators=(",", ":"))


def spell_address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


SHAPES: dict[str, list[str]] = {
    LIST: [
        "[]",
        "7",
        '"ok"',
        "[" * 100_000,
        '{"status":"ok","response":[]}',
        '{"status":"ok","response":null}',
        '{"status":"ok","response":{"zones":7}}',
        '{"status":"ok","response":{"zones":[7]}}',
        '{"status":"ok","response":{"zones":[{"name":{}}]}}',
        f'{{"status":"ok","response":{{"zones":[{{"name":"{ZONE}","type":"Primary","soaSerial":"many"}}]}}}}',
        f'{{"status":"ok","response":{{"zones":[{{"name":"{ZONE}","type":"Primary","soaSerial":1e400}}]}}}}',
        f'{{"status":"ok","response":{{"zones":[{{"name":"{ZONE}","type":"Primary","soaSerial":9{"0" * 400}}}]}}}}',
        f'{{"status":"ok","response":{{"zones":[{{"name":"{ZONE}","type":"Primary","catalog":[]}}]}}}}',
        '{"status":{},"errorMessage":{"a":[]}}',
        '{"status":"error","errorMessage":"%s"}' % ("x" * 100_000),
    ],
    "/api/user/session/get": [
        '{"status":"ok","info":7}',
        '{"status":"ok","info":{"version":"15.\\u00b2"}}',
        '{"status":"ok","info":{"version":"%s"}}' % ("9" * 5000),
        '{"status":"ok","info":{"clusterNodes":7}}',
        '{"status":"ok","info":{"clusterNodes":["node1"]}}',
    ],
    GET: [
        "[]",
        '{"status":"ok","response":7}',
        '{"response":{"zone":7,"records":[]},"status":"ok"}',
        '{"response":{"zone":{,"records":[]},"status":"ok"}',
        list_answer([7]),
        list_answer([{}]),
        list_answer([{"name": 7, "type": "A"}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"type": ["A"]}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"ttl": "300"}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"ttl": 10**30}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"rData": 7}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"rData": {}}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1") | {"type": "AAAA"}]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1", comments={})]),
        list_answer([make_record(f"a.{ZONE}", "10.0.0.1", comments=[MARK])]),
        list_answer([], soaSerial=-1),
        list_answer([], soaSerial=10**30),
        list_answer([]).replace("[]", "[" + "[" * 100_000),
    ],
}
"""Answers that are not of the shape that the server's answers have, by the path to which they come."""


def attack_by_shapes() -> Figures:
    """Each of ``SHAPES``, one after another."""
    with arena() as it, _attacking(it) as attack:
        assert it.syncer
        it.syncer.ready(60)
        for path, answers in SHAPES.items():
            for number, text in enumerate(answers):
                before = len(it.list_trouble())
                it.set_faults(only=path, says=text)
                it.write_hosts(f"o-{path.count('/')}-{number}-{len(path)}", f"x{number}-{len(path)}.{ZONE}")
                with _giving_up():
                    wait_until(lambda seen=before: len(it.list_trouble()) > seen, 2.5)
                it.end_faults()
                time.sleep(0.2)
        return attack.finish()


def attack_by_values(count: int = 300_000) -> Figures:
    """As many records of others, at one name."""
    records = (make_record(f"big.{ZONE}", spell_address(number)) for number in range(count))
    return _attack_by_list(records)


def attack_by_names(count: int = 300_000) -> Figures:
    """As many records of others, each at a name of its own."""
    records = (make_record(f"host-{number}.{ZONE}", spell_address(number)) for number in range(count))
    return _attack_by_list(records)


def attack_by_record(megabytes: int = 30) -> Figures:
    """One record that is huge."""
    text = "x" * megabytes * 1_000_000
    return _attack_until_told(only=GET, says=list_answer([make_record(f"big.{ZONE}", "10.0.0.1", comments=text)]))


def attack_by_nodes(megabytes: int = 5) -> Figures:
    """Small values, as many as go into that, which is less than an answer may have."""
    zones = ",".join(["{}"] * (megabytes * 1_000_000 // 3))
    return _attack_until_told(only=LIST, says=f'{{"response":{{"zones":[{zones}]}},"status":"ok"}}')


def attack_by_packed_list(megabytes: int = 2000) -> Figures:
    """A list of a zone that unpacks to that."""
    return _attack_until_told(only=GET, unpacks_to=megabytes)


def attack_by_packed_answer(megabytes: int = 2000) -> Figures:
    """Any other answer that does."""
    return _attack_until_told(only=LIST, unpacks_to=megabytes)


def attack_by_slow_list(pause: float = 2.0) -> Figures:
    """A list of a zone that comes byte by byte."""
    return _attack_until_told(only=GET, trickle=pause)


def attack_by_slow_answer(pause: float = 2.0) -> Figures:
    """Any other answer that does."""
    return _attack_until_told(only=LIST, trickle=pause)


def rebuild_from_marks(count: int = 50_000) -> Figures:
    """An empty database, and as many records of ours, all of them wanted."""
    with arena() as it:
        _import_marked(it, count)
        for number in range(count // HOSTS):
            first = number * HOSTS
            it.write_hosts(f"o{number}", *(f"host-{host}.{ZONE}" for host in range(first, first + HOSTS)))
        return _rebuild(it)


def rebuild_from_strays(count: int = 50_000) -> Figures:
    """An empty database, and as many records of ours, none of which is wanted: the guard holds them."""
    with arena() as it:
        _import_marked(it, count)
        return _rebuild(it)


def _import_marked(it: Arena, count: int) -> None:
    it.import_lines(f"host-{number}.{ZONE}. 300 IN A {ADDRESS} ;{MARK}/o{number // HOSTS}\n" for number in range(count))


def _rebuild(it: Arena) -> Figures:
    with _attacking(it) as attack:
        assert it.syncer
        it.syncer.ready(600)
        return attack.finish()


def _attack_by_list(records: Iterable[object]) -> Figures:
    with arena() as it:
        it.set_faults(only=GET, says=list_answer(records, soaSerial=it.read_serial()))
        with _attacking(it) as attack:
            assert it.syncer
            it.syncer.ready(600)
            return attack.finish()


def _attack_until_told(**faults: Any) -> Figures:
    """From the start on, until the log has a line of it, or for ``PATIENCE``; then the server behaves again."""
    with arena() as it:
        it.set_faults(**faults)
        with _attacking(it) as attack:
            with _giving_up():
                wait_until(it.list_trouble, PATIENCE)
            it.end_faults()
            return attack.finish()


class Attack:
    def __init__(self, it: Arena, watch: Watch) -> None:
        self._it = it
        self._watch = watch

    def finish(self) -> Figures:
        """``OTHER`` is written now."""
        written = self._it.write_hosts("other", OTHER)
        other = self._it.wait_for(OTHER) - written
        time.sleep(3)
        internal, said = self._it.sum_up_trouble()
        return Figures(self._watch.peak, self._watch.silence, self._watch.was_red, internal, other, said)


@contextmanager
def _attacking(it: Arena) -> Iterator[Attack]:
    with Watch(it.start()) as watch:
        yield Attack(it, watch)


@contextmanager
def _giving_up() -> Iterator[None]:
    """On waiting for what may never come."""
    with suppress(AssertionError):
        yield
