"""A cluster of all kinds comes from external-dns, by the recipes of docs/operations.md as they are printed there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncer.core.kinds import GIVING_NAMES
from tests.deploy.external_dns import ZONE, Kept, fill_cluster, list_objects, write_zone
from tests.deploy.test_recipes import Registry
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.processes import run, running, wait_until
from tests.syncer.zone.engine import writes

pytestmark = [pytest.mark.timeout(180), pytest.mark.double_only]

SETTINGS = {"DNS_IP_ADDRESS": "auto", "INGRESS_TLS_HOSTS": "true", "SERVICE_PODS": "true"}
HAND = (f"wiki.{ZONE}", "A", "192.0.2.9")
MARK = "catalyst-dns-sync/default "


@pytest.fixture(scope="module")
def objects() -> list[Kept]:
    return list_objects()


@pytest.fixture
def registry(
    technitium: ServerUnderTest, kubernetes: Cluster, tmp_path: Path, objects: list[Kept]
) -> Iterator[Registry]:
    technitium.make_zone(ZONE)
    technitium.add(*HAND)
    write_zone(technitium, objects)
    fill_cluster(kubernetes, objects)
    technitium.requests.clear()
    it = Registry(tmp_path, technitium, KUBECONFIG=str(kubernetes.kubeconfig), **SETTINGS)
    with running(it.syncer, it.web):
        it.web.says("Uvicorn running")
        it.syncer.ready()
        yield it


def content(server: ServerUnderTest) -> list[tuple[str, str, int, str]]:
    """What DNS can answer, without what external-dns says of its records."""
    rows = ((name, type, ttl, value) for name, type, ttl, value, _ in server.rows(ZONE))
    return sorted(row for row in rows if "heritage=external-dns" not in row[3])


def list_owned(objects: list[Kept]) -> set[tuple[str, str]]:
    return {(rrset.name, rrset.type) for kept in objects for rrset in kept.written}


def find_marked(server: ServerUnderTest) -> set[tuple[str, str]]:
    return {(name, type) for name, type, _, _, mark in server.rows(ZONE) if mark.startswith(MARK)}


def asks_nothing(kept: Kept) -> bool:
    """A Service without annotations is not held."""
    return kept.manifest["kind"] == "Service" and "annotations" not in kept.manifest["metadata"]


def try_pass(registry: Registry, **settings: str) -> tuple[int, list[str]]:
    """The exit code of a dry run, and the changes that it would make."""
    env = {"HOME": str(registry.folder), "DATA_DIR": str(registry.folder), "LOG_FORMAT": "text"}
    dry = run(["manage.py", "runsyncer", "--once", "--dry-run"], env | registry.settings | settings)
    return dry.code, dry.out.splitlines()


def test_a_cluster_of_all_kinds_is_taken_over_and_nothing_that_is_right_is_rewritten(
    technitium: ServerUnderTest, registry: Registry, objects: list[Kept]
) -> None:
    before, owned = content(technitium), list_owned(objects)
    assert len(objects) >= 60
    assert {kept.manifest["kind"] for kept in objects} == set(GIVING_NAMES)
    code, lines = try_pass(registry, ADOPT_EXISTING="identical")
    looked = [re.fullmatch(r"~ (.+) -> \1", line) for line in lines]
    assert all(looked), lines
    assert (code, len(looked)) == (2, len(owned))
    assert list(writes(technitium)) == []
    for kind, count in Counter(kept.manifest["kind"] for kept in objects if not asks_nothing(kept)).items():
        series = f'catalyst_dns_sync_ingress_resources{{namespace="default",type="{kind}"}}'
        assert registry.syncer.metric(series) == count, kind

    listed = {line.partition("\t")[0] for line in registry.follow("list")}
    assert listed == {name for name, _ in owned}
    told = dict(line.split(": ") for line in registry.follow("adopt"))
    assert told == dict.fromkeys(listed, "adopt")
    wait_until(lambda: find_marked(technitium) == owned, 60, "the adoption")
    assert content(technitium) == before

    wait_until(lambda: set(registry.follow("adopt")) == {f"{name}: synced" for name in listed}, 30, "its being told")
    assert all(line.endswith("removed") for line in registry.follow("remove"))
    assert not [row for row in technitium.rows(ZONE) if "heritage=external-dns" in row[3]]
    assert content(technitium) == before
    assert try_pass(registry) == (0, [])
