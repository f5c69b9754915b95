"""Where records go."""

from __future__ import annotations

from collections.abc import Callable

from syncer.config import Config, HostsConfig
from syncer.core.rrsets import Marker
from syncer.targets.base import Target


def make_target(
    config: Config,
    observe: Callable[[str, str, str, float], None],
    waited: Callable[[float], None] = lambda seconds: None,
) -> Target:
    """The target that the configuration names. ``observe(endpoint, method, status code, seconds)`` hears of each
    request, ``waited(seconds)`` of each wait for the rate limit. A new kind of target adds one file and one line here.
    """
    marker = Marker(config.managed.owner_id)
    if isinstance(config.target, HostsConfig):
        from syncer.targets.hosts.target import HostsTarget

        return HostsTarget(config.target.path, marker, config.scope.zones)
    from syncer.targets.technitium.target import (
        TechnitiumTarget,  # with it comes `requests`, which a hosts file does not need
    )

    return TechnitiumTarget(config.target, marker, config.scope.zones, observe=observe, waited=waited)
