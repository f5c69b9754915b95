"""What the syncer keeps out of its memory. Each test has a process of its own: what is imported, stays."""

from __future__ import annotations

import compileall
import html.parser
from collections.abc import Mapping
from pathlib import Path

import pytest

from catalyst.lean import HEAP, PARTS, SPARING
from catalyst.probe import read_command
from tests.processes import ROOT, Ended, Process, migrate, run, running

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
    "importlib.metadata",
    "kubernetes",
    "psycopg2",
    "rest_framework",
    "typing_extensions",
    "unittest",
)
MEGABYTE = 1000 * 1000
WORTH = 250_000
"""Bytes that a package must be worth that waits."""

START = """
from catalyst.cli import run_django
folder = %r
options = ["--dev-mode", "--once", "--hosts-file", f"{folder}/hosts", "--manifests", f"{folder}/manifests"]
assert run_django(["runsyncer", *options]) == 0
import syncer.kube.watcher, syncer.targets.technitium.target
"""
LOADED = """
import sys
from catalyst.lean import PARTS, StandIn
print("loaded", *sorted(name for name in sys.modules if name.startswith(%r)))
print("waiting", *sorted(name for name in PARTS if type(sys.modules.get(name)) is StandIn))
"""
# Without the pages of libraries, of which the kernel maps some more or less each time.
MEMORY = """
with open("/proc/self/status") as lines:
    print(*(line.split()[1] for line in lines if line.startswith("RssAnon:")))
"""


def start_syncer(folder: Path, then: str, first: str = "") -> str:
    """What a syncer says that runs ``first``, does one pass over nothing, and runs ``then``."""
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "hosts").touch()
    ended = run(["-c", first + START % str(folder) + then], {"HOME": str(folder), "DATA_DIR": str(folder)})
    assert ended.code == 0, ended.err
    return ended.out


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database, for the making of which Django checks itself."""
    folder = tmp_path_factory.mktemp("lean")
    migrate(folder)
    return folder


@pytest.fixture(scope="module")
def kilobytes(migrated: Path) -> int:
    """Of memory, of a syncer that puts off all that it can."""
    return int(start_syncer(migrated, MEMORY))


def test_the_syncer_loads_nothing_that_it_never_calls(migrated: Path) -> None:
    loaded, waiting = start_syncer(migrated, LOADED % (NEVER_CALLED,)).splitlines()
    assert loaded == "loaded"
    assert waiting.split() == ["waiting", *sorted(PARTS)]


WITHOUT_GUESSERS = """
import sys, warnings
guessers = dict.fromkeys(["chardet", "charset_normalizer"])
sys.modules.update(guessers)
warnings.simplefilter("ignore")
import requests
for name in guessers:
    del sys.modules[name]
