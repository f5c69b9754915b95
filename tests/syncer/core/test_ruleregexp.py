"""Regular expressions by example. What compiles was checked against Go's own package regexp."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.ruleregexp import BadRegexp, check_regexp

TAKEN = [
    r"",
    r"^[a-z0-9-]+\.x$",
    r"(?i)^(www|app)\.x$",
    r"a|b||",
    r"(|a)*",
    r"^*$+",
    r"a(?i)*",
    r"a*?b+?c??",
    r"(?:a*)*",
    r"(?s-i)a(?U:b)(?)",
    r"(?P<name>a)(?<name2>b)(?P<name>c)",
    r"{",
    r"{,3}",
    r"x{2",
    r"x{01}",
    r"x{2,1a}",
    r"}]",
    r"x{0}",
    r"x{1000}",
    r"(x{100}){10}",
    r"(x{1000}y{1000})*",
    r"((x{500}){0}){1000}",
    r"(x{1000}){1}",
    r"\Q(*[\E+",
    r"a*\Q\E*",
    r"\Qa\\",
    r"\A\b\B\z\d\D\s\S\w\W\a\f\n\r\t\v",
    r"\_\-\ \.",
    r"\0\07\123\12",
    r"\x41\x{41}\x{10FFFF}\x{00000041}",
    r"\pL\PN\p{Lu}\p{^Lu}\p{Greek}\P{Yi}",
    r"[]a]",
    r"[^]a]",
    r"[a-]",
    r"[-a]",
    r"[a-b-c]",
    r"[\d-z]",
    r"[[:alpha:][:^digit:]]",
    r"[[:]",
    r"[[]",
    r"[\]\\\x41-\x{5A}\pL]",
    r"[\n-\r]",
    "é[à-ü]\n",
]

REFUSED = [
    (r"(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    (r"(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
    (r"(?<=a)b", "invalid or unsupported Perl syntax: `(?<`"),
    (r"(?>a)", "invalid or unsupported Perl syntax: `(?>`"),
    (r"(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
    (r"(?-)a", "invalid or unsupported Perl syntax: `(?-`"),
    (r"(?P=name)", "invalid or unsupported Perl syntax: `(?P`"),
    (r"(?P<na-me>a)", "invalid or unsupported Perl syntax: `(?P`"),
    (r"(a)\1", r"invalid escape sequence: `\1`"),
    (r"\8", r"invalid escape sequence: `\8`"),
    (r"\Z", r"invalid escape sequence: `\Z`"),
    (r"\C", r"invalid escape sequence: `\C`"),
    (r"\y", r"invalid escape sequence: `\y`"),
    (r"\é", r"invalid escape sequence: `\é`"),
    (r"\x4", r"invalid escape sequence: `\x`"),
    (r"\x{}", r"invalid escape sequence: `\x`"),
    (r"\x{110000}", r"invalid escape sequence: `\x`"),
    (r"[\b]", r"invalid escape sequence: `\b`"),
    (r"[a-\d]", r"invalid escape sequence: `\d`"),
    ("a\\", "trailing backslash at end of expression"),
    (r"*a", "missing argument to repetition operator: `*`"),
    (r"(+)", "missing argument to repetition operator: `+`"),
    (r"a|?", "missing argument to repetition operator: `?`"),
    (r"{2}", "missing argument to repetition operator: `{2}`"),
    (r"(?i)*", "missing argument to repetition operator: `*`"),
    (r"a**", "invalid nested repetition operator: `*`"),
    (r"a++", "invalid nested repetition operator: `+`"),
    (r"a{2}{3}", "invalid nested repetition operator: `{3}`"),
    (r"a*??", "invalid nested repetition operator: `?`"),
    (r"a{1001}", "invalid repeat count: `{1001}`"),
    (r"a{2,1}", "invalid repeat count: `{2,1}`"),
    (r"a{1,99999}", "invalid repeat count: `{1,99999}`"),
    (r"(a{101}){10}", "invalid repeat count: `{10}`"),
    (r"((a{11,}b*){10}){10}", "invalid repeat count: `{10}`"),
    (r"(a", "missing closing )"),
    (r"a)", "unexpected )"),
    (r"[a", "missing closing ]"),
    (r"[]", "missing closing ]"),
    (r"[b-a]", "invalid character class range: `b-a`"),
    (r"[\x41-\101\x42-\n]", r"invalid character class range: `\x42-\n`"),
    (r"[[:word:][:letter:]]", "invalid character class range: `[:letter:]]`"),
    (r"\pX", r"invalid character class range: `\pX`"),
    (r"\p{Lx}", r"invalid character class range: `\p{Lx}`"),
    (r"\p{L", r"invalid character class range: `\p{L`"),
    (r"[\p{}]", r"invalid character class range: `\p{}`"),
    ("a\udcff", "invalid UTF-8"),
]


@pytest.mark.parametrize("pattern", TAKEN)
def test_it_takes_what_go_takes(pattern: str) -> None:
    check_regexp(pattern)


@pytest.mark.parametrize(("pattern", "complaint"), REFUSED)
def test_it_refuses_what_go_refuses_and_says_why(pattern: str, complaint: str) -> None:
    with pytest.raises(BadRegexp) as e:
        check_regexp(pattern)
    assert str(e.value) == complaint


def test_the_name_of_a_script_is_taken_on_trust() -> None:
    check_regexp(r"\p{Klingon}")


@given(st.lists(st.sampled_from([*TAKEN, *(pattern for pattern, _ in REFUSED)])).map("".join) | st.text())
def test_it_raises_nothing_but_its_own_error(pattern: str) -> None:
    with contextlib.suppress(BadRegexp):
        check_regexp(pattern)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_in_quotes_of_go_is_always_taken(text: str) -> None:
    check_regexp(rf"\Q{text}")
