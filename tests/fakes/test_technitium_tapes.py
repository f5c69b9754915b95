"""The double answers as real servers did."""

from __future__ import annotations

import pytest

from tests.fakes.cluster_tape import ClusterPlayer, normalize_answer
from tests.fakes.tape import TAPES, Player, find_differences, load_tape, scrub_answer, sort_members
from tests.fakes.technitium import Technitium
from tests.fakes.technitium.dialects import DIALECTS

NAMES = {path.name.removeprefix("technitium-").removesuffix(".json.gz") for path in TAPES.glob("technitium-*")}
RANDOM = sorted(name for name in NAMES if "-random" in name)
"""Whatever is there: a tape that is added is played."""


def test_every_version_has_a_random_tape_and_every_tape_is_played() -> None:
    assert {name.partition("-")[0] for name in RANDOM} == set(DIALECTS)
    assert NAMES - set(RANDOM) == {"15.2-ordered", "15.2-cluster-graceful", "15.2-cluster-forced"}


@pytest.mark.parametrize("tape", RANDOM)
def test_it_answers_every_step_of_the_random_tape_as_that_version_did(tape: str) -> None:
    version = tape.partition("-")[0]
    wrong: dict[int, list[str]] = {}
    with Technitium(token="secret", version=version) as server:
        player = Player(server.url, "secret", server.dns, form_token=version != "15.2")
        for number, step in enumerate(load_tape(tape)):
            expected, got = sort_members(step["got"]), sort_members(player.play_random(step))
            if lines := list(find_differences(expected, got)):
                wrong[number] = lines
        player.close()
    assert wrong == {}


def test_it_answers_every_step_of_the_ordered_tape_as_15_2_did() -> None:
    wrong: dict[int, list[str]] = {}
    with Technitium(token="secret") as server:
        player = Player(server.url, "secret", server.dns)
        tokens = {"user": "secret"}
        for number, step in enumerate(load_tape("15.2-ordered")):
            if "request" in step or "query" in step:
                got = player.play_ordered(step, tokens)
                expected = {key: scrub_answer(step[key]) for key in got}
                if lines := list(find_differences(expected, got)):
                    wrong[number] = lines
        player.close()
    assert wrong == {}


@pytest.mark.parametrize(("tape", "steps"), [("graceful", 45), ("forced", 43)])
def test_two_of_them_answer_every_step_of_a_cluster_as_two_nodes_of_15_2_did(tape: str, steps: int) -> None:
    wrong: dict[int, list[str]] = {}
    played = 0
    with ClusterPlayer() as player:
        for number, step in enumerate(load_tape(f"15.2-cluster-{tape}")):
            got = player.play(step)
            if "answer" in step:
                played += 1
                if lines := list(find_differences(normalize_answer(step["answer"]), got)):
                    wrong[number] = lines
    assert wrong == {}
    assert played == steps
