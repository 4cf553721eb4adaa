"""Dates and times with open fields, against a look at every minute and every day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemDate, CosemDateTime, CosemTime
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import falls_on, instant_s, instants, local_day

CET = Zone.load("central_european")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
YEAR = [date(2026, 1, 1) + timedelta(day) for day in range(365)]


def utc(day: date, hour: int, minute: int = 0) -> int:
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        (CosemDate(2026, 3, 5, None), ["2026-03-05"]),
        (CosemDate(2026, 3, 5, 7), ["2026-03-05"]),  # a Thursday: of a fixed date the weekday is a remark
        (CosemDate(2025, 3, 5, None), []),
        (CosemDate(None, 12, 25, None), ["2026-12-25"]),
        (CosemDate(None, 2, 0xFE, None), ["2026-02-28"]),
        (CosemDate(None, 2, 0xFD, None), ["2026-02-27"]),
        (CosemDate(None, 3, 0xFE, 7), ["2026-03-29"]),
        (CosemDate(None, 3, 0xFD, 7), ["2026-03-22"]),
        (CosemDate(None, 5, 1, 7), ["2026-05-03"]),  # the first Sunday on or after the first of May
        (CosemDate(None, 5, 31, 1), ["2026-06-01"]),
        (CosemDate(None, 0xFE, None, None), ["2026-03-29"]),
        (CosemDate(None, 0xFD, None, None), ["2026-10-25"]),
        (CosemDate(None, 8, None, 6), ["2026-08-01", "2026-08-08", "2026-08-15", "2026-08-22", "2026-08-29"]),
    ],
)
def test_days_of_a_year(pattern: CosemDate, days: list[str]) -> None:
    assert [str(day) for day in YEAR if falls_on(pattern, day, CET)] == days


def test_an_open_date_is_every_day() -> None:
    assert all(falls_on(CosemDate(), day, CET) for day in YEAR)


@pytest.mark.parametrize(
    ("time", "day", "hours"),
    [
        (CosemTime(7, 30, 0, 0), date(2026, 1, 5), [6.5]),
        (CosemTime(7, 30, 0, 0), date(2026, 7, 5), [5.5]),
        (CosemTime(2, 30, 0, 0), SPRING, [1.0]),  # left out: at the change
        (CosemTime(2, 30, 0, 0), AUTUMN, [0.5]),  # repeated: the first of both
        (CosemTime(None, 30, 0, 0), AUTUMN, [hour + 0.5 for hour in range(-2, 23)]),
        (CosemTime(None, 30, 0, 0), SPRING, [hour + 0.5 for hour in range(-1, 22)]),
    ],
)
def test_moments_of_a_day(time: CosemTime, day: date, hours: list[float]) -> None:
    assert [(moment - utc(day, 0)) / 3600 for moment in instants(time, day, CET)] == hours


@given(st.sampled_from([SPRING, AUTUMN, SPRING - timedelta(1), date(2026, 7, 1)]), st.integers(0, 59))
def test_an_open_hour_against_a_look_at_every_minute(day: date, minute: int) -> None:
    """Every minute of the UTC days around at which a clock on the wall shows the date and the minute."""

    def shown(moment: int) -> datetime:
        return datetime.fromtimestamp(moment + 60 * int(CET.offset_min(moment)), UTC)

    around = range(utc(day, 0) - 86_400, utc(day, 0) + 2 * 86_400, 60)
    expected = [moment for moment in around if shown(moment).date() == day and shown(moment).minute == minute]
    assert list(instants(CosemTime(None, minute), day, CET)) == expected
    assert {local_day(CET, moment) for moment in expected} == {day}


@given(st.integers(0, 364), st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_day_falls_once_on_every_day(place: int, hour: int, minute: int) -> None:
    (moment,) = instants(CosemTime(hour, minute), YEAR[place], CET)
    assert local_day(CET, moment) == YEAR[place]


def test_one_moment() -> None:
    assert instant_s(CosemDateTime(2026, 3, 2, None, 1, 0, 0), CET) == utc(date(2026, 3, 2), 0)
    assert instant_s(CosemDateTime(2026, 3, 2, None, 1, 0, 0, 0, -120), CET) == utc(date(2026, 3, 1), 23)
    assert instant_s(CosemDateTime(None, 3, 2, None, 1, 0, 0), CET) is None
