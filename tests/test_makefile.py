"""What make installs and when, and what it says of a Python that does not fit. Nothing is downloaded: pip is a stand-in
that writes down what it was asked for."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OLD = """#!/bin/sh
case "$*" in *version_info*) exit 1;; *) echo "Python 3.9.2";; esac
"""


class Clone:
    """A folder with what the Makefile needs, and a Python whose environments have that pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "catalyst").mkdir()
        (folder / "catalyst" / "__init__.py").touch()
        (folder / "catalyst" / "cli.py").write_text('import sys\nprint("started", *sys.argv[1:])\n')
        (folder / "pip").mkdir()
        (folder / "pip" / "__main__.py").write_text('import sys\nprint(sys.argv[-1], file=open("installed", "a"))\n')
        self.python = self.make_python("python3")

    def make_python(self, name: str) -> Path:
        python, pip = shlex.quote(sys.executable), shlex.quote(str(self.folder / "pip"))
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        path = self.folder.parent / name
        path.write_text(
            f'#!/bin/sh\nif [ "$1 $2" != "-m venv" ]; then exec {python} "$@"; fi\n'
            f'shift 2; {python} -m venv --without-pip "$@"; for made; do :; done\n'
            f'ln -s {pip} "$made/lib/{version}/site-packages/pip"\n'
        )
        path.chmod(0o755)
        return path

    def make(self, *words: str, **env: str) -> tuple[int, str]:
        """The exit code, and what was shown."""
        env = {"PATH": os.environ["PATH"], **(env or {"PYTHON": str(self.python)})}
        ended = subprocess.run(
            ["make", *words], cwd=self.folder, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    @property
    def installed(self) -> list[str]:
        path = self.folder / "installed"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    folder = tmp_path / "a clone"
    folder.mkdir()
    return Clone(folder)


def test_running_needs_less_than_testing_and_neither_is_installed_twice(clone: Clone) -> None:
    code, shown = clone.make("run", "ARGS=--port 9000 --manifests mine")
    assert (code, shown.splitlines()[-1]) == (0, "started up --dev --port 9000 --manifests mine"), shown
    assert clone.installed == ["requirements.txt"]
    assert clone.make("run") == (0, "started up --dev\n")
    code, shown = clone.make("setup")
    assert (code, shown.splitlines()[-1]) == (0, "ready: make run"), shown
    assert clone.installed == ["requirements.txt", "requirements-dev.txt"]
    assert clone.make("run", "setup") == (0, "started up --dev\nready: make run\n")

    later = (clone.folder / ".venv" / ".runs").stat().st_mtime + 10
    os.utime(clone.folder / "requirements.txt", (later, later))
    assert clone.make("run")[0] == 0
    assert clone.installed[2:] == ["requirements.txt"], "what has changed is installed"


def test_the_command_works_from_everywhere_and_after_the_clone_was_moved(clone: Clone, tmp_path: Path) -> None:
    assert clone.make("run")[0] == 0
    moved = clone.folder.rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to(moved / ".venv" / "bin" / "catalyst-dns-sync")
    (tmp_path / "catalyst").mkdir()  # of somebody else
    for command in (tmp_path / "link", moved / ".venv" / "bin" / "catalyst-dns-sync"):
        ended = subprocess.run([command, "doctor", "a b"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (0, "started doctor a b\n"), ended.stderr


def test_a_python_that_is_too_old_is_told_before_anything_is_made(clone: Clone) -> None:
    clone.python.write_text(OLD)
    for target in ("run", "setup", "test"):
        code, shown = clone.make(target)
        assert code != 0
        assert "Python 3.11 or newer is needed, with its module venv: make setup PYTHON=python3." in shown
    assert not (clone.folder / ".venv").exists()


@pytest.mark.parametrize("trouble", ["gone", "replaced"])
def test_an_environment_whose_python_has_changed_is_told_and_made_anew_by_setup(trouble: str, clone: Clone) -> None:
    assert clone.make("run")[0] == 0
    made = clone.folder / ".venv"
    if trouble == "gone":
        for link in (made / "bin").glob("python*"):
            link.unlink()
            link.symlink_to("/no/such/python")
    else:
        text = (made / "pyvenv.cfg").read_text()
        (made / "pyvenv.cfg").write_text(text.replace(f"version = 3.{sys.version_info[1]}.", "version = 3.10."))
    for target in ("run", "check"):
        code, shown = clone.make(target)
        assert code != 0
        assert "the Python of .venv is gone, was replaced since, or is too old: make setup PYTHON=python3." in shown
    code, shown = clone.make("setup", f"PYTHON={clone.python}")
    assert code == 0, shown
    assert "making .venv with Python 3." in shown
    assert clone.installed == ["requirements.txt", "requirements-dev.txt"]
    assert clone.make("run") == (0, "started up --dev\n")


def test_another_python_is_taken_when_it_is_named_and_the_same_one_is_kept(clone: Clone) -> None:
    assert clone.make("setup")[0] == 0
    assert clone.make("setup", f"PYTHON={clone.make_python('again')}") == (0, "ready: make run\n")
    other = clone.make_python("other")
    other.write_text(other.read_text().replace("#!/bin/sh\n", '#!/bin/sh\ncase "$2" in *base_prefix*) exit;; esac\n'))
    code, shown = clone.make("setup", f"PYTHON={other}")
    assert code == 0, shown
    assert "making .venv with Python 3." in shown
    assert clone.installed == ["requirements-dev.txt"] * 2


def test_the_first_python_of_the_path_that_was_compiled_with_optimizations_is_taken(
    clone: Clone, tmp_path: Path
) -> None:
    places = [tmp_path / name for name in ("old", "slow", "fast", "fast as well")]
    for place in places:
        place.mkdir()
        python = clone.make_python(f"{place.name}/python3")
        answer = f'case "$2" in *enable-optimizations*) exit {int(place.name == "slow")};; esac'
        python.write_text(OLD if place.name == "old" else python.read_text().replace("\n", f"\n{answer}\n", 1))
    code, shown = clone.make("fresh-venv", PATH=":".join([*map(str, places), os.environ["PATH"]]))
    assert code == 0, shown
    assert shown.splitlines()[0].endswith(f", {places[2]}/python3")
