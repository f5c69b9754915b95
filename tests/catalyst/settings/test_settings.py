"""The settings as a whole: every variable is documented, and no process starts with a wrong one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).parents[3]


def run(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **variables}
    command = [sys.executable, "-m", "catalyst.cli", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("command", ["web", "prepare", "migrate", "runsyncer --dev-mode", "check"])
def test_no_command_starts_with_a_wrong_value(command: str, tmp_path: Path) -> None:
    ended = run(tmp_path, *command.split(), RESYNC_INTERVAL="banana")
    assert ended.returncode == 1
    assert ended.stderr.startswith('error: RESYNC_INTERVAL is "banana": ')
    assert ended.stderr.count("\n") == 1


WRONG = {"RESYNC_INTERVAL": "banana", "LOG_LEVEL": "loud", "SECRET_KEY": "short", "DNS_SERVER_URL": "http://["}
LACKING = ["DNS_ZONE", "DNS_IP_ADDRESS", "DNS_API_TOKEN"]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (("check",), ["DNS_SERVER_URL", "RESYNC_INTERVAL", "LOG_LEVEL", "SECRET_KEY"]),
        (("runsyncer",), ["DNS_SERVER_URL", "RESYNC_INTERVAL", "LOG_LEVEL", *LACKING]),
        (("runsyncer", "--dev-mode"), ["DNS_SERVER_URL", "RESYNC_INTERVAL", "LOG_LEVEL"]),
        (("prepare", "--with-syncer"), [*WRONG, *LACKING]),
    ],
)
def test_all_that_is_wrong_is_said_at_once(command: tuple[str, ...], names: list[str], tmp_path: Path) -> None:
    ended = run(tmp_path, *command, **WRONG)
    assert ended.returncode == 1
    assert sorted(re.findall(r"^error: (\w+) is ", ended.stderr, re.MULTILINE)) == sorted(names)
    assert ended.stderr.count("\n") == len(names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("WEB_BIND_ADDRESS", "8000"),
        ("SECRET_KEY", "short"),
        ("PROPAGATION_RATE", "banana"),
        ("PROPAGATION_RATE", "1000"),
    ],
)
def test_the_webs_own_settings_are_checked_too(name: str, value: str, tmp_path: Path) -> None:
    ended = run(tmp_path, "check", **{name: value})
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {name} is ")


def documented() -> dict[str, str]:
    """Variable -> default, from the tables of docs/configuration.md."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", text, re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a variable is listed twice"
    return {name: default.removesuffix(" \\*").strip("`") for name, default in rows}


def test_every_variable_is_documented_with_its_default() -> None:
    from catalyst.settings.web import ENVIRONMENT

    names = ("DNS_API_TOKEN", "DATABASE_URL", "SECRET_KEY", "ADMIN_PASSWORD", "SLACK_WEBHOOK_URL")
    secrets = {f"{name}_FILE" for name in names}
    asked = {name: default or "-" for name, default in ENVIRONMENT.asked.items() if name not in secrets}
    assert documented() == asked
    assert secrets <= set(ENVIRONMENT.asked)


def test_the_web_loads_nothing_of_the_cluster() -> None:
    code = (
        "import django; django.setup(); import sys; print([m for m in sys.modules if m.split('.')[0] == 'kubernetes'])"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    ended = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_the_syncer_loads_nothing_of_the_web(tmp_path: Path) -> None:
    code = "import django; django.setup(); import sys; print([m for m in sys.modules if m.startswith(%r)])"
    heavy = ("django.contrib", "django.core.handlers", "whitenoise", "uvicorn", "rest_framework")
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "catalyst.settings.worker", "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code % (heavy,)]
    ended = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_the_web_knows_what_each_target_manages_and_needs_no_token(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    own = "kind: technitium, servers: [https://dns.talos00:53443], token_file: /no/such/file, addresses: [10.0.0.1]"
    targets = [f"- {{name: {name}, zones: [{name}.talos00], {own}}}" for name in ("wan", "lan")]
    file.write_text("\n".join(["targets:", *targets]))
    code = """
from catalyst.settings.web import DNS_TEST_SERVERS, MANAGED, MANAGED_TARGETS
print(MANAGED.scope.zones, {name: managed.scope.zones for name, managed in MANAGED_TARGETS.items()}, DNS_TEST_SERVERS)
"""
    env = {"DATA_DIR": str(tmp_path), "TARGETS_FILE": str(file)}
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    zones = "('wan.talos00',) {'wan': ('wan.talos00',), 'lan': ('lan.talos00',)}"
    assert ended.stdout == f"{zones} ['dns.talos00:53']\n"
