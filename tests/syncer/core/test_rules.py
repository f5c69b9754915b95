"""Traefik rules by example. What is accepted was checked against Go's own parser, too."""

from __future__ import annotations

import pytest

from syncer.core.rulelexer import RuleError
from syncer.core.rules import RuleNames, read_rule_names
from syncer.core.source import Skip


def reasons(found: RuleNames) -> dict[str, str]:
    """The skipped names, each with the first word of its reason."""
    return {skip.name: skip.reason.split(":")[0].split(",")[0] for skip in found.skipped}


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("Host(`grafana.talos00`)", ["grafana.talos00"]),
        ('Host("grafana.talos00")', ["grafana.talos00"]),
        ("Host(`Grafana.Talos00.`)", ["grafana.talos00"]),
        ("Host(`grafana.talos00`) && PathPrefix(`/api`)", ["grafana.talos00"]),
        ("PathPrefix(`/api`) || Host(`grafana.talos00`)", ["grafana.talos00"]),
        ("Host(`nas.talos00`) || Host(`grafana.talos00`) || Host(`nas.talos00`)", ["nas.talos00", "grafana.talos00"]),
        ("(Host(`a.x`) || Host(`b.x`)) && (Host(`b.x`) || Path(`/`))", ["a.x", "b.x"]),
        ("Host(`a.x`) || Host(`b.x`) && Path(`/`)", ["a.x", "b.x"]),
        ("!!Host(`a.x`)", ["a.x"]),
        ("!(!Host(`a.x`) && !Host(`b.x`))", ["a.x", "b.x"]),
        ("!(!Host(`a.x`) || Method(`GET`))", ["a.x"]),
        ("Host(`a.x`) && !Path(`/private`)", ["a.x"]),
        ("Host(`a.x`) && HostRegexp(`^b`)", ["a.x"]),
        ("Host(`a.x`) && !HostRegexp(`^a`)", ["a.x"]),
        ("Host(`a.x`) && Host(`*`)", ["a.x"]),
        ('Header(`X-Rule`, `Host("evil.x")`) && Host(`a.x`)', ["a.x"]),
        ("ClientIP(`10.0.0.0/8`) && Query(`debug`) && QueryRegexp(`q`, `^a`)", []),
        ("Host(`blog_1.home.lab`)", ["blog_1.home.lab"]),
    ],
)
def test_it_publishes_the_names_that_a_rule_lets_through(rule: str, names: list[str]) -> None:
    found = read_rule_names(rule)
    assert list(found.names) == names
    assert not found.warnings


@pytest.mark.parametrize("spelling", ["Host", "host", "HOST"])
def test_a_matcher_has_a_few_spellings(spelling: str) -> None:
    assert read_rule_names(f"{spelling}(`a.x`)").names == ("a.x",)


@pytest.mark.parametrize("spelling", ["HostSNI", "hostsni", "HOSTSNI", "Hostsni"])
def test_tcp_has_its_own_matchers(spelling: str) -> None:
    assert read_rule_names(f"{spelling}(`a.x`) && ALPN(`h2`)", tcp=True).names == ("a.x",)
    with pytest.raises(RuleError, match="unknown matcher"):
        read_rule_names(f"{spelling}(`a.x`)")
    with pytest.raises(RuleError, match="unknown matcher Host "):
        read_rule_names("Host(`a.x`)", tcp=True)


@pytest.mark.parametrize(
    ("rule", "skipped"),
    [
        ("!Host(`a.x`)", {"a.x": "negated"}),
        ("Host(`b.x`) && !Host(`a.x`)", {"a.x": "negated"}),
        ("HostRegexp(`^.+\\.x$`)", {"^.+\\.x$": "regexp"}),
        ("Host(`*`)", {"*": "catch-all"}),
        ("Host(`192.0.2.1`)", {"192.0.2.1": "IP address"}),
        ("Host(`a.x:8443`)", {"a.x:8443": "name with a port"}),
        ("Host(`-a.x`)", {"-a.x": "label with a hyphen at an end"}),
        ("Host(` `)", {" ": "blanks inside the quotes"}),
        ("Host(`a*.x`)", {"a*.x": "`*` is only allowed as the whole first label"}),
        (f"Host(`{'a' * 64}.x`)", {f"{'a' * 64}.x": "label of 64 characters (63 is the most)"}),
        (r'Host("a\x00.x")', {r"a\x00.x": r"character '\x00' in a label"}),
        (r'Host("\xff.x")', {r"\udcff.x": "not valid as an international name (UTS 46)"}),
    ],
)
def test_it_says_why_it_skips_a_name(rule: str, skipped: dict[str, str]) -> None:
    assert reasons(read_rule_names(rule)) == skipped


