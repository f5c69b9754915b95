"""What every process needs, and all that the syncer needs: each app more costs it memory for good."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from catalyst.logs.formats import LEVELS, gelf_url, log_settings
from catalyst.settings.database import bounded, read_database
from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_config, read_scope

ENVIRONMENT = Environment(os.environ)  # noqa: TID251
DATA_DIR = Path(ENVIRONMENT.text("DATA_DIR", "var")).absolute()

INSTALLED_APPS = ["records", "syncer"]
USE_TZ = True
USE_I18N = False
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE = read_database(ENVIRONMENT, DATA_DIR)
# The syncer keeps its connection, and asks whether it still lives after each close_old_connections().
# What holds the database up must not hold up the loop, whose health goes red after a minute.
BOUNDED = bounded(DATABASE, lock=5, statement=30)
DATABASES = {"default": {**BOUNDED, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}
if "init_command" in DATABASE.get("OPTIONS", {}):
    # For memory: SQLite's defaults are 2 MB of pages, and Python's 128 statements with hundreds of rows in each.
    DATABASES["default"]["OPTIONS"] = {
        **DATABASE["OPTIONS"],
        "init_command": DATABASE["OPTIONS"]["init_command"] + "PRAGMA cache_size=-256;",
        "cached_statements": 0,
        # SQLite waits in C, where no signal is heard. The syncer has a back-off of its own, and a stop takes 5 s.
        "timeout": 2,
    }

SYNC = partial(read_config, ENVIRONMENT)
"""Call it with the options of ``runsyncer`` for a ``syncer.config.Config``."""

# A wrong value stops every process, the web's too, and not only the one that would use it. Dev mode: the web needs no
# token of a DNS server.
SYNC(dev_mode=True, warn=lambda _: None)

MANAGED = read_scope(ENVIRONMENT, proposed=True, warn=lambda _: None)
"""A ``syncer.config.Managed``: what the web, which is told of no server and no token, knows of what is managed."""

COMMIT = ENVIRONMENT.text("GIT_COMMIT", "unknown")
LOG_FORMAT = ENVIRONMENT.choice("LOG_FORMAT", "json", ("json", "text"))
LOG_LEVEL = ENVIRONMENT.choice("LOG_LEVEL", "info", tuple(LEVELS))
GELF_URL = ENVIRONMENT.value("GELF_URL", "", gelf_url, "such as udp://graylog.home.lab:12201")
COLOURED = not ENVIRONMENT.text("NO_COLOR") and sys.stderr.isatty()
# The set itself, not a copy: who reads a secret later adds to it.
LOGGING = log_settings(LOG_LEVEL, LOG_FORMAT, ENVIRONMENT.secrets, gelf=GELF_URL, coloured=COLOURED)
