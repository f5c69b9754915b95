"""What a log line never says, however a secret got into it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst.logs.formats import JSONFormatter, RedactingFormatter, TextFormatter
from syncer.redaction import HIDDEN, Redaction
from tests.catalyst.logs.test_formats import TOKEN, as_json, raised, record


@pytest.mark.parametrize("formatter", [JSONFormatter, TextFormatter])
@pytest.mark.parametrize(
    "told",
    [
        lambda: record(f"sent {TOKEN}"),
        lambda: record("sent %s", TOKEN),
        lambda: record("sent %r", {"a": [TOKEN]}),
        lambda: record("sent", reason=TOKEN),
        lambda: record("sent", answer={"deep": [{"deeper": f"x{TOKEN}x"}]}),
        lambda: record("sent", answer=ValueError(TOKEN)),
        lambda: record("sent", exc_info=raised(TOKEN)),
        lambda: record("GET /api?t=0123456789abcdef%2B%2F%3Dtoken-of-the-tests"),
    ],
)
def test_a_known_secret_is_in_no_line(formatter: type[RedactingFormatter], told: Any) -> None:
    line = formatter(Redaction([TOKEN])).format(told())
    assert "token-of-the-tests" not in line
    assert HIDDEN in line


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/zones/list?token=geheim&zone=talos00",
        "{'token': 'geheim', 'zone': 'talos00'}",
        '{"token": "geheim", "zone": "talos00"}',
        "Authorization: Bearer geheim-0123456789",
        "password=geheim, zone=talos00",
        "DNS_API_TOKEN=geheim",
        "postgresql://dns:geheim@db.home.lab/dns",
        "postgresql://dns:ge@heim/geheim@db.home.lab/dns".replace("/geheim", ":geheim"),
        "Authorization: geheim",
        "{'Authorization': 'Token geheim'}",
        "authorization=Basic geheim",
        "Cookie: sessionid=geheim; csrftoken=geheim",
        "curl -H 'X-Api-Key: geheim'",
        "https://hooks.slack.com/services/T0/geheim/x",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJnZWhlaW0ifQ.geheim-geheim",
        "-----BEGIN RSA PRIVATE KEY-----\ngeheim\ngeheim\n-----END RSA PRIVATE KEY-----",
        "user=admin&pass=geheim&zone=talos00",
    ],
)
def test_what_looks_like_a_secret_is_hidden_too(text: str) -> None:
    line = as_json(text, secrets=())["msg"]
    assert "geheim" not in line
    assert HIDDEN in line
    assert ("talos00" in line) == ("talos00" in text)


def test_a_secret_of_digits_is_hidden_as_a_number_too() -> None:
    line = as_json(
        "x", secrets=("48151623",), pin=48151623, pin_text="48151623", password=5, has_password=True, ttl=300
    )
    assert (line["pin"], line["pin_text"], line["password"]) == (HIDDEN, HIDDEN, HIDDEN)
    assert (line["has_password"], line["ttl"]) == (True, 300)


def test_a_field_that_is_called_like_a_secret_is_hidden() -> None:
    line = as_json("x", api_token="geheim", headers={"Authorization": "geheim"})
    assert line["api_token"] == HIDDEN
    assert line["headers"] == {"Authorization": HIDDEN}


def test_words_that_are_no_secret_stay() -> None:
    for text in (
        "no token is set",
        "Bearer tokens since 15.0",
        "basic settings read",
        "http://dns.talos00:5380/api",
        "does not accept the API token: it expired, was deleted, or its user was disabled",
        "mail to http://a/b and root@home.lab",
    ):
        assert as_json(text, secrets=("admin",))["msg"] == text
    assert as_json("GET /administration", secrets=("admin",))["msg"] == "GET /administration"


@given(st.text(min_size=1))
def test_a_secret_of_any_shape_is_hidden(secret: str) -> None:
    assert as_json("x", secrets=(secret,), reason=secret)["reason"] == HIDDEN


PLANTED = "pl4nted/s3cret+of the tests=="
"""With what JSON, URLs, Python and base64 each spell in their own way."""
SPEAK = """
import base64, html, json, logging, sys, threading, urllib.parse
import django
from catalyst.bootstrap import use_settings
use_settings("catalyst.settings.web")
django.setup()
from django.conf import settings
from catalyst.settings import web as module
log = logging.getLogger("syncer")
secrets = json.load(sys.stdin)
secret = secrets[0]
for name, value in vars(module).items():
    log.warning("%s is %r", name, value)
    log.warning("a setting", extra={"value": value, "setting": name})
spell = (str, repr, json.dumps, html.escape, urllib.parse.quote, lambda text: urllib.parse.quote(text, safe=""),
         urllib.parse.quote_plus, lambda text: base64.b64encode(text.encode()).decode())
for text in (spelling(text) for text in secrets for spelling in spell):
    log.warning(text)
    log.warning("%s", [text], extra={"deep": {"er": [text]}, text: 1}, stack_info=True)
    try:
        raise ValueError(text) from OSError(text)
    except ValueError as error:
        error.add_note(text)
        log.exception("broke: %s", error)
thread = threading.Thread(target=int, args=(secret,), name=secret)
thread.start()
thread.join()
raise RuntimeError(f"the end of {secret}")
"""


def secret_settings() -> list[str]:
    """Every variable that may come from a file."""
    from catalyst.settings.web import ENVIRONMENT

    return sorted(name for name in ENVIRONMENT.asked if f"{name}_FILE" in ENVIRONMENT.asked)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_secret_planted_in_each_setting_comes_out_nowhere(tmp_path: Path, form: str) -> None:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "LOG_FORMAT": form}
    planted = []
    for number, name in enumerate(secret_settings()):
        secret = f"{number} {PLANTED} and long enough"
        planted.append(secret)
        if name == "DATABASE_URL":
            env[name] = f"postgresql://dns:{quote(secret, safe='')}@127.0.0.1:1/dns"
        elif name.endswith("_URL"):
            env[name] = planted[-1] = f"https://hooks.slack.com/services/{number}/pl4nted/s3cret"
        elif number % 2:
            env[name] = secret
        else:
            path = tmp_path / name
            path.write_text(secret)
            env[f"{name}_FILE"] = str(path)
    command = [sys.executable, "-c", SPEAK]
    told = json.dumps(planted)
    ended = subprocess.run(command, env=env, input=told, capture_output=True, text=True, timeout=30, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "the end of [hidden]" in said
    assert "the thread [hidden] crashed: " in said
    assert said.count(HIDDEN) > 50 * len(planted)
    assert "pl4nted" not in said
    for secret in planted:
        assert base64.b64encode(secret.encode()).decode()[:20] not in said
    if form == "json":
        assert {"level", "msg", "timestamp"} <= set.intersection(*(set(json.loads(line)) for line in said.splitlines()))