def test_it_skips_nothing_that_another_part_of_the_rule_publishes() -> None:
    assert read_rule_names("!Host(`a.x`) || Host(`a.x`)") == RuleNames(("a.x",))


@pytest.mark.parametrize(
    "rule",
    [
        "Host(`a.x`) && Host(`b.x`)",
        "Host(`a.x`) && (!Host(`a.x`) && Host(`b.x`))",
        "Host(`a.x`) && !(Host(`a.x`) || !Host(`b.x`))",
    ],
)
def test_two_hosts_at_once_are_a_contradiction(rule: str) -> None:
    found = read_rule_names(rule)
    assert found.names == ()
    assert reasons(found) == {"a.x": "contradiction", "b.x": "contradiction"}
    assert found.warnings == ("no request can match this rule",)


def test_a_contradiction_in_one_branch_leaves_the_other_alone() -> None:
    found = read_rule_names("Host(`a.x`) && Host(`b.x`) || Host(`c.x`)")
    assert found.names == ("c.x",)
    assert reasons(found) == {"a.x": "contradiction", "b.x": "contradiction"}
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("rule", "declared"),
    [
        ("Host(`a.x`) && !Host(`*.x`)", ""),
        ("!Host(`*`)", ""),
        ("Host(` a.x`)", ""),
        ("Host(`**.x`) || Host(`a.x `) && Path(`/`)", ""),
        ("Host(`*.x`, `*`)", "v2"),
        ("Host(`a.x`, `b.x`) && HostRegexp(`c.x`)", "v2"),
    ],
)
def test_no_request_can_match_is_said_of_a_whole_rule(rule: str, declared: str) -> None:
    assert read_rule_names(rule, declared=declared).warnings == ("no request can match this rule",)


@pytest.mark.parametrize(
    ("rule", "declared"),
    [
        ("Host(`a.x`) && Host(`b.x`) || Path(`/`)", ""),
        ("Host(`a.x`) && !Host(`a.x`) || !Host(`b.x`)", ""),
        ("Host(`a.x`) && HostRegexp(`^b`)", ""),
        ("Host(`10.0.0.1`) && Host(`10.0.0.1.`)", ""),
        ("Host(`x`) && Host(`*.`)", ""),
        ("Host(`::1`) && HostRegexp(`[::1]`)", "v2"),
        ("Host(`a.x`) && HostRegexp(`a.x.`)", "v2"),
    ],
)
def test_it_is_not_said_where_a_request_might(rule: str, declared: str) -> None:
    assert read_rule_names(rule, declared=declared).warnings == ()


def test_traefik_2_looks_at_the_first_server_name_alone_where_a_connection_has_none() -> None:
    assert read_rule_names("!HostSNI(`a.x`, `*`)", tcp=True, declared="v2").warnings == ()
    assert read_rule_names("!HostSNI(`*`, `a.x`)", tcp=True, declared="v2").warnings != ()
    assert read_rule_names("!HostSNI(`a.x`, `*`) && HostSNI(`b.x`)", tcp=True, declared="v2").names == ()


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("Host(`*.x`)", ["*.x"]),
        ("Host(`*.x`) || Host(`a.x`)", ["*.x", "a.x"]),
        ("Host(`*.x`) && Host(`a.x`)", ["a.x"]),
        ("Host(`*.x`) && Host(`b.a.x`)", []),
        ("Host(`*.x`) && Host(`x`)", []),
        ("Host(`*.x`) && Host(`*.y`)", []),
        ("Host(`*.x`) && !Host(`a.x`)", ["*.x"]),
        ("Host(`*.x`) && !Host(`a.x`) && Host(`a.x`)", []),
        ("Host(`a.x`) && !Host(`*.x`)", []),
        ("Host(`b.a.x`) && !Host(`*.x`)", ["b.a.x"]),
    ],
)
def test_a_wildcard_is_one_label(rule: str, names: list[str]) -> None:
    assert list(read_rule_names(rule).names) == names


