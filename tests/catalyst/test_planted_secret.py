"""A secret in every setting that takes one, and a search for them in all that the program says when much goes wrong."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import quote

import pytest
import requests
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from catalyst.cli import USAGE
from catalyst.settings.environment import Environment
from records.exchange import FORMS
from tests.catalyst.web.test_health import web
from tests.fakes.technitium import Technitium
from tests.ports import free_port
from tests.processes import Ended, Syncer, run, running, wait_until

pytestmark = pytest.mark.timeout(180)  # one fixture runs eight processes and visits every page

ZONE = "talos00"
CORES = {
    "DNS_API_TOKEN": "Plantedtoken7Qx",
    "SECRET_KEY": "Plantedkey4Vw",
    "ADMIN_PASSWORD": "Plantedpassword9Zr",
    "SLACK_WEBHOOK_URL": "Plantedhook3Ky",
    "DATABASE_URL": "Planteddatabase5Jm",
    "KUBECONFIG, exec": "Plantedplugin6Hn",
    "KUBECONFIG, token": "Plantedbearer8Lt",
    "KUBECONFIG, YAML": "Plantedyaml2Wd",
    "GELF_URL": "Plantedreceiver1Bk",
}
"""Letters that every quoting leaves as they are; around them are characters that it changes."""
ODD = '<&"%2F+'
SECRETS = {
    "DNS_API_TOKEN": f"{ODD}{CORES['DNS_API_TOKEN']}{ODD}",
    "SECRET_KEY": f"{ODD}{CORES['SECRET_KEY']}{ODD}, and long enough to be one",
    "ADMIN_PASSWORD": f"{ODD}{CORES['ADMIN_PASSWORD']}{ODD}",
    "SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/T0/B0/{CORES['SLACK_WEBHOOK_URL']}",
    "DATABASE_URL": f"{ODD}{CORES['DATABASE_URL']}{ODD}",
}
"""Of DATABASE_URL the password."""
SETTINGS = {name: SECRETS[name] for name in ("DNS_API_TOKEN", "SECRET_KEY", "ADMIN_PASSWORD")}
OUTLETS = Path(__file__).with_name("outlets.txt")
TOLD = {
    "django_q_task.result",
    "records_auditentry.reason",
    "records_syncstatus.kinds",
    "records_syncstatus.problems",
    "records_syncstatus.target_problem",
}
"""Columns in which reasons are kept. A search of empty ones would find nothing."""
PLUGIN = """\
#!/bin/sh
env >&2
echo "cannot log in with $LOGIN, $VAULT_PASSWORD or $DNS_API_TOKEN$SECRET_KEY$ADMIN_PASSWORD$SLACK_WEBHOOK_URL" >&2
exit 1
"""
LOGIN = {
    "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./login",
        "args": ["--client-secret", f"argument {CORES['KUBECONFIG, exec']}"],
        "env": [
            {"name": "LOGIN", "value": f"{ODD} {CORES['KUBECONFIG, exec']}"},
            {"name": "VAULT_PASSWORD", "value": f"{CORES['KUBECONFIG, exec']}\nin two lines"},
        ],
    }
}
USERS = {"plugin": LOGIN, "bearer": {"token": f"{CORES['KUBECONFIG, token']}\n\x01{CORES['KUBECONFIG, token']}"}}
"""Of kubeconfigs with which no one gets anywhere."""
NO_YAML = f"users: [*{CORES['KUBECONFIG, YAML']}]\n"
MANIFESTS = Path(__file__).parents[2] / "examples" / "manifests"
ENTRY = {"name": "printer.talos00", "mode": "publish", "type": "A", "values": "192.0.2.9", "enabled": "on"}
QUERIES = {
    "explain": "?hostname=grafana.talos00",
    "stream": "?after=0",
    "named": "?origin=Ingress/web/grafana",
}
ARGUMENTS = {"name": "printer.talos00", "type": "A", "app_label": "records", "rest": "nowhere", "url": "nowhere"}
SHOW_TROUBLE = ("/ui/", "/admin/", "/admin/records/syncstatus/", "/api/v1/status")
POST = """\
from catalyst.bootstrap import use_settings
use_settings("catalyst.settings.web")
import django
django.setup()
from datetime import timedelta
from multiprocessing import Queue, Value
from django.utils import timezone
from django_q.monitor import monitor
from django_q.worker import worker
from records.models import AuditEntry, Source
from records.tasks import tell_slack
source = Source.objects.get(namespace="monitoring", name="grafana")
Source.objects.filter(pk=source.pk).update(notes={"slack-notify": "true"})
tell_slack()
before = timezone.now() - timedelta(minutes=1)
AuditEntry.objects.create(actor="x", action="created", name="x.talos00", source=str(source), at=before)
asked, done = Queue(), Queue()
task = {"id": "1", "name": "slack", "func": "records.tasks.tell_slack", "args": (), "kwargs": {}, "started": before}
for each in (task, "STOP"):
    asked.put(each)
