"""What is wrong with a server is said in the words of the settings that name it: a file of targets has no variables."""

from __future__ import annotations

import re
from typing import Any

import pytest

from syncer.config import SettingNames
from syncer.core.rrsets import RRset
from syncer.errors import TargetRefused, TargetUnreachable
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import ZONE, held, make_target
from tests.syncer.targets.technitium.test_client import Answering, certificate, complaint, server, tls_server

__all__ = ["certificate", "server", "tls_server"]

FIELDS = SettingNames(**{name: f"`{name}` of target lan" for name in SettingNames._fields})


def test_what_a_server_answers_that_is_not_the_right_one(server: Answering) -> None:
    server.body = b'{"status":"invalid-token","errorMessage":"Invalid token or session expired."}'
    assert complaint(server, TargetRefused, spelled=FIELDS).endswith("put it in `token` of target lan")
    server.status, server.body = 307, b""
    server.headers = {"Location": "https://ns1.test:53443/"}
    assert complaint(server, TargetRefused, spelled=FIELDS).endswith("set `servers` of target lan to that")


def test_a_certificate_that_nobody_vouches_for(tls_server: Answering) -> None:
    said = complaint(tls_server, TargetUnreachable, spelled=FIELDS)
    assert said.endswith("`ca_file` of target lan gives an authority, `fingerprint` of target lan trusts it as it is")
    said = complaint(tls_server, TargetUnreachable, spelled=FIELDS, fingerprint="0" * 64)
    assert said.endswith("does not have the fingerprint in `fingerprint` of target lan")
    said = complaint(tls_server, TargetUnreachable, spelled=FIELDS, ca_file="/none.pem")
    assert said.startswith("/none.pem in `ca_file` of target lan cannot be used")


def test_a_token_that_is_none(technitium: ServerUnderTest) -> None:
    technitium.token, right = "no token", technitium.token
    with pytest.raises(TargetRefused, match=r"^`token` of target lan is empty or holds"):
        make_target(technitium, spelled=FIELDS)
    technitium.token = right


def test_a_zone_that_is_not_the_right_one(technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    technitium.make_zone(f"deeper.{ZONE}")
    target = make_target(technitium, spelled=FIELDS)
    target.serials()
    reason = target.refuses(RRset(f"a.deeper.{ZONE}", "A", 300, ("192.0.2.1",)))
    assert "which is not in `zones` of target lan" in reason


@pytest.mark.parametrize("more", [{}, {"others": ("http://127.0.0.1:1",)}])
def test_no_variable_is_named(technitium: ServerUnderTest, more: dict[str, Any]) -> None:
    target = make_target(technitium, "nowhere.lab", spelled=FIELDS, **more)
    with pytest.raises(TargetRefused) as caught:
        held(target, "nowhere.lab")
    assert not re.search("DNS_[A-Z]", str(caught.value))
