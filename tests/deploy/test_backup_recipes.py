"""The recipes of docs/operations.md that save the database and bring it back, with real databases.

kubectl is a script: what a pod would run runs here, with the volume in a folder of the test.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.deploy.test_manifests import SCHEMAS, one
from tests.deploy.test_recipes import follow
from tests.postgres import make_database
from tests.processes import migrate

KUBECTL = """\
#!/bin/sh
case " $* " in
    *" apply "*) cat > manifest.yaml ;;
    *" get "*) echo registry.example/image:1 ;;
    *" exec "*) while [ "$1" != -- ]; do shift; done; shift; exec "$@" ;;
    *) echo "$*" >> kubectl.log ;;
esac
"""


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.volume = folder / "volume"
        self.volume.mkdir()
        self._tools = folder / "bin"
        self._tools.mkdir()
        (self._tools / "kubectl").write_text(KUBECTL)
        (self._tools / "kubectl").chmod(0o755)
        (self._tools / "python").symlink_to(shutil.which("python3") or "python3")

    def follow(self, name: str) -> str:
        path = f"{self._tools}:{os.environ['PATH']}"
        return follow(name, folder=self.folder, DATA_DIR=str(self.volume), PATH=path)

    @property
    def log(self) -> list[str]:
        return (self.folder / "kubectl.log").read_text().splitlines()


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[sqlite3.Connection]:
    """Open, as by a running syncer, with a record that only the journal has."""
    with closing(sqlite3.connect(cluster.volume / "catalyst.sqlite3", isolation_level=None)) as it:
        it.execute("PRAGMA journal_mode=WAL")
        it.execute("CREATE TABLE record (name)")
        it.execute("INSERT INTO record VALUES ('grafana')")
        yield it


def names(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [name for (name,) in database.execute("SELECT name FROM record ORDER BY name")]


@pytest.mark.usefixtures("database")
def test_a_backup_of_sqlite_succeeds_although_an_earlier_one_was_cut_off(cluster: Cluster) -> None:
    (cluster.volume / "backup.sqlite3").write_text("cut off")
    for _ in range(2):
        cluster.follow("sqlite-backup")
        assert names(cluster.folder / "backup.sqlite3") == ["grafana"]
        assert (cluster.folder / "backup.sqlite3").stat().st_mode & 0o077 == 0
    assert not (cluster.volume / "backup.sqlite3").exists()


def test_a_backup_of_sqlite_comes_back_where_another_database_was_left_behind(
    cluster: Cluster, database: sqlite3.Connection
) -> None:
    cluster.follow("sqlite-backup")
    database.execute("INSERT INTO record VALUES ('nas')")
    shutil.copytree(cluster.volume, cluster.folder / "crashed")  # with its journal
    database.close()
    shutil.rmtree(cluster.volume)
    (cluster.folder / "crashed").rename(cluster.volume)
    assert (cluster.volume / "catalyst.sqlite3-wal").stat().st_size

    cluster.follow("sqlite-restore")
    assert sorted(path.name for path in cluster.volume.iterdir()) == ["catalyst.sqlite3"]
    assert names(cluster.volume / "catalyst.sqlite3") == ["grafana"]
    scaled = [line for line in cluster.log if "scale" in line]
    assert [line.split("--replicas ")[1][0] for line in scaled] == ["0", "1"]

    pod = yaml.safe_load((cluster.folder / "manifest.yaml").read_text())
    kubernetes_validate.validate(pod, SCHEMAS, strict=True)
    deployment = one("base", "Deployment")["spec"]["template"]["spec"]
    (volume,) = pod["spec"]["volumes"]
    assert volume in deployment["volumes"]
    for setting in ("runAsNonRoot", "runAsUser", "fsGroup", "seccompProfile"):
        assert pod["spec"]["securityContext"][setting] == deployment["securityContext"][setting]


def test_what_is_no_database_does_not_take_the_place_of_one(cluster: Cluster, database: sqlite3.Connection) -> None:
    (cluster.folder / "backup.sqlite3").write_text("error: unable to upgrade connection")
    with pytest.raises(AssertionError, match="not a database"):
        cluster.follow("sqlite-restore")
    assert database.execute("SELECT name FROM record").fetchall() == [("grafana",)]
    assert names(cluster.volume / "catalyst.sqlite3") == ["grafana"]


def test_a_dump_of_postgresql_comes_back_in_an_empty_database_and_over_the_old_one(
    tmp_path: Path, postgres_server: str, postgres_url: str
) -> None:
    if not (shutil.which("pg_dump") and shutil.which("pg_restore") and shutil.which("psql")):
        pytest.skip("PostgreSQL's clients are missing")

    def ask(url: str, question: str) -> str:
        command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", question, url]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    count = "SELECT count(*) FROM django_migrations"
    migrate(tmp_path, {"DATABASE_URL": postgres_url, "SECRET_KEY": "the tests' own, of no worth anywhere else"})
    migrations = ask(postgres_url, count)
    follow("postgres-backup", folder=tmp_path, DATABASE_URL=postgres_url)
    assert (tmp_path / "backup.dump").stat().st_mode & 0o077 == 0

    ask(postgres_url, "DELETE FROM django_migrations")
    follow("postgres-restore", folder=tmp_path, DATABASE_URL=postgres_url)
    assert ask(postgres_url, count) == migrations

    ask(postgres_server, "CREATE ROLE another LOGIN")
    try:
        with make_database(postgres_server) as empty:
            ask(postgres_server, f"ALTER DATABASE {empty.rpartition('/')[2]} OWNER TO another")
            other = empty.replace("tests@", "another@")
            follow("postgres-restore", folder=tmp_path, DATABASE_URL=other)
            assert ask(other, count) == migrations
    finally:
        ask(postgres_server, "DROP ROLE another")