worker(asked, done, Value("f", -1))
done.put("STOP")
monitor(done)
"""
"""A message to a server that refuses it and names the path that it was sent to."""
CRASH = """\
from catalyst.bootstrap import use_settings
use_settings("catalyst.settings.web")
import django
django.setup()
from django.conf import settings
kept = settings.SECRET_KEY, settings.ADMIN_PASSWORD, settings.SLACK_WEBHOOK_URL, settings.SYNC().targets[0].settings
import logging
try:
    raise KeyError(*kept)
except KeyError:
    logging.getLogger("any").exception("with %s", kept[:3], extra={"held": kept, "token": kept[3].token})
raise RuntimeError(f"{kept} " + kept[3].token)
"""


class Answer(NamedTuple):
    status: int
    text: str
    """With its headers, and what was answered on the way to it."""


class Troubled(NamedTuple):
    answers: dict[str, Answer]
    log: str


class Harvest(NamedTuple):
    """All that was said, and where."""

    pages: dict[str, Answer]
    broken: Answer
    """Of a page whose table is gone."""
    exports: dict[str, Answer]
    syncers: dict[str, Troubled]
    commands: dict[str, Ended]
    web_log: str
    routes: set[str]
    columns: dict[str, list[str]]
    """What is in each column of the database."""
    received: str
    """By a server that collects log lines."""


def fetch(session: requests.Session, url: str) -> Answer:
    if "/stream/" in url:
        return fetch_stream(session, url)
    answer = session.get(url, timeout=10)
    told = [answer, *answer.history]
    return Answer(answer.status_code, "\n".join(f"{part.url}\n{part.headers}\n{part.text}" for part in told))


def fetch_stream(session: requests.Session, url: str) -> Answer:
    """What comes before it is quiet: it does not end of itself."""
    lines = []
    with session.get(url, timeout=(10, 2), stream=True) as answer, suppress(requests.ConnectionError):
        lines += [f"{answer.url}\n{answer.headers}"]
        lines += (line.decode() for line in answer.iter_lines())
    return Answer(answer.status_code, "\n".join(lines))


class Graylog:
    """Takes whatever comes by TCP."""

    def __init__(self) -> None:
        self._server = ThreadingTCPServer(("127.0.0.1", 0), self._take)
        self.url = f"tcp://127.0.0.1:{self._server.server_address[1]}"
        self.parts: list[bytes] = []
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _take(self, connection: socket.socket, *_: object) -> None:
        while part := connection.recv(65536):
            self.parts.append(part)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Chat(BaseHTTPRequestHandler):
    """Knows no path, and says so as many servers do."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.end_headers()
        self.wfile.write(f"Cannot POST {self.path}".encode())

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving_chat() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Chat) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def write_kubeconfig(folder: Path, name: str) -> str:
    (folder / "login").write_text(PLUGIN)
    (folder / "login").chmod(0o755)
    document = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
        "users": [{"name": name, "user": USERS[name]}],
    }
    path = folder / f"{name}.kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def routes() -> Iterator[str]:
    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            yield from walk(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else (route,)

    yield from walk(get_resolver().url_patterns, "/")


def addresses() -> Iterator[str]:
    """Every route, with something to see in the place of its arguments."""
    for route in routes():
        plain = re.sub(r"\^?\(\?P<(\w+)>[^)]*\)(/?)\$?", r"<\1>\2", route)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ARGUMENTS.get(found[1], "1"), plain)
        yield path + QUERIES.get(path.strip("/").rpartition("/")[2], "")


def start(folder: Path, env: Mapping[str, str], *options: str) -> Syncer:
    return Syncer(folder, {**env, "DATA_DIR": str(folder)}, *(options or ("--manifests", str(MANIFESTS))))


