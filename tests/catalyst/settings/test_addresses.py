"""Where our processes listen, and how this machine reaches them."""

from __future__ import annotations

import pytest

from catalyst.settings.addresses import make_url


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (":8000", "http://127.0.0.1:8000/admin/"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000/admin/"),
        ("[::]:8000", "http://[::1]:8000/admin/"),
        ("[fd00::1]:8000", "http://[fd00::1]:8000/admin/"),
        ("dns.talos00:8000", "http://dns.talos00:8000/admin/"),
    ],
)
def test_what_listens_on_every_interface_is_reached_on_this_machine(address: str, url: str) -> None:
    assert make_url(address, "/admin/") == url
