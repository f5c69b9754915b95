"""The settings that every process needs, and all that the syncer needs: each further app would cost it memory."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from catalyst.logs.formats import LEVELS, make_log_settings, parse_gelf_url
from catalyst.settings.database import read_database, set_limits
from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_config
from syncer.redaction import REDACTION

ENVIRONMENT = Environment(os.environ, REDACTION)  # noqa: TID251
DATA_DIR = Path(ENVIRONMENT.read_text("DATA_DIR", "var")).absolute()

INSTALLED_APPS = ["records", "syncer"]
USE_TZ = True
USE_I18N = False
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE = read_database(ENVIRONMENT, DATA_DIR)
# The syncer keeps its connection, and checks it after each close_old_connections(). The limits are short because a
# database that hangs must not hang the loop, whose health goes red after a minute.
LIMITED = set_limits(DATABASE, lock=5, statement=30)
DATABASES = {"default": {**LIMITED, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}
if "init_command" in DATABASE.get("OPTIONS", {}):
    # To save memory: SQLite's default is 2 MB of pages, and Python's 128 statements with hundreds of rows in each.
    DATABASES["default"]["OPTIONS"] = {
        **DATABASE["OPTIONS"],
        "init_command": DATABASE["OPTIONS"]["init_command"] + "PRAGMA cache_size=-256;",
        "cached_statements": 0,
        # SQLite waits in C, where Python handles no signal, and a stop may take 5 s (for PostgreSQL the syncer waits
        # in Python: ``records.database_waits``). The syncer has its own back-off.
        "timeout": 2,
    }

SYNC = partial(read_config, ENVIRONMENT)
"""Call it with the options of ``runsyncer`` for a ``syncer.config.Config``."""

# A wrong value stops every process, not only the one that would use it.
checked = SYNC(checking=True, warn=lambda _: None)
targets = checked.targets
DRY_RUN = checked.dry_run
"""The syncer writes nothing, and nothing of itself into the database."""

MANAGED = targets[0].managed
"""A ``syncer.config.Managed``: all that the web, which is given no token, knows of what is managed; of the first
target."""
MANAGED_TARGETS = {target.name: target.managed for target in targets if target.scope.target_name}
"""That of each target, by its name, in the order of ``TARGETS_FILE``. Empty without such a file: what the only target
is called is known to the syncer, which tells it (``SyncStatus.find_target``)."""

COMMIT = ENVIRONMENT.read_text("GIT_COMMIT", "unknown")
LOG_FORMAT = ENVIRONMENT.read_choice("LOG_FORMAT", "json", ("json", "text"))
LOG_LEVEL = ENVIRONMENT.read_choice("LOG_LEVEL", "info", tuple(LEVELS))
GELF_URL = ENVIRONMENT.read_value("GELF_URL", "", parse_gelf_url, "such as udp://graylog.home.lab:12201")
COLOURED = not ENVIRONMENT.read_text("NO_COLOR") and sys.stderr.isatty()
LOGGING = make_log_settings(LOG_LEVEL, LOG_FORMAT, REDACTION, gelf=GELF_URL, coloured=COLOURED)
