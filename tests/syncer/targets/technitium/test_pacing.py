from __future__ import annotations

from syncer.pacing import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def times(limit: RateLimit, clock: Clock, requests: int, each: float = 0.0) -> list[float]:
    sent = []
    for _ in range(requests):
        with limit:
            sent.append(clock.now)
            clock.now += each
    return sent


def test_a_burst_goes_at_once_and_the_rest_waits_for_the_second_to_pass() -> None:
    clock = Clock()
    sent = times(RateLimit(10, clock, clock.sleep), clock, 25)
    assert sent == [0.0] * 10 + [1.0] * 10 + [2.0] * 5


def test_no_second_sees_more_than_the_limit_however_slow_the_first_answer_is() -> None:
    clock = Clock()
    limit = RateLimit(10, clock, clock.sleep)
    times(limit, clock, 1, each=0.4)
    arrived = [0.4, *times(limit, clock, 30, each=0.01)]
    for start in arrived:
        assert sum(start <= at < start + 1 for at in arrived) <= 10


def test_less_than_one_request_a_second_is_a_limit_too() -> None:
    clock = Clock()
    assert times(RateLimit(0.5, clock, clock.sleep), clock, 3) == [0.0, 2.0, 4.0]
