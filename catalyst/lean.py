"""Django for a process without a page, a form or a mail: what the syncer never calls stays out of its memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import cache_from_source, find_spec
from types import ModuleType
from typing import Any, cast

PARTS: Mapping[str, Mapping[str, str]] = {
    "asyncio": {
        "current_task": "catalyst.lean",
        "get_running_loop": "catalyst.lean",
        "iscoroutinefunction": "asyncio.coroutines",
    },
    "django.core.checks": {"ERROR": "django.core.checks.messages"},
    "django.forms": {},
    "html": {"escape": "catalyst.lean", "unescape": "catalyst.lean"},
    "requests": {},
    "sqlparse": {},
    "urllib3.http2": {},
}
"""Packages that are imported beside others and never called there, and which module has a name that is asked for all
the same. Each field of a model knows its form field, and how to check itself; Django's tools for texts know HTML, with
the names of 2,200 characters. Django asks asyncio whether a loop runs; logging asks for the task, from Python 3.12. Of
requests we import the modules that a call takes: sessions, and the letters of all alphabets, belong to the rest.

Each is worth what ``tests/catalyst/test_lean.py`` measures. What was less is imported as usual."""

WHOLE = "/__init__"

COMMAND = "syncer.management.commands.runsyncer"
LOADED_LATER = (
    "django.db.models.sql.compiler",
    "syncer.kube.watcher",
    "syncer.targets.hosts.target",
    "syncer.targets.technitium.target",
)
"""What is imported with the first query, and what the command imports when its options say that it needs it."""


class StandIn(ModuleType):
    """A package whose own code runs when something looks into it, and not for what one of its modules can give.

    Another thread may look while that code runs. It runs as an import (``WholePackage``), so that the other thread
    waits as it would for any import: the import system knows which thread executes what, lets that thread see the
    package as far as it got, and notices when two threads would wait for one another.

    Not ``importlib.util.LazyLoader``: to import the name a second time is a look already, which leaves nothing of
    asyncio to save, and before Python 3.12 it hands out what is half executed.
    """

    def __getattr__(self, name: str) -> Any:
        part = PARTS.get(self.__name__, {}).get(name)
        if part:
            value = getattr(import_module(part), name)
        elif PathFinder.find_spec(f"{self.__name__}.{name}", self.__path__):
            value = import_module(f"{self.__name__}.{name}")
        else:
            # The statement's own function: import_module raises where two threads would wait for one another.
            __import__(self.__name__.replace(".", "/") + WHOLE)
            return ModuleType.__getattribute__(self, name)
        # Not over what another thread may have put there: the package itself, once it was executed.
        return vars(self).setdefault(name, value)


class Postponement:
    """Finds each of ``names`` as a package that waits; and ``django/forms/__init__``, a name that no module can have,
    for which it executes ``django.forms``.

    Finder and loader without the base classes of ``importlib.abc``, which loads ``importlib.resources``.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.endswith(WHOLE):
            return ModuleSpec(fullname, cast("Any", self))
        spec = PathFinder.find_spec(fullname, path) if fullname in self._names else None
        if spec:
            spec.loader, spec.loader_state = cast("Any", self), spec.loader
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """None: the import system makes an empty module."""

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec
        if not module.__name__.endswith(WHOLE):
            module.__loader__ = spec.loader = spec.loader_state
            module.__class__ = StandIn
            return
        package = sys.modules[module.__name__.removesuffix(WHOLE).replace("/", ".")]
        assert package.__spec__
        assert package.__spec__.loader
        package.__spec__.loader.exec_module(package)
        package.__class__ = ModuleType  # for everybody who has it


def postpone_imports(names: Sequence[str] = tuple(PARTS)) -> None:
    """Call it before Django is imported. What is there already, stays."""
    sys.meta_path.insert(0, Postponement(names))


