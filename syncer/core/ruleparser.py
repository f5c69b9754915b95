"""The grammar of a Traefik rule, the same in every syntax: matchers, `!`, `&&`, `||` and parentheses.

Traefik has Go parse the rule as an expression, so precedence and line breaks are Go's. There is no recursion here:
rules come from whoever may write an IngressRoute, nested as deeply as they like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from syncer.core.rulelexer import RuleError, Token, split_tokens

Operator = Literal["&&", "||"]

_PRECEDENCE = {"(": 0, "||": 1, "&&": 2}


class MatcherCall(NamedTuple):
    """A matcher with its arguments. ``negated`` has every `!` around it counted in."""

    matcher: str
    arguments: tuple[str, ...]
    negated: bool
    at: int


class _Waiting(NamedTuple):
    """An operator that waits for its right side, or an open parenthesis."""

    symbol: str
    inverted: bool
    """Whether its surroundings are negated: turns an operator into the other one (De Morgan)."""
    at: int

    @property
    def operator(self) -> Operator:
        if self.symbol == "(":
            raise RuleError(f"parenthesis at character {self.at} is not closed")
        return "&&" if (self.symbol == "&&") is not self.inverted else "||"


def parse_rule(rule: str) -> list[MatcherCall | Operator]:
    """The rule in postfix order, negation pushed down to the calls; raises RuleError."""
    postfix: list[MatcherCall | Operator] = []
    waiting: list[_Waiting] = []
    inverted = False
    feed = split_tokens(rule)
    token = next(feed)
    if token.kind == "end":
        raise RuleError("the rule is empty")
    while True:
        negated = inverted
        while token.kind in ("!", "("):
            if token.kind == "!":
                negated = not negated
            else:
                waiting.append(_Waiting("(", inverted, token.at))
                inverted = negated
            token = next(feed)
        postfix.append(_parse_call(token, feed, negated))
        token = next(feed)
        while token.kind == ")":
            while waiting and waiting[-1].symbol != "(":
                postfix.append(waiting.pop().operator)
            if not waiting:
                raise RuleError(f"parenthesis at character {token.at} closes nothing")
            inverted = waiting.pop().inverted
            token = next(feed)
        if token.kind == "newline":
            broken, token = token.at, next(feed)
            if token.kind != "end":
                raise RuleError(f"line break at character {broken} ends the rule (an operator belongs before it)")
        if token.kind == "end":
            break
        if token.kind not in ("&&", "||"):
            raise _reject_token(token, "`&&` or `||`")
        while waiting and _PRECEDENCE[waiting[-1].symbol] >= _PRECEDENCE[token.kind]:
            postfix.append(waiting.pop().operator)
        waiting.append(_Waiting(token.kind, inverted, token.at))
        token = next(feed)
    while waiting:
        postfix.append(waiting.pop().operator)
    return postfix


def _parse_call(name: Token, feed: Iterator[Token], negated: bool) -> MatcherCall:
    if name.kind != "name":
        raise _reject_token(name, "a matcher")
    token = next(feed)
    if token.kind != "(":
        raise _reject_token(token, f"the arguments of {name.text:.40}")
    arguments = []
    token = next(feed)
    while token.kind != ")":
        if token.kind != "string":
            raise _reject_token(token, "a quoted argument")
        if not token.text:
            raise RuleError(f"{name.text:.40} has an empty argument at character {token.at}")
        arguments.append(token.text)
        token = next(feed)
        if token.kind == ",":
            token = next(feed)
        elif token.kind != ")":
            raise _reject_token(token, "`,` or `)`")
    if not arguments:
        raise RuleError(f"{name.text:.40} at character {name.at} has no arguments")
    return MatcherCall(name.text, tuple(arguments), negated, name.at)


def _reject_token(token: Token, wanted: str) -> RuleError:
    if token.kind == "end":
        return RuleError(f"the rule ends at character {token.at}, where {wanted} should be")
    found = {"newline": "a line break", "string": "a string", "name": token.text[:40]}.get(
        token.kind, f"`{token.kind}`"
    )
    return RuleError(f"{found} at character {token.at}, where {wanted} should be")
