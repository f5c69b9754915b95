"""The double answers as real servers did."""

from __future__ import annotations

import pytest

from tests.fakes import tape
from tests.fakes.tape import Player, differences, scrubbed, sorted_members
from tests.fakes.technitium import Technitium

LEAST_AGREEMENT = 0.99
KNOWN: dict[tuple[str, int], str] = {}
"""(tape, step) of an answer that differs, and why."""


@pytest.mark.parametrize("version", ["15.2", "14.3", "13.4"])
def test_it_answers_the_random_tape_as_that_version_did(version: str) -> None:
    name = f"{version}-random"
    steps = tape.load(name)
    wrong = {}
    with Technitium(token="secret", version=version) as server:
        player = Player(server.url, "secret", server.dns, form_token=version != "15.2")
        for i, step in enumerate(steps):
            expected, got = sorted_members(step["got"]), sorted_members(player.random_step(step))
            if lines := list(differences(expected, got)):
                wrong[name, i] = lines
        player.close()
    check(name, len(steps), wrong)


def test_it_answers_the_ordered_tape_as_15_2_did() -> None:
    name = "15.2-ordered"
    steps = [step for step in tape.load(name) if "request" in step or "query" in step]
    wrong = {}
    with Technitium(token="secret") as server:
        player = Player(server.url, "secret", server.dns)
        tokens = {"user": "secret"}
        for i, step in enumerate(steps):
            got = player.ordered_step(step, tokens)
            expected = {key: scrubbed(step[key]) for key in got}
            if lines := list(differences(expected, got)):
                wrong[name, i] = lines
        player.close()
    check(name, len(steps), wrong)


def check(name: str, count: int, wrong: dict[tuple[str, int], list[str]]) -> None:
    unlisted = {place: lines for place, lines in wrong.items() if place not in KNOWN}
    assert not unlisted, "\n".join(f"{place}: {line}" for place, lines in unlisted.items() for line in lines[:3])
    stale = [place for place in KNOWN if place[0] == name and place not in wrong]
    assert not stale, f"these agree by now: {stale}"
    assert len(wrong) <= count * (1 - LEAST_AGREEMENT)