@pytest.mark.parametrize(("rule", "tcp"), [("Host(`*.X.`) || Host(`a.x`)", False), ("HostSNI(`*.x`)", True)])
def test_a_published_wildcard_warns_that_an_older_traefik_has_none(rule: str, tcp: bool) -> None:
    assert read_rule_names(rule, tcp=tcp).warnings == (
        "*.x: wildcard from Traefik 3.7 on, before that no host matches (then set TRAEFIK_HOST_WILDCARDS=false)",
    )


def test_many_wildcards_make_one_warning() -> None:
    (warning,) = read_rule_names(" || ".join(f"Host(`*.{zone}.x`)" for zone in "abcde")).warnings
    assert warning.startswith("*.a.x, *.b.x, *.c.x and 2 more: wildcard from Traefik 3.7 on")


@pytest.mark.parametrize(
    ("rule", "names", "skipped"),
    [
        ("Host(`*.x`)", [], {"*.x": "wildcard"}),
        ("Host(`*.x`) || Host(`a.x`)", ["a.x"], {"*.x": "wildcard"}),
        ("Host(`*.x`) && Host(`a.x`)", [], {"*.x": "wildcard", "a.x": "contradiction"}),
        ("Host(`a.x`) && !Host(`*.x`)", ["a.x"], {"*.x": "wildcard"}),
        ("Host(`a.x`) && Host(`*`)", [], {"a.x": "contradiction", "*": "wildcard"}),
    ],
)
def test_before_traefik_3_7_no_host_matches_a_wildcard(rule: str, names: list[str], skipped: dict[str, str]) -> None:
    found = read_rule_names(rule, host_wildcards=False)
    assert list(found.names) == names
    assert reasons(found) == skipped
    assert all("TRAEFIK_HOST_WILDCARDS" in skip.reason for skip in found.skipped if skip.name.startswith("*"))


def test_before_traefik_3_7_a_server_name_that_is_a_wildcard_makes_no_router() -> None:
    found = read_rule_names("HostSNI(`*.x`) || HostSNI(`a.x`)", tcp=True, host_wildcards=False)
    assert found.names == ("a.x",)
    assert reasons(found) == {"*.x": "wildcard"}
    assert found.warnings == (
        "Traefik makes no router of this rule: HostSNI at character 0: `*.x` is no host name before Traefik 3.7",
    )
    assert read_rule_names("HostSNI(`*`) && HostSNI(`a.x`)", tcp=True, host_wildcards=False).names == ("a.x",)


def test_a_wildcard_that_the_rule_narrows_to_a_name_is_no_contradiction() -> None:
    assert read_rule_names("Host(`*.x`) && Host(`a.x`)") == RuleNames(("a.x",))


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("Host(`a.x`) ||\n  Host(`b.x`)\n", ["a.x", "b.x"]),
        ("(\nHost(\n`a.x`,\n)) ||\r\n\tHost(`b.x`) // and that is all", ["a.x", "b.x"]),
        ("// two hosts\n\nHost(`a.x`) || /* Host(`c.x`) ||\n */ Host(`b.x`)", ["a.x", "b.x"]),
        ("\ufeffHost(`a.x`) /* one */ /* two */\n\n// three\n", ["a.x"]),
        ("Host(`a\r.x`)", ["a.x"]),
    ],
)
def test_lines_and_comments_are_those_of_go(rule: str, names: list[str]) -> None:
    assert list(read_rule_names(rule).names) == names


