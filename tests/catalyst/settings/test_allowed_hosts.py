"""The names under which the web may be called."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.allowed_hosts import read_allowed_hosts
from catalyst.settings.environment import Environment


def test_the_web_may_be_called_by_names_addresses_and_whole_domains() -> None:
    given = "DNS.home.lab, .home.lab,192.168.1.5,[::1],fd00::0:1,bücher.example,*"
    assert read_allowed_hosts(Environment({"ALLOWED_HOSTS": given})) == [
        "dns.home.lab", ".home.lab", "192.168.1.5", "[::1]", "[fd00::1]", "xn--bcher-kva.example", "*",
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["http://foo/", "foo:8000", "a b", "*.home.lab", "foo/admin", "..", "[::1]:8000"])
def test_a_host_that_no_request_can_name_is_refused(host: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_allowed_hosts(Environment({"ALLOWED_HOSTS": f"localhost,{host}"}))
    assert str(caught.value).startswith(f'ALLOWED_HOSTS is "{host}": ')
