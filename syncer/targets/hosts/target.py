"""A hosts file as a target, for development: the same engine as in production, without a DNS server.

Lines outside our block are never changed. Their addresses show up in readings without a mark, so that a name which is
there by hand counts as foreign or in conflict, just like a record on a DNS server: a resolver takes the first line that
fits, and ours below it would not be heard.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby

from syncer.config import HostsConfig
from syncer.core.names import is_wildcard, zone_of
from syncer.core.plan import Change
from syncer.core.rrsets import Found, Marker, RRset
from syncer.targets.base import Outcome, Reading, Result, ServerReport
from syncer.targets.hosts.block import HostsLine, HostsText
from syncer.targets.hosts.file import HostsFile
from syncer.targets.shared_servers import ALONE, ServerUse


class HostsTarget:
    """The managed block of one hosts file. ``zones`` are all zones that it holds, each name in the longest that fits.

    The file must exist. What a person has to mend raises ``ZoneUnusable``, so that it is tried again by the clock.
    """

    kind = "hosts"
    keeps_ttl = False
    is_bulky = True
    paused = 0.0
    is_exclusive = True
    marks_origin = False
    warning = ""

    def __init__(
        self,
        config: HostsConfig,
        marker: Marker,
        zones: Collection[str],
        observe: Callable[[str, str, str, float], None] = lambda endpoint, method, status, seconds: None,
        waited: Callable[[float], None] = lambda seconds: None,
        waiting: Callable[[], None] = lambda: None,
        use: ServerUse = ALONE,
    ) -> None:
        """None of them hears anything: a file takes no requests, and two targets with one are refused at the start."""
        self._file = HostsFile(config.path)
        mark = marker.mark("hosts-file")
        self._zones = {name: HostsZone(name, self._file, mark, zones) for name in zones}

    def check(self) -> None:
        self._file.check_access()

    def serials(self) -> None:
        return None

    def takes_together(self, rrset: RRset) -> bool:
        return True

    def refuses(self, rrset: RRset) -> str:
        return explain_unfit(rrset)

    def describe(self) -> ServerReport:
        return ServerReport(self._file.path)

    def zone(self, name: str) -> HostsZone:
        return self._zones[name]

    def close(self) -> None:
        """The file is open only while it is read or written."""


class HostsZone:
    """See ``TargetZone``. The names of one zone in the block that all zones share. A hosts file has no room for a mark
    beside each value, so every line of the block has the same ``mark``."""

    node = ""
    left_serial = None
    lost_writes = False

    def __init__(self, name: str, file: HostsFile, mark: str, zones: Collection[str]) -> None:
        self.name = name
        self._file = file
        self._mark = mark
        self._zones = zones

    def recall(self, node: str) -> None:
        """There is but one file."""

    def read(self, names: Collection[str] | None = None) -> Reading:
        text = self._file.read_text()
        return Reading(None, self._find_rrsets(text, None if names is None else frozenset(names)))

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        """All changes in one write. An error means that none was made."""
        with self._file.edit_text() as edit:
            block: dict[tuple[str, str], tuple[str, ...]] = {}
            for host, kind, address in edit.text.entries:
                block[host, kind] = (*block.get((host, kind), ()), address)
            results = [_change_block(block, change) for change in changes]
            edit.write_block(HostsLine(*key, address) for key, addresses in block.items() for address in addresses)
        return iter(results)

    def _find_rrsets(self, text: HostsText, names: frozenset[str] | None) -> Iterator[Found]:
        def is_asked(line: HostsLine) -> bool:
            return (names is None or line.host in names) and zone_of(line.host, self._zones) == self.name

        lines = sorted(filter(is_asked, text.entries | text.foreign))
        for (host, kind), group in groupby(lines, key=lambda line: (line.host, line.type)):
            same = list(group)
            yield Found(
                RRset(host, kind, 0, tuple(line.address for line in same)),
                tuple(self._mark if line in text.entries else "" for line in same),
                # The next plan then rewrites what is ours, and the block is whole again.
                is_damaged=text.damaged and text.entries.issuperset(same),
            )


def explain_unfit(rrset: RRset) -> str:
    """Why a hosts file cannot hold the RRset, "" when it can."""
    if is_wildcard(rrset.name):
        return "a hosts file cannot hold a wildcard"
    if rrset.type not in ("A", "AAAA"):
        return f"a hosts file holds addresses only, no {rrset.type}"
    return ""


def _change_block(block: dict[tuple[str, str], tuple[str, ...]], change: Change) -> Result:
    after = change.after
    if after and (reason := explain_unfit(after)):
        return Result(change, Outcome.REFUSED, reason, permanent=True)
    if after and change.adopts and change.before and (others := {*change.before.rrset.values} - {*after.values}):
        lines = " and ".join(f"`{address} {after.name}`" for address in sorted(others))
        reason = f"lines outside the managed block are not ours to change: take out {lines} by hand"
        return Result(change, Outcome.REFUSED, reason, permanent=True)
    if after:
        block[change.key] = after.values
    else:
        block.pop(change.key, None)
    return Result(change, Outcome.DONE)