@pytest.mark.parametrize(
    ("literal", "name"),
    [
        (r'"\x61.x"', "a.x"),
        (r'"\141.x"', "a.x"),
        (r'"\u0061\U0000002ex"', "a.x"),
        (r'"\u00e9.x"', "xn--9ca.x"),
        (r'"\xc3\xa9.x"', "xn--9ca.x"),
        (r'"\303\251.x"', "xn--9ca.x"),
    ],
)
def test_a_quoted_string_has_the_escapes_of_go(literal: str, name: str) -> None:
    assert read_rule_names(f"Host({literal})").names == (name,)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("", "the rule is empty"),
        ("\n/* nothing */\n", "the rule is empty"),
        ("Host(`a.x`)\n|| Host(`b.x`)", "line break at character 11 ends the rule (an operator belongs before it)"),
        ("(Host(`a.x`)\n)", "line break at character 12 ends the rule (an operator belongs before it)"),
        ("Host(`a.x`\n)", "a line break at character 10, where `,` or `)` should be"),
        ("Host(`a.x`) /*\n*/ && Path(`/`)", "line break at character 12 ends the rule (an operator belongs before it)"),
        ("Host(`a.x`) Host(`b.x`)", "Host at character 12, where `&&` or `||` should be"),
        ("Host(`a.x`) and Host(`b.x`)", "and at character 12, where `&&` or `||` should be"),
        ("Host(`a.x`) | Host(`b.x`)", "unexpected '|' at character 12"),
        ("Host(`a.x`);", "unexpected ';' at character 11"),
        ("Host(`a.x`) ||", "the rule ends at character 14, where a matcher should be"),
        ("&& Host(`a.x`)", "`&&` at character 0, where a matcher should be"),
        ("`a.x`", "a string at character 0, where a matcher should be"),
        ("Host", "the rule ends at character 4, where the arguments of Host should be"),
        ("Host()", "Host at character 0 has no arguments"),
        ("Host(``)", "Host has an empty argument at character 5"),
        ("Query(`debug`, ``)", "Query has an empty argument at character 15"),
        ("Host(,)", "`,` at character 5, where a quoted argument should be"),
        ("Host((`a.x`))", "`(` at character 5, where a quoted argument should be"),
        ("Host(Host(`a.x`))", "Host at character 5, where a quoted argument should be"),
        ("Host('a.x')", 'unexpected "\'" at character 5'),
        ("Host(1)", "unexpected '1' at character 5"),
        ("Host(`a.x`", "the rule ends at character 10, where `,` or `)` should be"),
        ("(Host(`a.x`)", "parenthesis at character 0 is not closed"),
        ("Host(`a.x`))", "parenthesis at character 11 closes nothing"),
        ("Host(`a.x", "string that starts at character 5 is not closed"),
        ('Host("a.x\n")', "string that starts at character 5 is not closed"),
        ("Host(`a.x`) /* so", "comment that starts at character 12 is not closed"),
        ("Host(`a.x`) / Path(`/`)", "unexpected '/' at character 12"),
        (r'Host("a\.x")', r"unknown escape '\\.' at character 7"),
        (r'Host("\400")', r"escape '\\400' for no character at character 6"),
        (r'Host("\ud800")', r"escape '\\ud800' for no character at character 6"),
        (r'Host("\U00110000")', r"escape '\\U00110000' for no character at character 6"),
        ("Host(`a\0.x`)", "U+0000 at character 7 is not allowed"),
        ("Host(`a.x`) // \ufeff", "U+FEFF at character 15 is not allowed"),
        ("Host(`a\udcff.x`)", "U+DCFF at character 7 is not allowed"),
        ("hOST(`a.x`)", "unknown matcher hOST at character 0"),
        ("a" * 200_000, "rule of 200000 characters (131072 is the most)"),
    ],
)
def test_it_says_where_a_rule_goes_wrong(rule: str, complaint: str) -> None:
    with pytest.raises(RuleError) as e:
        read_rule_names(rule)
    assert str(e.value) == complaint


V2_RULES = [
    ("Host(`a.x`, `b.x`)", ["a.x", "b.x"]),
    ("HostHeader(`a.x`)", ["a.x"]),
    ("Host(`a.x`) && Headers(`X-A`, `b`)", ["a.x"]),
    ("Host(`a.x`, `b.x`) && HostHeader(`b.x`, `c.x`)", ["b.x"]),
    ("HostRegexp(`a.x`, `{sub:[a-z]+}.x`)", ["a.x"]),
    ("!HostRegexp(`a.x`, `{sub:[a-z]+}.x`) && Host(`a.x`, `b.x`)", ["b.x"]),
]


@pytest.mark.parametrize(("rule", "names"), V2_RULES)
def test_it_reads_a_rule_of_traefik_2_when_nothing_says_otherwise(rule: str, names: list[str]) -> None:
    found = read_rule_names(rule)
    assert list(found.names) == names
    assert found.warnings[0].startswith("read in the syntax of Traefik 2, because Traefik 3 refuses the rule: ")


