"""Someone changes our records on the server, in a session of whole processes."""

from __future__ import annotations

import time

from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS, Session

FINDINGS = "select drift_type, status from records_driftfinding where name = ? order by id"


def test_drift_is_found_by_a_probe_survives_a_restart_and_waits_for_a_click(files: Session) -> None:
    grafana, blog = f"grafana.{files.zone}", f"blog.{files.zone}"
    remediated = {"catalyst-dns-sync.io/auto-remediate": "true"}
    files.write("web", ingress("grafana", grafana), ingress("blog", blog, annotations=remediated))
    syncer = files.start(SERIAL_PROBE_INTERVAL="1s")
    files.answers(grafana, ADDRESS)
    files.answers(blog, ADDRESS)

    for name in (grafana, blog):
        files.technitium.delete(name, "A", ADDRESS)
    files.answers(blog, ADDRESS)
    wait_until(lambda: files.query(FINDINGS, grafana) == [("missing_record", "open")], 10, "the finding")
    wait_until(lambda: files.query(FINDINGS, blog) == [("missing_record", "remediated")], 10, "the remedy")
    assert files.record(grafana)[:2] == (True, "drifted")
    assert "Drift: someone deleted it: left as it is until someone decides" in syncer.output

    syncer.kill()
    files.start(SERIAL_PROBE_INTERVAL="1s")
    time.sleep(1.5)
    files.answers(grafana)
    assert files.query(FINDINGS, grafana) == [("missing_record", "open")]

    assert files.ask_for("remediate", grafana) == "1 record changed"
    files.answers(grafana, ADDRESS, within=10)
    assert files.query(FINDINGS, grafana) == [("missing_record", "remediated")]
