"""The key that signs sessions: from the environment, or made once and kept in the data folder."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from catalyst.settings.environment import Environment

SHORTEST = 32
NOT_SECRET = ("fifty-random-characters", "django-insecure-")
"""How the key of deploy/secret.example.yaml begins, and those that Django makes for a new project."""


def read_secret_key(env: Environment, data_dir: Path, *, several_replicas: bool) -> str:
    key = env.read_secret("SECRET_KEY")
    if key and len(key) < SHORTEST:
        env.refuse(f"SECRET_KEY is too short (its value is not shown): give at least {SHORTEST} characters.")
    elif key.startswith(NOT_SECRET):
        env.refuse(
            "SECRET_KEY is one that everyone can read (in an example, or of a new Django project): "
            "give 50 random characters of your own."
        )
    if key or env.is_secret_given("SECRET_KEY"):
        return key
    if several_replicas:
        env.refuse(
            "SECRET_KEY is not set: with PostgreSQL several processes on several machines must share one; "
            "give 50 random characters, or a file with them in SECRET_KEY_FILE."
        )
        return key
    try:
        key = load_key(data_dir, make=not env.read_only)
        env.secrets.add(key)
    except ImproperlyConfigured as error:
        env.refuse(str(error))
    return key


def load_key(data_dir: Path, *, make: bool = True) -> str:
    """The key in the data folder. A missing one is made there, or without ``make`` for this process only."""
    path = data_dir / "secret-key"
    try:
        if not path.exists():
            if not make:
                return get_random_secret_key()
            make_key(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f'DATA_DIR is "{data_dir}", where no secret key can be kept ({error.strerror}): '
            "give a folder that this user may write to, or set SECRET_KEY."
        ) from error
    if len(key) < SHORTEST:
        raise ImproperlyConfigured(f"SECRET_KEY is not set and {path} is damaged: remove that file to get a new key.")
    return key


def make_key(path: Path) -> None:
    """Several processes may start at once: each writes a file of its own, and the first one to link it wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(get_random_secret_key() + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
