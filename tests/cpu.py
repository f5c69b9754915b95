"""What the tests cost: ``pytest -p tests.cpu`` tells the seconds of processor time of each file, and of its tests that
take more than one, with all the processes that they start and wait for.

Unlike wall time it does not count how long others had the processor; what they have of caches and memory it does, up to
a third.
"""

from __future__ import annotations

import resource
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.forkserver import Seconds

TOLD = 1.0
"""Seconds: what takes less is in the sums alone."""

Costs = dict[str, float]
TEST_COSTS = pytest.StashKey[Costs]()
"""By test. Fixtures that several share are with the first one that asks for them, their ends with the last."""
TOTALS = pytest.StashKey[list[float]]()
"""Of each process that ran tests, with what is of no test: imports, collection."""


def count_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used) + Seconds.total


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TEST_COSTS] = {}
    config.stash[TOTALS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    before = count_seconds()
    result = yield
    item.config.stash[TEST_COSTS][item.nodeid] = count_seconds() - before
    return result


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """After the last fixtures have ended."""
    result = yield
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["cpu"] = session.config.stash[TEST_COSTS], count_seconds()
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if not hasattr(node, "workeroutput"):
        return  # it was killed
    costs, total = node.workeroutput["cpu"]
    node.config.stash[TEST_COSTS].update(costs)
    node.config.stash[TOTALS].append(total)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    totals = config.stash[TOTALS] or [count_seconds()]
    costs: defaultdict[str, Costs] = defaultdict(dict)
    for test, seconds in config.stash[TEST_COSTS].items():
        file, _, name = test.partition("::")
        costs[file][name] = seconds
    files = Counter({file: sum(tests.values()) for file, tests in costs.items()})
    terminalreporter.section("processor time")
    for file, seconds in files.most_common():
        if seconds < TOLD:
            break
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
        for name, each in Counter(costs[file]).most_common():
            if each < TOLD:
                break
            terminalreporter.write_line(f"{each:17.1f} s  {name}")
    outside = sum(totals) - files.total()
    terminalreporter.write_line(f"{files.total():7.1f} s  in {len(files)} files, {outside:.1f} s for loading them")
    terminalreporter.write_line(f"{sum(totals):7.1f} s  in all: {', '.join(f'{each:.1f}' for each in totals)}")
