"""Whether the syncer is alive (/healthz) and ready (/readyz), and if not, why.

Alive: the loop turns, and every watch has been heard from. A dead API server, DNS server or database is no reason to
restart this process: it makes the process not ready, but never not alive. An API server that no longer answers is
noticed by the silence of the watches, a DNS server by the next probe for serials.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from syncer.httpd import PlainAnswer, Server
from syncer.kube.feed import KindState, WatchState

STALL = 60.0
"""Seconds without a turn of the loop."""

SILENT_READS = 2
"""Read time-outs after the first one at which a watch counts as dead: the first should have opened it again."""

ANSWER = 60.0
"""The least number of seconds for that, because a slow or frozen API server is given 30 to answer."""

NEVER_PASSED = "no full pass has been completed yet"

REOPENING = 5.0
"""Seconds that opening a watch may take; a server that is silent for longer does not answer."""


class HealthReport(NamedTuple):
    """What /readyz would say now."""

    kinds: Sequence[KindState]
    problems: Sequence[str]
    warnings: Sequence[str]


class TargetHealth:
    """What the loop of one target reports. What is read by the server's threads is replaced as a whole."""

    def __init__(self, name: str, turned: float, clock: Callable[[], float]) -> None:
        self.name = name
        self.turned = turned
        self.problem = "the DNS server has not been asked yet"
        self.warning = ""
        self.database_problem = ""
        self.freezes: Sequence[str] = ()
        """What holds all writes, in sentences."""
        self.is_frozen = False
        """Writes to every zone are held: no pass can be made, and none is missing."""
        self.has_passed = False
        self.zone_problems: dict[str, str] = {}
        """By zone."""
        self._clock = clock

    def beat(self) -> None:
        """The loop turns. Long work calls this in between, too."""
        self.turned = self._clock()

    def list_problems(self) -> list[str]:
        return [*filter(None, (self.database_problem, self.problem)), *self.zone_problems.values()]

    def list_warnings(self) -> list[str]:
        return [*self.freezes, *filter(None, [self.warning])]


