"""Two targets with a zone in common, as a file of targets sets them up."""

from __future__ import annotations

from django.conf import LazySettings

from syncer.config import Managed
from syncer.core.scope import Scope

NAMES = ("lan", "public")
LAN = Managed(
    Scope(zones=("talos00", "example.com"), addresses=("192.168.1.54",), target_name="lan", target_names=NAMES)
)
PUBLIC = Managed(
    Scope(
        zones=("example.com",),
        addresses=("203.0.113.7",),
        target_name="public",
        target_names=NAMES,
        other_zones=frozenset({"talos00"}),
    )
)


def set_up_two(settings: LazySettings) -> None:
    settings.MANAGED_TARGETS = {"lan": LAN, "public": PUBLIC}
    settings.MANAGED = LAN
    settings.DNS_TEST_SERVERS = ["192.168.1.53:53", "192.0.2.53:53"]
    settings.TARGET_DNS_SERVERS = {"lan": ["192.168.1.53:53"], "public": ["192.0.2.53:53"]}
