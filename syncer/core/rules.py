"""Host names out of a Traefik rule, the text of ``routes[].match``.

A rule is read as Traefik reads it and evaluated to the set of hosts that it lets through; the names in that set are
published. Traefik's own extractor (for certificates) ignores negation, which would publish what a rule excludes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from syncer.core.hostset import HostSet, list_members
from syncer.core.names import BadName, canonical, is_wildcard
from syncer.core.rulelexer import RuleError
from syncer.core.ruleparser import MatcherCall, Operator, parse_rule
from syncer.core.scope import RuleSyntax
from syncer.core.source import Skip

REGEXP = "regexp: no names can be told from it, the hostname annotation can name them"
NEGATED = "negated: the rule excludes this host"
CATCH_ALL = "catch-all: means every host"
CONTRADICTION = "contradiction: the rest of the rule excludes this host"
LITERAL_STAR = "wildcard, which Traefik 2 takes literally, so that no host matches"

EVERY = "EVERY"
"""Among hosts, which are in lower case, this one means all of them."""

RULE_LIMIT = 1 << 17
"""Characters. Evaluation takes up to n² bits, and no real rule comes near this."""

_Matchers = Mapping[str, tuple[str, tuple[int, ...]]]
"""Spelling -> the matcher and how many arguments it takes; any number when that is empty."""


def _spell_matchers(matchers: Mapping[str, tuple[int, ...]]) -> _Matchers:
    return {
        spelling: (name, counts)
        for name, counts in matchers.items()
        for spelling in (name, name.lower(), name.upper(), name.capitalize())
    }


def _allow_any_count(*names: str) -> dict[str, tuple[int, ...]]:
    return dict.fromkeys(names, ())


_V3_HTTP = _spell_matchers(
    dict.fromkeys(("ClientIP", "Method", "Host", "HostRegexp", "Path", "PathRegexp", "PathPrefix"), (1,))
    | {"Header": (2,), "HeaderRegexp": (2,), "Query": (1, 2), "QueryRegexp": (1, 2)}
)
_V2_HTTP = _spell_matchers(
    _allow_any_count("Host", "HostHeader", "HostRegexp", "ClientIP", "Path", "PathPrefix", "Method")
    | _allow_any_count("Headers", "HeadersRegexp", "Query")
)
_V3_TCP = _spell_matchers(dict.fromkeys(("ALPN", "ClientIP", "HostSNI", "HostSNIRegexp"), (1,)))
_V2_TCP = _spell_matchers(_allow_any_count("ALPN", "ClientIP", "HostSNI", "HostSNIRegexp"))

_is_v3_sni = re.compile(r"(?:\*\.)?[\w.:-]+", re.ASCII).fullmatch
_is_v2_sni = re.compile(r"[\w.:-]+", re.ASCII).fullmatch


class RuleNames(NamedTuple):
    """``names`` are canonical, in order of first appearance; whether a zone holds them is not asked here."""

    names: tuple[str, ...]
    skipped: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()


def read_rule_names(
    rule: str, *, tcp: bool = False, syntax: RuleSyntax = "lenient", declared: str = "", v2_only: bool = False
) -> RuleNames:
    """What ``rule`` publishes; raises RuleError.

    ``syntax`` is the setting, ``declared`` the object's own ``routes[].syntax``, which wins over it (anything but
    ``v2`` counts as ``v3``, as in Traefik). ``v2_only`` is for objects that only Traefik 2 reads.
    """
    if len(rule) > RULE_LIMIT:
        raise RuleError(f"rule of {len(rule)} characters ({RULE_LIMIT} is the most)")
    postfix = parse_rule(rule)
    exact = bool(declared) or syntax != "lenient"
    if v2_only or (declared or syntax) == "v2":
        return _Reading(2, tcp, exact).read_names(postfix)
    try:
        return _Reading(3, tcp, exact).read_names(postfix)
    except RuleError as refusal:
        if exact:
            raise
        try:
            reading = _Reading(2, tcp, exact).read_names(postfix)
        except RuleError:
            raise refusal from None
        warning = f"read in the syntax of Traefik 2, because Traefik 3 refuses the rule: {refusal}"
        return reading._replace(warnings=(warning, *reading.warnings))


class _Leaf(NamedTuple):
    """What one matcher lets through: ``hosts``, with ``rest`` also some that it does not name, with ``every`` all."""

    hosts: tuple[str, ...] = ()
    rest: bool = False
    every: bool = False
    negated: bool = False


class _Reading:
    """One rule in one syntax."""

    def __init__(self, version: int, tcp: bool, exact: bool) -> None:
        self.version = version
        self.tcp = tcp
        self.exact = exact
        self.wanted: set[str] = set()
        self.mentioned: dict[str, str] = {}
        """Every name and pattern in order of appearance, with the reason why it is not published unless wanted."""

    def read_names(self, postfix: list[MatcherCall | Operator]) -> RuleNames:
        program = [self._read_leaf(part) if isinstance(part, MatcherCall) else part for part in postfix]
        named = _evaluate_program(program, wildcards=self.version == 3)
        names = tuple(name for name in self.mentioned if name in self.wanted and name in named)
        narrowed = {"*." + _cut_label(name) for name in names}
        skipped, lost = [], []
        for name, reason in self.mentioned.items():
            if name not in self.wanted:
                skipped.append(Skip(name, reason))
            elif name not in named and name not in narrowed:
                skipped.append(Skip(name, CONTRADICTION))
                lost.append(name)
        if not lost:
            return RuleNames(names, tuple(skipped))
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return RuleNames(names, tuple(skipped), (f"contradiction: no request can match {', '.join(lost[:3])}{more}",))

    def _read_leaf(self, call: MatcherCall) -> _Leaf:
        matcher = self._identify_matcher(call)
        if matcher in ("Host", "HostHeader", "HostSNI"):
            hosts = tuple(self._read_host(value, call) for value in call.arguments)
            return _Leaf(hosts, every=EVERY in hosts, negated=call.negated)
        if matcher not in ("HostRegexp", "HostSNIRegexp"):
            return _Leaf(rest=True)
        literals = []
        for value in call.arguments:
            if self.version == 2 and not _is_template(value, call):
                literals.append(self._mention_name(value, call))
            else:
                self.mentioned.setdefault(_escape_text(value), REGEXP)
        return _Leaf(tuple(literals), rest=len(literals) < len(call.arguments), negated=call.negated)

    def _identify_matcher(self, call: MatcherCall) -> str:
        """The name of the matcher as Traefik defines it; raises RuleError for what this syntax refuses."""
        table = (_V2_TCP if self.tcp else _V2_HTTP) if self.version == 2 else (_V3_TCP if self.tcp else _V3_HTTP)
        if call.matcher not in table:
            raise RuleError(f"unknown matcher {call.matcher:.40} at character {call.at}")
        matcher, counts = table[call.matcher]
        if counts and len(call.arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            raise RuleError(f"{matcher} at character {call.at} takes {wanted}, not {len(call.arguments)} arguments")
        if self.exact and matcher.startswith("Host") and not all(map(str.isascii, call.arguments)):
            raise RuleError(f"{matcher} at character {call.at} has a value that is not ASCII")
        return matcher

    def _read_host(self, value: str, call: MatcherCall) -> str:
        value = value.strip()
        if value.startswith("**."):
            value = value[1:]
        if (
            self.tcp
            and value.isascii()
            and value != "*"
            and not (_is_v2_sni if self.version == 2 else _is_v3_sni)(value)
        ):
            raise RuleError(f"{call.matcher} at character {call.at} has a value that is no host name")
        if value == "*" and (self.tcp or self.version == 3):
            self.mentioned.setdefault(value, CATCH_ALL)
            return EVERY
        return self._mention_name(value, call)

    def _mention_name(self, value: str, call: MatcherCall) -> str:
        """The name as the sets know it; one that cannot be published is itself there."""
        value = value.strip()
        try:
            name = canonical(value)
        except BadName as e:
            literal_star = self.version == 2 and value == "*"
            self.mentioned.setdefault(_escape_text(value), LITERAL_STAR if literal_star else str(e))
            return value.lower()
        if self.version == 2 and is_wildcard(name):
            self.mentioned.setdefault(name, LITERAL_STAR)
            return name
        self.mentioned.setdefault(name, NEGATED)
        if not call.negated:
            self.wanted.add(name)
        return name


def _evaluate_program(program: list[_Leaf | Operator], wildcards: bool) -> set[str]:
    """What the rule in postfix order matches by name.

    With ``wildcards``, one takes along the names one label below it that the rule mentions too. Its own bit
    means all the others there, so no two bits overlap.
    """
    number: dict[str, int] = {}
    for part in program:
        if isinstance(part, _Leaf):
            for host in part.hosts:
                number.setdefault(host, len(number))
    everything = (1 << len(number)) - 1
    below: dict[str, int] = {host: 1 << at for host, at in number.items() if wildcards and is_wildcard(host)}
    for host, at in number.items():
        if (wildcard := "*." + _cut_label(host)) in below:
            below[wildcard] |= 1 << at
    stack: list[HostSet] = []
    for part in program:
        if isinstance(part, _Leaf):
            hosts = 0
            for host in part.hosts:
                hosts |= below.get(host) or 1 << number[host]
            if not part.negated:
                stack.append(HostSet(everything if part.rest or part.every else hosts, hosts))
            else:
                stack.append(HostSet(0 if part.every else everything & ~hosts))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(left & right if part == "&&" else left | right)
    at_number = tuple(number)
    return {at_number[at] for at in list_members(stack.pop().named)}


def _cut_label(name: str) -> str:
    return name.partition(".")[2]


def _is_template(value: str, call: MatcherCall) -> bool:
    """Whether a HostRegexp of Traefik 2 has a regular expression in it: only what is in braces is one."""
    depth = start = 0
    for at, char in enumerate(value):
        if char == "{":
            depth += 1
            if depth == 1:
                start = at + 1
        elif char == "}":
            depth -= 1
            if depth < 0:
                break
            if depth == 0:
                name, colon, pattern = value[start:at].partition(":")
                if not name or (colon and not pattern):
                    raise RuleError(f"{call.matcher} at character {call.at} has braces without a name or a pattern")
    if depth:
        raise RuleError(f"{call.matcher} at character {call.at} has braces that do not pair up")
    return "{" in value


def _escape_text(text: str) -> str:
    """For a person: an escape in a rule can make any byte, and a database refuses some of them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