def end_once(folder: Path, env: Mapping[str, str], sign: str) -> Ended:
    """``--once`` with a cluster that it cannot read, stopped when it has noticed: it would wait for a minute."""
    process = start(folder, {**env, "DNS_SERVER_URL": "http://127.0.0.1:1"}, "--once")
    with running(process):
        process.says(sign)
        code = process.stop()
    assert re.search(f"^error: .*{sign}", process.output, re.MULTILINE), process.output
    return Ended(code, "", process.output)


def read_columns(data: Path) -> dict[str, list[str]]:
    """By table and column, all that is there, and what base64 in it means."""
    columns: dict[str, list[str]] = {}
    with closing(sqlite3.connect(data / "catalyst.sqlite3")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (table,) in tables.fetchall():
            rows = database.execute(f'SELECT * FROM "{table}"')
            names = [f"{table}.{column[0]}" for column in rows.description]
            columns |= {name: [] for name in names}
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    columns[name] += [str(value), decode(value)] if value not in (None, "", "[]", "{}") else []
    return columns


def decode(value: object) -> str:
    try:
        return b64decode(value, validate=True).decode("latin-1") if isinstance(value, str) else ""
    except ValueError:
        return ""


def run_until(process: Syncer, sign: str) -> Troubled:
    """Until its log has the sign."""
    with running(process), requests.Session() as session:
        process.says(sign)
        urls = f"{process.health}/healthz", f"{process.health}/readyz", f"{process.metrics}/metrics"
        answers = {url.rpartition("/")[2]: fetch(session, url) for url in urls}
        process.stop()
        return Troubled(answers, process.output)


def trouble_in(data: Path, column: str) -> object:
    """What the syncer wrote for the web to show."""
    with closing(sqlite3.connect(data / "catalyst.sqlite3")) as tables:
        (text,) = tables.execute(f"SELECT {column} FROM records_syncstatus").fetchone()
        return text if column == "target_problem" else "cannot log in" in text


def crawl(url: str, session: requests.Session) -> dict[str, Answer]:
    """As the admin whom ``prepare`` made, with some things done before."""

    def send(path: str, data: Mapping[str, str]) -> None:
        session.get(f"{url}/admin/login/")
        form = {**data, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        answer = session.post(f"{url}{path}", form, timeout=10, allow_redirects=False)
        assert answer.status_code == 302, answer.text

    send("/admin/login/", {"username": "admin", "password": SECRETS["ADMIN_PASSWORD"]})
    send("/admin/sync-now/", {})
    send("/admin/records/customentry/add/", ENTRY)
    return {path: fetch(session, url + path) for path in addresses()}


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    folder = tmp_path_factory.mktemp("planted")
    data = folder / "data"
    with (
        Technitium(token=SECRETS["DNS_API_TOKEN"]) as server,
        Technitium(token="another") as foreign,
        Technitium(token=SECRETS["DNS_API_TOKEN"]) as proxied,
        closing(Graylog()) as graylog,
        serving_chat() as chat,
        ThreadPoolExecutor() as pool,
    ):
        server.tree.create(ZONE)
        proxied.faults.bad_gateway = "html"
        at = {"DNS_ZONE": ZONE, "DNS_IP_ADDRESS": "192.0.2.54"}
        env = {"DATA_DIR": str(data), "HOME": str(folder), "LOG_LEVEL": "debug", **SETTINGS, **at}
        env |= {"SLACK_ALLOWED_HOSTS": chat, "SLACK_WEBHOOK_URL": f"http://{chat}/hooks/{CORES['SLACK_WEBHOOK_URL']}"}
        env |= {"GELF_URL": graylog.url}
        clusters = {name: write_kubeconfig(folder, name) for name in USERS}
        (folder / "no.yaml").write_text(NO_YAML)
        refused, html, away = (
            {**env, "DNS_SERVER_URL": url} for url in (foreign.url, proxied.url, f"http://127.0.0.1:{free_port()}")
        )
        made = run(["-m", "catalyst.cli", "prepare"], env)
        syncers = {"well": run_until(start(data, {**env, "DNS_SERVER_URL": server.url}), "DNS record created")}
        without_log = shutil.ignore_patterns("*.log")
        copies = {
            name: shutil.copytree(data, folder / name, ignore=without_log)
            for name in ("html", "away", "plugin", "bearer", "yaml")
        }
        token_file = folder / "token"
        token_file.write_text(SECRETS["DNS_API_TOKEN"] + "\n")
        by_file = {**html, "DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": str(token_file)}
        posted = run(["-c", POST], env)
        lost = start(data, {**refused, "KUBECONFIG": clusters["plugin"]}, "--noreload")
        ill = {
            "html": pool.submit(lambda: run_until(start(copies["html"], by_file), "answered 502 with HTML")),
            "away": pool.submit(lambda: run_until(start(copies["away"], away), "cannot be reached")),
        }
        database = f"postgresql://dns:{quote(SECRETS['DATABASE_URL'], safe='')}@127.0.0.1:{free_port()}/dns"
        asked = {
            "doctor": pool.submit(run, ["-m", "catalyst.cli", "doctor"], refused),
            "doctor, no database": pool.submit(
                run, ["-m", "catalyst.cli", "doctor"], {**away, "DATABASE_URL": database}
            ),
            "runsyncer, no database": pool.submit(
                run,
                ["manage.py", "runsyncer", "--once", f"--manifests={MANIFESTS}"],
                {**html, "DATABASE_URL": database},
            ),
            "plugin, once": pool.submit(
                end_once, copies["plugin"], {**env, "KUBECONFIG": clusters["plugin"]}, "cannot log in"
            ),
            "bearer, once": pool.submit(
                end_once, copies["bearer"], {**env, "KUBECONFIG": clusters["bearer"]}, "no token has"
            ),
            "no YAML, once": pool.submit(
                run,
                ["manage.py", "runsyncer", "--once"],
                {**env, "DNS_SERVER_URL": server.url, "KUBECONFIG": str(folder / "no.yaml")},
            ),
            "doctor, plugin": pool.submit(
                run, ["-m", "catalyst.cli", "doctor"], {**refused, "KUBECONFIG": clusters["plugin"]}
            ),
            "GELF with a password": pool.submit(
                run, ["-m", "catalyst.cli", "doctor"], {**refused, "GELF_URL": f"udp://me:{CORES['GELF_URL']}@graylog"}
            ),
            "crash": pool.submit(run, ["-c", CRASH], {**refused, "LOG_FORMAT": "text"}),
            "crash in JSON": pool.submit(run, ["-c", CRASH], refused),
        }
        with web(data, **refused) as process, requests.Session() as session:
            pages = crawl(process.url, session)
            with running(lost):
                wait_until(lambda: trouble_in(data, "kinds"), 30, "the trouble with the cluster in the database")
                pages |= {f"{path} without a cluster": fetch(session, process.url + path) for path in SHOW_TROUBLE}
                columns = read_columns(data)
                syncers["plugin"] = run_until(lost, "cannot log in")
            stays = start(data, refused)
            with running(stays):
                wait_until(lambda: trouble_in(data, "target_problem"), 30, "the trouble of the syncer in the database")
                pages |= {path: fetch(session, process.url + path) for path in SHOW_TROUBLE}
                syncers["refused"] = run_until(stays, "ERROR")
            pages["/metrics"] = fetch(session, f"{process.metrics}/metrics")
            pages |= {path: fetch(session, process.url + path) for path in ("/healthz", "/readyz")}
            exports = {form: fetch(session, f"{process.url}/api/v1/export?format={form}") for form in FORMS}
            for name, texts in read_columns(data).items():
                columns[name] += texts
            with closing(sqlite3.connect(data / "catalyst.sqlite3")) as tables:
                tables.execute("DROP TABLE records_source")
            broken = fetch(session, f"{process.url}/admin/records/source/")
            process.stop()
        syncers |= {name: future.result() for name, future in ill.items()}
        commands = {"prepare": made, "post": posted} | {name: future.result() for name, future in asked.items()}
    received = b"".join(graylog.parts).decode()
    return Harvest(pages, broken, exports, syncers, commands, process.output, {*routes()}, columns, received)


def planted(text: str) -> list[str]:
    """The settings whose secrets are in the text, however they are quoted there."""
    coded = {name: b64encode(SECRETS.get(name, core).encode()).decode().rstrip("=") for name, core in CORES.items()}
    return [name for name, core in CORES.items() if core in text or coded[name] in text]


def test_no_page_and_no_answer_of_the_api_holds_a_secret(harvest: Harvest) -> None:
    leaks = {path: found for path, answer in harvest.pages.items() if (found := planted(answer.text))}
    assert leaks == {}
    for path in SHOW_TROUBLE:
        assert "does not accept the API token" in harvest.pages[path].text, path
        assert "cannot log in with [hidden], [hidden]" in harvest.pages[f"{path} without a cluster"].text, path
    seen = [path for path, answer in harvest.pages.items() if answer.status == 200]
    assert len(seen) > 60, "or nothing was looked at"
    assert {path for path, answer in harvest.pages.items() if answer.status >= 500} == set()


def test_no_column_of_the_database_holds_a_secret(harvest: Harvest) -> None:
    leaks = {name: found for name, texts in harvest.columns.items() if (found := planted("\n".join(texts)))}
    assert leaks == {}
    assert {name for name in TOLD if not harvest.columns[name]} == set(), "or nothing was looked at"
    assert "Cannot POST /[hidden]" in "\n".join(harvest.columns["django_q_task.result"])
    assert "cannot log in with [hidden], [hidden]" in "\n".join(harvest.columns["records_syncstatus.kinds"])


def test_every_outlet_is_one_that_was_looked_at(harvest: Harvest) -> None:
    """A new page, metric or column fails here: see that it is filled above with what could give a secret away, then add
    it to outlets.txt. What is there no more goes from that list."""
    scraped = [harvest.pages["/metrics"].text, *(syncer.answers["metrics"].text for syncer in harvest.syncers.values())]
    metrics = {name for text in scraped for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)}
    found = {
        *(f"page {route}" for route in harvest.routes),
        *(f"metric {name}" for name in metrics if not name.startswith(("process_", "python_"))),
        *(f"column {name}" for name in harvest.columns),
        *(f"answer {page}" for syncer in harvest.syncers.values() for page in syncer.answers),
        *(f"export {form}" for form in harvest.exports),
        *(f"command {name}" for name in re.findall(r"^  catalyst-dns-sync (\w[\w-]+) ", USAGE, re.MULTILINE)),
    }
    listed = OUTLETS.read_text().splitlines()
    assert sorted(found - {*listed}) == [], "is not listed"
    assert sorted({*listed} - found) == [], "is there no more"
    assert listed == sorted(listed)


def test_no_log_receiver_gets_a_secret(harvest: Harvest) -> None:
    assert "does not accept the API token" in harvest.received
    assert planted(harvest.received) == []


def test_no_export_holds_a_secret(harvest: Harvest) -> None:
    for form, answer in harvest.exports.items():
        assert "grafana.talos00" in answer.text, form
        assert planted(answer.text) == [], form


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("well", "DNS record created"),
        ("refused", "does not accept the API token"),
        ("plugin", "cannot log in with [hidden], [hidden]"),
        ("html", "answered 502 with HTML"),
        ("away", "cannot be reached"),
    ],
)
def test_no_syncer_tells_a_secret_whatever_its_dns_server_does(harvest: Harvest, name: str, sign: str) -> None:
    syncer = harvest.syncers[name]
    assert sign in syncer.log
    assert planted(syncer.log) == []
    for page, answer in syncer.answers.items():
        assert answer.text
        assert planted(answer.text) == [], page
    if name == "plugin":
        assert sign in syncer.answers["readyz"].text


def test_no_command_and_no_traceback_tells_a_secret(harvest: Harvest) -> None:
    for name, ended in harvest.commands.items():
        assert planted(ended.out + ended.err) == [], name
        assert ended.code == (0 if name in ("prepare", "post") else 1), f"{name}: {ended.err}"
    assert "its YAML cannot be read at line 1, column 9" in harvest.commands["no YAML, once"].err
    for name in ("crash", "crash in JSON"):
        assert "Traceback" in harvest.commands[name].err
        assert harvest.commands[name].err.count("[hidden]") > 8
    assert (harvest.broken.status, planted(harvest.broken.text)) == (500, [])
    assert "no such table: records_source" in harvest.web_log
    assert planted(harvest.web_log) == []


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_place_of_its_file_is_not_shown(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name}_FILE") as complaint:
        Environment({f"{name}_FILE": SECRETS[name]}).read_secret(name)
    assert planted(str(complaint.value)) == []
