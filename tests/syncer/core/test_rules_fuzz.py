"""Traefik rules that no one would write: against a naive model, and by the work that they make."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.rulelexer import RuleError
from syncer.core.rules import IMPOSSIBLE, read_rule_names
from tests.syncer.kube.work import count_steps

WORDS = [
    "Host",
    "hostregexp",
    "HostSNI",
    "Path",
    "`a.x`",
    '"b.x"',
    r'"\xff"',
    '"\\',
    "``",
    "`{n:a}`",
    "(",
    ")",
    ",",
    "!",
]
MARKS = ["&&", "||", "|", "\n", "\r", " ", "//", "/*", "*/", "\0", "\ufeff", "\udcff", "é", "'", "1", "."]


@given(
    st.text() | st.lists(st.sampled_from(WORDS + MARKS)).map("".join), st.booleans(), st.sampled_from(["", "v2", "v3"])
)
def test_it_raises_nothing_but_its_own_error(rule: str, tcp: bool, declared: str) -> None:
    try:
        found = read_rule_names(rule, tcp=tcp, declared=declared)
    except RuleError:
        return
    assert not {skip.name for skip in found.skipped} & set(found.names)
    assert all(skip.reason for skip in found.skipped)


class Matcher(NamedTuple):
    text: str
    hosts: tuple[str, ...] = ()

    def render(self) -> str:
        return self.text

    def matches(self, host: str, negated: bool) -> tuple[bool, bool]:
        """Whether it lets the host through, and whether it does so by name."""
        if self.text == DEAD:
            return negated, False
        if not self.hosts:
            return (True, False) if "Host(`*`)" not in self.text else (not negated, False)
        inside = any(host == own or own == "*." + host.partition(".")[2] for own in self.hosts)
        return inside is not negated, inside and not negated

    def wanted(self, negated: bool) -> set[str]:
        return set() if negated else set(self.hosts)


class Not(NamedTuple):
    inner: Expression

    def render(self) -> str:
        return f"!({self.inner.render()})"

    def matches(self, host: str, negated: bool) -> tuple[bool, bool]:
        return self.inner.matches(host, not negated)

    def wanted(self, negated: bool) -> set[str]:
        return self.inner.wanted(not negated)


class Both(NamedTuple):
    """Both sides, or one of them with `||`."""

    operator: str
    left: Expression
    right: Expression

    def render(self) -> str:
        sides = [
            f"({side.render()})" if isinstance(side, Both) and self.operator == "&&" != side.operator else side.render()
            for side in (self.left, self.right)
        ]
        return f"{sides[0]} {self.operator}\n{sides[1]}"

    def matches(self, host: str, negated: bool) -> tuple[bool, bool]:
        left, left_named = self.left.matches(host, negated)
        right, right_named = self.right.matches(host, negated)
        if (self.operator == "&&") is not negated:
            return left and right, left and right and (left_named or right_named)
        return left or right, left_named or right_named

    def wanted(self, negated: bool) -> set[str]:
        return self.left.wanted(negated) | self.right.wanted(negated)


Expression = Matcher | Not | Both

HOSTS = ["a.x", "b.x", "c.x", "x", "a.y", "a.a.x", "*.x", "*.y", "*.a.x"]
DEAD = "Host(` a.x`)"
OTHERS = ["Path(`/`)", "HostRegexp(`^a`)", "Method(`GET`)", "Host(`*`)", DEAD]

matchers = st.sampled_from([Matcher(f"Host(`{host}`)", (host,)) for host in HOSTS] + [Matcher(text) for text in OTHERS])
rules: st.SearchStrategy[Expression] = st.recursive(
    matchers,
    lambda inner: inner.map(Not) | st.builds(Both, st.sampled_from(["&&", "||"]), inner, inner),
    max_leaves=12,
)


@given(rules)
def test_it_publishes_exactly_the_wanted_names_that_a_naive_model_lets_through(rule: Expression) -> None:
    """A wildcard is asked by a host below it that no rule mentions."""
    expected = {name for name in rule.wanted(False) if rule.matches(name.replace("*", "unmentioned"), False)[1]}
    assert set(read_rule_names(rule.render(), declared="v3").names) == expected


@given(rules)
def test_it_says_that_no_request_can_match_exactly_where_none_of_a_naive_model_does(rule: Expression) -> None:
    requests = [host.replace("*", "unmentioned") for host in HOSTS] + ["unmentioned"]
    impossible = not any(rule.matches(host, False)[0] for host in requests)
    assert (IMPOSSIBLE in read_rule_names(rule.render(), declared="v3").warnings) is impossible


def joined(operator: str, rule: str, count: int) -> str:
    return operator.join(rule.replace("#", str(n)) for n in range(count))


HOSTILE = {
    "open parentheses": "(" * 100_000,
    "parentheses": "(" * 49_990 + "Host(`a.x`)" + ")" * 49_990,
    "negations": "!" * 50_000 + "Host(`a.x`)",
    "negated parentheses": "!(" * 30_000 + "Host(`a.x`)" + ")" * 30_000,
    "or": joined("||", "Host(`#.x`)", 6_500),
    "and": joined("&&", "Host(`#.x`)", 6_500),
    "not": joined("&&", "!Host(`#.x`)", 6_000),
    "without hosts": joined("||", "A(`b`)", 9_500).replace("A", "Path"),
    "nested or": joined("||(", "Host(`#.x`)", 6_000) + ")" * 5_999,
    "nested and/or": joined("", "Host(`#.x`)||(!Host(`#.y`)&&(", 2_900) + "Host(`a.x`)" + "))" * 2_900,
    "wildcards": joined("||", "Host(`#.x`)||Host(`*.x`)", 3_500),
    "wildcards of many": "(" + joined("||", "Host(`#.x`)", 3_500) + ")" + "&&Host(`*.x`)" * 3_500,
    "arguments": "Host(" + joined(",", "`#.x`", 9_000) + ")",
    "bad names": joined("||", "Host(`#..x`)", 6_000),
    "international names": joined("||", "Host(`é#.x`)", 6_000),
    "long label": "Host(`" + "é" * 45_000 + "`)",
    "marks to reorder": "Host(`" + "\u0301\u0316" * 25_000 + "`)",
    "escapes": 'Host("' + r"\x61" * 24_000 + '")',
    "open string": 'Host("' + r"\"" * 49_000,
    "open comment": "/*" + "* /" * 33_000,
    "comments": "/**/" * 24_000 + "Host(`a.x`)",
    "newlines": "Host(`a.x`)" + "\n" * 99_000,
    "braces": "HostRegexp(`" + "{a:" * 24_000 + "}" * 24_000 + "`,`a.x`)",
    "a name": "a" * 100_000,
    "regular expression": "PathRegexp(`" + "a(b|[c-d]{2}){2,3}?" * 5_000 + "`)",
    "open groups": "PathRegexp(`" + "(?i:" * 24_000 + "`)",
    "open sets": "PathRegexp(`" + "[[:a" * 24_000 + "`)",
    "sets": "PathRegexp(`" + "[[:]" * 24_000 + "`)",
    "names of sets": "PathRegexp(`[" + "[:alpha:]" * 11_000 + "]`)",
    "ranges": "PathRegexp(`[" + r"\x61-z" * 14_000 + "]`)",
    "quoted in a regular expression": "PathRegexp(`" + r"\Q" * 48_000 + "`)",
    "digits": "PathRegexp(`a{" + "1" * 96_000 + "}`)",
    "counts": "PathRegexp(`" + "{1" * 48_000 + "`)",
    "a long name of a group": "PathRegexp(`(?P<" + "a" * 96_000 + "`)",
    "properties": "PathRegexp(`" + r"\p{L" * 19_000 + "`)",
    "templates": "Path(`/" + "{a:b}" * 19_000 + "`) && Host(`a.x`, `b.x`)",
    "queries": "Query(" + joined(",", "`a={v#}`", 9_000) + ")",
    "addresses": "ClientIP(" + joined(",", "`10.0.0.0/8`", 7_500) + ")",
}


TOO_LONG = ("long label", "marks to reorder", "open string", "open comment", "a name")

STEPS_A_CHARACTER = 40
"""Lines of Python. The most that a rule above takes is 25; with a loop over all hosts for each host it would be 160."""


def count_reading(rule: str) -> int:
    """The lines of Python that reading the rule takes, whether it is refused or not."""

    def read() -> None:
        with contextlib.suppress(RuleError):
            read_rule_names(rule)

    return count_steps(read)


@pytest.mark.parametrize("rule", HOSTILE.values(), ids=HOSTILE)
def test_the_work_for_a_hostile_rule_grows_with_its_length_alone(rule: str) -> None:
    assert 40_000 < len(rule) < 110_000
    assert count_reading(rule) <= STEPS_A_CHARACTER * len(rule)


@pytest.mark.parametrize("name", TOO_LONG)
def test_what_is_too_long_or_never_ends_is_refused_without_a_walk_through_it(name: str) -> None:
    assert count_reading(HOSTILE[name]) < 1_000


@pytest.mark.parametrize("rule", HOSTILE.values(), ids=HOSTILE)
def test_a_complaint_about_a_hostile_rule_is_short(rule: str) -> None:
    try:
        found = read_rule_names(rule)
    except RuleError as refusal:
        complaints: tuple[str, ...] = (str(refusal),)
    else:
        complaints = found.warnings
    assert all(len(complaint) < 250 for complaint in complaints)
