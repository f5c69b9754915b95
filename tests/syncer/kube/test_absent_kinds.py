"""Kinds that are not installed, or that our account may not read: each costs a line, and holds up nothing."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from syncer.core.kinds import INGRESS, NAMESPACE, Kind
from syncer.core.scope import Scope
from syncer.kube.feed import WatchState
from syncer.kube.reflector import Pace
from syncer.kube.watcher import list_watches
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.resources import CUSTOM_GROUPS
from tests.processes import wait_until
from tests.syncer.kube.test_watcher import Running, ingress

SCOPE = Scope(zones=("talos00",), auto=True, service_pods=True)
KINDS = tuple(dict.fromkeys(kind for kind, _, _ in list_watches(SCOPE)))
ABSENT = tuple(kind for kind in KINDS if kind.group in CUSTOM_GROUPS)
FORBIDDEN = tuple(kind for kind in KINDS if kind not in (INGRESS, NAMESPACE))
ONCE = Pace(confirm=0.02)
"""What is asked again is asked after the test."""

Start = Callable[[Cluster], Running]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Running] = []

    def run(kubernetes: Cluster) -> Running:
        started.append(Running(kubernetes, SCOPE, ONCE))
        return started[-1]

    yield run
    for running in started:
        running.feed.stop()


def find_kinds(running: Running, state: WatchState) -> set[Kind]:
    return {it.kind for it in running.feed.states() if it.state is state}


def count_lines(caplog: pytest.LogCaptureFixture, level: int) -> Counter[str]:
    """By kind."""
    return Counter(vars(record)["kind"] for record in caplog.records if record.levelno == level)


def test_kinds_that_are_not_installed_cost_a_line_each(
    kubernetes_double: Callable[..., Cluster], start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    kubernetes = kubernetes_double(without=CUSTOM_GROUPS)
    kubernetes.create(ingress("grafana", "default"))
    with caplog.at_level(logging.INFO, "syncer.kube"):
        running = start(kubernetes)
        wait_until(running.ready)
        # A line follows its state.
        wait_until(lambda: len(count_lines(caplog, logging.INFO)) == len(KINDS))
    assert find_kinds(running, WatchState.NOT_INSTALLED) == set(ABSENT)
    assert all(state.known for state in running.feed.states())
    assert running.names == ["grafana.talos00"]
    assert count_lines(caplog, logging.INFO) == Counter(map(str, KINDS))
    assert not count_lines(caplog, logging.WARNING)
    listed = {plural for verb, plural in kubernetes.requests if verb in ("list", "watch")}
    assert not listed & set(map(str, ABSENT))


@pytest.mark.double_only
def test_kinds_that_we_may_not_read_cost_a_warning_each(
    kubernetes: Cluster, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in FORBIDDEN:
        kubernetes.refuse("*", str(kind))
    kubernetes.create(ingress("grafana", "default"))
    with caplog.at_level(logging.INFO, "syncer.kube"):
        running = start(kubernetes)
        wait_until(lambda: find_kinds(running, WatchState.FORBIDDEN) == set(FORBIDDEN))
        wait_until(lambda: find_kinds(running, WatchState.WATCHING) == {INGRESS, NAMESPACE})
        wait_until(lambda: len(count_lines(caplog, logging.WARNING)) == len(FORBIDDEN))
    assert running.names == ["grafana.talos00"]
    assert count_lines(caplog, logging.WARNING) == Counter(map(str, FORBIDDEN))
    asked = {kind: kubernetes.requests["list", str(kind)] for kind in FORBIDDEN}
    assert set(asked.values()) == {1}
