"""Where the database is, and how it is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.database import read_database
from catalyst.settings.environment import Environment

ROOT = Path(__file__).parents[3]


def test_sqlite_in_the_data_folder_is_the_default(tmp_path: Path) -> None:
    database = read_database(Environment({}), tmp_path / "var")
    assert database["NAME"] == str(tmp_path / "var" / "catalyst.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_wal_can_be_switched_off_for_a_network_volume(tmp_path: Path) -> None:
    database = read_database(Environment({"SQLITE_WAL": "false"}), tmp_path)
    assert "journal_mode=DELETE" in database["OPTIONS"]["init_command"]


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR is "):
        read_database(Environment({}), tmp_path / "file" / "var")


def test_what_is_made_for_the_database_is_for_its_owner_only_and_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    made, there = tmp_path / "made", tmp_path / "there"
    there.mkdir(mode=0o755)
    (there / "catalyst.sqlite3").touch(0o644)
    for folder, rights in ((made, (0o700, 0o600)), (there, (0o755, 0o644))):
        script = WRITE_AND_SHOW_RIGHTS.format(environment={"DATA_DIR": str(folder)})
        ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        of_folder, of_file = (f"{each:o}" for each in rights)
        assert ended.stdout.split() == [
            of_folder, "catalyst.sqlite3", of_file, "catalyst.sqlite3-shm", of_file, "catalyst.sqlite3-wal", of_file,
        ]  # fmt: skip


WRITE_AND_SHOW_RIGHTS = """
import os
os.umask(0o022)
os.environ.update({environment})
from catalyst.cli import main
main(["migrate", "-v0", "contenttypes"])
from django.conf import settings
from django.db import connection
connection.cursor().execute("CREATE TABLE session (key TEXT)")
print(f"{{settings.DATA_DIR.stat().st_mode & 0o777:o}}")
for path in sorted(settings.DATA_DIR.glob("catalyst*")):
    print(path.name, f"{{path.stat().st_mode & 0o777:o}}")
"""


def test_a_database_file_may_be_anywhere(tmp_path: Path) -> None:
    database = read_database(Environment({"DATABASE_URL": f"sqlite:///{tmp_path}/own.sqlite3"}), Path("/nowhere"))
    assert (database["ENGINE"], database["NAME"]) == ("django.db.backends.sqlite3", f"{tmp_path}/own.sqlite3")


def test_postgresql_comes_by_its_url() -> None:
    environment = Environment({"DATABASE_URL": "postgresql://dns:p%40ss@db.home.lab:5433/dns?sslmode=require"})
    database = read_database(environment, Path("/nowhere"))
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.home.lab", 5433, "dns")
    assert (database["USER"], database["PASSWORD"]) == ("dns", "p@ss")
    assert database["OPTIONS"] == {"sslmode": "require"}
    assert "p@ss" in environment.secrets
