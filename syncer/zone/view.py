"""What is known of a zone without asking."""

from __future__ import annotations

from collections.abc import Container, Iterator, Set
from contextlib import contextmanager


class ZoneView:
    """As of one SOA serial on one server the zone holds what the ledger says, but for the names at which there are
    foreign records.

    Good as long as that server has the zone and shows that serial: another node of its cluster may show the same one
    for other records. Only the zone that made it changes it, and its planner what is known of ``redirects``.
    """

    __slots__ = ("_serial", "delegations", "foreign", "node", "redirects")

    def __init__(self) -> None:
        self._serial: int | None = None
        self.node = ""
        self.foreign: Container[str] = frozenset()
        self.delegations: Set[str] = frozenset()
        self.redirects: set[str] = set()
        """The names with a DNAME, ours and foreign ones."""

    @property
    def serial(self) -> int | None:
        """None: nothing is known, or the target has no serials."""
        return self._serial

    def is_current(self, serial: int | None, node: str = "") -> bool:
        """Whether all is known, now that ``node`` has the zone and shows ``serial``."""
        return self._serial is not None and (self._serial, self.node) == (serial, node)

    def replace(
        self, serial: int | None, foreign: Container[str], delegations: Set[str] = frozenset(), node: str = ""
    ) -> None:
        """The zone was listed on ``node``, and showed ``serial``."""
        self._serial, self.node = serial, node
        self.foreign, self.delegations = foreign, delegations

    def note_redirect(self, name: str, *, is_there: bool) -> None:
        """Whether the name has a DNAME, or is to have one."""
        if is_there:
            self.redirects.add(name)
        else:
            self.redirects.discard(name)

    def advance(self, serial: int | None) -> None:
        """Our own writes left the zone at ``serial``; None when that cannot be told, which ends what is known."""
        if self._serial is not None:
            self._serial = serial

    def invalidate(self) -> None:
        self._serial = None

    @contextmanager
    def doubting_on_error(self) -> Iterator[None]:
        """What was found and not carried out, or written and not confirmed, is in no ledger: read the zone again."""
        try:
            yield
        except BaseException:
            self.invalidate()
            raise
