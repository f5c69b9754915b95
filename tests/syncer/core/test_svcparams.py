"""The parameters of SVCB and HTTPS records."""

from __future__ import annotations

import pytest

from syncer.core.rdwords import BadValue
from syncer.core.svcparams import clean_params, escape_bytes, find_key, key_name, split_params

ECH = "AAb+DQACQWI="


def clean(text: str) -> str:
    return clean_params(text.split())


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ('alpn="h2,h3"', "alpn=h2,h3"),
        ("PORT=443 ALPN=http/1.1", "alpn=http/1.1 port=443"),
        ("ipv6hint=2001:DB8:0::1,::1 ipv4hint=192.0.2.1", "ipv4hint=192.0.2.1 ipv6hint=2001:db8::1,::1"),
        (
            "alpn=h2 no-default-alpn mandatory=no-default-alpn,alpn",
            "mandatory=alpn,no-default-alpn alpn=h2 no-default-alpn",
        ),
        (f"ech={ECH}", f"ech={ECH}"),
        ('dohpath="/dns-query{?dns}"', "dohpath=/dns-query{?dns}"),
        ("ohttp key10=a key9=\\000", "ohttp key9=\\000 key10=a"),
        ('no-default-alpn="" alpn=h2', "alpn=h2 no-default-alpn"),
    ],
)
def test_parameters_are_bare_and_in_the_order_of_their_numbers(text: str, spelled: str) -> None:
    assert clean(text) == spelled
    assert clean(spelled) == spelled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alpn", "alpn has no value"),
        ("alpn=h2,", "in alpn is no protocol"),
        ("alpn=h2 alpn=h3", "it has alpn twice"),
        ("port=65536", "port 65536 is no number"),
        ("port=0443", "port 0443 is no number"),
        ("ipv4hint=2001:db8::1", "is an AAAA value"),
        ("ipv6hint=web", "a hint is not an IP address"),
        ("ech=0006fe0d00024162", "no ECHConfigList in base64"),
        ("ech=?", "no ECHConfigList in base64"),
        ("ech=AAEA", "no ECHConfigList in base64"),
        ("dohpath=dns", "no path with a variable dns"),
        ("dohpath=/dns-query", "no path with a variable dns"),
        ("no-default-alpn=x alpn=h2", "no-default-alpn takes no value"),
        ("mandatory=alpn", "mandatory names alpn, which it does not have"),
        ("mandatory=mandatory", "mandatory cannot name itself"),
        ("mandatory=port,port port=1", "mandatory names a key twice"),
        ("key1=h2", "key1 has a name: write alpn"),
        ("key65536=x", "is no key of a parameter: give mandatory, alpn"),
        ("key01=x", "is no key of a parameter"),
        ("speed=fast", "speed is no key of a parameter"),
        ("=x", "is no key of a parameter"),
    ],
)
def test_what_rfc_9460_forbids_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        clean(text)


def test_keys_have_numbers() -> None:
    assert [find_key(name) for name in ("mandatory", "ECH", "ohttp", "key667")] == [0, 5, 8, 667]
    assert [key_name(number) for number in (1, 8, 667)] == ["alpn", "ohttp", "key667"]


def test_parameters_are_taken_apart() -> None:
    assert split_params("alpn=h2,h3 no-default-alpn key9=a=b") == {
        "alpn": "h2,h3",
        "no-default-alpn": "",
        "key9": "a=b",
    }
    assert split_params("") == {}


def test_bytes_without_a_meaning_are_escaped() -> None:
    assert escape_bytes(b'h2 "\xd2') == "h2\\032\\034\\210"
