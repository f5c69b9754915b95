"""Several targets, as a user has them: a file of targets, two servers, one syncer."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.fakes.technitium import Technitium
from tests.processes import Syncer, run, wait_until

ZONE = "split.example"
INSIDE, OUTSIDE = "192.168.1.54", "203.0.113.7"

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(120)]


@pytest.fixture
def second() -> Iterator[ServerUnderTest]:
    """Another server, which knows nothing of the first."""
    with Technitium(token=secrets.token_hex(32)) as double:
        server = ServerUnderTest(double.url, double.token, double.dns, double)
        yield server
        double.faults.reset()
        server.close()


class SplitHorizon:
    """One zone on two servers, with an address for inside and one for outside."""

    def __init__(self, folder: Path, lan: ServerUnderTest, public: ServerUnderTest, cluster: Cluster) -> None:
        self.folder, self.lan, self.public, self.cluster = folder, lan, public, cluster
        for name, server in (("lan", lan), ("public", public)):
            server.make_zone(ZONE)
            (folder / name).write_text(server.token)
        self.env = {"TARGETS_FILE": str(folder / "targets.yaml"), "KUBECONFIG": str(cluster.kubeconfig)}
        self.write_targets(self.describe("lan", lan, INSIDE), self.describe("public", public, OUTSIDE))
        self.syncer: Syncer | None = None

    def describe(self, name: str, server: ServerUnderTest, address: str, **more: Any) -> dict[str, Any]:
        place = {"servers": [server.url], "token_file": str(self.folder / name)}
        return {"name": name, "kind": "technitium", **place, "zones": [ZONE], "addresses": [address], **more}

    def write_targets(self, *targets: dict[str, Any]) -> None:
        (self.folder / "targets.yaml").write_text(yaml.safe_dump({"targets": list(targets)}))

    def start(self, *, ready: bool = True) -> Syncer:
        self.syncer = Syncer(self.folder, self.env)
        return self.syncer.ready() if ready else self.syncer

    def put(self, name: str) -> str:
        host = f"{name}.{ZONE}"
        self.cluster.create(ingress(name, host))
        return host

    def answers(self, host: str) -> tuple[Any, Any]:
        return self.lan.ask(host), self.public.ask(host)


@pytest.fixture
def split(
    migrated: Path, tmp_path: Path, technitium: ServerUnderTest, second: ServerUnderTest, kubernetes: Cluster
) -> Iterator[SplitHorizon]:
    folder = tmp_path / "data"
    shutil.copytree(migrated, folder)
    scene = SplitHorizon(folder, technitium, second, kubernetes)
    yield scene
    if scene.syncer:
        scene.syncer.kill()
        print(scene.syncer.output[-4000:])  # shown when the test failed


def test_one_ingress_has_two_answers_and_goes_from_both(split: SplitHorizon) -> None:
    host = split.put("shop")
    syncer = split.start()
    wait_until(lambda: split.answers(host) == ([INSIDE], [OUTSIDE]), 15, "both answers")
    for target in ("lan", "public"):
        synced = f'catalyst_dns_sync_records{{target="{target}",state="synced"}}'
        wait_until(lambda series=synced: syncer.metric(series) == 1, 15, "the count of the next heartbeat")  # type: ignore[misc]
        assert syncer.metric(f'catalyst_dns_sync_target_reachable{{target="{target}"}}') == 1
        assert re.search(rf"DNS record created hostname={host} .* target={target}", syncer.output)
    split.cluster.delete(ingress("shop", host))
    wait_until(lambda: split.answers(host) == ("NXDOMAIN", "NXDOMAIN"), 15, "no answer from either")
    assert syncer.stop() == 0


def test_a_server_that_hangs_holds_up_nothing_at_the_other(split: SplitHorizon) -> None:
    syncer = split.start()
    split.lan.faults.update(hang=True)
    hosts = []
    for number in range(3):
        hosts.append(split.put(f"app{number}"))
        wait_until(lambda: split.public.ask(hosts[-1]) == [OUTSIDE], 15, "the answer for outside")
        time.sleep(0.5)  # of a request that hangs
    assert all(split.lan.ask(host) == "NXDOMAIN" for host in hosts)
    assert syncer.is_running()
    split.lan.faults.reset()
    wait_until(lambda: [split.lan.ask(host) for host in hosts] == [[INSIDE]] * 3, 40, "the answers for inside")
    assert syncer.stop() == 0


def test_it_stops_in_time_while_one_hangs(split: SplitHorizon) -> None:
    syncer = split.start()
    split.lan.faults.update(hang=True)
    split.put("shop")
    wait_until(lambda: split.public.ask(f"shop.{ZONE}") == [OUTSIDE], 15, "the answer for outside")
    syncer.stop()  # raises where it takes long
    assert "Stopped in the middle of a request" in syncer.output


def test_one_server_under_two_names_is_written_to_by_one_target_alone(split: SplitHorizon) -> None:
    split.lan.url = split.lan.url.replace("127.0.0.1", "localhost")
    again = split.describe("lan", split.lan, OUTSIDE) | {"name": "again"}
    split.lan.url = split.lan.url.replace("localhost", "127.0.0.1")
    split.write_targets(split.describe("lan", split.lan, INSIDE), again)
    host = split.put("shop")
    syncer = split.start(ready=False)
    wait_until(lambda: split.lan.ask(host) == [INSIDE], 15, "the answer of the first target")
    told = f"zone {ZONE} is on the server of target lan too"
    wait_until(lambda: told in syncer.output, 15, "the reason why the second one does nothing")
    env = {"HOME": str(split.folder), "DATA_DIR": str(split.folder), "LOG_FORMAT": "text"} | split.env
    ended = run(["-m", "catalyst.cli", "doctor"], env)
    assert f"again: {told}" in ended.out
    assert syncer.stop() == 0
    split.write_targets(again, split.describe("lan", split.lan, INSIDE))
    for words in (["manage.py", "runsyncer", "--once"], ["-m", "catalyst.cli", "doctor"]):
        ended = run(words, env)  # whichever comes first in the file
        assert f"again: {told}" in ended.out + ended.err
        assert "of target again too" not in ended.out + ended.err
    assert [row[3] for row in split.lan.rows(ZONE)] == [INSIDE]


def test_a_dry_run_says_of_each_target_what_it_would_change(split: SplitHorizon) -> None:
    host = split.put("shop")
    env = {"HOME": str(split.folder), "DATA_DIR": str(split.folder), "LOG_FORMAT": "text"}
    ended = run(["manage.py", "runsyncer", "--once", "--dry-run"], env | split.env)
    assert ended.code == 2
    planned = [line for line in ended.out.splitlines() if host in line]
    assert [line.partition(host)[0] for line in planned] == ["lan: + ", "public: + "]
    assert INSIDE in planned[0]
    assert OUTSIDE in planned[1]


def test_once_says_what_is_wrong_with_one_and_does_the_other(split: SplitHorizon) -> None:
    host = split.put("shop")
    split.lan.stop_listening()
    try:
        env = {"HOME": str(split.folder), "DATA_DIR": str(split.folder), "LOG_FORMAT": "text"}
        planned = run(["manage.py", "runsyncer", "--once", "--dry-run"], env | split.env)
        ended = run(["manage.py", "runsyncer", "--once"], env | split.env)
    finally:
        split.lan.listen_again()
    assert planned.code == ended.code == 1
    assert planned.out.startswith(f"public: + {host}")
    assert f"lan: {split.lan.url} cannot be reached" in ended.err
    assert split.public.ask(host) == [OUTSIDE]


def test_held_deletes_of_one_target_are_approved_alone(split: SplitHorizon) -> None:
    guarded = {"max_deletes_unguarded": 0, "max_delete_ratio": 0.1}
    split.write_targets(
        split.describe("lan", split.lan, INSIDE, **guarded), split.describe("public", split.public, OUTSIDE, **guarded)
    )
    hosts = [split.put(f"app{number}") for number in range(3)]
    syncer = split.start()
    wait_until(lambda: all(split.answers(host) == ([INSIDE], [OUTSIDE]) for host in hosts), 15, "all answers")
    for number, host in enumerate(hosts[:2]):
        split.cluster.delete(ingress(f"app{number}", host))
    for target in ("lan", "public"):
        held = f'catalyst_dns_sync_held_deletes{{target="{target}"}}'
        wait_until(lambda series=held: syncer.metric(series) == 2, 15, "two deletes are held")  # type: ignore[misc]
    env = {"HOME": str(split.folder), "DATA_DIR": str(split.folder), "LOG_FORMAT": "text"} | split.env
    assert "there is no target lna" in run(["manage.py", "runsyncer", "--approve-deletes", "--target", "lna"], env).err
    ended = run(["manage.py", "runsyncer", "--approve-deletes", "--target", "public"], env)
    assert ended.out == "2 deletes approved; the running syncer deletes them\n"
    wait_until(lambda: split.answers(hosts[0]) == ([INSIDE], "NXDOMAIN"), 15, "no answer for outside")
    assert split.answers(hosts[1])[0] == [INSIDE]
