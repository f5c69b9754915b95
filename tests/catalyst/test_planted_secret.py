"""A secret in every setting that takes one, and a search for them in all that the program says when much goes wrong."""

from __future__ import annotations

import re
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from catalyst.settings.environment import Environment
from records.exchange import FORMS
from tests.catalyst.web.test_health import web
from tests.fakes.technitium import Technitium
from tests.processes import Ended, Syncer, free_port, run, running, wait_until

pytestmark = pytest.mark.timeout(180)  # one fixture runs eight processes and visits every page

ZONE = "talos00"
CORES = {
    "DNS_API_TOKEN": "Plantedtoken7Qx",
    "SECRET_KEY": "Plantedkey4Vw",
    "ADMIN_PASSWORD": "Plantedpassword9Zr",
    "SLACK_WEBHOOK_URL": "Plantedhook3Ky",
    "DATABASE_URL": "Planteddatabase5Jm",
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
MANIFESTS = Path(__file__).parents[2] / "examples" / "manifests"
ENTRY = {"name": "printer.talos00", "mode": "publish", "type": "A", "values": "192.0.2.9", "enabled": "on"}
QUERIES = {
    "explain": "?hostname=grafana.talos00",
    "named": "?origin=Ingress/web/grafana",
}
ARGUMENTS = {"name": "printer.talos00", "type": "A", "app_label": "records", "rest": "nowhere", "url": "nowhere"}
SHOW_TROUBLE = ("/admin/", "/admin/records/syncstatus/", "/api/v1/status")
CRASH = """\
from catalyst.bootstrap import use_settings
use_settings("catalyst.settings.web")
import django
django.setup()
from django.conf import settings
kept = settings.SECRET_KEY, settings.ADMIN_PASSWORD, settings.SLACK_WEBHOOK_URL, settings.SYNC().target
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


def fetch(session: requests.Session, url: str) -> Answer:
    answer = session.get(url, timeout=10)
    told = [answer, *answer.history]
    return Answer(answer.status_code, "\n".join(f"{part.url}\n{part.headers}\n{part.text}" for part in told))


def addresses() -> Iterator[str]:
    """Every route, with something to see in the place of its arguments."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            yield from walk(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else (route,)

    for route in walk(get_resolver().url_patterns, "/"):
        plain = re.sub(r"\^?\(\?P<(\w+)>[^)]*\)(/?)\$?", r"<\1>\2", route)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ARGUMENTS.get(found[1], "1"), plain)
        yield path + QUERIES.get(path.strip("/").rpartition("/")[2], "")


def start(folder: Path, env: Mapping[str, str]) -> Syncer:
    return Syncer(folder, {**env, "DATA_DIR": str(folder)}, "--manifests", str(MANIFESTS))


def run_until(process: Syncer, sign: str) -> Troubled:
    """Until its log has the sign."""
    with running(process), requests.Session() as session:
        process.says(sign)
        urls = f"{process.health}/healthz", f"{process.health}/readyz", f"{process.metrics}/metrics"
        answers = {url.rpartition("/")[2]: fetch(session, url) for url in urls}
        process.stop()
        return Troubled(answers, process.output)


def trouble_in(data: Path) -> object:
    """What the syncer wrote for the web to show."""
    with closing(sqlite3.connect(data / "catalyst.sqlite3")) as tables:
        return tables.execute("SELECT target_problem FROM records_syncstatus").fetchone()[0]


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
        ThreadPoolExecutor() as pool,
    ):
        server.tree.create(ZONE)
        proxied.faults.bad_gateway = "html"
        at = {"DNS_ZONE": ZONE, "DNS_IP_ADDRESS": "192.0.2.54"}
        env = {"DATA_DIR": str(data), "HOME": str(folder), "LOG_LEVEL": "debug", **SECRETS, **at, "DATABASE_URL": ""}
        refused, html, away = (
            {**env, "DNS_SERVER_URL": url} for url in (foreign.url, proxied.url, f"http://127.0.0.1:{free_port()}")
        )
        made = run(["-m", "catalyst.cli", "prepare"], env)
        syncers = {"well": run_until(start(data, {**env, "DNS_SERVER_URL": server.url}), "DNS record created")}
        without_log = shutil.ignore_patterns("*.log")
        copies = {name: shutil.copytree(data, folder / name, ignore=without_log) for name in ("html", "away")}
        token_file = folder / "token"
        token_file.write_text(SECRETS["DNS_API_TOKEN"] + "\n")
        by_file = {**html, "DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": str(token_file)}
        stays = start(data, refused)
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
            "crash": pool.submit(run, ["-c", CRASH], {**refused, "LOG_FORMAT": "text"}),
            "crash in JSON": pool.submit(run, ["-c", CRASH], refused),
        }
        with running(stays), web(data, **refused) as process, requests.Session() as session:
            pages = crawl(process.url, session)
            wait_until(lambda: trouble_in(data), what="the trouble of the syncer in the database")
            pages |= {path: fetch(session, process.url + path) for path in SHOW_TROUBLE}
            pages["/metrics"] = fetch(session, f"{process.metrics}/metrics")
            pages |= {path: fetch(session, process.url + path) for path in ("/healthz", "/readyz")}
            exports = {form: fetch(session, f"{process.url}/api/v1/export?format={form}") for form in FORMS}
            syncers["refused"] = run_until(stays, "ERROR")
            with closing(sqlite3.connect(data / "catalyst.sqlite3")) as tables:
                tables.execute("DROP TABLE records_source")
            broken = fetch(session, f"{process.url}/admin/records/source/")
            process.stop()
        syncers |= {name: future.result() for name, future in ill.items()}
        commands = {"prepare": made} | {name: future.result() for name, future in asked.items()}
    return Harvest(pages, broken, exports, syncers, commands, process.output)


def planted(text: str) -> list[str]:
    """The settings whose secrets are in the text, however they are quoted there."""
    coded = {name: b64encode(secret.encode()).decode().rstrip("=") for name, secret in SECRETS.items()}
    return [name for name, core in CORES.items() if core in text or coded[name] in text]


def test_no_page_and_no_answer_of_the_api_holds_a_secret(harvest: Harvest) -> None:
    leaks = {path: found for path, answer in harvest.pages.items() if (found := planted(answer.text))}
    assert leaks == {}
    for path in SHOW_TROUBLE:
        assert "does not accept the API token" in harvest.pages[path].text, path
    seen = [path for path, answer in harvest.pages.items() if answer.status == 200]
    assert len(seen) > 60, "or nothing was looked at"
    assert {path for path, answer in harvest.pages.items() if answer.status >= 500} == set()


def test_no_export_holds_a_secret(harvest: Harvest) -> None:
    for form, answer in harvest.exports.items():
        assert "grafana.talos00" in answer.text, form
        assert planted(answer.text) == [], form


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("well", "DNS record created"),
        ("refused", "does not accept the API token"),
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


def test_no_command_and_no_traceback_tells_a_secret(harvest: Harvest) -> None:
    for name, ended in harvest.commands.items():
        assert planted(ended.out + ended.err) == [], name
        assert ended.code == (0 if name == "prepare" else 1), name
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
