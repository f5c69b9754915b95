"""What is true of the project as a whole: its lock files, its documents, its wheel, its commands."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import catalyst

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (ROOT / lock).read_text(), re.MULTILINE))


def wanted(lock: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["dev"] if "dev" in lock else []
    return [Requirement(text) for text in (*project["dependencies"], *extra)]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_what_the_project_asks_for(lock: str) -> None:
    pins = pinned(lock)
    for requirement in wanted(lock):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), f"{requirement}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address(lock: str) -> None:
    assert not re.search(r"://|^\s*-(?!-hash=)|/tmp|@ ", (ROOT / lock).read_text(), re.MULTILINE)


def test_the_program_and_its_tests_run_with_the_same_versions() -> None:
    assert pinned("requirements.txt").items() <= pinned("requirements-dev.txt").items()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_documents_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}, (
                link
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_picture_of_the_documents_is_there(document: Path) -> None:
    for picture in re.findall(r'\b(?:src|srcset)="([^"]+)"', document.read_text()):
        assert (document.parent / picture).exists(), picture


def test_task_forwards_to_targets_that_make_has() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tasks = re.findall(r'^  "?([a-z:]+)"?: make ([a-z-]+)$', (ROOT / "Taskfile.yml").read_text(), re.MULTILINE)
    assert {target for _, target in tasks} <= targets
    assert {"dev", "build", "test", "check", "docker", "push", "deploy", "prod:deploy", "dev:setup"} <= dict(
        tasks
    ).keys()
    assert {"logs", "status", "metrics", "health", "debug:pod"} <= dict(tasks).keys()


def test_what_runs_on_both_databases_is_in_the_folders_that_make_collects() -> None:
    """Elsewhere a test of the database says that one is enough."""
    (folders,) = re.findall(r"^BOTH_DATABASES := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for path in (ROOT / "tests").rglob("test_*.py"):
        if not any(path.is_relative_to(ROOT / folder) for folder in folders.split()):
            marks = re.findall(r"mark\.(django_db|one_database)\b", path.read_text())
            assert marks.count("django_db") == marks.count("one_database"), path


def test_make_alone_lists_its_targets() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {"setup", "run", "test", "check", "prod-deploy"} <= {line.split()[0] for line in listed.splitlines()}


def test_the_script_of_ci_is_one_that_bash_can_read() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_wheel_holds_what_runs_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"catalyst_dns_sync-{catalyst.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"catalyst", "records", "syncer"}
    for path in ("catalyst/cli.py", "records/migrations/0001_initial.py", "syncer/management/commands/runsyncer.py"):
        assert path in names
    carried = {name.partition("carried/")[2] for name in names if name.startswith("catalyst/demo/carried/")}
    assert {"tests/fakes/technitium/__main__.py", "tests/fakes/kubernetes/__main__.py"} <= carried, "for the demo"
    assert not [name for name in carried if "/test_" in name or "fixtures" in name or not name.endswith(".py")]
