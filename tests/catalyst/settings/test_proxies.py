"""The proxies that are believed."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.environment import Environment
from catalyst.settings.proxies import read_proxies


@pytest.mark.parametrize(
    ("text", "proxies"),
    [
        ("", ["127.0.0.1", "::1"]),
        ("10.42.0.7, 10.42.1.9/16,fd00::/8", ["10.42.0.7", "10.42.0.0/16", "fd00::/8"]),
        ("*", ["*"]),
    ],
)
def test_proxies_are_addresses_and_networks(text: str, proxies: list[str]) -> None:
    assert read_proxies(Environment({"FORWARDED_ALLOW_IPS": text})) == proxies


@pytest.mark.parametrize("text", ["traefik", "10.0.0.0/33", "10.0.0.1,*", "10.0.0.1:80"])
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^FORWARDED_ALLOW_IPS is "):
        read_proxies(Environment({"FORWARDED_ALLOW_IPS": text}))
