"""The objects in examples/manifests, one file for each kind of the table in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncer.core.kinds import KINDS
from syncer.core.scope import Scope
from syncer.preview import preview_documents

EXAMPLES = Path(__file__).parents[2] / "examples" / "manifests"
SCOPES = {"default": Scope(zones=("talos00",), addresses=("192.168.1.54",), service_pods=True)}


def read_example(name: str) -> tuple[str, str]:
    return name, (EXAMPLES / name).read_text()


@pytest.mark.parametrize(
    ("file", "records", "skipped"),
    [
        ("grpcroute.yaml", ["tempo.talos00 192.168.1.54 GRPCRoute"], {}),
        ("tlsroute.yaml", ["vault.talos00 192.168.1.54 TLSRoute"], {}),
        ("tcproute.yaml", ["mqtt.talos00 192.168.1.55 TCPRoute"], {}),
        ("udproute.yaml", ["factorio.talos00 192.168.1.54 UDPRoute"], {}),
        ("ingressrouteudp.yaml", ["syslog.talos00 192.168.1.54 IngressRouteUDP"], {}),
        (
            "dnsendpoint.yaml",
            [
                "_smb._tcp.talos00 0 0 445 nas.talos00 DNSEndpoint",
                "backup.talos00 nas.talos00 DNSEndpoint",
                "nas.talos00 192.168.1.7 DNSEndpoint",
                "nas.talos00 10 nas.talos00 DNSEndpoint",
                "nas.talos00 v=spf1 mx -all DNSEndpoint",
            ],
            {},
        ),
        (
            "services.yaml",
            [
                "_mqtt._tcp.broker.cluster.talos00 0 0 1883 broker.cluster.talos00 Service",
                "_mqtt._tcp.broker.talos00 0 0 1883 broker.talos00 Service",
                "_postgresql._tcp.db.talos00 0 0 5432 db-0.db.talos00 Service",
                "broker.cluster.talos00 10.96.12.7 Service",
                "broker.talos00 192.168.1.60 Service",
                "db-0.db.talos00 10.42.0.17 Service",
                "db.talos00 10.42.0.17 Service",
                "files.talos00 nas.home.arpa Service",
                "satisfactory.talos00 192.168.1.21 192.168.1.22 Service",
            ],
            {"db-1.db.talos00": "no address yet: no pod that is ready has one"},
        ),
        (
            "listenerset.yaml",
            ["immich.photos.talos00 192.168.1.56 HTTPRoute"],
            {
                "wiki.talos00": "ListenerSet guests/guests has Gateway infrastructure/shared, which does not allow "
                "ListenerSets from namespace guests"
            },
        ),
    ],
)
def test_each_says_all_that_its_names_depend_on(file: str, records: list[str], skipped: dict[str, str]) -> None:
    answer = preview_documents([read_example(file)], SCOPES)
    found = [f"{it['name']} {' '.join(it['values'])} {it['source']['kind']}" for it in answer["records"]]
    assert found == records
    assert {it["name"]: it["reason"] for it in answer["skipped"]} == skipped
    assert [answer[key] for key in ("conflicts", "warnings", "unreadable", "passed_over")] == [[], [], [], {}]


def test_together_they_are_in_no_conflict() -> None:
    answer = preview_documents([read_example(path.name) for path in sorted(EXAMPLES.glob("*.yaml"))], SCOPES)
    assert (answer["conflicts"], answer["warnings"], answer["unreadable"]) == ([], [], [])


def test_the_readme_has_a_row_for_every_kind_that_gives_names() -> None:
    readme = (EXAMPLES.parents[1] / "README.md").read_text()
    rows = [
        line.split("|")[1] for line in readme.splitlines() if line.startswith("| ") and "examples/manifests/" in line
    ]
    named = {name.strip() for row in rows for name in row.split(",")}
    assert {kind.kind for kind in KINDS if kind.gives_names} <= named
