"""What the thread of a target is called, so that each line of its log says the target."""

from __future__ import annotations

PREFIX = "target "


def name_thread(target: str) -> str:
    return PREFIX + target


def find_target(thread: str | None) -> str:
    """Whose thread it is that is called so, "" where it is that of no target."""
    return thread.removeprefix(PREFIX) if thread and thread.startswith(PREFIX) else ""
