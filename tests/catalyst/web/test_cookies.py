"""The web behind a proxy that speaks HTTPS with the browser, as Traefik does."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlencode

from tests.catalyst.web.test_health import web
from tests.processes import ADMIN_PASSWORD, prepare

HOST, ORIGIN = "dns.talos00", "https://dns.talos00"


KNOWN, UNKNOWN = "127.0.0.2", "127.0.0.3"


class Answer(NamedTuple):
    status: int
    cookies: SimpleCookie
    body: str


@contextmanager
def run_proxy(to: str, source: str) -> Iterator[int]:
    """Passes requests on from the address ``source`` and says that they came by HTTPS. Yields its port."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = dict(self.headers.items())
            headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9", "X-Forwarded-Host": HOST}
            behind = http.client.HTTPConnection(to, timeout=10, source_address=(source, 0))
            behind.request(self.command, self.path, body, headers)
            answer = behind.getresponse()
            text = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
            behind.close()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def browse(port: int, path: str, cookies: SimpleCookie | None = None, form: dict[str, str] | None = None) -> Answer:
    """As a browser that sees https://dns.talos00."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Host": HOST, "Cookie": "; ".join(f"{key}={morsel.value}" for key, morsel in (cookies or {}).items())}
    if form is not None:
        headers |= {"Origin": ORIGIN, "Referer": f"{ORIGIN}{path}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST" if form is not None else "GET", path, form and urlencode(form), headers)
    answer = connection.getresponse()
    kept = SimpleCookie(cookies)
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            kept.load(value)
    body = answer.read().decode()
    connection.close()
    return Answer(answer.status, kept, body)


def log_in(port: int) -> Answer:
    page = browse(port, "/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    assert token
    form = {"username": "admin", "password": ADMIN_PASSWORD, "next": "/admin/", "csrfmiddlewaretoken": token[1]}
    return browse(port, "/admin/login/", page.cookies, form)


def test_who_comes_by_https_through_a_proxy_logs_in_and_gets_secure_cookies(tmp_path: Path) -> None:
    settings = {"ALLOWED_HOSTS": HOST, "FORWARDED_ALLOW_IPS": f"10.0.0.0/8,{KNOWN}"}
    prepare(tmp_path)
    with web(tmp_path, **settings) as process:
        with run_proxy(process.url.removeprefix("http://"), KNOWN) as port:
            entered = log_in(port)
            assert entered.status == 302
            assert {name: bool(morsel["secure"]) for name, morsel in entered.cookies.items()} == {
                "csrftoken": True,
                "sessionid": True,
            }
            assert browse(port, "/admin/", entered.cookies).status == 200
        with run_proxy(process.url.removeprefix("http://"), UNKNOWN) as port:
            refused = log_in(port)
            assert refused.status == 403
            assert not refused.cookies["csrftoken"]["secure"]
            assert "sessionid" not in refused.cookies