"""
"""As ``syncer.targets.technitium.client`` imports it."""


@pytest.mark.parametrize("name", PARTS)
def test_what_is_put_off_is_worth_it(name: str, migrated: Path, kilobytes: int) -> None:
    if name == "html" and hasattr(html.parser, "html5_entities"):
        pytest.skip("the parser of this Python loads the names itself")
    first = WITHOUT_GUESSERS if name == "requests" else f"import {name}"
    assert (int(start_syncer(migrated, MEMORY, first)) - kilobytes) * 1024 > WORTH


POSTGRESQL = """
from catalyst.lean import postpone_imports
postpone_imports()
import django.db.backends.postgresql.base
"""


def test_on_postgresql_no_more_of_asyncio_and_of_forms_is_loaded() -> None:
    ended = run(["-c", POSTGRESQL + LOADED % (("asyncio.base_events", "django.forms.", "psycopg."),)])
    assert ended.out.splitlines() == [
        "loaded",
        "waiting asyncio django.core.checks django.forms html sqlparse",
    ], ended.err


SCRIPT = """
import sys
from catalyst.cli import main
sys.exit(main())
"""
COMMANDS = {
    "the console script": "/catalyst-dns-sync runsyncer",
    "the module": "-m catalyst.cli runsyncer",
    "Django's script": f"{ROOT}/manage.py runsyncer",
    "a command of Django, with options of the interpreter": "-u -X dev -m catalyst.cli manage runsyncer",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_however_it_was_started_the_syncer_runs_with_less_of_its_code_and_is_found_as_before(
    command: str, addressed: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "catalyst-dns-sync").write_text(SCRIPT)
    words = [f"{tmp_path}{word}" if word == "/catalyst-dns-sync" else word for word in command.split()]
    options = ["--dev-mode", "--noreload", "--hosts-file", str(tmp_path / "hosts"), "--manifests", str(tmp_path)]
    syncer = Process([*words, *options], tmp_path / "log", {**addressed, "PYTHONPATH": str(ROOT)})
    with running(syncer):
        syncer.says(r"from \S+ to \S+/hosts")
        cmdline = Path(f"/proc/{syncer.pid}/cmdline")
        assert cmdline.read_text().split("\0")[1:-1] == [*SPARING, *words, *options]
        assert set(Path(f"/proc/{syncer.pid}/environ").read_text().split("\0")) >= {*map("=".join, HEAP.items())}
        assert read_command(cmdline) == ["runsyncer", *options]
        assert syncer.stop() == 0


def test_the_first_start_which_compiles_takes_as_little_memory_as_the_next(
    addressed: dict[str, str], tmp_path: Path
) -> None:
    migrate(tmp_path)
    options = ["--dev-mode", "--noreload", "--hosts-file", str(tmp_path / "hosts"), "--manifests", str(tmp_path)]
    settings = {**addressed, "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    taken = []
    for start in ("first", "next"):
        syncer = Process(["manage.py", "runsyncer", *options], tmp_path / start, settings)
        with running(syncer):
            syncer.says(r"from \S+ to \S+/hosts", 60)  # the first one compiles all that it loads
            status = Path(f"/proc/{syncer.pid}/status").read_text()
            assert syncer.stop() == 0
        taken.append(int(status.partition("RssAnon:")[2].split()[0]) * 1024)
    assert taken[0] - taken[1] < MEGABYTE


TWO = "MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_"
OPTIMIZE = "import sys; print(sys.flags.optimize)"
RESTART = "from catalyst.lean import restart_sparing as restart; restart(['runsyncer']); "


def test_only_a_process_that_is_a_syncer_is_restarted(tmp_path: Path) -> None:
    settings = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path)}
    assert run(["manage.py", "shell", "--verbosity=0", "-c", OPTIMIZE], settings, fresh=True).out == "0\n"
    for arguments in ([], ["runsyncer"], ["manage", "runsyncer"]):
        assert run(["-c", RESTART + OPTIMIZE, *arguments]).out == "0\n", "the function of a script's own"
    script = tmp_path / "script.py"
    script.write_text(RESTART + OPTIMIZE)
    for arguments in ([], ["web"], ["runsyncer", "--once"]):
        assert run([str(script), *arguments], {"PYTHONPATH": str(ROOT)}).out == "0\n", arguments
    assert run([str(script), "runsyncer"], {"PYTHONPATH": str(ROOT)}).out == "2\n"


def test_what_the_environment_says_of_the_heap_stays(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(RESTART + f"import os; print(*map(os.environ.get, {TWO}))")
    settings = {"PYTHONPATH": str(ROOT), TWO[0]: "4"}
    for options in ([], ["-OO"]):
        assert run([*options, str(script), "runsyncer"], settings).out == f"4 {HEAP[TWO[1]]}\n"


def test_where_every_start_would_compile_anew_its_code_stays_whole(tmp_path: Path) -> None:
    package, script = tmp_path / "catalyst", tmp_path / "script.py"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "lean.py").write_text((ROOT / "catalyst" / "lean.py").read_text())
    script.write_text(RESTART + OPTIMIZE)
    command, settings = [str(script), "runsyncer"], {"PYTHONDONTWRITEBYTECODE": "1"}
    assert run(command, settings).out == "0\n"
    compileall.compile_dir(package, quiet=1, optimize=2)
    assert run(command, settings).out == "2\n"


LOOK = """
import sys
import django
from catalyst.lean import postpone_imports
postpone_imports()

import asyncio
from asyncio import current_task, get_running_loop
from django.core.exceptions import SynchronousOnlyOperation
from django.utils.asyncio import async_unsafe
for function in current_task, get_running_loop:
    try:
        function()
    except RuntimeError as error:
        print(error)
ask_database = async_unsafe(lambda: "asked")
print(ask_database(), "asyncio.events" in sys.modules)

async def answer():
    try:
        ask_database()
    except SynchronousOnlyOperation:
        return current_task() in asyncio.all_tasks() and get_running_loop().is_running() and "a loop"

print(asyncio.run(answer()), asyncio.sleep.__module__, asyncio is sys.modules["asyncio"], "run" in asyncio.__all__)

from django import forms
from django.forms import fields
print(forms.CharField is fields.CharField, type(forms).__name__, hasattr(forms, "nothing"))

