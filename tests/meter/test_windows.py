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


CET = Zone.load("central_european")
SPRING_S = int(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp())
"""Midnight in central Europe on the day on which 02:00 to 03:00 is left out."""
AUTUMN_S = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp())
"""Midnight on the day on which 02:00 to 03:00 comes twice."""


def changes(windows: list[CommunicationWindow], start_s: int, zone: Zone, hours: int) -> str:
    """Half hours from `start_s` on: open or closed."""
    halves = (start_s + 1_800 * half for half in range(2 * hours))
    return "".join("#" if opening_s(windows, half_s, zone) == half_s else "." for half_s in halves)


@pytest.mark.parametrize(
    ("start_s", "window", "told"),
    [
        (SPRING_S, (1, 4), "..####......"),    # 01:00, 01:30, 03:00, 03:30
        (SPRING_S, (2, 4), "....##......"),    # opens at the moment of the change
        (SPRING_S, (1, 2), "..##........"),    # closes there
        (AUTUMN_S, (1, 4), "..########.."),    # three hours and the repeated one
        (AUTUMN_S, (2, 3), "....####...."),    # open through both of the repeated hours
        (AUTUMN_S, (1, 2), "..##........"),    # closes at the first 02:00
    ],
)  # fmt: skip
def test_windows_follow_the_clock_on_the_wall(start_s: int, window: tuple[int, int], told: str) -> None:
    assert changes([daily(*window)], start_s, CET, 6) == told


WINDOWS = st.lists(
    st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda window: window[0] != window[1]),
    min_size=1,
    max_size=3,
)


def is_open(windows: list[tuple[int, int]], hour: int) -> bool:
    """Daily windows, reckoned by hand."""
    return any((hour - start) % 24 < (end - start) % 24 for start, end in windows)


@settings(max_examples=60)
@given(WINDOWS, st.integers(0, 47), st.integers(0, 3_599))
def test_daily_windows_open_and_close_as_reckoned_by_hand(
    windows: list[tuple[int, int]], hour: int, seconds: int
) -> None:
    made, now_s = [daily(*window) for window in windows], START_S + hour * 3_600 + seconds
    opens = next(h for h in range(hour, hour + 25) if is_open(windows, h % 24))
    assert opening_s(made, now_s, UTC_ZONE) == (now_s if opens == hour else START_S + opens * 3_600)
    if opens == hour:
        closes = next((h for h in range(hour, hour + 25) if not is_open(windows, h % 24)), None)
        expected = None if closes is None else START_S + closes * 3_600
        assert closing_s(made, now_s, UTC_ZONE) == expected


@settings(max_examples=40)
@given(WINDOWS, WINDOWS, st.integers(0, 47))
def test_another_window_never_opens_later_nor_closes_sooner(
    some: list[tuple[int, int]], others: list[tuple[int, int]], hour: int
) -> None:
    now_s = START_S + 3_600 * hour
    few, many = [daily(*window) for window in some], [daily(*window) for window in some + others]
    first, earlier = opening_s(few, now_s, UTC_ZONE), opening_s(many, now_s, UTC_ZONE)
    assert first is not None
    assert earlier is not None
    assert earlier <= first
    sooner, later = closing_s(few, first, UTC_ZONE), closing_s(many, first, UTC_ZONE)
    assert later is None or (sooner is not None and sooner <= later)
    assert opening_s(many[::-1], now_s, UTC_ZONE) == earlier


@pytest.mark.parametrize(
    ("start",                                        "end",                                         "opens", "closes"),
    [
        # in days after Monday the 2nd of March; a weekday alone, a day of each month, one day for ever
        (CosemDateTime(day_of_week=3, hour=0, minute=0), CosemDateTime(day_of_week=5, hour=0, minute=0),    2, 4),
        (CosemDateTime(day_of_month=10, hour=0, minute=0), CosemDateTime(day_of_month=12, hour=0, minute=0), 8, 10),
        (CosemDateTime(2026, 3, 20, None, 0, 0, 0), CosemDateTime(2026, 3, 21, None, 0, 0, 0),             18, 19),
        (CosemDateTime(2027, 3, 2, None, 0, 0, 0), CosemDateTime(2027, 3, 3, None, 0, 0, 0),             365, 366),
    ],
)  # fmt: skip
def test_windows_of_days(start: CosemDateTime, end: CosemDateTime, opens: int, closes: int) -> None:
    windows = [CommunicationWindow(start, end)]
    now_s = START_S + 3_600
    assert opening_s(windows, now_s, UTC_ZONE) == START_S + opens * 86_400
    assert closing_s(windows, START_S + opens * 86_400, UTC_ZONE) == START_S + closes * 86_400
    assert opening_s(windows, START_S + closes * 86_400, UTC_ZONE) != START_S + closes * 86_400
