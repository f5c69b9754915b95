"""Which hosts a rule lets through, and which of them by name."""

from __future__ import annotations

from typing import NamedTuple

from syncer.core.names import is_wildcard
from syncer.core.ruleparser import Operator

EVERY = "EVERY"
"""Among hosts, which are in lower case, this one means all of them."""


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


class Leaf(NamedTuple):
    """What one matcher lets through: ``hosts``, with ``rest`` also some that it does not name, with ``every`` all."""

    hosts: tuple[str, ...] = ()
    rest: bool = False
    every: bool = False
    negated: bool = False


class Evaluation(NamedTuple):
    """What a rule matches by name, and whether any request can match it."""

    named: set[str]
    possible: bool


def evaluate_program(program: list[Leaf | Operator], wildcards: bool) -> Evaluation:
    """The rule in postfix order.

    With ``wildcards``, one takes along the names one label below it that the rule mentions too. Its own bit
    means all the others there, so no two bits overlap. The last bit means whatever nothing in the rule names.
    """
    number: dict[str, int] = {}
    for part in program:
        if isinstance(part, Leaf):
            for host in part.hosts:
                number.setdefault(host, len(number))
    unnamed = 1 << len(number)
    everything = 2 * unnamed - 1
    below: dict[str, int] = {host: 1 << at for host, at in number.items() if wildcards and is_wildcard(host)}
    for host, at in number.items():
        if (wildcard := "*." + cut_label(host)) in below:
            below[wildcard] |= 1 << at
    stack: list[HostSet] = []
    for part in program:
        if isinstance(part, Leaf):
            hosts = 0
            for host in part.hosts:
                hosts |= below.get(host) or 1 << number[host]
            if not part.negated:
                stack.append(HostSet(everything if part.rest or part.every else hosts, hosts))
            elif part.every:
                # Where a connection names no host, Traefik 2 asks the first one alone.
                stack.append(HostSet(0 if part.hosts[0] == EVERY else unnamed))
            else:
                stack.append(HostSet(everything & ~hosts))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(left & right if part == "&&" else left | right)
    evaluation = stack.pop()
    at_number = tuple(number)
    return Evaluation({at_number[at] for at in list_members(evaluation.named)}, bool(evaluation.matched))


def cut_label(name: str) -> str:
    return name.partition(".")[2]
