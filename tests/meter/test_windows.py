"""When windows open and close, against a look at every minute."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.push_setup import CommunicationWindow
from ferraris.meter.clock import Zone
from ferraris.meter.windows import closing_s, opening_s

UTC_ZONE = Zone.fixed(0)
START_S = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())


def daily(start_h: int, end_h: int) -> CommunicationWindow:
    return CommunicationWindow(
        CosemDateTime(hour=start_h, minute=0, second=0), CosemDateTime(hour=end_h, minute=0, second=0)
    )


@pytest.mark.parametrize(
    ("windows", "hour", "closes"),
    [
        ([(2, 4)], 2, 4),
        ([(2, 4), (4, 6)], 3, 6),
        ([(2, 5), (4, 6), (6, 7)], 2, 7),
        ([(22, 2)], 23, 26),
        ([(2, 4), (5, 6)], 3, 4),
    ],
)
def test_windows_that_join_are_one(windows: list[tuple[int, int]], hour: int, closes: int) -> None:
    found = closing_s([daily(*window) for window in windows], START_S + hour * 3_600, UTC_ZONE)
    assert found == START_S + closes * 3_600


def test_without_a_window_it_never_closes() -> None:
    assert opening_s([], START_S, UTC_ZONE) == START_S
    assert closing_s([], START_S, UTC_ZONE) is None


def test_a_window_without_an_end_never_closes() -> None:
    past = CosemDateTime(2026, 3, 1, None, 0, 0, 0)
    assert closing_s([CommunicationWindow(past, past)], START_S, UTC_ZONE) is None


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), min_size=1, max_size=2), st.integers(0, 47))
def test_it_is_open_until_it_closes(windows: list[tuple[int, int]], hour: int) -> None:
    made = [daily(*window) for window in windows if window[0] != window[1]]
    opens = opening_s(made, START_S + hour * 3_600, UTC_ZONE)
    if not made or opens is None:
        return
    closes = closing_s(made, opens, UTC_ZONE)
    if closes is None:
        return  # together they are always open
    assert opening_s(made, closes - 60, UTC_ZONE) == closes - 60
    assert opening_s(made, closes, UTC_ZONE) != closes
