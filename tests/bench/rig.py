"""Both doubles and the syncer as processes of their own, and a stopwatch from the API server to DNS."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import struct
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.fakes.kubernetes.manifests import dns_endpoint, ingress, service
from tests.postgres import postgres
from tests.processes import Process, Syncer, migrate, running, wait_until

ZONE, ADDRESS, TOKEN = "k8s.example.com", "192.0.2.54", "bench"
SECRET = "the bench's own, of no worth anywhere else"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"

FINE, COARSE, FEW = 0.002, 0.01, 10
"""Seconds between two rounds of questions, where up to a few names are waited for and where there are more."""


@dataclass(slots=True)
class Burst:
    """What one burst of Ingresses cost; times in seconds, from the API server's answer to the writer."""

    count: int
    writing: float
    first: float
    median: float
    last: float
    whole: float
    kubernetes: int
    technitium: int
    cpu: float
    rss: float


@dataclass(slots=True)
class FirstStart:
    """What a syncer cost that found ``count`` Ingresses and an empty zone; times in seconds from the start of its
    process. ``newcomers`` are the waits of Ingresses that were written meanwhile, one after another."""

    count: int
    ready: float
    whole: float
    newcomers: list[float]
    technitium: int
    cpu: float
    rss: float


class Mixture(NamedTuple):
    """Objects, each with a name of its own."""

    ingresses: int
    services: int
    endpoints: int

    def __str__(self) -> str:
        return f"{self.ingresses} Ingresses, {self.services} Services, {self.endpoints} DNSEndpoints"


