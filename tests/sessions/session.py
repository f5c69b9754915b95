"""What a test of whole processes holds in its hand."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.resources import Manifest
from tests.processes import Ended, Process, Syncer, run, wait_until

ADDRESS = "192.0.2.54"
PREFIX = "catalyst-dns-sync.io/"


def fresh_zone() -> str:
    return f"t{secrets.token_hex(3)}.example.com"


def accepted(route: Manifest) -> Manifest:
    """The route with the status that the controller of its parents gives it."""
    condition = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    said = {"controllerName": "example.com/gateway", "conditions": [condition]}
    return {**route, "status": {"parents": [{"parentRef": it, **said} for it in route["spec"]["parentRefs"]]}}


class Session:
    """Where the syncer works, and how to start it, to ask its database and to ask DNS."""

    def __init__(self, folder: Path, technitium: ServerUnderTest, kubernetes: Cluster | None, zone: str) -> None:
        self.folder = folder
        self.technitium = technitium
        self.zone = zone
        self.manifests = folder / "manifests"
        self.env = {
            "DNS_SERVER_URL": technitium.url,
            "DNS_API_TOKEN": technitium.token,
            "DNS_ZONE": zone,
            "DNS_IP_ADDRESS": ADDRESS,
            "KUBECONFIG": str(kubernetes.kubeconfig) if kubernetes else "/none",
        }
        self.options = () if kubernetes else ("--manifests", str(self.manifests))
        if not kubernetes:
            self.manifests.mkdir()
        self._running: list[Process] = []

    def name_targets(self, **targets: tuple[str, *tuple[ServerUnderTest, ...]]) -> None:
        """By a file instead of variables: the zone and the servers of each."""
        file = []
        for name, (zone, *servers) in targets.items():
            token = self.folder / f"{name}.token"
            token.write_text(servers[0].token)
            urls = [server.url for server in servers]
            file.append({"name": name, "kind": "technitium", "servers": urls, "token_file": str(token)})
            file[-1] |= {"zones": [zone], "addresses": [ADDRESS]}
        path = self.folder / "targets.yaml"
        path.write_text(yaml.safe_dump({"targets": file}))
        for variable in ("DNS_SERVER_URL", "DNS_API_TOKEN", "DNS_ZONE", "DNS_IP_ADDRESS"):
            del self.env[variable]
        self.env["TARGETS_FILE"] = str(path)

    def start(self, *options: str, ready: bool = True, **env: str) -> Syncer:
        syncer = Syncer(self.folder, self.env | env, *self.options, *options)
        self._running.append(syncer)
        return syncer.ready() if ready else syncer

    def run(self, *options: str, **env: str) -> Ended:
        """``runsyncer`` to its end."""
        variables = {"HOME": str(self.folder), "DATA_DIR": str(self.folder), "LOG_FORMAT": "text"}
        return run(["manage.py", "runsyncer", *self.options, *options], variables | self.env | env)

    def close(self) -> None:
        for process in self._running:
            process.kill()
            print(process.output[-4000:])  # shown when the test failed

    def write(self, name: str, *manifests: Manifest) -> Path:
        """A file of manifests."""
        path = self.manifests / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all(manifests))
        return path

    # DNS

    def answers(self, name: str, *values: str, type: str = "A", within: float = 10.0) -> None:
        """Wait for this answer; no values: for none at all."""

        def check() -> bool:
            answer = self.technitium.ask(name, type)
            return answer == sorted(values) if values else answer in ([], "NXDOMAIN")

        wait_until(check, within, f"{name} {type} {values or 'no answer'}")

    def serial(self) -> int:
        return self.technitium.serial(self.zone)

    def marked(self) -> list[tuple[str, str]]:
        """(name, type) of everything on the server with our mark."""
        rows = self.technitium.rows(self.zone)
        return sorted(
            {(name, type) for name, type, _, _, mark in rows if mark.startswith("catalyst-dns-sync/default ")}
        )

    # The database

    @property
    def database(self) -> Path:
        return self.folder / "catalyst.sqlite3"

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database, timeout=10)
        try:
            with connection:
                return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def record(self, name: str, type: str = "A") -> tuple[bool, str, str]:
        """(owned, state, reason); (False, "", "") when the ledger knows nothing."""
        sql = "select owned, state, reason from records_managedrecord where name = ? and type = ?"
        rows = self.query(sql, name, type)
        return (bool(rows[0][0]), rows[0][1], rows[0][2]) if rows else (False, "", "")

    def ledger(self) -> list[tuple[str, str]]:
        """(name, type) of everything that is owned."""
        return self.query("select name, type from records_managedrecord where owned order by name, type")

    def ask_for(self, action: str, name: str = "", *, within: float = 10.0) -> str:
        """Make a SyncRequest as the web does, and wait for its outcome."""
        sql = "insert into records_syncrequest (action, zone, name, type, requested_by, outcome)"
        self.query(f"{sql} values (?, '', ?, '', 'alice', '')", action, name)
        waiting = "select 1 from records_syncrequest where done_at is null"
        wait_until(lambda: not self.query(waiting), within, f"an answer to {action} {name}")
        return str(self.query("select outcome from records_syncrequest order by id desc limit 1")[0][0])
