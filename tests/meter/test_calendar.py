"""Kinds of days by season, week and special days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, obis
from ferraris.cosem.classes.activity_calendar import Day, DayAction, Season, Week
from ferraris.cosem.classes.special_days_table import SpecialDay
from ferraris.meter.calendar import Calendar, SpecialDays
from ferraris.meter.clock import Zone

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
