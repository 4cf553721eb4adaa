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