@pytest.mark.parametrize(("rule", "names"), V2_RULES)
def test_a_rule_of_traefik_2_needs_no_warning_where_it_belongs(rule: str, names: list[str]) -> None:
    for found in (
        read_rule_names(rule, declared="v2"),
        read_rule_names(rule, syntax="v2"),
        read_rule_names(rule, declared="v2", syntax="v3"),
        read_rule_names(rule, v2_only=True),
    ):
        assert list(found.names) == names
        assert not any("syntax" in warning for warning in found.warnings)


@pytest.mark.parametrize(("rule", "names"), V2_RULES)
def test_traefik_3_refuses_a_rule_of_traefik_2(rule: str, names: list[str]) -> None:
    with pytest.raises(RuleError):
        read_rule_names(rule, declared="v3")
    with pytest.raises(RuleError):
        read_rule_names(rule, declared="v4")
    with pytest.raises(RuleError):
        read_rule_names(rule, syntax="v3")
    with pytest.raises(RuleError):
        read_rule_names(rule, declared="v3", syntax="v2")


def test_a_rule_that_both_refuse_gets_the_complaint_of_traefik_3() -> None:
    with pytest.raises(RuleError, match="Host at character 0 takes 1, not 2 arguments"):
        read_rule_names("Host(`a.x`, `b.x`) && PathRegexp(`^/`)")


def test_a_host_of_traefik_2_knows_no_wildcard() -> None:
    found = read_rule_names("Host(`*.x`, `*`, `a.x`)", declared="v2")
    assert found.names == ("a.x",)
    assert reasons(found) == {"*.x": "wildcard", "*": "wildcard"}
    assert read_rule_names("!Host(`*`, `*.x`) && Host(`a.x`)", declared="v2").names == ("a.x",)


def test_a_template_of_traefik_2_without_braces_is_a_host() -> None:
    assert read_rule_names("HostRegexp(`www.example.com`)", declared="v2").names == ("www.example.com",)
    assert reasons(read_rule_names("HostRegexp(`www.example.com`)")) == {"www.example.com": "regexp"}
    assert read_rule_names("HostSNIRegexp(`www.example.com`)", declared="v2", tcp=True).names == ("www.example.com",)


@pytest.mark.parametrize("template", ["{sub.x", "sub}.x", "}{.x", "{sub:a{2}.x", "{}.x", "{:a}.x", "{sub:}.x"])
def test_a_template_with_bad_braces_makes_no_router(template: str) -> None:
    found = read_rule_names(f"HostRegexp(`{template}`, `a.x`)", declared="v2")
    assert found.names == ("a.x",)
    assert reasons(found) == {template: "regexp"}
    assert found.warnings[0].startswith("Traefik makes no router of this rule: HostRegexp at character 0: braces ")


@pytest.mark.parametrize("name", ["a.x.", "A.x."])
def test_a_literal_of_traefik_2_with_a_trailing_dot_is_skipped(name: str) -> None:
    found = read_rule_names(f"HostRegexp(`{name}`, `b.x`)", declared="v2")
    assert found.names == ("b.x",)
    assert reasons(found) == {name: "trailing dot"}
    assert read_rule_names(f"Host(`a.x`) && !HostRegexp(`{name}`)", declared="v2").names == ("a.x",)


def test_a_literal_of_traefik_2_beside_a_template_is_a_host() -> None:
    found = read_rule_names("HostRegexp(`{sub:[a-z]+}.x`, `a.y`)", declared="v2")
    assert found.names == ("a.y",)
    assert reasons(found) == {"{sub:[a-z]+}.x": "regexp"}
    assert found.warnings == ()


def test_a_template_may_have_braces_in_its_pattern() -> None:
    assert reasons(read_rule_names("HostRegexp(`{sub:a{2}}.x`)", declared="v2")) == {"{sub:a{2}}.x": "regexp"}


