"""Clocks: each tells the time and how long the event loop must wait for a moment."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.clock import Clock, ManualClock, ScaledClock, SystemClock

NEW_YEAR_2026_MS = 1_767_225_600_000


def test_the_system_clock_is_the_machines() -> None:
    before = time.time_ns() // 1_000_000
    shown = SystemClock().now_ms()
    assert before <= shown <= time.time_ns() // 1_000_000


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(NEW_YEAR_2026_MS)
    assert clock.now_ms() == clock.now_ms() == NEW_YEAR_2026_MS
    assert clock.advance(900_000) == NEW_YEAR_2026_MS + 900_000
    assert clock.now_ms() == NEW_YEAR_2026_MS + 900_000


@given(now_ms=st.integers(0, 2**42), wait_ms=st.integers(0, 10**9))
def test_the_delay_to_a_moment_ahead(now_ms: int, wait_ms: int) -> None:
    assert ManualClock(now_ms).delay_s(now_ms + wait_ms) == wait_ms / 1000


@given(now_ms=st.integers(0, 2**42), ago_ms=st.integers(0, 10**9))
def test_a_moment_that_has_passed_is_not_waited_for(now_ms: int, ago_ms: int) -> None:
    assert ManualClock(now_ms).delay_s(now_ms - ago_ms) == 0.0


@pytest.mark.parametrize("clock", [SystemClock(), ScaledClock.starting_at(NEW_YEAR_2026_MS, 900.0)])
def test_no_clock_asks_to_wait_for_the_past(clock: Clock) -> None:
    assert clock.delay_s(0) == 0.0


def test_scaled_time_passes_speed_times_as_fast() -> None:
    origin_s = time.monotonic() - 2.0
    clock = ScaledClock(NEW_YEAR_2026_MS, origin_s, 900.0)
    least_ms = NEW_YEAR_2026_MS + 2 * 900 * 1000
    assert least_ms <= clock.now_ms() < least_ms + 900 * 1000


def test_the_delay_of_scaled_time_is_in_the_loops_own_seconds() -> None:
    clock = ScaledClock.starting_at(NEW_YEAR_2026_MS, 900.0)
    assert clock.delay_s(NEW_YEAR_2026_MS + 900 * 60_000) == pytest.approx(60.0, abs=1.0)


def test_processes_that_share_the_numbers_share_the_time() -> None:
    one = ScaledClock.starting_at(NEW_YEAR_2026_MS, 900.0)
    other = ScaledClock(one.origin_ms, one.origin_monotonic_s, one.speed)
    assert abs(one.now_ms() - other.now_ms()) < 900_000
    assert one == other


SPEEDS = st.floats(0.01, 10_000)


@given(origin_ms=st.integers(0, 2**42), speed=SPEEDS, ahead_ms=st.integers(0, 10**10))
def test_a_delay_of_scaled_time_is_never_longer_than_the_way_to_the_moment(
    origin_ms: int, speed: float, ahead_ms: int
) -> None:
    clock = ScaledClock.starting_at(origin_ms, speed)
    until_ms = clock.now_ms() + ahead_ms
    delay_s = clock.delay_s(until_ms)
    assert 0.0 <= delay_s <= ahead_ms / 1000 / speed
    # What is missing is what passed between the two readings.
    assert delay_s == pytest.approx(ahead_ms / 1000 / speed, abs=1.0)


@given(origin_ms=st.integers(0, 2**42), speed=SPEEDS)
def test_scaled_time_never_goes_back(origin_ms: int, speed: float) -> None:
    clock = ScaledClock.starting_at(origin_ms, speed)
    readings = [clock.now_ms() for _ in range(20)]
    assert readings == sorted(readings)
    assert readings[0] >= origin_ms


@given(speed=SPEEDS, passed_s=st.floats(0, 1e6))
def test_scaled_time_after_a_while(speed: float, passed_s: float) -> None:
    before = time.monotonic()
    clock = ScaledClock(NEW_YEAR_2026_MS, before - passed_s, speed)
    shown_ms = clock.now_ms() - NEW_YEAR_2026_MS
    least, most = (s * speed * 1000 for s in (passed_s, passed_s + time.monotonic() - before))
    assert least - 1 <= shown_ms <= most + 1 + speed * 1e-3


@given(steps=st.lists(st.integers(0, 10**8), max_size=20), now_ms=st.integers(0, 2**42))
def test_steps_of_a_manual_clock_add_up(steps: list[int], now_ms: int) -> None:
    clock = ManualClock(now_ms)
    shown = [clock.advance(step) for step in steps]
    assert clock.now_ms() == now_ms + sum(steps)
    assert shown == sorted(shown)
    assert clock.delay_s(clock.now_ms() + 1) == 0.001


def test_who_waits_for_the_delay_arrives() -> None:
    """Waiting over and over for what is left ends at the moment, however coarse the steps are."""
    clock = ManualClock(NEW_YEAR_2026_MS)
    until_ms = NEW_YEAR_2026_MS + 12_345
    while delay_s := clock.delay_s(until_ms):
        clock.advance(max(1, int(delay_s * 400)))
    assert clock.now_ms() >= until_ms
    assert clock.now_ms() < until_ms + 2


def test_the_numbers_of_a_shared_clock_cannot_be_changed() -> None:
    clock = ScaledClock.starting_at(NEW_YEAR_2026_MS, 900.0)
    with pytest.raises(AttributeError):
        clock.speed = 1.0  # type: ignore[misc]
