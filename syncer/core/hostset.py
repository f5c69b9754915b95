"""Which hosts a rule lets through, and which of them by name."""

from __future__ import annotations

from typing import NamedTuple


class HostSet(NamedTuple):
    """Over the hosts that one rule mentions, each of them a bit: integers keep thousands of them fast and exact.

    ``matched`` are let through. ``named`` are those of them that a matcher names, and not only leaves open as a path,
    a regular expression or a negated host does.
    """

    matched: int
    named: int = 0

    def __or__(self, other: HostSet) -> HostSet:
        return HostSet(self.matched | other.matched, self.named | other.named)

    def __and__(self, other: HostSet) -> HostSet:
        matched = self.matched & other.matched
        return HostSet(matched, (self.named | other.named) & matched)


def list_members(hosts: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    return [at for at, bit in enumerate(reversed(f"{hosts:b}")) if bit == "1"]
