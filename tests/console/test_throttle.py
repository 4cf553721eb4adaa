"""Refusals are counted by client, and a client with too many of them waits."""

from __future__ import annotations

import pytest

from ferraris.console.throttle import MINUTE_MS, MS_PER_REFUSAL, Throttle, is_refusal
from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX, REFUSED_CLIENTS_MAX


def refuse(throttle: Throttle, client: str, count: int, now_ms: int) -> None:
    for _ in range(count):
        throttle.refused(client, now_ms)


def test_nobody_waits_before_the_limit() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 1_000)
    assert throttle.wait_s("a", 1_000) == 0
    throttle.refused("a", 1_000)
    assert throttle.wait_s("a", 1_000) > 0
    assert throttle.wait_s("b", 1_000) == 0


def test_waiting_helps() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX + 5, 0)
    wait_s = throttle.wait_s("a", 0)
    assert wait_s == -(-5 * MS_PER_REFUSAL // 1_000)
    assert throttle.wait_s("a", wait_s * 1_000) == 0


def test_after_a_quiet_minute_all_is_forgotten() -> None:
    throttle = Throttle()
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 0)
    refuse(throttle, "a", REFUSALS_PER_MINUTE_MAX, 2 * MINUTE_MS)
    assert throttle.wait_s("a", 2 * MINUTE_MS) == 0


def test_a_guesser_gets_no_more_than_the_limit_says() -> None:
    throttle = Throttle()
    heard = 0
    for now_ms in range(0, 10 * MINUTE_MS, 50):
        if throttle.wait_s("guesser", now_ms) == 0:
            heard += 1
            throttle.refused("guesser", now_ms)
    assert heard <= 11 * REFUSALS_PER_MINUTE_MAX + 1


def test_only_so_many_clients_are_remembered() -> None:
    throttle = Throttle()
    refuse(throttle, "first", REFUSALS_PER_MINUTE_MAX + 1, 0)
    for number in range(REFUSED_CLIENTS_MAX - 1):
        throttle.refused(str(number), 0)
    assert throttle.wait_s("first", 0) > 0
    throttle.refused("one more", 0)
    assert throttle.wait_s("first", 0) == 0


@pytest.mark.parametrize(
    ("status", "refused"),
    [(200, False), (404, True), (409, True), (422, True), (429, False), (500, False), (503, False)],
)
def test_what_counts_as_a_refusal(status: int, refused: bool) -> None:
    assert is_refusal(status) is refused