def get_running_loop() -> Any:
    """As asyncio's, of which nothing need be loaded to know that no loop runs while nothing is loaded."""
    events = sys.modules.get("asyncio.events")
    if events is None:
        raise RuntimeError("no running event loop")
    return events.get_running_loop()


def current_task(loop: Any = None) -> Any:
    tasks = sys.modules.get("asyncio.tasks")
    if tasks is None:
        raise RuntimeError("no running event loop")
    return tasks.current_task(loop)


def escape(text: str, quote: bool = True) -> str:
    """As html's. Django's tools for texts import it, and call it for a page."""
    return str(_load_html().escape(text, quote))


def unescape(text: str) -> str:
    return str(_load_html().unescape(text))


def _load_html() -> Any:
    __import__("html" + WHOLE)
    return sys.modules["html"]


SPARING = ("-OO", "-X", "no_debug_ranges")
"""Options of the interpreter: without docstrings and asserts, 2 MB of the syncer, and without the columns of each piece
of code, 0.4 MB, for which a traceback shows only the line."""
HEAP = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""One heap for all threads, and large blocks outside of it, which go back to the system as soon as they are free. By
default glibc gives each thread a heap of its own, and learns from each large block that is freed to keep the next one.
Other C libraries have no such switches, and no such habits."""


def restart_sparing(argv: Sequence[str]) -> None:
    """Replaces this process by the same command with an interpreter that keeps less of the code, and a C library that
    keeps less of what is free, but for what the environment says of that.

    Call it before anything is opened, read or imported.
    """
    options = SPARING if sys.flags.optimize < 2 and has_byte_code() else ()
    environment = os.environ  # noqa: TID251 - the settings are not read yet, and these are none
    if (options or not HEAP.keys() <= environment.keys()) and is_own_command(argv):
        environment.update({**HEAP, **environment})
        restart_python(*options)


def restart_python(*options: str) -> None:
    os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606  (no shell)


def is_own_command(argv: Sequence[str]) -> bool:
    """Whether the command line of the process gave us ``argv``, so that the same would come of it once more. A test or
    a script that calls a function goes on as it is."""
    program, *words = sys.argv
    is_given = words in (list(argv), ["manage", *argv]) and sys.orig_argv[-len(words) :] == words
    return is_given and program not in ("", "-", "-c")


def has_byte_code() -> bool:
    """Whether code without docstrings is on the disk, or stays there from the first start on.

    Where each start had to compile anew, what is left of the compiler in memory is more than the docstrings were.
    """
    can_keep = not sys.dont_write_bytecode and os.access(os.path.dirname(__file__), os.W_OK)
    return can_keep or os.path.exists(cache_from_source(__file__, optimization="2"))


def load_syncer(argv: Sequence[str]) -> None:
    """Django, with the settings in ``DJANGO_SETTINGS_MODULE``, and the command. Without ``django.setup()``, which loads
    the URL resolver, and for its own log settings the mail and the debug page.

    A process that had to compile all this, as the first one after an installation has to, begins once more: what is
    left of the compiler in memory is 3 MB.
    """
    import logging.config

    from django.apps import apps
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    # No line shows the file that wrote it, or the process: not to look for them saves a tenth of each (Python's logging
    # HOWTO, "Optimization").
    logging._srcfile = None
    logging.logProcesses = logging.logMultiprocessing = False
    apps.populate(settings.INSTALLED_APPS)
    spec = find_spec(COMMAND)
    cached = (spec and spec.cached) or ""
    was_compiled = os.path.exists(cached)
    import_module(COMMAND)
    if sys.flags.optimize == 2 and not was_compiled and os.path.exists(cached) and is_own_command(argv):
        for name in LOADED_LATER:
            import_module(name)
        restart_python()


def run_syncer(argv: Sequence[str]) -> None:
    """As ``execute_from_command_line`` would. Call ``load_syncer`` before."""
    from syncer.management.commands.runsyncer import Command

    Command().run_from_argv(["catalyst-dns-sync", *argv])
