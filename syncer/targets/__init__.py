"""Where records go. A new kind of target is one file, and one line in ``TARGETS``; ``catalyst/settings/sync.py``
reads which one is set."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from syncer.config import HostsConfig, TargetConfig, TechnitiumConfig
from syncer.core.rrsets import Marker
from syncer.targets.base import Target
from syncer.targets.shared_servers import ALONE, ServerUse

TARGETS: dict[type, str] = {
    HostsConfig: "syncer.targets.hosts.target:HostsTarget",
    TechnitiumConfig: "syncer.targets.technitium.target:TechnitiumTarget",
}
"""The class of a target by that of its settings. It is loaded when it is used: a hosts file needs no HTTP client.

Each is made from its settings, the marker, the zones that it manages, and what else ``make_target``
names.
"""


def make_target(
    config: TargetConfig,
    observe: Callable[[str, str, str, float], None],
    waited: Callable[[float], None] = lambda seconds: None,
    waiting: Callable[[], None] = lambda: None,
    use: ServerUse = ALONE,
) -> Target:
    """The target that is configured so. ``observe(endpoint, method, status code, seconds)`` hears of each
    request, ``waited(seconds)`` of each wait for the rate limit; ``waiting()`` is called time and again while a
    server is waited for, which may take a minute. By ``use`` several targets learn whether they share a server."""
    module, _, name = TARGETS[type(config.settings)].partition(":")
    marker = Marker(config.managed.owner_id, config.managed.owner_id_was)
    target: Target = getattr(import_module(module), name)(
        config.settings, marker, config.scope.zones, observe, waited, waiting, use
    )
    return target