def test_an_international_host_needs_a_rule_without_syntax() -> None:
    for rule, tcp in (("Host(`bücher.home.lab`)", False), ("HostSNI(`bücher.home.lab`)", True)):
        found = read_rule_names(rule, tcp=tcp)
        assert found.names == ("xn--bcher-kva.home.lab",)
        assert found.warnings[0].startswith("Traefik makes no router of this rule: Host")
        assert found.warnings[0].endswith(": `bücher.home.lab` is not ASCII (its A-label, xn--…, would be)")
    assert read_rule_names("Host(`bücher.home.lab`)", v2_only=True).names == ("xn--bcher-kva.home.lab",)
    for syntax in ("v2", "v3"):
        with pytest.raises(RuleError, match="not ASCII"):
            read_rule_names("Host(`bücher.home.lab`)", declared=syntax)
    with pytest.raises(RuleError, match="not ASCII"):
        read_rule_names("Host(`bücher.home.lab`)", syntax="v3")


def test_a_text_that_is_not_ascii_matters_in_hosts_alone() -> None:
    assert read_rule_names("Host(`a.x`) && Path(`/bücher`)", declared="v3").warnings == ()
    with pytest.raises(RuleError, match="not ASCII"):
        read_rule_names("Host(`a.x`) && HostRegexp(`bücher`)", declared="v3")
    found = read_rule_names("HostSNIRegexp(`bücher.x`, `a.x`)", tcp=True, declared="v2")
    assert found.names == ("a.x",)
    assert reasons(found) == {"xn--bcher-kva.x": "not ASCII"}


@pytest.mark.parametrize(
    ("rule", "names", "skipped"),
    [
        ("HostSNI(`*`)", [], {"*": "catch-all"}),
        ("HostSNI(`*.x`)", ["*.x"], {}),
        ("HostSNI(`a.x`) || HostSNI(`a.x:443`)", ["a.x"], {"a.x:443": "name with a port"}),
        ("HostSNIRegexp(`^.+$`) && HostSNI(`a.x`)", ["a.x"], {"^.+$": "regexp"}),
        ("HostSNI(`192.0.2.1`)", [], {"192.0.2.1": "IP address"}),
    ],
)
def test_a_tcp_rule_names_its_server_names(rule: str, names: list[str], skipped: dict[str, str]) -> None:
    found = read_rule_names(rule, tcp=True)
    assert list(found.names) == names
    assert reasons(found) == skipped


@pytest.mark.parametrize(
    ("value", "declared"),
    [("a/b", ""), ("a x", ""), ("a*.x", ""), (" b.x", ""), ("**.x", "v3"), ("*.x", "v2")],
)
def test_a_server_name_has_a_pattern(value: str, declared: str) -> None:
    found = read_rule_names(f"HostSNI(`{value}`) || HostSNI(`a.x`)", tcp=True, declared=declared)
    assert found.names == ("a.x",)
    assert [skip.name for skip in found.skipped] == [value.strip()]
    assert found.warnings == (
        f"Traefik makes no router of this rule: HostSNI at character 0: `{value}` is no host name",
    )


@pytest.mark.parametrize(
    ("rule", "declared", "reason"),
    [
        ("HostSNI(`a.x`)", "", "HostSNI without spec.tls: Traefik refuses the router"),
        ("HostSNI(`a.x`) || HostSNI(`*`)", "", "HostSNI without spec.tls: Traefik refuses the router"),
        ("HostSNI(`*`) || HostSNI(`a.x`)", "", "HostSNI without spec.tls: a connection without TLS names no host"),
        ("HostSNI(`*`, `a.x`)", "v2", "HostSNI without spec.tls: a connection without TLS names no host"),
        ("HostSNIRegexp(`a.x`)", "v2", "HostSNI without spec.tls: a connection without TLS names no host"),
        ("!HostSNI(`b.x`) && HostSNIRegexp(`a.x`)", "v2", "HostSNI without spec.tls: Traefik refuses the router"),
    ],
)
def test_without_tls_no_server_name_is_published(rule: str, declared: str, reason: str) -> None:
    assert read_rule_names(rule, tcp=True, declared=declared).names == ("a.x",)
    found = read_rule_names(rule, tcp=True, tls=False, declared=declared)
    assert found.names == ()
    assert Skip("a.x", reason) in found.skipped


def test_tls_does_not_matter_elsewhere() -> None:
    assert read_rule_names("Host(`a.x`)", tls=False) == RuleNames(("a.x",))


