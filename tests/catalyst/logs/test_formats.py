"""What a log line says, as JSON and as text."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalyst import __version__
from catalyst.logs.formats import JSONFormatter, TextFormatter, make_log_settings
from syncer.redaction import Redaction

TOKEN = "0123456789abcdef+/=token-of-the-tests"
CREATED = {
    "hostname": "grafana.talos00",
    "ip": "192.168.1.54",
    "ttl": 300,
    "namespace": "monitoring",
    "resource": "IngressRoute/grafana",
}


def record(
    message: str, *args: object, level: int = logging.INFO, exc_info: Any = None, **extra: object
) -> logging.LogRecord:
    logger = logging.Logger("syncer.zone.apply")
    return logger.makeRecord(logger.name, level, __file__, 1, message, args, exc_info, extra=extra)


def as_json(*args: Any, secrets: tuple[str, ...] = (TOKEN,), **extra: Any) -> dict[str, Any]:
    line = JSONFormatter(Redaction(secrets)).format(record(*args, **extra))
    assert "\n" not in line
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def as_text(*args: Any, secrets: tuple[str, ...] = (TOKEN,), **extra: Any) -> str:
    return TextFormatter(Redaction(secrets)).format(record(*args, **extra))


def test_a_json_line_has_its_fields() -> None:
    line = as_json("DNS record created", **CREATED)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "msg": "DNS record created",
        **CREATED,
        "app": "catalyst-dns-sync",
        "version": f"v{__version__}",
        "logger": "syncer.zone.apply",
    }


@pytest.mark.parametrize(
    ("level", "name"),
    [(logging.DEBUG, "debug"), (logging.WARNING, "warn"), (logging.ERROR, "error"), (logging.CRITICAL, "error")],
)
def test_there_are_four_levels(level: int, name: str) -> None:
    assert as_json("x", level=level)["level"] == name


def test_a_text_line_is_for_people() -> None:
    line = as_text("DNS record created", **CREATED)
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} INFO  DNS record created hostname=grafana\.talos00 ip=192\.168\.1\.54 ttl=300 "
        r"namespace=monitoring resource=IngressRoute/grafana",
        line,
    )


def test_values_with_blanks_are_quoted_and_empty_ones_left_out() -> None:
    assert as_text("held", reason="too many deletes", hostname="", ip=None).endswith(' held reason="too many deletes"')


def test_nobody_can_forge_a_line_through_a_name() -> None:
    line = as_text("skipped %s", "a\nERROR forged", resource="b\r\n\x1b[31mred\u2028")
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_a_field_of_the_caller_never_takes_the_place_of_ours() -> None:
    line = as_json("x", level=logging.INFO, app="another", version="v9", timestamp="never")
    assert line["app"] == "catalyst-dns-sync"
    assert line["version"] == f"v{__version__}"
    assert line["timestamp"] != "never"


def test_a_wrong_format_string_loses_no_line() -> None:
    assert "two %s" in as_json("two %s %s", "one")["msg"]


def raised(message: str) -> Any:
    try:
        raise ValueError(message)
    except ValueError:
        return sys.exc_info()


def test_a_traceback_comes_with_the_line() -> None:
    line = as_json("broke", exc_info=raised("the reason"))
    assert line["traceback"].startswith("Traceback")
    assert line["traceback"].endswith("ValueError: the reason")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a machine that is busy is none
@given(
    st.dictionaries(st.text(), st.recursive(st.none() | st.floats() | st.text() | st.binary(), st.lists, max_leaves=5))
)
def test_any_field_can_be_logged(fields: dict[str, Any]) -> None:
    told = record("x")
    told.field = fields
    line = JSONFormatter().format(told)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    json.loads(line, parse_constant=pytest.fail)  # NaN is no JSON
    assert len(TextFormatter().format(told).splitlines()) == 1


def test_a_process_logs_each_line_once_and_to_standard_error() -> None:
    code = (
        "import logging.config, sys; from catalyst.logs.formats import make_log_settings; import django.conf;"
        "django.conf.settings.configure(LOGGING=make_log_settings('info', 'json', None));"
        "import django; django.setup();"
        "logging.getLogger('django.request').error('one'); logging.getLogger('syncer').info('two');"
        "logging.getLogger('syncer').debug('three')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [json.loads(line)["msg"] for line in ended.stderr.splitlines()] == ["one", "two"]
    assert ended.stdout == ""


def test_a_terminal_gets_colours() -> None:
    line = TextFormatter(coloured=True).format(record("held", level=logging.WARNING, zone="talos00"))
    assert "\x1b[33mWARN \x1b[0m held\x1b[2m zone=talos00\x1b[0m" in line


def test_the_level_is_settable() -> None:
    assert make_log_settings("warn", "text", Redaction())["root"]["level"] == "WARNING"


def test_a_variable_that_a_page_does_not_have_is_no_traceback_at_debug_level() -> None:
    code = (
        "import django.conf; from catalyst.logs.formats import make_log_settings;"
        "from syncer.redaction import Redaction;"
        "django.conf.settings.configure(LOGGING=make_log_settings('debug', 'text', Redaction()), TEMPLATES=["
        "{'BACKEND': 'django.template.backends.django.DjangoTemplates'}]); import django; django.setup();"
        "from django.template import Context, Template; import logging;"
        "print(Template('{{ nobody.knows }}{% if this.either %}{% endif %}.').render(Context()));"
        "logging.getLogger('syncer').debug('heard')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == ".\n"
    assert [line.partition(" DEBUG ")[2] for line in ended.stderr.splitlines()] == ["heard"]
