"""Django for a process without a page, a form or a mail: what the syncer never calls is a seventh of its memory."""

from __future__ import annotations

import logging.config
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

LATER: Mapping[str, Mapping[str, str]] = {
    "asyncio": {
        "current_task": "_asyncio",  # logging, from Python 3.12
        "get_running_loop": "asyncio.events",
        "iscoroutinefunction": "asyncio.coroutines",  # asgiref, before Python 3.12
    },
    "csv": {},
    "django.forms": {},
    "sqlparse": {},
    "zipfile": {},
}
"""What is imported beside the models and never called there: each field knows its form field, SQLite's introspection
parses SQL, ``importlib.metadata`` reads wheels. Of asyncio, Django asks one thing, whether a loop runs: the names that
a part of a package gives, and that part."""

_running = RLock()


class StandIn(ModuleType):
    """A module whose code runs when somebody looks into it, and not for what one of its parts can give.

    Not ``importlib.util.LazyLoader``: there a second ``import`` of the name is a look already.
    """

    def __getattr__(self, name: str) -> Any:
        if part := LATER[self.__name__].get(name):
            value = getattr(import_module(part), name)
        elif PathFinder.find_spec(f"{self.__name__}.{name}", vars(self).get("__path__", ())):
            value = import_module(f"{self.__name__}.{name}")
        else:
            with _running:
                if type(self) is StandIn:
                    # From here on it is the module, for everybody who has it.
                    self.__class__ = ModuleType  # type: ignore[assignment]
                    self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
            return getattr(self, name)
        setattr(self, name, value)
        return value


def postpone() -> None:
    """Call it before Django is imported. What is there already, stays."""
    for name in LATER:
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
