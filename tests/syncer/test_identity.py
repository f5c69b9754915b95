"""Who a syncer is, held against processes that are there, that were, and that cannot be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.identity import ProcessIdentity
from tests.processes import wait_until

ME = ProcessIdentity.of_this_process()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def identify(child: subprocess.Popen[bytes]) -> ProcessIdentity:
    born = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19])
    return replace(ME, pid=child.pid, number="0badcafe", born=born)


def state(child: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_two_starts_of_one_process_differ() -> None:
    again = ProcessIdentity.of_this_process()
    assert again != ME
    assert replace(again, number=ME.number) == ME


def test_it_is_read_as_it_was_written() -> None:
    assert ProcessIdentity.parse(str(ME)) == ME
    unseen = ProcessIdentity("web-1", 1, "12345678")
    assert ProcessIdentity.parse(str(unseen)) == unseen


@pytest.mark.parametrize("text", ["", "web-1 1", "web-1 one 12345678 b s 1", "web-1 1 12345678 b s one"])
def test_of_what_a_version_before_left_nothing_is_known(text: str) -> None:
    unknown = ProcessIdentity.parse(text)
    assert not ME.sees(unknown)
    assert not ME.sees_end_of(unknown)
    assert not ME.has_clock_of(unknown)


def test_a_process_that_is_there_has_not_ended(child: subprocess.Popen[bytes]) -> None:
    assert ME.sees(identify(child))
    assert not ME.sees_end_of(identify(child))
    os.kill(child.pid, signal.SIGSTOP)
    wait_until(lambda: state(child) == "T", 10, "a process that is stopped")
    assert not ME.sees_end_of(identify(child)), "it may go on"


def test_a_process_that_is_gone_has_ended(child: subprocess.Popen[bytes]) -> None:
    known = identify(child)
    child.kill()
    wait_until(lambda: state(child) == "Z", 10, "a process that its parent has not asked for")
    assert ME.sees_end_of(known)
    child.wait()
    assert ME.sees_end_of(known)


def test_a_process_that_got_the_same_number_is_another_one(child: subprocess.Popen[bytes]) -> None:
    known = identify(child)
    assert ME.sees_end_of(replace(known, born=known.born - 1))
    assert not ME.sees_end_of(replace(known, born=0)), "when it began was not known"


def test_who_had_our_process_id_has_ended() -> None:
    """As the first process of a container that was started again, or one that executed itself anew."""
    assert ME.sees_end_of(replace(ME, number="0badcafe"))
    assert not ME.sees_end_of(ME)


@pytest.mark.parametrize("elsewhere", [{"host": "web-2"}, {"boot": "another"}, {"space": "pid:[1]"}])
def test_of_a_process_elsewhere_no_end_is_seen(elsewhere: dict[str, str]) -> None:
    """Two containers may have one host name, and in both the first process is 1."""
    other = replace(ME, number="0badcafe", **elsewhere)
    assert not ME.sees(other)
    assert not ME.sees_end_of(other)
    assert ME.has_clock_of(other) == ("boot" not in elsewhere)


def test_where_nothing_can_be_known_nothing_is_taken_for_known() -> None:
    blind = ProcessIdentity("web-1", 1, "12345678")
    other = replace(blind, number="0badcafe")
    assert not blind.sees(other)
    assert not blind.sees_end_of(other)
    assert not blind.has_clock_of(other)
