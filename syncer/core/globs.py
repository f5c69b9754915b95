"""Globs over host names: ``*`` means any characters, dots included, and for nothing else."""

from __future__ import annotations

import re
from functools import lru_cache

from syncer.core.names import NAME_LIMIT, BadName, canonical_name

_is_glob = re.compile(r"[a-z0-9_*.-]+").fullmatch


class BadGlob(ValueError):
    """``str(error)`` is the reason, a sentence part."""


def read_glob(text: str) -> str:
    """The glob in the spelling of ``match_glob``: lower-case ASCII, without a trailing dot. Raises ``BadGlob``.

    A star in the name of a published wildcard is an ordinary character, which a star of the glob means, too.
    """
    labels = text.strip().lower().removesuffix(".").split(".")
    try:
        glob = ".".join(label if label.isascii() or "*" in label else canonical_name(label) for label in labels)
    except BadName as error:
        raise BadGlob(str(error)) from error
    if len(glob) > NAME_LIMIT:
        raise BadGlob(f"longer than {NAME_LIMIT} characters")
    if not _is_glob(glob) or "" in labels:
        raise BadGlob("no host name with stars in it")
    return glob


def match_glob(glob: str, name: str) -> bool:
    return _compile_glob(glob).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _compile_glob(glob: str) -> re.Pattern[str]:
    # Stars in a row mean no more than one, and would make the search slow.
    return re.compile(re.sub(r"(?:\\\*)+", "[^/]*", re.escape(glob)))