import html
from html import escape, unescape
print("html.entities" in sys.modules, escape("<'", quote=False), escape("<'"), unescape("&eacute;&lt;"))
print("html.entities" in sys.modules, html.escape("<'"), html.unescape("&eacute;"))

import requests
from requests.models import Request
print("requests.sessions" in sys.modules, requests.Request is Request, requests.Session.__module__)
"""


def test_who_looks_into_a_package_that_waits_gets_the_whole_of_it() -> None:
    ended = run(["-c", LOOK])
    assert ended.out.splitlines() == [
        "no running event loop",
        "no running event loop",
        "asked False",
        "a loop asyncio.tasks True True",
        "True module False",
        "False &lt;' &lt;&#x27; é<",
        "True &lt;&#x27; é",
        "False True requests.sessions",
    ], ended.err


CROWD = """
import sys
import threading
import django
from catalyst.lean import postpone_imports
postpone_imports()
import asyncio  # in the main thread, as the syncer does: who imports a name first in eight has races of Python's own
import django.forms
sys.setswitchinterval(1e-6)
start, said = threading.Barrier(8), []

def look(question):
    start.wait()
    try:
        said.append(bool(eval(question)))
    except Exception as error:
        said.append(repr(error))

threads = [threading.Thread(target=look, args=(question,), daemon=True) for question in %r]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
print(len(said), *sorted(set(map(str, said))))
"""
QUESTIONS = {
    "all ask for the last name": ["__import__('asyncio').SelectorEventLoop"] * 8,
    "all ask for a form field": ["__import__('django.forms').forms.CharField"] * 8,
    "some import a module of it meanwhile": [
        "__import__('asyncio').SelectorEventLoop",
        "__import__('asyncio.base_events')",
        "__import__('asyncio', fromlist=['run']).run",
        "__import__('asyncio.streams').StreamReader",
        "__import__('django.forms').forms.ModelForm",
        "__import__('django.forms.models')",
        "__import__('django.forms', fromlist=['CharField']).CharField",
        "__import__('django.forms.widgets').forms.Media",
    ],
}


@pytest.mark.parametrize("questions", QUESTIONS.values(), ids=QUESTIONS)
def test_eight_threads_that_look_at_once_get_a_whole_package(questions: list[str]) -> None:
    for _ in range(3):
        ended = run(["-c", CROWD % (questions,)])
        assert ended.out == "8 True\n", ended.err


def run_main(folder: Path, files: Mapping[str, str]) -> Ended:
    """``main.py`` among these."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return run([str(folder / "main.py")], {"PYTHONPATH": str(ROOT)})


OVERTAKEN = {
    "package/__init__.py": """
answer, other = "the whole", None
""",
    "piece.py": """
import package
answer = "a piece"
assert package.other is None
""",
    "main.py": """
from catalyst import lean
lean.PARTS["package"] = {"answer": "piece"}
lean.postpone_imports(["package"])
import package
print(package.answer, package.answer)
""",
}
"""While a piece of it is looked for, something looks into the package itself, as another thread may."""


def test_what_a_package_has_itself_is_not_replaced_by_a_piece_that_comes_late(tmp_path: Path) -> None:
    ended = run_main(tmp_path, OVERTAKEN)
    assert ended.out == "the whole the whole\n", ended.err


CIRCLE = {
    "gate.py": """
import threading
executing, importing = threading.Event(), threading.Event()
""",
    "package/__init__.py": """
early = 1
import gate
import package.helper
gate.executing.set()
assert gate.importing.wait(10)
import neighbour
late = 2
""",
    "package/helper.py": """
import package
seen = package.early, hasattr(package, "late")
""",
    "neighbour.py": """
import gate
import package
gate.importing.set()
seen = getattr(package, "late", None)
""",
    "main.py": """
import gate
import threading
from catalyst.lean import postpone_imports
postpone_imports(["package"])
import package
answers = {}

def import_neighbour():
    assert gate.executing.wait(10)
    import neighbour
    answers["neighbour"] = neighbour.seen in (2, None)

threads = [
    threading.Thread(target=lambda: answers.update(late=package.late), daemon=True),
    threading.Thread(target=import_neighbour, daemon=True),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
print(answers.get("late"), answers.get("neighbour"), package.helper.seen)
""",
}


def test_two_threads_that_wait_for_one_another_go_on_as_in_any_circle_of_imports(tmp_path: Path) -> None:
    ended = run_main(tmp_path, CIRCLE)
    assert ended.out == "2 True (1, False)\n", ended.err