@pytest.mark.parametrize(
    ("rule", "names", "skipped"),
    [
        ("Host(` a.x`)", [], {"a.x": "blanks inside the quotes"}),
        ("Host(`A.x. `)", [], {"a.x": "blanks inside the quotes"}),
        (r'Host("a.x\n")', [], {"a.x": "blanks inside the quotes"}),
        ("Host(` a.x`) || Host(`a.x`)", ["a.x"], {}),
        ("Host(` a.x`) || Host(`b.x`)", ["b.x"], {"a.x": "blanks inside the quotes"}),
        ("Host(` a.x`) && Host(`b.x`)", [], {"a.x": "blanks inside the quotes", "b.x": "contradiction"}),
        ("!Host(` a.x`) && Host(`a.x`)", ["a.x"], {}),
        ("!(Host(`a.x `) || Host(`**.x`)) && Host(`a.x`)", ["a.x"], {"**.x": "`**.`"}),
        ("Host(`**.x`)", [], {"**.x": "`**.`"}),
        ("Host(`**.x`) && Host(`a.x`)", [], {"**.x": "`**.`", "a.x": "contradiction"}),
    ],
)
@pytest.mark.parametrize("declared", ["", "v2", "v3"])
def test_what_matches_nothing_names_nothing_and_excludes_nothing(
    rule: str, names: list[str], skipped: dict[str, str], declared: str
) -> None:
    found = read_rule_names(rule, declared=declared)
    assert list(found.names) == names
    assert reasons(found) == skipped


def test_a_literal_of_traefik_2_with_blanks_matches_nothing_too() -> None:
    found = read_rule_names("HostRegexp(` a.x`, `**.x`) || Host(`b.x`) && !HostRegexp(`b.x `)", declared="v2")
    assert found.names == ("b.x",)
    assert list(reasons(found)) == ["a.x", "**.x"]


@pytest.mark.parametrize(
    ("matcher", "cause"),
    [
        ("Path(`api`)", "path `api` does not start with a slash"),
        ("!pathprefix(`api`)", "path `api` does not start with a slash"),
        ("ClientIP(`10.0.0.0/33`)", "`10.0.0.0/33` is neither an IP address nor a CIDR"),
        (
            "PathRegexp(`^/(?!api)`)",
            "the regular expression does not compile, invalid or unsupported Perl syntax: `(?!`",
        ),
        ("HostRegexp(`*.x`)", "the regular expression does not compile, missing argument to repetition operator: `*`"),
        (r'HeaderRegexp(`X`, "\xff")', "the regular expression does not compile, invalid UTF-8"),
    ],
)
@pytest.mark.parametrize("declared", ["", "v3"])
def test_a_rule_of_which_traefik_makes_no_router_is_published_with_a_warning(
    matcher: str, cause: str, declared: str
) -> None:
    found = read_rule_names(f"Host(`a.x`) && {matcher}", declared=declared)
    assert found.names == ("a.x",)
    name, at = matcher.lstrip("!").partition("(")[0], 15 + matcher.startswith("!")
    assert found.warnings == (f"Traefik makes no router of this rule: {name} at character {at}: {cause}",)


def test_traefik_2_makes_no_router_either() -> None:
    for syntax, more in (("v2", 0), ("", 1)):
        found = read_rule_names("Host(`a.x`) && Headers(`X`)", declared=syntax)
        assert found.names == ("a.x",)
        assert found.warnings[more:] == (
            "Traefik makes no router of this rule: Headers at character 15: "
            "the arguments are pairs of a key and a value, and 1 are given",
        )


def test_only_the_first_bad_argument_is_told() -> None:
    (warning,) = read_rule_names("Host(`a.x`) && Path(`b`) && Path(`c`)").warnings
    assert "`b`" in warning


def test_a_bad_argument_shows_no_characters_that_a_database_refuses() -> None:
    assert read_rule_names(r'Path("a\x00")').warnings[0].endswith(r"path `a\x00` does not start with a slash")
    with pytest.raises(RuleError, match=r"`\\udcff` is not ASCII"):
        read_rule_names(r'Host("\xff")', declared="v3")


def test_a_skip_carries_its_whole_reason() -> None:
    assert read_rule_names("!Host(`a.x`)").skipped == (Skip("a.x", "negated: the rule excludes this host"),)
