"""No login is asked for in a running demo on a loopback address, and nowhere else, whatever is set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalyst.demo.site import MARK, hold_mark, is_held
from catalyst.demo.visitor import DemoVisitor, is_loopback
from catalyst.settings import web
from tests import processes
from tests.processes import ROOT, Ended

pytestmark = pytest.mark.timeout(90)
TRIED = ("DEMO", "CATALYST_DEMO", "DEMO_MODE", "NO_LOGIN", "MIDDLEWARE", "DJANGO_DEMO")
"""Words that somebody may try in the environment."""
SHOW = (
    "from catalyst.bootstrap import *; use_settings(WEB_SETTINGS); from django.conf import settings; "
    "print(*settings.MIDDLEWARE)"
)


def make_settings(folder: Path, **variables: str) -> dict[str, str]:
    """As those of a demo are."""
    return {
        "HOME": str(folder),
        "DATA_DIR": str(folder),
        "WEB_BIND_ADDRESS": f"127.0.0.1:{processes.free_port()}",
        "DNS_SERVER_URL": "http://127.0.0.1:1",
        "DNS_ZONES": "home.example",
        **variables,
    }


def start_site(folder: Path, **variables: str) -> Ended:
    return processes.run(["-m", "catalyst.demo.site"], make_settings(folder, **variables), 60)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"WEB_BIND_ADDRESS": "0.0.0.0:8000"}, "WEB_BIND_ADDRESS=0.0.0.0:8000 is not an address of this machine alone"),
        ({"WEB_BIND_ADDRESS": ":8000"}, "WEB_BIND_ADDRESS=:8000 is not an address of this machine alone"),
        ({"WEB_BIND_ADDRESS": "192.0.2.1:8000"}, "is not an address of this machine alone"),
        ({"ALLOWED_HOSTS": "dns.example,localhost"}, "ALLOWED_HOSTS has other names"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS has other names"),
        ({"DATABASE_URL": "sqlite:////var/tmp/of-a-production.sqlite3"}, "the database is not the demo's own"),
        ({"DNS_SERVER_URL": "https://dns.example:53443"}, "DNS_SERVER_URL is not the demo's own server"),
    ],
)
def test_even_beside_a_running_demo_it_does_not_start_elsewhere(
    variables: dict[str, str], reason: str, tmp_path: Path
) -> None:
    with hold_mark(tmp_path):
        ended = start_site(tmp_path, **variables)
    assert ended.code == 1
    assert ended.err.startswith("error: no web without a login here: ")
    assert reason in ended.err
    assert ended.err.count("\n") == 1


def test_it_does_not_start_without_a_demo_that_runs(tmp_path: Path) -> None:
    assert f"no demo runs on {tmp_path}" in start_site(tmp_path).err
    hold_mark(tmp_path).close()
    assert (tmp_path / MARK).exists()
    ended = start_site(tmp_path)
    assert (ended.code, f"no demo runs on {tmp_path}" in ended.err) == (1, True)


def test_the_mark_is_held_for_as_long_as_its_demo_runs(tmp_path: Path) -> None:
    assert not is_held(tmp_path / MARK)
    with hold_mark(tmp_path):
        assert is_held(tmp_path / MARK)
    assert not is_held(tmp_path / MARK)


@pytest.mark.parametrize("host", ["", "localhost", "0.0.0.0", "::", "192.0.2.1", "127.0.0.1.example"])
def test_a_name_and_an_address_of_others_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")


def test_no_setting_lets_visitors_into_the_web_of_a_production(tmp_path: Path) -> None:
    """With all that a demo sets, its lock held, and every word that one may try."""
    env = make_settings(tmp_path, **dict.fromkeys(TRIED, "true"), PATH=os.environ["PATH"])
    with hold_mark(tmp_path):
        shown = subprocess.run(
            [sys.executable, "-c", SHOW], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert shown.stdout.split() == [name for name in web.MIDDLEWARE if "prometheus" not in name]
    assert "demo" not in shown.stdout


def test_no_module_of_settings_or_of_the_web_names_the_demo() -> None:
    """The linter sees imports; a middleware is named in a text."""
    folders = (ROOT / "catalyst" / "settings", ROOT / "catalyst" / "web", ROOT / "records", ROOT / "syncer")
    found = [path for folder in folders for path in folder.rglob("*.py") if "catalyst.demo" in path.read_text()]
    assert not found
    assert DemoVisitor.__module__ == "catalyst.demo.visitor"
