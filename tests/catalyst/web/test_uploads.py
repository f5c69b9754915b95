"""The two steps of an import, of which each may reach another process of the web."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.catalyst.web.test_health import web
from tests.catalyst.web.test_logins import log_in, visitor
from tests.processes import ADMIN_PASSWORD

BACKUP = {
    "apiVersion": "catalyst-dns-sync.io/v1alpha1",
    "kind": "DNSRecordBackup",
    "entries": [{"hostname": "printer.talos00", "type": "A", "values": ["192.0.2.9"]}],
}


def test_the_file_that_one_process_was_given_is_imported_by_another(folder: Path, tmp_path: Path) -> None:
    with web(tmp_path, DATA_DIR=str(folder), DNS_ZONES="talos00") as second:
        session = visitor(second)
        assert log_in(second, session, ADMIN_PASSWORD) == 302
        form = {"csrfmiddlewaretoken": session.cookies["csrftoken"], "dry_run": "on"}
        files = {"file": ("backup.json", json.dumps(BACKUP))}
        seen = session.post(f"{second.url}/admin/exchange/", form, files=files, timeout=20).text
        shown = dict(re.findall(r'name="(upload|seen)" value="(\w+)"', seen))
        assert shown.keys() == {"upload", "seen"}, seen
        second.stop()
        (another := tmp_path / "another").mkdir()
        with web(another, DATA_DIR=str(folder), DNS_ZONES="talos00") as third:
            session.headers["Referer"] = third.url
            form = {"csrfmiddlewaretoken": session.cookies["csrftoken"], **shown}
            done = session.post(f"{third.url}/admin/exchange/", form, timeout=20).text
            assert "Imported: 0 records, 1 entry created" in done
