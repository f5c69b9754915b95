"""Which regular expressions compile in Traefik: the syntax of Go's package regexp (golang.org/s/re2syntax).

Python's own differs both ways, so it cannot be asked. Only what every Go refuses is refused here: a name such as that
in `\\p{Greek}` is taken on trust, and so are size and depth, for which Go has limits.
"""

from __future__ import annotations

import re

_COPIES_LIMIT = 1000
"""Of one part, by all the counts around it together."""


class BadRegexp(ValueError):
    """``str(error)`` has the words of Go, which are in the log of Traefik."""


_ESCAPE = r"""\\(?: [\0-/:-@\[-`{-\x7f] | [afnrtv] | 0[0-7]{0,2} | [1-7][0-7]{1,2}
    | x[0-9A-Fa-f]{2} | x\{(?=[0-9A-Fa-f])0*+(?:10[0-9A-Fa-f]{4}|[0-9A-Fa-f]{0,5})\} )"""
_CLASS = r"\\[dDsSwW] | \\[pP](?:\{(?P<property>[^}]*)\}|(?P<letter>[^{]))"

# Possessive, and each alternative begins in its own way, so that no text is gone over twice.
_match_part = re.compile(
    rf"""
      (?P<plain> [^\\\[(){{|*+?]++ )
    | (?P<quoted> \\Q(?P<text>.*?)(?:\\E|\Z) )
    | (?P<atom> \\[AbBz] | {_CLASS} | {_ESCAPE} )
    | (?P<set> \[ )
    | (?P<flags> \(\?[imsU]*+(?:-[imsU]++)?\) )
    | (?P<open> \((?!\?) | \(\?P?<[0-9A-Za-z_]++> | \(\?[imsU]*+(?:-[imsU]++)?: )
    | (?P<close> \) )
    | (?P<bar> \| )
    | (?P<repeat> [*+?]\?? )
    | (?P<count> \{{(?P<least>0|[1-9][0-9]*+)(?P<range>,(?P<most>0|[1-9][0-9]*+)?)?\}}\?? )
    | (?P<brace> \{{ )
    """,
    re.VERBOSE | re.DOTALL,
).match

_match_item = re.compile(
    rf"""
      (?P<named> \[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\] )
    | (?P<class> {_CLASS} )
    | (?P<low> {_ESCAPE} | [^\\] ) (?: -(?P<high> {_ESCAPE} | [^\\\]] ) | (?!-[^\]]) )
    """,
    re.VERBOSE | re.DOTALL,
).match

_PLAIN = dict(zip("afnrtv", "\a\f\n\r\t\v", strict=True))

_find_surrogate = re.compile("[\ud800-\udfff]").search

_is_property = re.compile(
    r"c[cfnos]?|l[clmotu]?|m[cen]?|n[dlo]?|p[cdefios]?|s[ckmo]?|z[lps]?|yi|[a-z]{3,}", re.IGNORECASE
).fullmatch
"""The categories, and whatever may be a script or the long name of a category."""


def check_regexp(pattern: str) -> None:
    """Raises BadRegexp for what Go does not compile."""
    if _find_surrogate(pattern):
        raise BadRegexp("invalid UTF-8")
    last_named = pattern.rfind(":]")
    outside: list[int] = []
    copies, part, repeated = 0, -1, False
    """How many copies the counts so far make of something, and of the last part, which is -1 where none is."""
    at = 0
    while at < len(pattern):
        found = _match_part(pattern, at)
        if not found:
            raise BadRegexp(_explain_refusal(pattern, at))
        kind, start, at = found.lastgroup, at, found.end()
        if kind in ("repeat", "count"):
            if repeated:
                raise BadRegexp(f"invalid nested repetition operator: `{found[0]:.40}`")
            if kind == "count":
                part = _count_copies(found, part)
            if part < 0:
                raise BadRegexp(f"missing argument to repetition operator: `{found[0]:.40}`")
            repeated = True
            continue
        repeated = False
        if kind == "flags" or (kind == "quoted" and not found["text"]):
            continue
        copies = max(copies, part)
        if kind == "open":
            outside.append(copies)
            copies, part = 0, -1
        elif kind == "bar":
            part = -1
        elif kind == "close":
            if not outside:
                raise BadRegexp("unexpected )")
            copies, part = outside.pop(), copies
        else:
            part = 0
            if kind == "set":
                at = _skip_set(pattern, start, last_named)
            elif kind == "atom":
                _check_property(found)
    if outside:
        raise BadRegexp("missing closing )")


def _count_copies(found: re.Match[str], part: int) -> int:
    least, most = found["least"], found["most"] or ("" if found["range"] else found["least"])
    if max(len(least), len(most)) > 4 or max(int(least), int(most or 0)) > _COPIES_LIMIT:
        raise BadRegexp(f"invalid repeat count: `{found[0]:.40}`")
    if most and int(most) < int(least):
        raise BadRegexp(f"invalid repeat count: `{found[0]:.40}`")
    if part < 0 or most == "0":
        return min(part, 0)
    count = int(most or least)
    copies = max(count, count * part) if count else part
    if copies > _COPIES_LIMIT and max(int(least), int(most or 0)) >= 2:
        raise BadRegexp(f"invalid repeat count: `{found[0]:.40}`")
    return copies


def _skip_set(pattern: str, start: int, last_named: int) -> int:
    """Where the bracketed set that starts at ``start`` ends. ``last_named`` is where the pattern has its last `:]`."""
    at = start + (2 if pattern.startswith("^", start + 1) else 1)
    first = True
    while first or not pattern.startswith("]", at):
        first = False
        if at >= len(pattern):
            raise BadRegexp("missing closing ]")
        found = _match_item(pattern, at)
        if not found:
            raise BadRegexp(_explain_refusal(pattern, at + (pattern.startswith("-", at + 1) and 2)))
        if found["low"] == "[" and pattern.startswith(":", at + 1) and at + 2 <= last_named:
            raise BadRegexp(f"invalid character class range: `{pattern[at : at + 40]}`")
        if found["high"] and _decode_character(found["low"]) > _decode_character(found["high"]):
            raise BadRegexp(f"invalid character class range: `{found[0]}`")
        if found["class"]:
            _check_property(found)
        at = found.end()
    return at + 1


def _check_property(found: re.Match[str]) -> None:
    name = found["property"] if found["property"] is not None else found["letter"]
    if name is not None and not _is_property(re.sub("[-_ ]", "", name.removeprefix("^"))):
        raise BadRegexp(f"invalid character class range: `{found[0]:.40}`")


def _decode_character(text: str) -> int:
    """The code point of a character or of an escape."""
    if text[0] != "\\":
        return ord(text)
    if text[1] == "x":
        return int(text[2:].strip("{}"), 16)
    return int(text[1:], 8) if text[1] in "01234567" else ord(_PLAIN.get(text[1], text[1]))


def _explain_refusal(pattern: str, at: int) -> str:
    if pattern[at] == "(":
        return f"invalid or unsupported Perl syntax: `{pattern[at : at + 3]}`"
    if at + 1 == len(pattern):
        return "trailing backslash at end of expression"
    if pattern[at + 1] in "pP":
        return f"invalid character class range: `{pattern[at : at + 40]}`"
    return f"invalid escape sequence: `{pattern[at : at + 2]}`"
