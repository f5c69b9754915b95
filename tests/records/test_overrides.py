"""From a click in the admin to the answer of the DNS server, with every process for real."""

from __future__ import annotations

import http.cookiejar
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.processes import Process, Syncer, free_port, running, wait_until

TOKEN, PASSWORD = "the-token-of-the-double", "the password of the tests"
PROMISED = 2.0
"""Seconds from the answer to a click until DNS shows it (product: "Registry: admin")."""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: grafana.talos00}, {host: nas.talos00}]}
"""


class Browser:
    """As much of one as the admin's forms need."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, path: str, data: dict[str, str] | None = None) -> str:
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(self.base + path, body, {"Referer": self.base + path})
        with self.opener.open(request, timeout=10) as answer:
            return str(answer.read().decode())

    def submit(self, path: str, form: str = "", **data: str) -> str:
        """Fill in the form on the page ``form`` (``path`` itself) and send it to ``path``."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.open(form or path))
        assert token
        return self.open(path, {"csrfmiddlewaretoken": token[1], **data})

    def press(self, model: str, page: str, action: str) -> None:
        """A button on the page of an object; the question that may follow is answered with yes."""
        path = f"/admin/records/{model}/"
        key = re.search(r'name="_selected_action" value="(\d+)"', self.open(page))
        assert key, page
        said = self.submit(path, page, action=action, _selected_action=key[1], from_page=key[1], confirmed="yes")
        assert 'class="success"' in said


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Browser, tuple[str, int], Process]]:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "grafana.yaml").write_text(INGRESS)
    technitium = Process(
        ["-m", "tests.fakes.technitium", "--port=0", "--dns-port=0", f"--token={TOKEN}", "--zone=talos00"],
        tmp_path / "technitium.log",
    )
    with running(technitium):
        server = technitium.says(r"HTTP (\S+)")[1]
        host, _, port = technitium.says(r"DNS (\S+)")[1].rpartition(":")
        by_hand = {"token": TOKEN, "domain": "nas.talos00", "zone": "talos00", "type": "A", "ipAddress": "192.0.2.66"}
        urllib.request.urlopen(f"{server}/api/zones/records/add?{urllib.parse.urlencode(by_hand)}").close()
        web = f"127.0.0.1:{free_port()}"
        env = {
            "HOME": str(tmp_path),
            "DATA_DIR": str(tmp_path),
            "LOG_FORMAT": "text",
            "DNS_SERVER_URL": server,
            "DNS_API_TOKEN": TOKEN,
            "DNS_ZONE": "talos00",
            "DNS_IP_ADDRESS": "192.0.2.54",
            "DNS_API_RATE_LIMIT": "100",
            "ADMIN_PASSWORD": PASSWORD,
            "WEB_BIND_ADDRESS": web,
        }
        prepared = Process(["-m", "catalyst.cli", "prepare"], tmp_path / "prepare.log", env)
        assert prepared.wait() == 0, prepared.output
        pages = Process(["-m", "catalyst.cli", "web"], tmp_path / "web.log", env)
        with running(pages):
            syncer = Syncer(tmp_path, env, "--manifests", str(tmp_path / "manifests"))
            with running(syncer):
                syncer.ready()
                pages.says("running on http")
                browser = Browser(f"http://{web}")
                browser.submit("/admin/login/?next=/admin/", username="admin", password=PASSWORD)
                yield browser, (host, int(port)), pages


@pytest.mark.double_only
def test_every_override_is_in_dns_within_two_seconds_of_the_click(
    site: tuple[Browser, tuple[str, int], Process],
) -> None:
    browser, (host, port), pages = site
    grafana = "/admin/records/managedrecord/named/?name=grafana.talos00&type=A"
    nas = "/admin/records/managedrecord/named/?name=nas.talos00&type=A"
    entry = {"name": "grafana.talos00", "mode": "override", "type": "A", "values": "192.0.2.99", "enabled": "on"}

    def answer(name: str = "grafana.talos00") -> str:
        reply = dns.query.udp(dns.message.make_query(name, "A"), host, timeout=2, port=port)
        return " ".join(item.to_text() for rrset in reply.answer for item in rrset)

    def soon(expected: str, what: str, name: str = "grafana.talos00") -> None:
        start = time.monotonic()
        wait_until(lambda: answer(name) == expected, PROMISED, f"{what}: {expected or 'no answer'}")
        assert time.monotonic() - start < PROMISED

    wait_until(lambda: answer() == "192.0.2.54", what="the first sync")
    wait_until(lambda: "nas.talos00" in browser.open("/admin/records/managedrecord/?show=problem"), what="the conflict")

    browser.submit("/admin/records/customentry/add/", **entry)
    soon("192.0.2.99", "override")
    entry["values"] = "192.0.2.98"
    page = re.search(r"/admin/records/customentry/\d+/change/", browser.open("/admin/records/customentry/"))
    assert page
    browser.submit(page[0], **entry)
    soon("192.0.2.98", "changed override")
    browser.submit(page[0].replace("change", "delete"), post="yes")
    soon("192.0.2.54", "override taken off")

    browser.press("managedrecord", grafana, "delete_from_dns")
    soon("", "delete from DNS")
    browser.submit("/admin/sync-now/", "/admin/")
    soon("192.0.2.54", "sync everything")

    browser.press("managedrecord", grafana, "block_name")
    soon("", "block")
    block = re.search(r"/admin/records/customentry/\d+/change/", browser.open("/admin/records/customentry/"))
    assert block
    browser.submit(block[0].replace("change", "delete"), post="yes")
    soon("192.0.2.54", "block taken off")

    browser.press("managedrecord", nas, "adopt")
    soon("192.0.2.54", "adopt", "nas.talos00")
    history = browser.open("/admin/records/auditentry/?name=grafana.talos00&action_is=updated")
    fact = re.findall(r"/admin/records/auditentry/\d+/change/", history)[-1]  # the first change: to 192.0.2.99
    browser.press("auditentry", fact, "restore")
    soon("192.0.2.99", "restore")

    assert "Traceback" not in pages.output
    assert "500" not in re.findall(r"status_code=(\d+)", pages.output)
