"""The recipes of docs/operations.md, run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.processes import ROOT, Ended, environment, migrate, run

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing")

ZONE = "talos00"
MANIFEST = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: grafana.talos00}]}
"""


def recipe(name: str) -> str:
    text = (ROOT / "docs" / "operations.md").read_text()
    block = re.search(rf"^( *)```sh\n *# recipe: {name}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    assert block, name
    return textwrap.dedent(block[2])


def follow(name: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", recipe(name)],
        cwd=folder,
        env=environment({"HOME": str(folder), **variables}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sync(folder: Path, server: ServerUnderTest, token: str, *options: str, **variables: str) -> Ended:
    """One pass over the one Ingress."""
    manifests = folder / "manifests"
    manifests.mkdir(exist_ok=True)
    (manifests / "grafana.yaml").write_text(MANIFEST)
    migrate(folder)
    env = {
        "HOME": str(folder),
        "DATA_DIR": str(folder),
        "DNS_SERVER_URL": server.url,
        "DNS_API_TOKEN": token,
        "DNS_ZONE": ZONE,
        "DNS_IP_ADDRESS": "192.0.2.54",
        **variables,
    }
    return run(["manage.py", "runsyncer", "--once", "--manifests", str(manifests), *options], env)


def test_the_token_of_the_recipe_can_do_what_is_needed_and_no_more(technitium: ServerUnderTest, tmp_path: Path) -> None:
    technitium.make_zone(ZONE)
    technitium.make_zone("other.test")
    output = follow("token", tmp_path, DNS=technitium.url, ADMIN=technitium.token, ZONE=ZONE)
    answers = [json.loads(line) for line in output.splitlines()]
    assert [answer["status"] for answer in answers] == ["ok"] * 4
    token = (answers[3].get("response") or answers[3])["token"]

    ended = sync(tmp_path, technitium, token)
    assert ended.code == 0, ended.err
    assert technitium.ask(f"grafana.{ZONE}") == ["192.0.2.54"]

    limited = ServerUnderTest(technitium.url, token, technitium.dns)
    for path, params in (
        ("zones/records/add", {"domain": "a.other.test", "type": "A", "ipAddress": "192.0.2.1"}),
        ("zones/create", {"zone": "new.test", "type": "Primary"}),
        ("zones/delete", {"zone": ZONE}),
    ):
        assert limited.call(path, params)["status"] == "error", path
    technitium.call("admin/users/delete", {"user": "catalyst-dns-sync"})


def test_records_of_external_dns_are_taken_over_and_its_traces_removed(
    technitium: ServerUnderTest, tmp_path: Path
) -> None:
    technitium.make_zone(ZONE)
    heritage = "heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/monitoring/grafana"
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.54", ttl=60)
    technitium.add(f"grafana.{ZONE}", "TXT", heritage)
    technitium.add(f"a-grafana.{ZONE}", "TXT", heritage)
    technitium.add(f"mail.{ZONE}", "TXT", "v=spf1 -all")
    adopting = {"EXTERNAL_DNS_ANNOTATIONS": "true", "ADOPT_EXISTING": "identical"}

    looked = sync(tmp_path, technitium, technitium.token, "--dry-run", **adopting)
    assert (looked.code, looked.out[0]) == (2, "~"), looked
    assert technitium.rows(ZONE)[1][4] == ""

    assert sync(tmp_path, technitium, technitium.token, **adopting).code == 0
    follow("external-dns", tmp_path, DNS=technitium.url, TOKEN=technitium.token, ZONE=ZONE)

    ours, mail = technitium.rows(ZONE)
    assert ours == (f"grafana.{ZONE}", "A", 300, "192.0.2.54", "catalyst-dns-sync/default Ingress/monitoring/grafana")
    assert mail[:2] == (f"mail.{ZONE}", "TXT")
    listed = (tmp_path / "external-dns.txt").read_text().splitlines()
    assert [line.partition("\t")[0] for line in listed] == [f"a-grafana.{ZONE}", f"grafana.{ZONE}"]
