"""The targets of the settings in force, as far as the web knows them: names, what is managed, whom to ask by DNS."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from records.models import ManagedZone, SyncStatus
from records.status_models import name_target
from syncer.config import Managed
from syncer.core.names import zone_of


def list_targets(status: SyncStatus | None = None) -> Mapping[str, Managed]:
    """By name, in the order of the settings. Without a file of targets there is one, whose name the syncer tells;
    ``status`` is its row, where that was read already."""
    several: Mapping[str, Managed] = settings.MANAGED_TARGETS
    return several or {name_target(status or SyncStatus.read()): settings.MANAGED}


def tell_target(target: str) -> str:
    """Behind what is on it: " on lan" where there are several; "" where there is one, or ``target`` names none."""
    return f" on {target}" if target and len(settings.MANAGED_TARGETS) > 1 else ""


def list_ever_known() -> dict[str, bool]:
    """Those of the settings, and those that are gone and have left something: by name whether it is still one."""
    rows = list(ManagedZone.objects.order_by("target").values_list("target", flat=True).distinct())
    if len(rows) < 2 and not settings.MANAGED_TARGETS:
        return dict.fromkeys(rows, True)  # without asking how it is called
    known = dict.fromkeys(list_targets(), True)
    return known | dict.fromkeys((target for target in rows if target not in known), False)


def find_targets(name: str, status: SyncStatus | None = None) -> list[str]:
    """Those that manage the name, in the order of the settings."""
    return list_managing(list_targets(status), name)


def list_managing(targets: Mapping[str, Managed], name: str) -> list[str]:
    """Those of ``targets`` that manage the name."""
    return [target for target, managed in targets.items() if zone_of(name, managed.scope.zones)]


def choose_target(name: str = "") -> str:
    """The first that manages the name, or else the first of all."""
    targets = list_targets()
    return next(iter((*list_managing(targets, name), *targets)))


def find_managed(target: str) -> Managed:
    """What is managed on the target; of one that is not in the settings, as on the first."""
    managed: Managed = settings.MANAGED_TARGETS.get(target, settings.MANAGED)
    return managed


def find_servers(target: str) -> list[str]:
    """The DNS servers that answer for what the target holds, as host:port."""
    servers: list[str] = settings.TARGET_DNS_SERVERS.get(target, settings.DNS_TEST_SERVERS)
    return servers
