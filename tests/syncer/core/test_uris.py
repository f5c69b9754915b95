"""A URI has one spelling, whoever wrote it."""

from __future__ import annotations

import pytest

from syncer.core.rdwords import BadValue
from syncer.core.uris import clean_uri, find_host


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("HTTPS://User@Example.COM:443", "https://User@example.com/"),
        ("http://example.com:8080/A/./b/../c?q=%7e#X", "http://example.com:8080/A/c?q=~#X"),
        ("https://example.com/a/..", "https://example.com/"),
        ("https://example.com/../..", "https://example.com/"),
        ("https://example.com/../a", "https://example.com/a"),
        ("https://example.com/%2fa%C3%a9", "https://example.com/%2Fa%C3%A9"),
        ("SIP:Info@Example.com", "sip:Info@Example.com"),
        ("ldap://[2001:DB8::7]/c=GB?objectClass?one", "ldap://[2001:db8::7]/c=GB?objectClass?one"),
        ("file:///etc/hosts", "file:///etc/hosts"),
        ("urn:a:b", "urn:a:b"),
    ],
)
def test_equal_uris_are_spelled_the_same(text: str, uri: str) -> None:
    assert clean_uri(text) == uri
    assert clean_uri(uri) == uri


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example.com/x", "must begin with a scheme"),
        ("https:", "nothing after the scheme"),
        ("https:///path", "names no host"),
        ("https://example.com/a b", "has ' ' in it"),
        ("https://example.com/ü", r"has '\\xfc' in it"),
        ("https://example.com/%zz", "% without two hexadecimal digits"),
    ],
)
def test_what_is_no_uri_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        clean_uri(text)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://user@example.com:8443/a", "example.com"),
        ("https://127.0.0.1/", "127.0.0.1"),
        ("ldap://[2001:db8::7]:389/", "2001:db8::7"),
        ("sip:info@example.com", ""),
        ("file:///etc/hosts", ""),
    ],
)
def test_a_uri_leads_to_its_host(uri: str, host: str) -> None:
    assert find_host(uri) == host
