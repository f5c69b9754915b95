"""The whole program and two DNS servers that are one cluster: a promotion while names come and go."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fixtures_technitium import ClusterUnderTest
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS, Session, fresh_zone

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=["secondary", "file"])
def session(
    request: pytest.FixtureRequest, migrated: Path, tmp_path: Path, technitium_cluster: ClusterUnderTest
) -> Iterator[Session]:
    """Questions go to the node that becomes the primary. It reaches that one alone, or knows both, by a file."""
    folder = tmp_path / "data"
    shutil.copytree(migrated, folder)
    cluster = technitium_cluster
    session = Session(folder, cluster.node2, None, cluster.make_zone(fresh_zone()))
    session.env |= {"SERIAL_PROBE_INTERVAL": "1s"}
    if request.param == "file":
        session.name_targets(lan=(session.zone, cluster.node1, cluster.node2))
    yield session
    session.close()


@pytest.mark.parametrize("force", [False, True])
def test_a_node_is_promoted_while_names_come_and_go(
    session: Session, technitium_cluster: ClusterUnderTest, force: bool
) -> None:
    cluster, zone = technitium_cluster, session.zone
    for number in range(20):
        session.write(f"app{number}", ingress(f"app{number}", f"app{number}.{zone}"))
    syncer = session.start()
    for number in range(20):
        session.answers(f"app{number}.{zone}", ADDRESS)

    cluster.delay = math.inf
    session.write("late", ingress("late", f"late.{zone}"))
    (session.manifests / "app0.yaml").unlink()
    wait_until(lambda: cluster.node1.ask(f"late.{zone}") == [ADDRESS], 10, "late on the primary")
    wait_until(lambda: cluster.node1.ask(f"app0.{zone}") in ([], "NXDOMAIN"), 10, "app0 gone from the primary")
    if force:
        cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=force)
    session.write("new", ingress("new", f"new.{zone}"))
    (session.manifests / "app1.yaml").unlink()

    for name in ("late", "new", *(f"app{number}" for number in range(2, 20))):
        session.answers(f"{name}.{zone}", ADDRESS, within=40)
    for name in ("app0", "app1"):
        session.answers(f"{name}.{zone}", within=40)
    wait_until(lambda: session.marked() == session.ledger(), 40, "a mark on everything that is ours")
    assert len(session.ledger()) == 20
    syncer.says("zones are on node2.clu.test now", 10)
    syncer.says("have lost their marks, all at once", 10)
    actions = {row[0] for row in session.query("select distinct action from records_auditentry")}
    assert actions == {"created", "deleted", "marked"}
    # The pass is noted when it has ended, after its marks could be seen.
    query, noted = "select node, is_unmarked from records_managedzone", [("node2.clu.test", 0)]
    wait_until(lambda: session.query(query) == noted, 10, "a note of where the zone is")