class Rig:
    def __init__(self, folder: Path, database: Mapping[str, str] | None = None) -> None:
        self.kubernetes = Process(
            ["-m", "tests.fakes.kubernetes", "--kubeconfig", f"{folder}/kubeconfig"], folder / "k8s.log"
        )
        self.technitium = Process(
            ["-m", "tests.fakes.technitium", "--port=0", "--dns-port=0", f"--token={TOKEN}", f"--zone={ZONE}"],
            folder / "technitium.log",
        )
        self.api = urlsplit(self.kubernetes.says(r"listening on (\S+)")[1])
        self.back_door = self.kubernetes.says(r"back door (\S+)")[1]
        self.server = self.technitium.says(r"HTTP (\S+)")[1]
        host, _, port = self.technitium.says(r"DNS (\S+)")[1].rpartition(":")
        self.dns = host, int(port)
        self.folder = folder
        self.database = database or {}
        self.syncer: Syncer | None = None

    def launch_syncer(self, **env: str) -> Syncer:
        """Not ready yet."""
        self.syncer = Syncer(
            self.folder,
            {
                "KUBECONFIG": f"{self.folder}/kubeconfig",
                "DNS_SERVER_URL": self.server,
                "DNS_API_TOKEN": TOKEN,
                "DNS_ZONE": ZONE,
                "DNS_IP_ADDRESS": ADDRESS,
                **self.database,
                **env,
            },
            fresh=True,
        )
        return self.syncer

    def start_syncer(self) -> Syncer:
        return self.launch_syncer().ready()

    def count_requests(self) -> tuple[int, int]:
        """Answered so far: by the Kubernetes double, by the Technitium double."""
        with urllib.request.urlopen(f"{self.back_door}/fake/requests") as answer:
            kubernetes = sum(
                sum(counts.values()) for verb, counts in json.load(answer).items() if verb in ("list", "watch")
            )
        with urllib.request.urlopen(f"{self.server}/fake/requests") as answer:
            technitium = sum(json.load(answer)["counts"].values())
        return kubernetes, technitium

    def measure_burst(self, names: list[str]) -> Burst:
        """Create an Ingress for each name as fast as one writer can, and ask DNS until every name is right."""
        assert self.syncer is not None
        before, cpu = self.count_requests(), self.syncer.cpu
        written: dict[str, float] = {}
        answered: dict[str, float] = {}
        asker = threading.Thread(target=self.ask_names, args=(names, written, answered))
        asker.start()
        start = time.monotonic()
        self.write_ingresses(names, written)
        writing = time.monotonic() - start
        asker.join()
        whole = max(answered.values()) - start
        after = self.count_requests()
        waits = sorted(answered[name] - written[name] for name in names)
        return Burst(
            len(names),
            writing,
            waits[0],
            statistics.median(waits),
            waits[-1],
            whole,
            after[0] - before[0],
            after[1] - before[1],
            self.syncer.cpu - cpu,
            self.syncer.rss,
        )

    def measure_first_start(self, count: int) -> FirstStart:
        """Start a syncer in a cluster with ``count`` names; while it writes them, others come, one after another."""
        names = [f"app-{number:06}.{ZONE}" for number in range(count)]
        self.write_ingresses(names, {})
        before = self.count_requests()
        start = time.monotonic()
        # All of them are in one namespace, which is about their number alone.
        syncer = self.launch_syncer(MAX_NAMES_PER_NAMESPACE=str(2 * count)).ready()
        ready, newcomers = time.monotonic() - start, []
        whole = 0.0
        while not whole or not self._are_all_right(names):  # a list of the zone takes the server a while
            while not self._is_answered(names[-1], *self.dns):  # most are written in the order of their names
                newcomers.append(self._measure_newcomer(f"zz-{len(newcomers)}.{ZONE}"))
            whole = time.monotonic() - start
        requests = self.count_requests()[1] - before[1]
        return FirstStart(count, ready, whole, newcomers, requests, syncer.cpu, syncer.rss)

    def _measure_newcomer(self, name: str) -> float:
        written: dict[str, float] = {}
        answered: dict[str, float] = {}
        self.write_ingresses([name], written)
        self.ask_names([name], written, answered)
        return answered[name] - written[name]

    def _are_all_right(self, names: list[str]) -> bool:
        return not self._list_wrong(names)

    def _list_wrong(self, names: list[str]) -> set[str]:
        query = urlencode({"token": TOKEN, "domain": ZONE, "zone": ZONE, "listZone": "true"})
        with urllib.request.urlopen(f"{self.server}/api/zones/records/get?{query}") as answer:
            records = json.load(answer)["response"]["records"]
        right = {record["name"] for record in records if record["rData"].get("ipAddress") == ADDRESS}
        return set(names) - right

    def measure_mixture(self, mixture: Mixture) -> float:
        """Into a running syncer, one name for each object; its RSS in MB, when all of them are in the zone."""
        names = [f"app-{number:06}.{ZONE}" for number in range(mixture.ingresses)]
        self.write_ingresses(names, {})
        for number in range(mixture.services):
            name = f"service-{number:06}"
            annotations = {"catalyst-dns-sync.io/hostname": f"{name}.{ZONE}"}
            manifest = service(name, annotations=annotations)
            # An API server takes no status from whoever writes the rest.
            manifest["spec"]["externalIPs"] = [ADDRESS]
            self._write_object("/api/v1", "services", manifest)
            names.append(f"{name}.{ZONE}")
        for number in range(mixture.endpoints):
            name = f"endpoint-{number:06}"
            endpoint = {"dnsName": f"{name}.{ZONE}", "recordType": "A", "targets": [ADDRESS]}
            self._write_object("/apis/externaldns.k8s.io/v1alpha1", "dnsendpoints", dns_endpoint(name, endpoint))
            names.append(f"{name}.{ZONE}")
        for name in names[-1], names[0]:
            self.ask_names([name], {name: 0.0}, {})
        wait_until(lambda: self._are_all_right(names), 120, "every name of the mixture", pause=1.0)
        assert self.syncer
        return self.syncer.rss

    def _write_object(self, group: str, plural: str, manifest: Mapping[str, Any]) -> None:
        connection = http.client.HTTPConnection(self.api.hostname or "", self.api.port)
        self._post_object(connection, f"{group}/namespaces/default/{plural}", manifest)
        connection.close()

    def write_ingresses(self, names: list[str], written: dict[str, float]) -> None:
        connection = http.client.HTTPConnection(self.api.hostname or "", self.api.port)
        for name in names:
            self._post_object(connection, INGRESSES, ingress(name.replace(".", "-"), name))
            written[name] = time.monotonic()
        connection.close()

    @staticmethod
    def _post_object(connection: http.client.HTTPConnection, path: str, manifest: Mapping[str, Any]) -> None:
        connection.request("POST", path, json.dumps(manifest), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, answer.status

    def ask_names(
        self,
        names: list[str],
        written: dict[str, float],
        answered: dict[str, float],
        server: tuple[str, int] | None = None,
        patience: float = 120.0,
    ) -> None:
        """Ask the server (None: the only one) for the names in turn until each is answered; a pause after each round,
        longer while many are waited for, leaves the others some CPU."""
        with Asker(server or self.dns) as asker:
            deadline = time.monotonic() + patience
            waiting = list(names)
            while waiting:
                assert time.monotonic() < deadline, f"{len(waiting)} names are not answered, {waiting[0]} among them"
                still = []
                for index, name in enumerate(waiting):
                    if name not in written or not asker.is_answered(name):
                        still.append(name)
                        if name not in written or len(still) > 20:  # the rest is younger: begin again at the oldest
                            still += waiting[index + 1 :]
                            break
                    else:
                        answered[name] = time.monotonic()
                waiting = still
                time.sleep(FINE if len(waiting) <= FEW else COARSE)

    def _is_answered(self, name: str, host: str, port: int) -> bool:
        with Asker((host, port)) as asker:
            return asker.is_answered(name)


class Asker:
    """Asks a DNS server whether a name has the bench's address, at a tenth of what a resolver library costs: what the
    measuring takes of two cores, the syncer does not get."""

    TYPE_A, CLASS_IN, RECURSION_DESIRED = 1, 1, 0x0100

    def __init__(self, server: tuple[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(2.0)
        self._socket.connect(server)
        self._id = 0

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def is_answered(self, name: str) -> bool:
        """Whether an answer ends with the address; what came too late for the question before is passed over."""
        self._id = (self._id + 1) % 0x10000
        labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
        header = struct.pack(">6H", self._id, self.RECURSION_DESIRED, 1, 0, 0, 0)
        try:
            self._socket.send(header + labels + struct.pack(">xHH", self.TYPE_A, self.CLASS_IN))
            answer = b""
            while answer[:2] != header[:2]:
                answer = self._socket.recv(4096)
        except TimeoutError:
            return False
        return socket.inet_aton(ADDRESS) in answer[len(header) :]


@contextmanager
def run_rig(*, on_postgres: bool = False) -> Iterator[Rig]:
    """A database, a cluster and a DNS server that are empty, and go away with what is in them."""
    with tempfile.TemporaryDirectory() as name, postgres() if on_postgres else nullcontext("") as url:
        folder, database = Path(name), {"DATABASE_URL": url, "SECRET_KEY": SECRET} if url else {}
        migrate(folder, database)
        it = Rig(folder, database)
        try:
            with running(it.technitium, it.kubernetes):
                yield it
        finally:
            if it.syncer:
                it.syncer.stop()
