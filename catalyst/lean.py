"""Django for a process without a page, a form or a mail: what the syncer never calls stays out of its memory."""

from __future__ import annotations

import logging.config
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

PARTS: Mapping[str, Mapping[str, str]] = {
    "asyncio": {
        "CancelledError": "asyncio.exceptions",
        "Future": "asyncio.futures",
        "Lock": "asyncio.locks",
        "Queue": "asyncio.queues",
        "Task": "asyncio.tasks",
        "current_task": "_asyncio" if sys.version_info >= (3, 12) else "asyncio.tasks",
        "get_running_loop": "asyncio.events",
        "iscoroutinefunction": "asyncio.coroutines",
        "sleep": "asyncio.tasks",
    },
    "django.forms": {},
}
"""Packages that are imported beside the models and never called there, and which of their modules has a name that is
asked for all the same. Each field of a model knows its form field. Django asks asyncio whether a loop runs; psycopg
derives classes for asyncio from classes of it; logging asks for the task, from Python 3.12.

Each is worth more than a megabyte, which a test measures. What was less is imported as usual."""

WHOLE = "/__init__"


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
        setattr(self, name, value)
        return value


class WholePackage(MetaPathFinder, Loader):
    """Finds ``django/forms/__init__``, a name that no module can have, and executes ``django.forms`` for it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.endswith(WHOLE) else None

    def exec_module(self, module: ModuleType) -> None:
        package = sys.modules[module.__name__.removesuffix(WHOLE).replace("/", ".")]
        assert package.__spec__
        assert package.__spec__.loader
        package.__spec__.loader.exec_module(package)
        package.__class__ = ModuleType  # for everybody who has it


def postpone(names: Sequence[str] = tuple(PARTS)) -> None:
    """Call it before Django is imported. What is there already, stays."""
    sys.meta_path.insert(0, WholePackage())
    for name in names:
        spec = find_spec(name)
        if spec is None or name in sys.modules:
            continue
        sys.modules[name] = module = module_from_spec(spec)
        module.__class__ = StandIn
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, module)


def run_syncer(argv: Sequence[str]) -> None:
    """As ``execute_from_command_line`` would, with the settings in ``DJANGO_SETTINGS_MODULE``.

    Without ``django.setup()``, which loads the URL resolver, and for its own log settings the mail and the debug page.
    """
    from django.apps import apps
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    apps.populate(settings.INSTALLED_APPS)
    from syncer.management.commands.runsyncer import Command

    Command().run_from_argv(["catalyst-dns-sync", *argv])
