"""The decision about a meter's clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.headend import ClockVerdict, clock_offset, clock_verdict

NOON_MS = 1_800_000_000_000 + 5 * 60_000  # five minutes into a period of 15

TABLE = """
offset  round_trip  verdict
0       0           leave
5000    0           leave
-5000   0           leave
5001    0           set
-5001   0           set
6000    4000        leave
8000    4000        set
300000  0           defer
-280000 0           set
300001  0           refuse
301000  4000        defer
310000  4000        refuse
-310000 4000        refuse
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines()[1:])
def test_verdicts(line: str) -> None:
    offset_ms, round_trip_ms, expected = line.split()
    now_ms = NOON_MS - NOON_MS % 900_000 + 650_000 if expected == "defer" else NOON_MS
    verdict = clock_verdict(
        meter_ms=now_ms - int(round_trip_ms) // 2 + int(offset_ms),
        asked_ms=now_ms - int(round_trip_ms),
        answered_ms=now_ms,
        tolerance_ms=5_000,
        guard_ms=300_000,
        capture_period_s=900,
    )
    assert verdict == expected


@given(st.integers(-400_000, 400_000), st.integers(0, 60_000), st.integers(0, 900_000))
def test_a_clock_is_never_set_across_the_end_of_a_period(offset_ms: int, round_trip_ms: int, into_ms: int) -> None:
    asked_ms = 1_800_000_000_000 + into_ms
    answered_ms = asked_ms + round_trip_ms
    for answer_made_ms in (asked_ms, (asked_ms + answered_ms) // 2, answered_ms):
        verdict = clock_verdict(
            meter_ms=answer_made_ms + offset_ms,
            asked_ms=asked_ms,
            answered_ms=answered_ms,
            tolerance_ms=5_000,
            guard_ms=300_000,
            capture_period_s=900,
        )
        if verdict is ClockVerdict.SET:
            assert (answered_ms + offset_ms) // 900_000 == answered_ms // 900_000
        if abs(offset_ms) <= 5_000:
            assert verdict is ClockVerdict.LEAVE


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6), st.floats(0, 1))
def test_the_true_offset_lies_within_the_doubt(offset_ms: int, round_trip_ms: int, share: float) -> None:
    asked_ms = 1_800_000_000_000
    answer_made_ms = asked_ms + int(round_trip_ms * share)
    seen_ms, doubt_ms = clock_offset(
        meter_ms=answer_made_ms + offset_ms, asked_ms=asked_ms, answered_ms=asked_ms + round_trip_ms
    )
    assert abs(seen_ms - offset_ms) <= doubt_ms + 1
