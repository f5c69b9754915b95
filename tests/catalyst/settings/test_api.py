"""The settings of the REST API."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.api import read_dns_servers
from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_config


def test_servers_to_test_with_are_addresses_or_names() -> None:
    given = "192.168.1.53,dns.talos00:5353,fd00::1,[fd00::2]:5353"
    assert read_dns_servers(Environment({"DNS_TEST_SERVERS": given}), ()) == [
        "192.168.1.53:53", "dns.talos00:5353", "[fd00::1]:53", "[fd00::2]:5353",
    ]  # fmt: skip
    for wrong in ("a b", "dns.talos00:port", "http://dns.talos00", "1.2.3.400", "*.talos00", "dns.talos00/x"):
        with pytest.raises(ImproperlyConfigured) as caught:
            read_dns_servers(Environment({"DNS_TEST_SERVERS": wrong}), ())
        assert str(caught.value).startswith(f'DNS_TEST_SERVERS is "{wrong}": ')


def test_without_them_the_servers_are_those_that_are_written_to() -> None:
    urls = "https://dns1.talos00:53443,https://dns2.talos00:53443,https://dns1.talos00:5380"
    env = Environment({"DNS_SERVER_URL": urls})
    assert read_dns_servers(env, read_config(env, checking=True).targets) == ["dns1.talos00:53", "dns2.talos00:53"]
