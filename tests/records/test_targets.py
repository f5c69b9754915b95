"""The targets as the web knows them: from a file of targets, or the one whose name the syncer tells."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.utils import timezone

from records.models import SyncStatus
from records.targets import choose_target, find_managed, find_servers, find_targets, list_targets
from syncer.config import Managed
from syncer.core.scope import Scope

LAN = Managed(Scope(zones=("talos00", "example.com"), addresses=("192.168.1.54",)))
PUBLIC = Managed(Scope(zones=("example.com",), addresses=("203.0.113.7",)))

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(settings: LazySettings) -> None:
    settings.MANAGED_TARGETS = {"lan": LAN, "public": PUBLIC}
    settings.MANAGED = LAN
    settings.DNS_TEST_SERVERS = ["192.168.1.53:53", "192.0.2.53:53"]
    settings.TARGET_DNS_SERVERS = {"lan": ["192.168.1.53:53"]}


@pytest.mark.usefixtures("several")
def test_a_name_goes_to_each_target_that_manages_it_in_the_order_of_the_file() -> None:
    assert list(list_targets()) == ["lan", "public"]
    assert find_targets("shop.example.com") == ["lan", "public"]
    assert find_targets("nas.talos00") == ["lan"]
    assert find_targets("elsewhere.lab") == []


@pytest.mark.usefixtures("several")
def test_where_none_is_named_the_first_that_manages_the_name_is_meant_or_the_first_of_all() -> None:
    assert [choose_target(name) for name in ("shop.example.com", "elsewhere.lab", "")] == ["lan"] * 3


@pytest.mark.usefixtures("several")
def test_each_has_its_rules_and_servers_and_one_that_is_gone_those_of_the_first() -> None:
    assert (find_managed("public"), find_managed("gone")) == (PUBLIC, LAN)
    assert find_servers("lan") == ["192.168.1.53:53"]
    assert find_servers("gone") == ["192.168.1.53:53", "192.0.2.53:53"]


def test_without_a_file_the_one_target_is_called_as_the_syncer_says(settings: LazySettings) -> None:
    assert list_targets() == {"default": settings.MANAGED}
    now = timezone.now()
    SyncStatus.objects.create(holder="web-1 1", target="hosts", started_at=now, heartbeat_at=now)
    assert list_targets() == {"hosts": settings.MANAGED}
    assert choose_target("nas.talos00") == "hosts"
