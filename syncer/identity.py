"""Who a syncer is, and whether its process is there, as far as that can be told from here."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENDED = ("Z", "X")
"""States of a process that is dead and that its parent has not asked for yet."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Host, process id and a number made at the start; and by what the first two can be held against the processes
    that are there now. ``boot`` is the kernel's own number of its boot, ``space`` the namespace that the process id
    is of: two containers may share a host name, and in each the first process is 1. ``born`` is when the process
    began, in ticks since the boot. What cannot be known is "" or 0.
    """

    host: str
    pid: int
    number: str = ""
    boot: str = ""
    space: str = ""
    born: int = 0

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        boot = space = ""
        with suppress(OSError):
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            space = os.readlink("/proc/self/ns/pid")
        pid = os.getpid()
        return cls(socket.gethostname(), pid, secrets.token_hex(4), boot, space, _read_process(pid)[1])

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity:
        """Of what ``str`` gives. What is no such text is an identity of which nothing is known."""
        try:
            host, pid, number, boot, space, born = text.split(" ")
            return cls(host, int(pid), number, boot, space, int(born))
        except ValueError:
            return cls("", 0)

    def __str__(self) -> str:
        return f"{self.name} {self.number} {self.boot} {self.space} {self.born}"

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.host} {self.pid}"

    def has_clock_of(self, other: ProcessIdentity) -> bool:
        """Whether both read one clock: containers have the clock of the machine."""
        return bool(self.boot) and self.boot == other.boot

    def sees(self, other: ProcessIdentity) -> bool:
        """Whether the process of ``other`` would be seen from here, if it is there."""
        return self.has_clock_of(other) and (self.host, self.space) == (other.host, other.space) and bool(self.space)

    def sees_end_of(self, other: ProcessIdentity) -> bool:
        """Whether the process of ``other`` has certainly ended. Its process id may be another one's by now, or ours."""
        if not self.sees(other):
            return False
        if other.pid == self.pid:
            return other.number != self.number
        try:
            os.kill(other.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # someone else's, and there
        state, born = _read_process(other.pid)
        return state in ENDED or (born != other.born and 0 not in (born, other.born))


def _read_process(pid: int) -> tuple[str, int]:
    """Its state, and when it began; "" and 0 where that is hidden from us."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", 0
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return fields[0], int(fields[19])
