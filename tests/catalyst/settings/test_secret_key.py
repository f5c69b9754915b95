"""The key that signs sessions, given or kept."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.environment import Environment
from catalyst.settings.secret_key import read_secret_key

ROOT = Path(__file__).parents[3]


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = read_secret_key(Environment({}), tmp_path, several_replicas=False)
    assert read_secret_key(Environment({}), tmp_path, several_replicas=False) == first
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


@pytest.mark.parametrize(
    "key", ["fifty-random-characters-or-more-fifty-random-characters", "django-insecure-" + "q7w(2" * 10]
)
def test_a_key_that_everyone_can_read_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is one that everyone can read") as told:
        read_secret_key(Environment({"SECRET_KEY": key}), tmp_path, several_replicas=False)
    assert key not in str(told.value)


def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from catalyst.settings.secret_key import load_key;"
        "sys.stdin.read(); print(load_key(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(4)
    ]
    for process in started:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 50


def test_several_replicas_must_share_a_secret_key(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not set: "):
        read_secret_key(Environment({}), tmp_path, several_replicas=True)


def test_a_short_secret_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is too short") as caught:
        read_secret_key(Environment({"SECRET_KEY": "geheim"}), tmp_path, several_replicas=False)
    assert "geheim" not in str(caught.value)
