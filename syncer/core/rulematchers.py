"""The matchers of Traefik 2 and 3: how they are spelled, and which arguments they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from syncer.core.ruleregexp import BadRegexp, check_regexp

Check = Callable[[Sequence[str]], None]


class BadArgument(ValueError):
    """Traefik makes no router of a rule with this argument. ``str(error)`` is the cause, a sentence part."""


class NotAscii(BadArgument):
    """It is no host name for Traefik, but it may be one for people."""


class Matcher(NamedTuple):
    """``counts`` are the numbers of arguments that it takes, any when that is empty; ``check`` raises BadArgument."""

    name: str
    counts: tuple[int, ...]
    check: Check


def is_template(value: str) -> bool:
    """Whether a HostRegexp of Traefik 2 has a regular expression in it: only what is in braces is one."""
    return "{" in value or "}" in value


def _check_nothing(values: Sequence[str]) -> None:
    pass


def _check_hosts(values: Sequence[str]) -> None:
    for value in values:
        if not value.isascii():
            raise NotAscii(f"`{value:.40}` is not ASCII (its A-label, xn--…, would be)")


_is_v3_sni = re.compile(r"\*|(?:\*\.)?[\w.:-]+", re.ASCII).fullmatch
_is_v2_sni = re.compile(r"\*|[\w.:-]+", re.ASCII).fullmatch


def _check_server_name(values: Sequence[str]) -> None:
    _check_hosts(values)
    if not _is_v3_sni(values[0]):
        raise BadArgument(f"`{values[0]:.40}` is no host name")


def _check_v2_server_names(values: Sequence[str]) -> None:
    _check_hosts(values)
    for value in values:
        if not _is_v2_sni(value):
            raise BadArgument(f"`{value:.40}` is no host name")


def _check_paths(values: Sequence[str]) -> None:
    for value in values:
        if not value.startswith("/"):
            raise BadArgument(f"path `{value:.40}` does not start with a slash")


def _check_networks(values: Sequence[str]) -> None:
    for value in values:
        if not _is_network(value):
            raise BadArgument(f"`{value:.40}` is neither an IP address nor a CIDR")


def _is_network(text: str) -> bool:
    """Go takes leading zeros in the length of the prefix, and neither zones nor a mask in the place of a length."""
    address, slash, length = text.partition("/")
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if "%" in address:
        return False
    return not slash or (bool(re.fullmatch("0*[0-9]{1,3}", length, re.ASCII)) and int(length) <= parsed.max_prefixlen)


def _check_protocols(values: Sequence[str]) -> None:
    if "acme-tls/1" in values:
        raise BadArgument("`acme-tls/1` is not allowed")


def _check_regexps(values: Sequence[str]) -> None:
    for value in values:
        try:
            check_regexp(value)
        except BadRegexp as error:
            raise BadArgument(f"the regular expression does not compile, {error}") from error


def _check_host_regexp(values: Sequence[str]) -> None:
    _check_hosts(values)
    _check_regexps(values)


def _check_value_regexp(values: Sequence[str]) -> None:
    _check_regexps(values[1:])


def _check_pairs(values: Sequence[str]) -> None:
    if len(values) % 2:
        raise BadArgument(f"the arguments are pairs of a key and a value, and {len(values)} are given")


def _check_regexp_pairs(values: Sequence[str]) -> None:
    _check_pairs(values)
    _check_regexps(values[1::2])


class _Template(NamedTuple):
    """What is in braces, ``{name:pattern}``, and the regular expression that the whole is."""

    names: list[str]
    patterns: list[str]
    whole: str


def _parse_template(template: str) -> _Template:
    """As the router of Traefik 2 does it (gorilla/mux); raises BadArgument."""
    names, patterns, whole = [], [], []
    depth = start = end = 0
    for found in re.finditer("[{}]", template):
        depth += 1 if found[0] == "{" else -1
        if depth < 0:
            break
        if depth == 1 and found[0] == "{":
            start = found.end()
        elif depth == 0:
            name, colon, pattern = template[start : found.start()].partition(":")
            if not name or (colon and not pattern):
                raise BadArgument(f"braces without a name or a pattern in `{template:.40}`")
            names.append(name)
            patterns.append(pattern or ".*")
            whole.append(f"{re.escape(template[end : start - 1])}(?P<v>{pattern or '.*'})")
            end = found.end()
    if depth:
        raise BadArgument(f"braces that do not pair up in `{template:.40}`")
    return _Template(names, patterns, "".join(whole) + re.escape(template[end:]))


def expressions_of(host_regexp: str) -> list[str]:
    """The regular expressions that an argument of HostRegexp may be, to be searched for in a host: itself for Traefik
    3, a template for Traefik 2. What is meant for the one matches no host in the other."""
    try:
        return [host_regexp, f"^{_parse_template(host_regexp).whole}$"] if is_template(host_regexp) else [host_regexp]
    except BadArgument:
        return [host_regexp]


def _check_template(value: str) -> _Template:
    template = _parse_template(value)
    _check_regexps([template.whole, *(f"^{pattern}$" for pattern in template.patterns)])
    return template


def _check_host_templates(values: Sequence[str]) -> None:
    _check_hosts(values)
    for value in values:
        _check_template(value)


def _check_server_name_templates(values: Sequence[str]) -> None:
    _check_regexps([_parse_template(value).whole for value in values])


def _check_path_templates(values: Sequence[str]) -> None:
    _check_paths(values)
    for value in values:
        _check_template(value)


def _check_queries(values: Sequence[str]) -> None:
    parts = [part for value in values for part in value.split("=", 1)]
    if len(parts) % 2:
        raise BadArgument("the arguments are no pairs of a key and a value, such as `debug=1`")
    known: set[str] = set()
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        names = _check_template(f"{key}={value}").names
        if not known.isdisjoint(names):
            raise BadArgument("two queries have a variable of the same name")
        known.update(names)


def _spell_matchers(**matchers: tuple[tuple[int, ...], Check]) -> Mapping[str, Matcher]:
    return {
        spelling: Matcher(name, counts, check)
        for name, (counts, check) in matchers.items()
        for spelling in (name, name.lower(), name.upper(), name.capitalize())
    }


_ONE, _ONE_OR_TWO, _TWO, _ANY = (1,), (1, 2), (2,), ()

V3_HTTP = _spell_matchers(
    ClientIP=(_ONE, _check_networks),
    Method=(_ONE, _check_nothing),
    Host=(_ONE, _check_hosts),
    HostRegexp=(_ONE, _check_host_regexp),
    Path=(_ONE, _check_paths),
    PathRegexp=(_ONE, _check_regexps),
    PathPrefix=(_ONE, _check_paths),
    Header=(_TWO, _check_nothing),
    HeaderRegexp=(_TWO, _check_value_regexp),
    Query=(_ONE_OR_TWO, _check_nothing),
    QueryRegexp=(_ONE_OR_TWO, _check_value_regexp),
)
V2_HTTP = _spell_matchers(
    Host=(_ANY, _check_hosts),
    HostHeader=(_ANY, _check_hosts),
    HostRegexp=(_ANY, _check_host_templates),
    ClientIP=(_ANY, _check_networks),
    Path=(_ANY, _check_path_templates),
    PathPrefix=(_ANY, _check_path_templates),
    Method=(_ANY, _check_nothing),
    Headers=(_ANY, _check_pairs),
    HeadersRegexp=(_ANY, _check_regexp_pairs),
    Query=(_ANY, _check_queries),
)
V3_TCP = _spell_matchers(
    ALPN=(_ONE, _check_protocols),
    ClientIP=(_ONE, _check_networks),
    HostSNI=(_ONE, _check_server_name),
    HostSNIRegexp=(_ONE, _check_host_regexp),
)
V2_TCP = _spell_matchers(
    ALPN=(_ANY, _check_protocols),
    ClientIP=(_ANY, _check_networks),
    HostSNI=(_ANY, _check_v2_server_names),
    HostSNIRegexp=(_ANY, _check_server_name_templates),
)
