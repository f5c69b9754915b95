"""Names that DNS does not answer as one would think: holes in wildcards, what a delegation or a DNAME hides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from syncer.core.names import is_wildcard

SHOWN = 10
"""Holes of one wildcard that are named."""


def describe_shadows(
    names: Collection[str],
    delegations: Collection[str],
    reaches_deep: Callable[[str], bool],
    redirects: Collection[str] = (),
) -> dict[str, str]:
    """What is to be told of names of one zone, by name.

    ``names`` are those that are published there, ``delegations`` those with NS records below the apex, and
    ``redirects`` those with a DNAME. ``reaches_deep`` says whether a wildcard is meant for names of any depth, as the
    Gateway API means it.
    """
    parents = {name[2:] for name in names if is_wildcard(name)}
    if not (parents or delegations or redirects):
        return {}
    holes: dict[str, dict[str, None]] = {parent: {} for parent in parents}
    deep = {parent: reaches_deep(f"*.{parent}") for parent in parents}
    told: dict[str, str] = {}
    for name in names:
        above = list(_list_parents(name))
        for parent in above if parents else ():
            if parent in parents and name != f"*.{parent}":
                holes[parent].update(dict.fromkeys(_find_holes(name, parent, names, deep=deep[parent])))
        if delegation := next((parent for parent in above if parent in delegations), ""):
            told[name] = f"the delegation of {delegation} hides it: resolvers ask the name servers given there"
        elif redirect := next((parent for parent in above if parent in redirects), ""):
            told[name] = f"the DNAME of {redirect} hides it: resolvers look below its target instead (RFC 6672)"
    for parent, found in holes.items():
        if found:
            shown = ", ".join(sorted(found)[:SHOWN])
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            told[f"*.{parent}"] = f"it does not answer at and below {shown}{more}, where longer names are (RFC 4592)"
    return told


def _list_parents(name: str) -> Iterator[str]:
    """The nearest first."""
    while name:
        _, _, name = name.partition(".")
        if name:
            yield name


def _find_holes(name: str, parent: str, names: Collection[str], *, deep: bool) -> Iterator[str]:
    """What the wildcard below ``parent`` does not answer because ``name`` is there: the empty names between the two
    (RFC 4592 section 2.2.2), and for one that reaches deep, whatever lies below the name itself."""
    for between in _list_parents(name):
        if between == parent:
            break
        if between not in names:
            yield between
    if deep and not is_wildcard(name) and f"*.{name}" not in names:
        yield f"*.{name}"
