"""Kinds of days by season, week and special days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, obis
from ferraris.cosem.classes.activity_calendar import Day, DayAction, Season, Week
from ferraris.cosem.classes.special_days_table import SpecialDay
from ferraris.meter.calendar import YEAR_DAYS, Calendar, SpecialDays, _began, _starts
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import falls_on
from tests.cosem.strategies import date_times

CET = Zone.load("central_european")
SUMMER = Season(b"s", CosemDateTime(month=4, day_of_month=1), b"summer")
WINTER = Season(b"w", CosemDateTime(month=10, day_of_month=1), b"winter")
WEEKS = Week(b"summer", 1, 1, 1, 1, 1, 2, 3), Week(b"winter", 4, 4, 4, 4, 4, 5, 6)
EASTER = SpecialDay(1, CosemDate(2026, 4, 5, None), 9)
NEW_YEAR = SpecialDay(2, CosemDate(None, 1, 1, None), 8)


def calendar(*seasons: Season, special: tuple[SpecialDay, ...] = (), days: tuple[Day, ...] = ()) -> Calendar:
    return Calendar(seasons, WEEKS, days, SpecialDays(special, CET))


@pytest.mark.parametrize(
    ("day", "day_id"),
    [
        ("2026-03-31", 4),
        ("2026-04-01", 1),
        ("2026-04-05", 9),
        ("2027-04-04", 3),
        ("2026-09-30", 1),
        ("2026-10-01", 4),
        ("2026-12-26", 5),
        ("2027-01-01", 8),
        ("2027-01-03", 6),
    ],
)
def test_days_of_two_seasons_with_two_holidays(day: str, day_id: int) -> None:
    assert calendar(SUMMER, WINTER, special=(EASTER, NEW_YEAR)).day_id(date.fromisoformat(day)) == day_id


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2000))
def test_the_season_is_the_one_that_began_last(first: int, second: int, after: int) -> None:
    """Against a walk back to the last first of a month that is one's beginning; of two at once the first listed."""
    seasons = [Season(bytes((month,)), CosemDateTime(month=month, day_of_month=1), b"") for month in (first, second)]
    day = date(2024, 1, 1) + timedelta(after)
    walked = day
    while not (walked.day == 1 and walked.month in (first, second)):
        walked -= timedelta(1)
    found = calendar(*seasons).season_on(day)
    assert found is not None
    assert found.season_profile_name == bytes((walked.month,))


def test_a_season_without_a_beginning_is_always() -> None:
    always = Season(b"a", CosemDateTime(), b"summer")
    assert calendar(always).day_id(date(2026, 3, 1)) == 3
    assert calendar(always, WINTER).day_id(date(2026, 12, 6)) == 6


def test_a_season_of_one_year_holds_until_another_begins() -> None:
    once = Season(b"o", CosemDateTime(2024, 6, 1), b"winter")
    assert calendar(once).day_id(date(2024, 5, 31)) is None
    assert calendar(once).day_id(date(2026, 3, 2)) == 4


def test_what_is_not_there_has_no_actions() -> None:
    unknown_week = Season(b"u", CosemDateTime(month=1, day_of_month=1), b"none")
    assert calendar(unknown_week).day_id(date(2026, 3, 2)) is None
    assert calendar(WINTER).on_day(date(2026, 3, 2)) == ()
    assert calendar().on_day(date(2026, 3, 2)) == ()


def test_actions_come_in_the_order_of_the_day() -> None:
    late, early = (DayAction(CosemTime(hour, 0, 0, 0), obis.TARIFF_SCRIPTS, hour) for hour in (22, 6))
    planned = calendar(WINTER, days=(Day(4, (late, early)),)).on_day(date(2026, 3, 2))
    assert [one.action.parameter.value for one in planned] == [6, 22]
    assert planned[1].time_s - planned[0].time_s == 16 * 3600


# A season begins on the last such day up to today, no more than a year ago; one of a single year when that year was.
BEGINNINGS = """
season begins           today        since
year=2024 6-1           2024-05-31   never
year=2024 6-1           2024-06-01   2024-06-01
year=2024 6-1           2030-01-01   2024-06-01
year=2030 6-1           2026-03-02   never
year=0 6-1              2026-03-02   never
year=1 6-1              2026-03-02   never
year=2 6-1              2026-03-02   0002-06-01
year=1 2-30             2026-03-02   never
year=65534 1-1          2026-03-02   never
year=9999 1-1           2026-03-02   never
year=* 2-30             2026-03-02   never
year=* 2-29             2024-02-29   2024-02-29
year=* 2-29             2025-02-28   2024-02-29
year=* 2-29             2025-03-02   never
year=* 1-1              2026-12-31   2026-01-01
year=* 12-31            2026-12-30   2025-12-31
year=* 12-31            2026-12-31   2026-12-31
year=* 3-3              2028-03-02   2027-03-03
year=* 3-3              9998-12-31   9998-03-03
"""


@pytest.mark.parametrize("row", [line.split() for line in BEGINNINGS.strip().splitlines()[1:]], ids=" ".join)
def test_when_a_season_began(row: list[str]) -> None:
    year, start, today, since = row
    month, day_of_month = map(int, start.split("-"))
    begins = CosemDateTime(None if year == "year=*" else int(year[5:]), month, day_of_month)
    day = date.fromisoformat(today)
    found = _began(Season(b"s", begins, b"winter"), day, CET)
    assert (date.fromordinal(found).isoformat() if found else "never") == since
    assert (calendar(Season(b"s", begins, b"winter")).season_on(day) is None) is (since == "never")


@given(date_times, st.dates(date(1970, 1, 1), date(2200, 12, 31)))
def test_any_beginning_on_any_day_is_a_day_up_to_then_or_none(start: CosemDateTime, day: date) -> None:
    """Against a walk backwards, day by day."""
    found = _began(Season(b"s", start, b"winter"), day, CET)
    if (start.year, start.month, start.day_of_month, start.day_of_week) == (None,) * 4:
        assert found == 0
        return
    if start.year in (0, 1):
        assert found is None
        return
    last = day if start.year is None or start.year >= day.year else date(start.year, 12, 31)
    back = range(last.toordinal(), max(0, last.toordinal() - YEAR_DAYS), -1)
    walked = next((past for past in back if falls_on(start, date.fromordinal(past), CET)), None)
    assert found == walked


def test_many_seasons_that_never_begin_keep_nobody_waiting() -> None:
    """A year and more is searched for the tariff that holds when power comes back; the cost must not be that of its days."""
    starts = [CosemDateTime(month=2, day_of_month=30, hour=hour) for hour in range(20)]
    strange = calendar(*(Season(bytes((start.hour or 0,)), start, b"") for start in starts))
    before = _starts.cache_info().misses
    for back in range(400):
        assert strange.on_day(date(2026, 3, 2) - timedelta(back)) == ()
    assert _starts.cache_info().misses - before <= 20 * 4