class Health:
    """What the loops report and the probes read. ``states`` is ``Feed.states``, called from the server's threads.

    ``targets`` are their names. ``read_timeout`` (of the watches) is in seconds; ``clock`` is the one of
    ``KindState.heard_at``.
    """

    def __init__(
        self,
        states: Callable[[], Sequence[KindState]],
        targets: Sequence[str] = ("default",),
        *,
        read_timeout: float = 75.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._states = states
        self._read_timeout = read_timeout
        self._clock = clock
        self._started = self._turned = clock()
        self.database_problem = ""
        self.targets = [TargetHealth(name, self._started, clock) for name in targets]

    def beat(self) -> None:
        """The loop turns. Long work calls this in between, too."""
        self._turned = self._clock()

    def loop_age(self) -> float:
        """Seconds since the last beat, of the loop that has been silent for longest."""
        return self._clock() - min(self._turned, *(target.turned for target in self.targets))

    def liveness(self) -> list[str]:
        silence = self._read_timeout + max(SILENT_READS * self._read_timeout, ANSWER)
        now, stalls = self._clock(), {"the loop": self._turned}
        stalls |= {f"the loop of {target.name}": target.turned for target in self.targets if self._are_several}
        return find_liveness_problems(now, self._started, stalls, self._states(), STALL, silence)

    def readiness(self) -> list[str]:
        silence = self._read_timeout + REOPENING
        problems = [self.database_problem] if self.database_problem else []
        for target in self.targets:
            told = target.list_problems()
            if not (target.has_passed or target.is_frozen):
                told.append(NEVER_PASSED)
            problems += self._name_target(target, told)
        return find_readiness_problems(self._clock(), self._states(), silence, problems)

    def healthz(self) -> PlainAnswer:
        return self._make_answer(self.liveness(), [])

    def readyz(self) -> PlainAnswer:
        return self._make_answer(self.readiness(), self.warnings())

    def warnings(self) -> list[str]:
        of_targets = [text for target in self.targets for text in self._name_target(target, target.list_warnings())]
        return [*list_warnings(self._states()), *of_targets]

    def report(self) -> HealthReport:
        return HealthReport(self._states(), self.readiness(), self.warnings())

    @property
    def _are_several(self) -> bool:
        return len(self.targets) > 1

    def _name_target(self, target: TargetHealth, texts: Sequence[str]) -> list[str]:
        return [f"{target.name}: {text}" if self._are_several else text for text in texts]

    def _make_answer(self, problems: Sequence[str], warnings: Sequence[str]) -> PlainAnswer:
        now = self._clock()
        body = {
            "ok": not problems,
            "problems": problems,
            "warnings": warnings,
            "loop_age_seconds": round(self.loop_age(), 1),
            "kinds": [_describe_kind(now, state) for state in self._states()],
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return PlainAnswer(json.dumps(body, indent=1).encode() + b"\n", "application/json", status)


def find_liveness_problems(
    now: float,
    started: float,
    turned: Mapping[str, float],
    states: Sequence[KindState],
    stall: float,
    silence: float,
) -> list[str]:
    """What is wrong, in sentences; none when it is alive. All times are in seconds of one clock; ``turned`` is when
    each loop turned last.

    The silence of a kind that is still starting counts from ``started``: the thread that reads it may have died there.
    """
    problems = [f"{loop} has not turned for {now - then:.0f} s" for loop, then in turned.items() if now - then > stall]
    for state in _select_dns_kinds(states):
        if state.state is WatchState.WATCHING and now - state.heard_at > silence:
            problems.append(f"the watch on {state.kind} has been silent for {now - state.heard_at:.0f} s")
        elif state.state is WatchState.STARTING and now - max(started, state.heard_at) > silence:
            problems.append(f"the watch on {state.kind} has not come up for {now - started:.0f} s")
    return problems


def find_readiness_problems(
    now: float, states: Sequence[KindState], silence: float, target_problems: Sequence[str]
) -> list[str]:
    """What is missing, in sentences; none when it is ready. A kind that we may not read does not hold up the others,
    and neither does a file of manifests that cannot be read.

    ``silence`` is how many seconds a watch on a server that answers may bring nothing.
    """
    problems = []
    unreachable: dict[str, list[str]] = {}
    for state in _select_dns_kinds(states):
        if state.state is WatchState.UNREACHABLE:
            unreachable.setdefault(state.reason, []).append(str(state.kind))
        elif state.state is WatchState.WATCHING and now - state.heard_at > silence:
            unreachable.setdefault("it has fallen silent", []).append(str(state.kind))
        elif not (state.known or state.state is WatchState.FORBIDDEN or _is_read_in_part(state)):
            problems.append(f"{state.kind}: not listed yet{state.reason and f' ({state.reason})'}")
    for reason, kinds in unreachable.items():
        problems.append(f"Kubernetes cannot be reached for {', '.join(kinds)}: {reason or 'no reason known'}")
    if not states:
        problems.append("nothing is watched yet")
    return [*problems, *dict.fromkeys(target_problems)]


def list_warnings(states: Sequence[KindState]) -> list[str]:
    """Kinds that we may not read, and files of manifests that cannot be read."""
    forbidden = [
        f"{state.kind}: {state.reason or 'forbidden'}" for state in states if state.state is WatchState.FORBIDDEN
    ]
    files = dict.fromkeys(state.reason for state in states if _is_read_in_part(state))
    return [*forbidden, *(f"cannot be read: {reason}" for reason in files)]


def _is_read_in_part(state: KindState) -> bool:
    """Of a folder of manifests: all files but those that the reason names."""
    return state.state is WatchState.WATCHING and bool(state.reason)


def _select_dns_kinds(states: Sequence[KindState]) -> list[KindState]:
    return [state for state in states if state.kind.touches_dns]


def serve_probes(address: str, health: Health) -> Server:
    """Serve /healthz and /readyz until the server is closed. Raises ``CannotListen``."""
    return Server("HEALTH_PROBE_ADDRESS", address, {"/healthz": health.healthz, "/readyz": health.readyz})


def _describe_kind(now: float, state: KindState) -> dict[str, Any]:
    return {
        "kind": str(state.kind),
        "state": state.state,
        "known": state.known,
        "objects": state.objects,
        "age_seconds": round(now - state.heard_at, 1) if state.heard_at else None,
        "reason": state.reason,
    }
