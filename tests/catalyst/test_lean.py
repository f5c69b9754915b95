"""What the syncer keeps out of its memory. Each test has a process of its own: what is imported, stays."""

from __future__ import annotations

from pathlib import Path

from catalyst.lean import LATER
from tests.processes import run

NEVER_CALLED = (
    "asyncio.base_events",
    "chardet",
    "charset_normalizer",
    "django.contrib",
    "django.core.mail",
    "django.forms.fields",
    "django.http",
    "django.template",
    "django.urls",
    "django.views",
    "kubernetes",
    "psycopg",
    "rest_framework",
    "sqlparse.engine",
    "typing_extensions",
    "unittest",
)

START = """
import sys
from catalyst.cli import manage
assert manage(["runsyncer", "--dev-mode", "--once", "--hosts-file", "hosts", "--manifests", "manifests"]) == 0
import syncer.kube.watcher, syncer.targets.technitium.target
from catalyst.lean import LATER, StandIn
print("loaded", *sorted(name for name in sys.modules if name.startswith(%r)))
print("waiting", *sorted(name for name in LATER if type(sys.modules[name]) is StandIn))
"""


def test_the_syncer_loads_nothing_that_it_never_calls(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "hosts").touch()
    places = START.replace('"hosts"', repr(f"{tmp_path}/hosts")).replace('"manifests"', repr(f"{tmp_path}/manifests"))
    ended = run(["-c", places % (NEVER_CALLED,)], {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path)})
    loaded, waiting = ended.out.splitlines() or ("", "")
    assert loaded == "loaded", ended.err
    # Some installations of Python load zipfile before any program begins.
    assert LATER.keys() - set(waiting.split()) <= {"zipfile"}


LOOK = """
import sys
import django
from catalyst.lean import postpone
postpone()

import asyncio
from asyncio import get_running_loop
try:
    get_running_loop()
except RuntimeError:
    print("no loop")
print("asyncio.tasks" in sys.modules)

async def answer():
    get_running_loop()
    return "a loop"

print(asyncio.run(answer()), asyncio.sleep.__module__, asyncio is sys.modules["asyncio"])

import sqlparse.sql
from django import forms
from django.forms import fields
print(sqlparse.sql.Statement is type(sqlparse.parse("select 1")[0]), forms.CharField is fields.CharField)
import csv, zipfile
print(*next(csv.reader(["a,b"])), issubclass(zipfile.BadZipFile, Exception), zipfile)
"""


def test_who_looks_into_a_module_that_waits_gets_the_whole_of_it() -> None:
    ended = run(["-c", LOOK])
    *said, zipfile = ended.out.splitlines()
    assert said == ["no loop", "False", "a loop asyncio.tasks True", "True True"], ended.err
    assert zipfile.startswith("a b True <module 'zipfile' from ")
