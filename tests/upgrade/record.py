"""Plays a story on a release and keeps what it leaves: run it in the checkout of that release, before the next one.

``python -m tests.upgrade.record FOLDER`` writes database.sql, zone.json and the manifests there.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.processes import Process, Syncer, migrate, running, wait_until

ZONE, TOKEN, ADDRESS = "home.lab", "upgrade", "192.0.2.54"
PREFIX = "catalyst-dns-sync.io/"


def ingress(name: str, *hosts: str, namespace: str = "web", year: int = 2026, **notes: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": f"{year}-01-01T00:00:00Z",
            "annotations": {PREFIX + key.replace("_", "-"): value for key, value in notes.items()},
        },
        "spec": {"rules": [{"host": host} for host in hosts]},
    }


def gateway(name: str, hostname: str, namespaces: dict[str, Any]) -> dict[str, Any]:
    listener = {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "hostname": hostname,
        "allowedRoutes": {"namespaces": namespaces},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "infra"},
        "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
    }


def http_route(name: str, parent: str, *hostnames: str) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "web", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"parentRefs": [{"name": parent, "namespace": "infra"}], "hostnames": list(hostnames)},
    }


def ingress_route(name: str, rule: str) -> dict[str, Any]:
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": name, "namespace": "web", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"routes": [{"kind": "Rule", "match": rule}]},
    }


def outdated_objects() -> dict[str, dict[str, Any]]:
    """What the release of then publishes, and a later one would not publish any more."""
    return {
        "edge": gateway("edge", f"*.routes.{ZONE}", {"from": "All"}),
        "redirect": http_route("redirect", "edge"),
        "picky": gateway("picky", f"*.{ZONE}", {"from": "Selector"}),
        "selected": http_route("selected", "picky", f"selected.{ZONE}"),
        "blank": ingress_route("blank", f"Host(` blank.{ZONE} `)"),
    }


def objects() -> dict[str, dict[str, Any]]:
    """What is there at the end, by file."""
    there = {f"app{number:02}": ingress(f"app{number:02}", f"app{number:02}.{ZONE}", ttl="300") for number in range(30)}
    return there | {
        "alias": ingress("alias", f"alias.{ZONE}", target="edge.example.com"),
        "dual": ingress("dual", f"dual.{ZONE}", target="192.0.2.7,2001:db8::7"),
        "wildcard": ingress("wildcard", f"*.apps.{ZONE}"),
        "elder": ingress("elder", f"shop.{ZONE}", namespace="team-a", year=2024),
        "younger": ingress("younger", f"shop.{ZONE}", namespace="team-b", target="192.0.2.9"),
        "elsewhere": ingress("elsewhere", "www.example.org", f"inside.{ZONE}"),
        "same": ingress("same", f"same.{ZONE}"),
        "clash": ingress("clash", f"clash.{ZONE}"),
        "forever": ingress("forever", f"forever.{ZONE}", ttl="2000000"),
        "released": ingress("released", f"released.{ZONE}"),
        "changed": ingress("changed", f"changed.{ZONE}"),
        "accepted": ingress("accepted", f"accepted.{ZONE}"),
        "blocked": ingress("blocked", f"blocked.{ZONE}"),
        "overridden": ingress("overridden", f"overridden.{ZONE}"),
        **outdated_objects(),
    }


class Story:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        migrate(folder)
        self.server = Process(
            ["-m", "tests.fakes.technitium", "--port=0", "--dns-port=0", f"--token={TOKEN}", f"--zone={ZONE}"],
            folder / "technitium.log",
        )
        self.url = self.server.says(r"HTTP (\S+)")[1]

    def call(self, path: str, **params: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.post(f"{self.url}/api/{path}", data=params, headers=headers, timeout=10).json()
        assert answer["status"] == "ok", answer
        response: dict[str, Any] = answer.get("response", {})
        return response

    def records(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.call("zones/records/get", domain=ZONE, zone=ZONE, listZone="true")[
            "records"
        ]
        return listed

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "catalyst.sqlite3", timeout=10)
        try:
            with connection:
                return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def state(self, name: str) -> str:
        rows = self.query("select state from records_managedrecord where name = ?", f"{name}.{ZONE}")
        return str(rows[0][0]) if rows else ""

    def ask(self, action: str, name: str) -> None:
        sql = "insert into records_syncrequest (action, zone, name, type, requested_by, outcome)"
        self.query(f"{sql} values (?, ?, ?, 'A', 'alice', '')", action, ZONE, f"{name}.{ZONE}")
        waiting = "select 1 from records_syncrequest where done_at is null"
        wait_until(lambda: not self.query(waiting), 10, f"an answer to {action}")

    def enter(self, name: str, kind: str, values: list[str], mode: str) -> None:
        sql = 'insert into records_customentry (name, type, "values", mode, enabled, owner, description, updated_at)'
        self.query(
            f"{sql} values (?, ?, ?, ?, 1, 'alice', 'of the story', '2026-01-01')",
            f"{name}.{ZONE}",
            kind,
            json.dumps(values),
            mode,
        )
        self.query(
            "insert into records_syncrequest (action, zone, name, type, requested_by, outcome)"
            " values ('sync', ?, ?, '', 'alice', '')",
            ZONE,
            f"{name}.{ZONE}",
        )

    def write(self, name: str, manifest: dict[str, Any]) -> None:
        (self.manifests / f"{name}.yaml").write_text(yaml.safe_dump(manifest))

    def play(self) -> None:
        self.call("zones/records/add", domain=f"nas.{ZONE}", type="A", ipAddress="192.0.2.1", comments="made by hand")
        self.call("zones/records/add", domain=f"same.{ZONE}", type="A", ipAddress=ADDRESS, ttl="300")
        self.call("zones/records/add", domain=f"clash.{ZONE}", type="A", ipAddress="192.0.2.2", ttl="60")
        for name, manifest in objects().items():
            self.write(name, manifest)
        self.write("gone", ingress("gone", f"gone.{ZONE}"))
        for number in range(60):
            self.write(f"old{number:02}", ingress(f"old{number:02}", f"old{number:02}.{ZONE}"))
        env = {
            "DNS_SERVER_URL": self.url,
            "DNS_API_TOKEN": TOKEN,
            "DNS_ZONE": ZONE,
            "DNS_IP_ADDRESS": ADDRESS,
            "KUBECONFIG": "/none",
            "SERIAL_PROBE_INTERVAL": "500ms",
        }
        syncer = Syncer(self.folder, env, "--manifests", str(self.manifests)).ready()
        try:
            self.tell()
        finally:
            syncer.stop()

    def tell(self) -> None:
        self.enter("text", "TXT", ["hello"], "publish")
        self.enter("blocked", "", [], "block")
        self.enter("overridden", "A", ["192.0.2.77"], "override")
        wait_until(lambda: self.state("text") == "synced" and not self.state("blocked"), 10, "the entries")
        wait_until(lambda: self.state("old59") == "synced", 10, "all records")
        (self.manifests / "gone.yaml").unlink()
        wait_until(lambda: not self.state("gone"), 10, "the end of a record")
        for name in ("changed", "accepted"):
            self.call(
                "zones/records/update",
                domain=f"{name}.{ZONE}",
                type="A",
                ipAddress=ADDRESS,
                newIpAddress="192.0.2.200",
                ttl="300",
                comments=f"catalyst-dns-sync/default Ingress/web/{name}",
            )
            wait_until(lambda name=name: self.state(name) == "drifted", 10, "drift")  # type: ignore[misc]
        self.query("update records_driftfinding set status = 'accepted' where name = ?", f"accepted.{ZONE}")
        self.ask("release", "released")
        for number in range(60):
            (self.manifests / f"old{number:02}.yaml").unlink()
        wait_until(lambda: self.state("old00") == "held" and self.state("old59") == "held", 15, "a held plan")
        wait_until(lambda: self.state("released") == "foreign", 10, "a released record")
        assert self.state("forever") == "failed"

    def keep(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.query("update records_syncstatus set holder = 'host 1'")
        database = sqlite3.connect(self.folder / "catalyst.sqlite3")
        try:
            (folder / "database.sql").write_text("\n".join(database.iterdump()) + "\n")
        finally:
            database.close()
        kept = ("name", "type", "ttl", "rData", "comments", "disabled")
        records = [{key: record[key] for key in kept if key in record} for record in self.records()]
        (folder / "zone.json").write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
        manifests = [yaml.safe_load(path.read_text()) for path in sorted(self.manifests.glob("*.yaml"))]
        (folder / "manifests.yaml").write_text(yaml.safe_dump_all(manifests))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.record", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        story = Story(Path(name))
        with running(story.server):
            story.play()
            story.keep(options.folder)


if __name__ == "__main__":
    main()
