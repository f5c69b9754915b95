"""Arguments of Traefik's matchers. What is refused was checked against the routers of Traefik 3.7.9 and 2.11.53."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncer.core.rulematchers import V2_HTTP, V2_TCP, V3_HTTP, V3_TCP, BadArgument, Matcher, NotAscii, is_template

Matchers = Mapping[str, Matcher]

TAKEN = [
    (V3_HTTP, "Host", ["a b"]),
    (V3_HTTP, "Path", ["/{a"]),
    (V3_HTTP, "PathPrefix", ["/"]),
    (V3_HTTP, "PathRegexp", ["^/(a|b)"]),
    (V3_HTTP, "HostRegexp", ["{sub:[a-z]+}.x"]),
    (V3_HTTP, "Header", ["(", "("]),
    (V3_HTTP, "HeaderRegexp", ["(", "a"]),
    (V3_HTTP, "Query", ["("]),
    (V3_HTTP, "QueryRegexp", ["("]),
    (V3_HTTP, "Method", ["any"]),
    (V2_HTTP, "Path", ["/", "/{id:[0-9]+}/{name}"]),
    (V2_HTTP, "HostRegexp", ["*.x", "{a:b}.{a:c}"]),
    (V2_HTTP, "Headers", ["a", "(", "b", "c"]),
    (V2_HTTP, "HeadersRegexp", ["(", "a"]),
    (V2_HTTP, "Query", ["a=b", "c", "d", "e={f}", "{g=h}"]),
    (V2_TCP, "HostSNIRegexp", ["{a:x)(y}", "bücher"]),
    (V2_TCP, "HostSNI", ["*", "a.x", "10.0.0.1:80"]),
    (V3_TCP, "HostSNI", ["*.x"]),
    (V3_TCP, "HostSNI", ["*"]),
    (V3_TCP, "ALPN", ["h2"]),
]

REFUSED = [
    (V3_HTTP, "Path", ["a"], "path `a` does not start with a slash"),
    (V3_HTTP, "PathPrefix", ["^/a"], "path `^/a` does not start with a slash"),
    (V3_HTTP, "PathRegexp", ["("], "the regular expression does not compile, missing closing )"),
    (V3_HTTP, "HostRegexp", ["(?!a)"], "the regular expression does not compile, invalid or unsupported"),
    (V3_HTTP, "HeaderRegexp", ["a", "("], "the regular expression does not compile"),
    (V3_HTTP, "QueryRegexp", ["a", "("], "the regular expression does not compile"),
    (V2_HTTP, "Path", ["/", "a"], "path `a` does not start with a slash"),
    (V2_HTTP, "PathPrefix", ["/{a:(}"], "the regular expression does not compile"),
    (V2_HTTP, "PathPrefix", ["/{a:x)(y}"], "the regular expression does not compile"),
    (V2_HTTP, "PathPrefix", ["/{a"], "braces that do not pair up in `/{a`"),
    (V2_HTTP, "HostRegexp", ["a", "{a:*}"], "the regular expression does not compile"),
    (V2_HTTP, "HostRegexp", ["{a:}"], "braces without a name or a pattern in `{a:}`"),
    (V2_HTTP, "Headers", ["a"], "the arguments are pairs of a key and a value, and 1 are given"),
    (V2_HTTP, "HeadersRegexp", ["a", "b", "c"], "the arguments are pairs of a key and a value, and 3 are given"),
    (V2_HTTP, "HeadersRegexp", ["a", "("], "the regular expression does not compile"),
    (V2_HTTP, "Query", ["a"], "the arguments are no pairs of a key and a value"),
    (V2_HTTP, "Query", ["a={b", "c=d"], "braces that do not pair up in `a={b`"),
    (V2_HTTP, "Query", ["a={b}", "c={b}"], "two queries have a variable of the same name"),
    (V2_TCP, "HostSNIRegexp", ["{a:(}"], "the regular expression does not compile"),
    (V2_TCP, "HostSNI", ["a.x", "*.x"], "`*.x` is no host name"),
    (V3_TCP, "HostSNI", ["a.x\n"], "`a.x\n` is no host name"),
    (V3_TCP, "HostSNIRegexp", ["["], "the regular expression does not compile"),
    (V3_TCP, "ALPN", ["acme-tls/1"], "`acme-tls/1` is not allowed"),
    (V2_TCP, "ALPN", ["h2", "acme-tls/1"], "`acme-tls/1` is not allowed"),
]


@pytest.mark.parametrize(("matchers", "name", "arguments"), TAKEN)
def test_it_takes_what_traefik_takes(matchers: Matchers, name: str, arguments: list[str]) -> None:
    matchers[name].check(arguments)


@pytest.mark.parametrize(("matchers", "name", "arguments", "cause"), REFUSED)
def test_it_refuses_what_traefik_refuses_and_says_why(
    matchers: Matchers, name: str, arguments: list[str], cause: str
) -> None:
    with pytest.raises(BadArgument) as e:
        matchers[name].check(arguments)
    assert str(e.value).startswith(cause)


@pytest.mark.parametrize("matchers", [V2_HTTP, V3_HTTP, V2_TCP, V3_TCP])
def test_a_client_is_an_address_or_a_network(matchers: Matchers) -> None:
    check = matchers["ClientIP"].check
    for text in ("10.0.0.1", "10.0.0.1/8", "10.0.0.0/0008", "::1", "::/0", "::ffff:10.0.0.1/120", "1:2:3:4:5:6:7::"):
        check([text])
    lengths = ("33", "", "+8", "٨", "255.0.0.0", "8/8", "9" * 5_000)
    addresses = ("/8", "010.0.0.1", "10.0.0", " 10.0.0.1", "fe80::1%eth0", "fe80::%1/64", "::/129", "::g")
    for text in (*(f"10.0.0.0/{length}" for length in lengths), *addresses):
        with pytest.raises(BadArgument, match="neither an IP address nor a CIDR"):
            check([text])


@pytest.mark.parametrize(
    ("matchers", "name"),
    [
        (V3_HTTP, "Host"),
        (V3_HTTP, "HostRegexp"),
        (V2_HTTP, "Host"),
        (V2_HTTP, "HostHeader"),
        (V2_HTTP, "HostRegexp"),
        (V3_TCP, "HostSNI"),
        (V3_TCP, "HostSNIRegexp"),
        (V2_TCP, "HostSNI"),
    ],
)
def test_a_host_is_ascii(matchers: Matchers, name: str) -> None:
    with pytest.raises(NotAscii):
        matchers[name].check(["bücher.x"])


def test_only_braces_make_a_template() -> None:
    assert not is_template("^a+$")
    assert is_template("{a}.x")
    assert is_template("a}.x")
