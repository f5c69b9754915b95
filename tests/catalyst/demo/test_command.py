"""The command ``demo``: what it takes, what it tells its children, and that nothing is left of it. The browser test
(tests/browser/test_demo.py) runs it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from queue import SimpleQueue
from tempfile import gettempdir

import pytest

from catalyst.demo import command
from catalyst.demo.command import (
    KEPT,
    STUMBLE,
    is_locked,
    list_scenes,
    make_settings,
    parse_options,
    play_story,
    take_turn,
)
from catalyst.demo.doubles import Doubles
from catalyst.demo.stage import Stage, StageError
from catalyst.demo.story import Scene, write_story
from catalyst.settings.environment import SECRET_VARIABLES
from tests.catalyst.test_cli import run
from tests.ports import free_port

DOUBLES = Doubles("http://127.0.0.1:1", "127.0.0.1:2", "of-no-worth", "http://127.0.0.1:3", "/none/kubeconfig")


@pytest.mark.timeout(180)
def test_one_command_tells_the_story_once_and_leaves_nothing(tmp_path: Path) -> None:
    """Also beside the settings of a production, which none of its processes gets."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    production = {
        "DNS_SERVER_URL": "https://dns.example",
        "DATABASE_URL": "postgresql://nowhere/x",
        "LOG_LEVEL": "loud",
    }
    ended = run(tmp_path, "demo", "--once", "--speed=30", f"--port={free_port()}", TMPDIR=str(temporary), **production)
    assert ended.code == 0, ended.out + ended.err
    assert len(re.findall(r"http://", ended.out)) == 1, "one address is printed"
    told = [line.split("  ", 1)[1] for line in ended.out.splitlines()[2:]]
    assert told == [scene.sentence for scene in write_story(0)]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("options", [["--speed=0"], ["--speed=fast"], ["--port=0"], ["--seed=x"], ["--dev"]])
def test_an_option_that_cannot_be_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(options)
    assert options[0].partition("=")[0] in capsys.readouterr().err


def test_all_that_it_has_its_children_open_is_of_this_machine_alone(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, DOUBLES, None)
    addresses = {
        name: value for name, value in settings.items() if name.endswith("_ADDRESS") and name != "DNS_IP_ADDRESS"
    }
    assert len(set(addresses.values())) == 3
    assert {value.partition(":")[0] for value in addresses.values()} == {"127.0.0.1"}
    assert make_settings(tmp_path, DOUBLES, 9000)["WEB_BIND_ADDRESS"] == "127.0.0.1:9000"


def test_of_two_that_start_at_once_one_waits_for_its_turn_or_for_its_end() -> None:
    second = os.open(gettempdir(), os.O_RDONLY)
    stopped: SimpleQueue[int] = SimpleQueue()
    stopped.put(0)
    try:
        with take_turn(SimpleQueue()):
            assert not is_locked(second)
            with take_turn(stopped):
                assert not is_locked(second), "who is stopped meanwhile does not end the turn of the other"
        assert is_locked(second)
    finally:
        os.close(second)


def test_no_setting_of_ours_comes_from_outside() -> None:
    assert not set(KEPT) & set(SECRET_VARIABLES)
    assert not [name for name in KEPT if re.match("DNS|DATA|DATABASE|WEB|ALLOWED|DJANGO|ADMIN|KUBE|SECRET|LOG", name)]


def test_the_rounds_go_on_until_it_is_stopped_and_once_is_one() -> None:
    scenes = list_scenes(1, is_once=False)
    length = len(list(write_story(0)))
    assert [next(scenes) for _ in range(3 * length)][2 * length :] == list(write_story(2))
    assert list(list_scenes(1, is_once=True)) == list(write_story(0))


def test_a_signal_ends_the_story_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Empty(Stage):
        def play(self, scene: Scene) -> None:
            """Nobody is there."""

    events: SimpleQueue[int] = SimpleQueue()
    events.put(0)
    assert play_story(Empty(DOUBLES, "http://127.0.0.1:4"), events, parse_options(["--speed=0.01"])) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_scene_that_a_reader_is_in_the_way_of_is_told_and_the_story_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Refusing(Stage):
        def play(self, scene: Scene) -> None:
            raise StageError("POST entries: 400")

    options = parse_options(["--speed=1000", "--once"])
    assert play_story(Refusing(DOUBLES, "http://127.0.0.1:4"), SimpleQueue(), options) == 0
    said = capsys.readouterr().out
    assert said.count(f"{STUMBLE}: POST entries: 400\n") == len(list(write_story(0)))


def test_a_server_that_runs_and_does_not_answer_is_no_scene_that_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "END_WITHIN", 0.1)

    class Mute(Stage):
        def play(self, scene: Scene) -> None:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        play_story(Mute(DOUBLES, "http://127.0.0.1:4"), SimpleQueue(), parse_options(["--speed=1000", "--once"]))


def test_a_server_that_has_ended_ends_the_demo_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    events: SimpleQueue[int] = SimpleQueue()

    class Gone(Stage):
        def play(self, scene: Scene) -> None:
            events.put(3)
            raise ConnectionRefusedError

    assert play_story(Gone(DOUBLES, "http://127.0.0.1:4"), events, parse_options([])) == 3
    assert capsys.readouterr().out.count("\n") == 1
