"""Host names out of a Traefik rule, the text of ``routes[].match``.

A rule is read as Traefik reads it and evaluated to the set of hosts that it lets through; the names in that set are
published. Traefik's own extractor (for certificates) ignores negation, which would publish what a rule excludes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from syncer.core.hostset import EVERY, Evaluation, Leaf, cut_label, evaluate_program
from syncer.core.names import BadName, canonical_name, is_wildcard
from syncer.core.rulelexer import RuleError
from syncer.core.rulematchers import (
    V2_HTTP,
    V2_TCP,
    V3_HTTP,
    V3_TCP,
    BadArgument,
    Matcher,
    NotAscii,
    is_template,
)
from syncer.core.ruleparser import MatcherCall, Operator, parse_rule
from syncer.core.scope import RuleSyntax
from syncer.core.source import Skip

REGEXP = "regexp: no names can be told from it, the hostname annotation can name them"
NEGATED = "negated: the rule excludes this host"
CATCH_ALL = "catch-all: means every host"
CONTRADICTION = "contradiction: the rest of the rule excludes this host"
BLANKS = "blanks inside the quotes, which match nothing in Traefik"
STARS = "`**.`, which matches nothing in Traefik"
NOT_ASCII = "not ASCII, as every server name is, so that no connection matches"
V2_WILDCARD = "wildcard, which Traefik 2 does not know, so that no host matches"
OLD_WILDCARD = "wildcard, which Traefik knows from 3.7 on, and TRAEFIK_HOST_WILDCARDS is off"
TRAILING_DOT = "trailing dot, which a HostRegexp of Traefik 2 takes literally"

NEW_WILDCARD = "wildcard from Traefik 3.7 on, before that no host matches (then set TRAEFIK_HOST_WILDCARDS=false)"
IMPOSSIBLE = "no request can match this rule"
NO_ROUTER = "Traefik makes no router of this rule"

REFUSED_WITHOUT_TLS = "HostSNI without spec.tls: Traefik refuses the router"
NAMELESS_WITHOUT_TLS = "HostSNI without spec.tls: a connection without TLS names no host"

RULE_LIMIT = 1 << 17
"""Characters. Evaluation takes up to n² bits, and no real rule comes near this."""


class RuleNames(NamedTuple):
    """``names`` are canonical, in order of first appearance; whether a zone holds them is not asked here."""

    names: tuple[str, ...]
    skipped: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()


def read_rule_names(
    rule: str,
    *,
    tcp: bool = False,
    tls: bool = True,
    syntax: RuleSyntax = "lenient",
    declared: str = "",
    v2_only: bool = False,
    host_wildcards: bool = True,
) -> RuleNames:
    """What ``rule`` publishes; raises RuleError.

    ``tls`` is whether an IngressRouteTCP has ``spec.tls``. ``syntax`` is the setting, ``declared`` the object's own
    ``routes[].syntax``, which wins over it (anything but ``v2`` counts as ``v3``, as in Traefik). ``v2_only`` is for
    objects that only Traefik 2 reads. ``host_wildcards`` is off for a Traefik before 3.7.

    A rule with an argument that Traefik refuses publishes its names all the same, with a warning.
    """
    if len(rule) > RULE_LIMIT:
        raise RuleError(f"rule of {len(rule)} characters ({RULE_LIMIT} is the most)")
    postfix = parse_rule(rule)
    exact = bool(declared) or syntax != "lenient"
    if v2_only or (declared or syntax) == "v2":
        return _Reading(2, tcp, exact).read_names(postfix, tls)
    try:
        # Of arguments Traefik 2 takes more than Traefik 3 only where a regular expression does not compile; taken
        # literally, it matches no host, so that nobody can have meant the rule for Traefik 2.
        return _Reading(3, tcp, exact, host_wildcards).read_names(postfix, tls)
    except RuleError as refusal:
        if exact:
            raise
        try:
            reading = _Reading(2, tcp, exact).read_names(postfix, tls)
        except RuleError:
            raise refusal from None
        warning = f"read in the syntax of Traefik 2, because Traefik 3 refuses the rule: {refusal}"
        return reading._replace(warnings=(warning, *reading.warnings))


class _Reading:
    """One rule in one syntax. ``wildcards``: whether Traefik has them."""

    def __init__(self, version: int, tcp: bool, exact: bool, wildcards: bool = False) -> None:
        self.version = version
        self.tcp = tcp
        self.exact = exact
        self.wildcards = wildcards
        self.wanted: set[str] = set()
        self.mentioned: dict[str, str] = {}
        """Every name and pattern in order of appearance, with the reason why it is not published unless wanted."""
        self.flaw = ""
        """The first argument that Traefik refuses."""
        self.server_names: list[str] = []
        self.certain = True
        """Whether it is known of every host which requests it lets through: an IP address has several spellings."""

    def read_names(self, postfix: list[MatcherCall | Operator], tls: bool) -> RuleNames:
        program = [self._read_leaf(part) if isinstance(part, MatcherCall) else part for part in postfix]
        evaluation = evaluate_program(program, self.wildcards)
        names = tuple(name for name in self.mentioned if name in self.wanted and name in evaluation.named)
        narrowed = {"*." + cut_label(name) for name in names}
        skipped = [
            Skip(name, CONTRADICTION if name in self.wanted else reason)
            for name, reason in self.mentioned.items()
            if name not in self.wanted or not (name in evaluation.named or name in narrowed)
        ]
        if self.tcp and not tls:
            # Traefik asks for TLS where the first of the names is not all of them, negated or not.
            refused = self.server_names and self.server_names[0] != "*"
            reason = REFUSED_WITHOUT_TLS if refused else NAMELESS_WITHOUT_TLS
            skipped += [Skip(name, reason) for name in names]
            names = ()
        return RuleNames(names, tuple(skipped), tuple(self._list_warnings(names, evaluation)))

    def _list_warnings(self, names: tuple[str, ...], evaluation: Evaluation) -> Iterator[str]:
        if self.flaw:
            yield f"{NO_ROUTER}: {self.flaw}"
        if self.certain and not evaluation.possible:
            yield IMPOSSIBLE
        if wildcards := [name for name in names if is_wildcard(name)]:
            more = f" and {len(wildcards) - 3} more" if len(wildcards) > 3 else ""
            yield f"{', '.join(wildcards[:3])}{more}: {NEW_WILDCARD}"

    def _read_leaf(self, call: MatcherCall) -> Leaf:
        matcher = self._identify_matcher(call)
        try:
            matcher.check(call.arguments)
        except BadArgument as error:
            flaw = self._add_flaw(call, str(error))
            if self.exact and isinstance(error, NotAscii):
                raise RuleError(flaw) from error
        match matcher.name:
            case "Host" | "HostHeader" | "HostSNI":
                if matcher.name == "HostSNI":
                    self.server_names.extend(call.arguments)
                hosts = self._list_hosts(call.arguments, matcher.name, call)
                return Leaf(hosts, every=EVERY in hosts, negated=call.negated)
            case "HostRegexp" | "HostSNIRegexp":
                literals = [value for value in call.arguments if not self._is_open(value)]
                hosts = self._list_hosts(literals, matcher.name, call)
                return Leaf(hosts, rest=len(literals) < len(call.arguments), negated=call.negated)
        return Leaf(rest=True)

    def _identify_matcher(self, call: MatcherCall) -> Matcher:
        """Raises RuleError for what this syntax refuses."""
        table = (V2_TCP if self.tcp else V2_HTTP) if self.version == 2 else (V3_TCP if self.tcp else V3_HTTP)
        if call.matcher not in table:
            raise RuleError(f"unknown matcher {call.matcher:.40} at character {call.at}")
        matcher = table[call.matcher]
        if matcher.counts and len(call.arguments) not in matcher.counts:
            wanted = " or ".join(map(str, matcher.counts))
            raise RuleError(
                f"{matcher.name} at character {call.at} takes {wanted}, not {len(call.arguments)} arguments"
            )
        return matcher

    def _add_flaw(self, call: MatcherCall, cause: str) -> str:
        flaw = _escape_text(f"{call.matcher} at character {call.at}: {cause}")
        self.flaw = self.flaw or flaw
        return flaw

    def _is_open(self, value: str) -> bool:
        """Whether no names can be told from the value of a HostRegexp; records why."""
        if self.version == 3 or is_template(value):
            self.mentioned.setdefault(_escape_text(value), REGEXP)
        elif value.endswith("."):
            self.mentioned.setdefault(_escape_text(value), TRAILING_DOT)
        else:
            return False
        return True

    def _list_hosts(self, values: Iterable[str], matcher: str, call: MatcherCall) -> tuple[str, ...]:
        """The hosts as the sets know them, without those that match nothing."""
        hosts = []
        for value in values:
            if reason := self._find_dead(value, matcher):
                self.mentioned.setdefault(_spell_name(value), reason)
                if reason == OLD_WILDCARD and self.tcp:
                    self._add_flaw(call, f"`{value:.40}` is no host name before Traefik 3.7")
            elif value == "*":
                self.mentioned.setdefault(value, CATCH_ALL)
                hosts.append(EVERY)
            else:
                hosts.append(self._mention_name(value, call))
        return tuple(hosts)

    def _find_dead(self, value: str, matcher: str) -> str:
        """Why no host matches the value, "" when one can."""
        if value != value.strip():
            return BLANKS
        if value.startswith("**."):
            return STARS
        if matcher == "HostSNIRegexp" and not value.isascii():
            return NOT_ASCII
        if self.wildcards or not (value == "*" or value.startswith("*.")) or (value == "*" and matcher == "HostSNI"):
            return ""
        return V2_WILDCARD if self.version == 2 else OLD_WILDCARD

    def _mention_name(self, value: str, call: MatcherCall) -> str:
        """The name as the sets know it; one that cannot be published is itself there."""
        try:
            name = canonical_name(value)
        except BadName as e:
            self.mentioned.setdefault(_escape_text(value), str(e))
            self.certain = False
            return value.lower()
        self.mentioned.setdefault(name, NEGATED)
        if not call.negated:
            self.wanted.add(name)
        return name


def _spell_name(value: str) -> str:
    """A name that matches nothing, as who looks for it spells it."""
    try:
        return canonical_name(value)
    except BadName:
        return _escape_text(value.strip() or value)


def _escape_text(text: str) -> str:
    """For a person: an escape in a rule can make any byte, and a database refuses some of them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
