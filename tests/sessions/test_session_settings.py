"""A start with other settings than the last one says which they are, and deletes that are held because of it say so."""

from __future__ import annotations

import json

from catalyst import __version__
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import Session

CLASS = {"kubernetes.io/ingress.class": "nginx"}
NGINX, TRAEFIK = {"INGRESS_CLASS": "nginx"}, {"INGRESS_CLASS": "traefik"}
LINE = "Changed since the last start: INGRESS_CLASS (nginx → traefik)"
HELD = "select reason from records_heldplan where status = 'open'"
KNOWN = "select known_version, known_settings from records_syncstatus"


def publish(session: Session, count: int = 30) -> None:
    for number in range(count):
        name = f"app-{number}"
        session.write(name, ingress(name, f"{name}.{session.zone}", annotations=CLASS))
    assert session.run("--once", **NGINX).code == 0
    assert len(session.marked()) == count


def test_a_setting_that_would_delete_too_much_is_named_until_a_person_decided(files: Session) -> None:
    publish(files)
    reason = (
        "30 of 30 records would go, more than MAX_DELETES_UNGUARDED (10) and MAX_DELETE_RATIO (0.5) allow; changed"
        " since the last start: INGRESS_CLASS (nginx → traefik)"
    )
    first = files.start(**TRAEFIK)
    assert LINE in first.output
    assert f"Deletes held: {reason}; look at them" in first.output
    assert files.query(HELD) == [(reason,)]
    assert "full pass" in files.ask_for("sync")
    first.kill()

    told = len(first.output)
    second = files.start(**TRAEFIK)
    assert LINE in second.output[told:], "it is as new to who looks now"
    assert files.query(HELD) == [(reason,)]
    assert json.loads(files.query(KNOWN)[0][1])["INGRESS_CLASS"] == "nginx"
    assert len(files.marked()) == 30

    assert files.run("--approve-deletes", **TRAEFIK).code == 0
    wait_until(lambda: not files.marked(), 20, "the deletes")
    assert "full pass" in files.ask_for("sync")
    wait_until(lambda: json.loads(files.query(KNOWN)[0][1])["INGRESS_CLASS"] == "traefik", 10, "the new settings")
    assert second.stop() == 0
    told = len(second.output)
    assert LINE not in files.start(**TRAEFIK).output[told:]


def test_what_is_held_later_is_not_laid_to_settings_that_were_there_before(files: Session) -> None:
    publish(files)
    syncer = files.start(INGRESS_CLASS="nginx,traefik")
    assert "Changed since the last start: INGRESS_CLASS (nginx → nginx,traefik)" in syncer.output
    for path in files.manifests.iterdir():
        path.unlink()
    wait_until(lambda: files.query(HELD), 15, "a plan")
    assert files.query(HELD)[0][0].endswith("allow")


def test_one_pass_says_it_too(files: Session) -> None:
    publish(files)
    for _ in range(2):
        held = files.run("--once", **TRAEFIK)
        assert "30 deletes are held" in held.out
        assert LINE in held.err
        assert files.query(HELD)[0][0].endswith("INGRESS_CLASS (nginx → traefik)")
    dry = files.run("--once", "--dry-run", **TRAEFIK)
    assert LINE in dry.err
    assert json.loads(files.query(KNOWN)[0][1])["INGRESS_CLASS"] == "nginx"


def test_another_version_of_the_program_is_named(files: Session) -> None:
    publish(files, 1)
    assert files.query(KNOWN)[0][0] == __version__
    files.query("update records_syncstatus set known_version = '0.0.9'")
    dry = files.run("--once", "--dry-run", **NGINX)
    assert f"Changed since the last start: version (0.0.9 → {__version__})" in dry.err
    assert files.run("--once", **NGINX).code == 0
    assert files.query(KNOWN)[0][0] == __version__
    assert "Changed" not in files.run("--once", **NGINX).err


def test_a_start_that_found_no_target_changes_nothing_of_what_is_known(files: Session) -> None:
    publish(files, 1)
    zone = "nowhere.example.net"
    assert files.run("--once", DNS_ZONE=zone, **NGINX).code == 1
    assert json.loads(files.query(KNOWN)[0][1])["DNS_ZONES"] == files.zone


def test_a_kind_that_is_not_read_any_more_is_why_its_names_would_go(session: Session, kubernetes: Cluster) -> None:
    """Nothing of it comes from the cluster then, and it is not said that its objects were deleted."""
    for number in range(12):
        kubernetes.create(ingress(f"app-{number}", f"app-{number}.{session.zone}"))
    assert session.run("--once").code == 0
    assert "12 deletes are held" in session.run("--once", SOURCES="httproute").out
    ((reason,),) = session.query(HELD)
    assert reason.endswith("changed since the last start: SOURCES (nothing → HTTPRoute)")
    causes = session.query("select distinct substr(cause, instr(cause, ' ')) from records_helddelete")
    assert causes == [(" is not read any more: Ingress is not in SOURCES",)]
    assert session.query("select count(*) from records_source") == [(0,)]
    assert len(session.marked()) == 12
    assert session.run("--once").code == 0
    assert session.query(HELD) == []
