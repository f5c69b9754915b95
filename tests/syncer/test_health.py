from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from syncer import health
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS, INGRESS_ROUTE
from syncer.health import Health, find_liveness_problems, find_readiness_problems, list_warnings
from syncer.httpd import Server
from syncer.kube.feed import KindState, WatchState

NOW = 1000.0


def watching(heard_at: float = NOW) -> KindState:
    return KindState(INGRESS, WatchState.WATCHING, True, heard_at=heard_at, objects=16)


def alive(*states: KindState, turned: float = NOW, started: float = 0.0) -> list[str]:
    return find_liveness_problems(NOW, started, {"the loop": turned}, states, 60, 225)


def ready(*states: KindState, target_problem: str = "") -> list[str]:
    return find_readiness_problems(NOW, states, 80, [target_problem] if target_problem else [])


def test_a_loop_that_turns_and_watches_that_are_heard_from_are_alive() -> None:
    assert alive(watching(NOW - 225), turned=NOW - 60) == []


def test_a_loop_that_does_not_turn_is_not_alive() -> None:
    assert alive(watching(), turned=NOW - 61) == ["the loop has not turned for 61 s"]


def test_a_watch_that_fell_silent_is_not_alive() -> None:
    assert alive(watching(NOW - 300)) == ["the watch on ingresses.networking.k8s.io has been silent for 300 s"]


def test_a_watch_that_never_came_up_is_not_alive_after_a_while() -> None:
    starting = KindState(INGRESS)
    assert alive(starting, started=NOW - 200) == []
    assert alive(starting, started=NOW - 226) == ["the watch on ingresses.networking.k8s.io has not come up for 226 s"]


@pytest.mark.parametrize("state", [WatchState.UNREACHABLE, WatchState.NOT_INSTALLED, WatchState.FORBIDDEN])
def test_what_a_restart_would_not_mend_is_alive(state: WatchState) -> None:
    assert alive(KindState(INGRESS, state, reason="connection refused", heard_at=1.0)) == []


def test_everything_listed_and_the_target_reached_is_ready() -> None:
    assert ready(watching(), KindState(HTTP_ROUTE, WatchState.NOT_INSTALLED, True)) == []


def test_a_kind_that_was_not_listed_yet_is_not_ready() -> None:
    assert ready(watching(), KindState(GATEWAY)) == ["gateways.gateway.networking.k8s.io: not listed yet"]


def test_an_unreachable_api_server_is_one_problem_not_one_for_each_kind() -> None:
    states = [KindState(kind, WatchState.UNREACHABLE, True, "connection refused") for kind in (INGRESS, INGRESS_ROUTE)]
    assert ready(*states) == [
        "Kubernetes cannot be reached for ingresses.networking.k8s.io, ingressroutes.traefik.io: connection refused"
    ]


def test_a_watch_that_misses_its_bookmark_is_not_ready() -> None:
    assert ready(watching(NOW - 80)) == []
    assert ready(watching(NOW - 81)) == [
        "Kubernetes cannot be reached for ingresses.networking.k8s.io: it has fallen silent"
    ]


def test_a_forbidden_kind_is_ready_but_reported() -> None:
    state = KindState(HTTP_ROUTE, WatchState.FORBIDDEN, reason="no right to list it")
    assert ready(watching(), state) == []
    assert list_warnings([state]) == ["httproutes.gateway.networking.k8s.io: no right to list it"]


def test_a_file_of_manifests_that_cannot_be_read_is_a_warning() -> None:
    states = [KindState(kind, WatchState.WATCHING, False, "a.yaml: line 3", NOW) for kind in (INGRESS, HTTP_ROUTE)]
    assert ready(*states) == []
    assert list_warnings(states) == ["cannot be read: a.yaml: line 3"]
    unlisted = KindState(INGRESS, WatchState.WATCHING, False, heard_at=NOW)
    assert ready(unlisted) == ["ingresses.networking.k8s.io: not listed yet"]


def test_the_target_and_the_first_pass_are_waited_for() -> None:
    state = Health(lambda: [watching()], clock=lambda: NOW)
    state.targets[0].problem = "dns: connection refused"
    assert state.readiness() == [
        "dns: connection refused",
        "no full pass has been completed yet",
    ]


def test_what_is_wrong_with_a_target_that_can_be_written_to_is_a_warning() -> None:
    state = Health(lambda: [watching()], clock=lambda: NOW)
    state.targets[0].problem = ""
    state.targets[0].has_passed = True
    state.targets[0].warning = "node1 left the cluster clu.test"
    answer = state.readyz()
    assert (answer.status, json.loads(answer.body)["warnings"]) == (200, ["node1 left the cluster clu.test"])


def test_no_kinds_at_all_is_not_ready() -> None:
    assert ready() == ["nothing is watched yet"]


class Play:
    """A syncer's health on a clock that the test turns."""

    def __init__(self) -> None:
        self.now = NOW
        self.states: list[KindState] = [watching()]
        self.health = Health(lambda: self.states, clock=lambda: self.now)
        self.server: Server = health.serve_probes("127.0.0.1:0", self.health)

    def ask(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture
def play() -> Iterator[Play]:
    play = Play()
    yield play
    play.server.close()


def test_the_probes_answer_from_the_first_moment_and_turn_green(play: Play) -> None:
    assert play.ask("/healthz")[0] == 200
    status, body = play.ask("/readyz")
    assert (status, body["ok"]) == (503, False)
    assert body["problems"] == ["the DNS server has not been asked yet", "no full pass has been completed yet"]
    play.health.targets[0].problem = ""
    play.health.targets[0].has_passed = True
    status, body = play.ask("/readyz")
    assert (status, body["ok"], body["problems"]) == (200, True, [])
    assert body["kinds"] == [
        {
            "kind": "ingresses.networking.k8s.io",
            "state": "watching",
            "known": True,
            "objects": 16,
            "age_seconds": 0.0,
            "reason": "",
        }
    ]


def test_a_dns_server_that_went_away_is_not_ready_and_alive(play: Play) -> None:
    play.health.targets[0].problem = ""
    play.health.targets[0].has_passed = True
    play.health.targets[0].problem = "https://dns.talos00:5380 does not answer"
    status, body = play.ask("/readyz")
    assert (status, body["problems"]) == (503, ["https://dns.talos00:5380 does not answer"])
    assert play.ask("/healthz")[0] == 200


def test_a_loop_that_hangs_turns_red_and_green_again_with_the_next_beat(play: Play) -> None:
    play.now += 61
    assert play.ask("/healthz")[0] == 503
    assert play.ask("/healthz")[1]["problems"] == ["the loop has not turned for 61 s"]
    play.health.beat()
    assert play.ask("/healthz")[0] == 200


def test_a_silent_watch_turns_red(play: Play) -> None:
    play.now += 226
    play.health.beat()
    status, body = play.ask("/healthz")
    assert status == 503
    assert body["kinds"][0]["age_seconds"] == 226.0
    play.states = [watching(play.now)]
    assert play.ask("/healthz")[0] == 200


def test_of_several_loops_the_one_that_hangs_is_named_and_its_age_told() -> None:
    now = NOW
    state = Health(lambda: [watching(now)], ["lan", "public"], clock=lambda: now)
    now += 61
    state.beat()
    state.targets[0].beat()
    body = json.loads(state.healthz().body)
    assert body["problems"] == ["the loop of public has not turned for 61 s"]
    assert body["loop_age_seconds"] == 61.0
