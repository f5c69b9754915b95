"""``make bench-targets``: one zone on two servers, beside the same on each of them alone."""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.bench.rig import ADDRESS, TOKEN, ZONE, Rig
from tests.processes import Process, Syncer, migrate, running

Address = tuple[str, int]


class Server(NamedTuple):
    url: str
    dns: Address


class Spread(NamedTuple):
    """Seconds from the first write of an Ingress until the last name was right at each server, and what it cost the
    syncer: seconds of CPU, megabytes."""

    seconds: dict[str, float]
    cpu: float
    rss: float

    @property
    def last(self) -> float:
        return max(self.seconds.values())


class PairRig(Rig):
    """A second server beside that of the rig, which it calls ``one``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.second = Process(
            ["-m", "tests.fakes.technitium", "--port=0", "--dns-port=0", f"--token={TOKEN}", f"--zone={ZONE}"],
            folder / "second.log",
        )
        host, _, port = self.second.says(r"DNS (\S+)")[1].rpartition(":")
        self.servers = {
            "one": Server(self.server, self.dns),
            "two": Server(self.second.says(r"HTTP (\S+)")[1], (host, int(port))),
        }
        (folder / "token").write_text(TOKEN)

    def start_with(self, *names: str) -> Syncer:
        targets = [self._describe(name) for name in names]
        file = self.folder / "targets.yaml"
        file.write_text(yaml.safe_dump({"targets": targets}))
        env = {"KUBECONFIG": f"{self.folder}/kubeconfig", "TARGETS_FILE": str(file)}
        self.syncer = Syncer(self.folder, env, fresh=True)
        return self.syncer.ready()

    def _describe(self, name: str) -> dict[str, Any]:
        place = {"servers": [self.servers[name].url], "token_file": f"{self.folder}/token"}
        return {"name": name, "kind": "technitium", **place, "zones": [ZONE], "addresses": [ADDRESS]}

    def spread(self, count: int, *targets: str) -> Spread:
        """Write Ingresses as fast as one writer can, until all of the targets have all of their names."""
        syncer = self.start_with(*targets)
        time.sleep(1)
        names = [f"app-{number}.{ZONE}" for number in range(count)]
        cpu, written = syncer.cpu, {}  # type: float, dict[str, float]
        answered: dict[str, dict[str, float]] = {target: {} for target in targets}
        askers = [
            threading.Thread(target=self.ask_names, args=(names, written, answered[target], self.servers[target].dns))
            for target in targets
        ]
        for asker in askers:
            asker.start()
        start = time.monotonic()
        self.write_ingresses(names, written)
        for asker in askers:
            asker.join()
        seconds = {target: max(answered[target].values()) - start for target in targets}
        return Spread(seconds, syncer.cpu - cpu, syncer.rss)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.targets", description=__doc__)
    parser.add_argument("--names", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many runs is told")
    options = parser.parse_args()
    print("names   targets  last     CPU     RSS")
    for count in options.names:
        slowest = 0.0
        for targets in (("one",), ("two",), ("one", "two")):
            runs = [_run(count, *targets) for _ in range(options.rounds)]
            spread = sorted(runs, key=attrgetter("last"))[len(runs) // 2]
            last = spread.last
            ratio = f"  {last / slowest:.2f} times the slower one" if len(targets) > 1 else ""
            slowest = max(slowest, last)
            words = "+".join(targets)
            print(f"{count:<7} {words:<7}  {last:5.2f} s  {spread.cpu:4.1f} s  {spread.rss:.1f} MB{ratio}")


def _run(count: int, *targets: str) -> Spread:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate(folder)
        rig = PairRig(folder)
        try:
            with running(rig.technitium, rig.kubernetes, rig.second):
                return rig.spread(count, *targets)
        finally:
            if rig.syncer:
                rig.syncer.stop()


if __name__ == "__main__":
    main()
