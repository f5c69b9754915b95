"""Visitors of the web who mean harm, with and without a login: what they can cost, and whom it goes on serving."""

from __future__ import annotations

import http.client
import re
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.catalyst.web.test_health import Web
from tests.processes import ADMIN_PASSWORD, prepare, run, running

MB = 1024 * 1024
PATIENCE = 90.0
"""Seconds for the web to end what would last for ever."""
CROWD = 1_500
"""Connections of one attacker."""


class Cost(NamedTuple):
    """Of one attack. ``rss`` and ``disk`` are peaks in MB, ``other`` the longest that someone else waited for an answer
    meanwhile, in seconds, ``said`` what the attacker got."""

    rss: float
    disk: float
    other: float
    said: str

    def __str__(self) -> str:
        return f"{self.rss:6.0f} MB  /tmp {self.disk:4.0f} MB  other {self.other:5.2f} s  {self.said[:500]}"


class Site:
    """A web with its temporary files, the token of an admin in it, and what can be seen of it from outside."""

    def __init__(self, folder: Path) -> None:
        prepare(folder)
        temporary = folder / "tmp"
        temporary.mkdir()
        self.web = Web(
            folder, TMPDIR=str(temporary), ALLOWED_HOSTS="*", LOG_FORMAT="text", API_RATE_LIMIT="0", fresh=True
        )
        self.address = urlsplit(self.web.url).netloc
        self.metrics = urlsplit(self.web.metrics).netloc
        self.place = str(temporary)
        ended = run(["-m", "catalyst.cli", "create-token", "admin"], self.web.env)
        assert ended.code == 0, ended.err
        self.token = ended.out.split()[-1]

    @property
    def known(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def log_in(self) -> str:
        """The cookies of an admin."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request("GET", "/admin/login/")
        page = connection.getresponse()
        cookie = _read_cookies(page)
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        assert found
        form = f"csrfmiddlewaretoken={found[1]}&username=admin&password={ADMIN_PASSWORD}&next=/admin/"
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/admin/login/", form, headers)
        answer = connection.getresponse()
        assert answer.status == 302, answer.read()
        cookies = _read_cookies(answer)
        connection.close()
        return cookies

    def begin(self, path: str, size: int, sent: int, headers: Mapping[str, str]) -> socket.socket:
        """A request whose body is ``size`` bytes long, of which ``sent`` are sent, as far as the web takes them."""
        host, _, port = self.address.rpartition(":")
        connection = socket.create_connection((host, int(port)), 10)
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {size}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        with suppress(OSError):
            for _ in range(sent // MB):
                connection.sendall(b"x" * MB)
            connection.sendall(b"x" * (sent % MB))
        return connection

    @property
    def disk(self) -> float:
        """Temporary files that it has open, in MB: they have no names."""
        size = 0
        for link in Path(f"/proc/{self.web.pid}/fd").iterdir():
            with suppress(OSError):
                if str(link.readlink()).startswith(self.place):
                    size += link.stat().st_blocks * 512
        return size / 1e6

    @property
    def peak(self) -> float:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.web.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024 / 1e6


def _read_cookies(answer: http.client.HTTPResponse) -> str:
    return "; ".join(line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie", []))


class Visitor:
    """Someone else, who asks for a page again and again, and the disk."""

    def __init__(self, site: Site, url: str, seconds: float = 30.0) -> None:
        self.disk = self.other = 0.0
        self._site, self._url, self._seconds = site, url, seconds
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=look, daemon=True) for look in (self._weigh, self._visit)]

    def __enter__(self) -> Visitor:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _weigh(self) -> None:
        while not self._is_over.wait(0.02):
            self.disk = max(self.disk, self._site.disk)

    def _visit(self) -> None:
        host, path = urlsplit(self._url)[1:3]
        while not self._is_over.wait(0.1):
            began = time.monotonic()
            while True:
                connection = http.client.HTTPConnection(host, timeout=self._seconds)
                with suppress(OSError, http.client.HTTPException):
                    connection.request("GET", path)
                    connection.getresponse().read()
                    break
                connection.close()
                if self._is_over.is_set():
                    break
            connection.close()
            self.other = max(self.other, time.monotonic() - began)


@contextmanager
def open_site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name))
        with running(site.web):
            site.web.says("Uvicorn running", 60)
            yield site


def attack(strike: Callable[[Site], str], *, port: str = "web") -> Callable[[], Cost]:
    """An attack on a web of its own; ``port`` is the one at which the other visitor comes."""

    def run_attack() -> Cost:
        with open_site() as site:
            site.ask("GET", "/admin/login/")
            url = f"{site.web.url}/admin/login/" if port == "web" else f"{site.web.metrics}/metrics"
            with Visitor(site, url) as watch:
                said = strike(site)
            return Cost(site.peak, watch.disk, watch.other, said)

    return run_attack


def list_answers(connections: list[socket.socket], seconds: float) -> str:
    """What came back to each within the time, shortest form first."""
    deadline = time.monotonic() + seconds
    found = Counter(_read_answer(connection, deadline) for connection in connections)
    for connection in connections:
        connection.close()
    return ", ".join(f"{count} x {said}" for said, count in found.most_common())


def _read_answer(connection: socket.socket, deadline: float) -> str:
    connection.settimeout(max(0.001, deadline - time.monotonic()))
    try:
        start = connection.recv(64)
    except TimeoutError:
        return "open"
    except OSError:
        return "cut off"
    return start.split(b"\r\n")[0].decode().removeprefix("HTTP/1.1 ") if start else "cut off"


def hold_uploads(site: Site) -> str:
    """Four bodies of 89 MB, of which the last byte never comes."""
    size = 89 * MB
    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(lambda _: site.begin("/api/v1/import", size + 1, size, {}), range(4)))
    return list_answers(held, 5)


def hold_uploads_of_admin(site: Site) -> str:
    size = 89 * MB
    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(lambda _: site.begin("/api/v1/import", size + 1, size, site.known), range(4)))
    return list_answers(held, 5)


def upload_forms(site: Site) -> str:
    """Four whole forms at once, whose file Django takes out of the body into a file of its own."""
    cookies = site.log_in()
    token = dict(pair.split("=", 1) for pair in cookies.split("; "))["csrftoken"]
    start = (
        f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        '--b\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\non\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.yaml"\r\n\r\n'
    ).encode()
    body = start + b"#" * (89 * MB) + b"\r\n--b--\r\n"
    headers = {"Cookie": cookies, "Content-Type": "multipart/form-data; boundary=b"}

    def upload(_: int) -> str:
        try:
            return str(site.ask("POST", "/admin/exchange/", body, **headers)[0])
        except (OSError, http.client.HTTPException):
            return "cut off"

    with ThreadPoolExecutor(4) as pool:
        found = Counter(pool.map(upload, range(4)))
    return ", ".join(f"{count} x {said}" for said, count in found.most_common())


def drip_body(path: str, size: int) -> Callable[[Site], str]:
    """One byte a second, of a body that may be read of anyone."""

    def drip(site: Site) -> str:
        connection = site.begin(path, size, 1, {})
        began = time.monotonic()
        while (seconds := time.monotonic() - began) < PATIENCE:
            said = _read_answer(connection, time.monotonic() + 1)
            if said != "open":
                return f"{said} after {seconds:.0f} s"
            with suppress(OSError):
                connection.sendall(b"x")
        connection.close()
        return f"still open after {PATIENCE:.0f} s"

    return drip


def half_open(start: bytes, port: str = "web") -> Callable[[Site], str]:
    """Connections that say no more than ``start``, and then one byte every second."""

    def hold(site: Site) -> str:
        host, _, number = (site.address if port == "web" else site.metrics).rpartition(":")
        held = []
        for _ in range(CROWD):
            with suppress(OSError):
                held.append(socket.create_connection((host, int(number)), 10))
                held[-1].sendall(start)
        began, threads, files = time.monotonic(), 0, 0
        while time.monotonic() - began < PATIENCE / 3:
            threads = max(threads, len(list(Path(f"/proc/{site.web.pid}/task").iterdir())))
            files = max(files, len(list(Path(f"/proc/{site.web.pid}/fd").iterdir())))
            for connection in held:
                with suppress(OSError):
                    connection.sendall(b"x")
            time.sleep(1)
        return f"{threads} threads, {files} files; after {PATIENCE / 3:.0f} s {list_answers(held, 1)}"

    return hold


def send_document(path: str, body: Callable[[], bytes]) -> Callable[[Site], str]:
    """As an admin, and JSON."""

    def send(site: Site) -> str:
        began = time.monotonic()
        try:
            status, text = site.ask("POST", path, body(), **{**site.known, "Content-Type": "application/json"})
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__} after {time.monotonic() - began:.1f} s"
        return f"{status} after {time.monotonic() - began:.1f} s: {text[:120]}"

    return send


def get_pages(*paths: str) -> Callable[[Site], str]:
    """As an admin, by session and by token."""

    def get(site: Site) -> str:
        headers = {**site.known, "Cookie": site.log_in()}
        found = []
        for path in paths:
            name = path.partition("?")[0] + "?" + path.partition("?")[2][:24]
            try:
                found.append(f"{name} {site.ask('GET', path, **headers)[0]}")
            except (OSError, http.client.HTTPException) as error:
                found.append(f"{name} {type(error).__name__}")
        return ", ".join(found)

    return get


def repeat_items(size: int, item: bytes, around: bytes = b"[%s]") -> Callable[[], bytes]:
    return lambda: around % b",".join([item] * ((size - len(around)) // (len(item) + 1)))


def repeat_key(count: int) -> bytes:
    """Every key differs from the next, and the last is the first."""
    return b"{%s}" % b",".join(b'"k%d":1' % (number % (count - 1)) for number in range(count))


API_LISTS = ("/api/v1/records", "/api/v1/sources", "/api/v1/entries", "/api/v1/audit")
PAGES = (
    "/admin/login/",
    "/admin/records/managedrecord/",
    "/admin/records/source/",
    "/admin/records/auditentry/",
    "/admin/auth/user/",
    "/admin/auth/group/",
    "/admin/knox/authtoken/",
)
PARAMETERS = "&".join(f"a{number}=1" for number in range(5000))
WORDS = "+".join(f"w{number}" for number in range(3000))
DATES = (
    "gte=0001-01-01",
    "lt=9999-12-31T23:59:59-14:00",
    "gte=99999999999999999",
    "year=0",
    "year=-5",
    "year=99999",
    "year=9999&at__month=12",
    "year=2026&at__month=99",
)


ATTACKS: dict[str, Callable[[], Cost]] = {
    "4 uploads of 89 MB by anyone, held": attack(hold_uploads),
    "4 uploads of 89 MB by an admin, held": attack(hold_uploads_of_admin),
    "4 forms of 89 MB by an admin": attack(upload_forms),
    "a body of one byte a second": attack(drip_body("/admin/login/", 60_000)),
    "1,500 half-open connections": attack(half_open(b"GET /admin/login/ HTTP/1.1\r\nX-A: ")),
    "1,500 silent connections": attack(half_open(b"")),
    "1,500 half-open connections to the metrics": attack(
        half_open(b"GET /metrics HTTP/1.1\r\nX-A: ", "metrics"), port="metrics"
    ),
    "10 MB of {} to preview": attack(send_document("/api/v1/preview", repeat_items(10 * MB, b"{}"))),
    "10 MB of {} to import": attack(send_document("/api/v1/import", repeat_items(10 * MB, b"{}"))),
    "40 MB of {} to import": attack(send_document("/api/v1/import", repeat_items(40 * MB, b"{}"))),
    "5 MB of {} to sync": attack(send_document("/api/v1/sync", repeat_items(5 * MB, b"{}", b'{"zone":[%s]}'))),
    "a duplicate key among 700,000 to preview": attack(send_document("/api/v1/preview", lambda: repeat_key(700_000))),
    "a duplicate key among 700,000 to import": attack(send_document("/api/v1/import", lambda: repeat_key(700_000))),
    "5,000 digits to preview": attack(send_document("/api/v1/preview", lambda: b'{"a":%s}' % (b"9" * 5000))),
    "5,000 digits to import": attack(send_document("/api/v1/import", lambda: b'{"a":%s}' % (b"9" * 5000))),
    "5,000 digits to sync": attack(send_document("/api/v1/sync", lambda: b'{"zone":%s}' % (b"9" * 5000))),
    "100,000 levels to preview": attack(send_document("/api/v1/preview", lambda: b"[" * 100_000)),
    "100,000 levels to sync": attack(send_document("/api/v1/sync", lambda: b'{"zone":' * 100_000)),
    "5,000 query parameters": attack(get_pages(*(f"{page}?{PARAMETERS}" for page in (*API_LISTS, *PAGES)))),
    "900 times the same filter": attack(get_pages(f"/api/v1/records?{'&'.join(['state=synced'] * 900)}")),
    "3,000 search words": attack(
        get_pages(*(f"{page}?search={WORDS}" for page in API_LISTS), *(f"{page}?q={WORDS}" for page in PAGES[1:]))
    ),
    "extreme dates": attack(
        get_pages(
            *(f"/admin/records/auditentry/?at__{condition}" for condition in DATES),
            "/api/v1/audit?after=9999-12-31T23:59:59-14:00",
            f"/api/v1/audit?after_id={'9' * 400}",
        )
    ),
}
