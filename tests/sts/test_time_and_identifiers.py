"""Arithmetic of token identifiers over the three base dates: the same instant, the same order, the same expiry, to the minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferraris.sts import (
    IDENTIFIERS,
    BaseDate,
    StsError,
    is_key_expired,
    is_special_reserved,
    issued_ms,
    last_ms,
    ordinary_token_identifier,
    token_identifier_at,
)
from tests.sts.strategies import identifiers

MINUTE_MS = 60_000
BASE_DATES = st.sampled_from(BaseDate)
LEAP_DAYS = [datetime(year, 2, 29, tzinfo=UTC) for year in (1996, 2000, 2016, 2024, 2036, 2044)]


def minutes_between(one: BaseDate, other: BaseDate) -> int:
    """Reckoned by the calendar, not by the table of milliseconds."""
    return int((datetime(other.year, 1, 1, tzinfo=UTC) - datetime(one.year, 1, 1, tzinfo=UTC)).total_seconds()) // 60


def instants(base_date: BaseDate) -> st.SearchStrategy[int]:
    return st.integers(base_date.start_ms, last_ms(base_date))


@given(st.data(), BASE_DATES, BASE_DATES)
def test_the_same_instant_lies_as_far_apart_as_its_base_dates(
    data: st.DataObject, one: BaseDate, other: BaseDate
) -> None:
    now_ms = data.draw(st.integers(max(one.start_ms, other.start_ms), BaseDate.Y2035.start_ms + 10**12))
    apart = token_identifier_at(one, now_ms, wrap=True) - token_identifier_at(other, now_ms, wrap=True)
    assert apart % IDENTIFIERS == minutes_between(one, other) % IDENTIFIERS


@given(st.data(), BASE_DATES)
def test_identifiers_never_fall_as_time_passes(data: st.DataObject, base_date: BaseDate) -> None:
    early, late = sorted(data.draw(st.tuples(instants(base_date), instants(base_date))))
    assert token_identifier_at(base_date, early) <= token_identifier_at(base_date, late)
    assert (token_identifier_at(base_date, early) == token_identifier_at(base_date, late)) == (
        early // MINUTE_MS == late // MINUTE_MS
    )


@given(st.data(), BASE_DATES)
def test_the_time_of_issue_is_the_beginning_of_the_minute(data: st.DataObject, base_date: BaseDate) -> None:
    now_ms = data.draw(instants(base_date))
    issued = issued_ms(base_date, token_identifier_at(base_date, now_ms))
    assert 0 <= now_ms - issued < MINUTE_MS
    assert issued % MINUTE_MS == 0


@given(BASE_DATES, st.integers(0, 3 * IDENTIFIERS))
def test_a_decoder_that_was_not_moved_on_counts_round_and_round(base_date: BaseDate, minutes: int) -> None:
    now_ms = base_date.start_ms + minutes * MINUTE_MS
    assert token_identifier_at(base_date, now_ms, wrap=True) == minutes % IDENTIFIERS
    if minutes >= IDENTIFIERS:
        with pytest.raises(StsError, match="run out"):
            token_identifier_at(base_date, now_ms)


@given(BASE_DATES, st.integers(-(10**13), -1))
def test_no_instant_before_a_base_date_has_an_identifier(base_date: BaseDate, before_ms: int) -> None:
    for wrap in (False, True):
        with pytest.raises(StsError, match=f"before the base date, expected {base_date.year}-01-01 or later"):
            token_identifier_at(base_date, base_date.start_ms + before_ms, wrap=wrap)


@pytest.mark.parametrize("base_date", BaseDate)
@pytest.mark.parametrize("day", LEAP_DAYS, ids=lambda day: str(day.year))
def test_leap_days_have_their_minutes_like_any_other(base_date: BaseDate, day: datetime) -> None:
    begins, ends = (int(moment.timestamp()) * 1000 for moment in (day, day + timedelta(days=1)))
    if begins < base_date.start_ms or ends > last_ms(base_date):
        with pytest.raises(StsError):
            token_identifier_at(base_date, begins if begins < base_date.start_ms else ends)
        return
    assert token_identifier_at(base_date, ends) - token_identifier_at(base_date, begins) == 1_440


# base date   the last minute with an identifier of its own
LAST = """
1993          2024-11-24 20:15
2014          2045-11-24 20:15
2035          2066-11-24 20:15
"""


@pytest.mark.parametrize("row", LAST.strip().splitlines())
def test_a_base_date_lasts_for_24_bits_of_minutes(row: str) -> None:
    year, minute = row.split(maxsplit=1)
    base_date = BaseDate.of_year(int(year))
    begins = int(datetime.fromisoformat(f"{minute}+00:00").timestamp()) * 1000
    assert token_identifier_at(base_date, begins) == IDENTIFIERS - 1
    assert last_ms(base_date) == begins + MINUTE_MS - 1


def test_base_dates_overlap_so_that_meters_have_years_to_be_moved_on() -> None:
    """From the next base date on, until the former runs out, both can issue."""
    for former, following in ((BaseDate.Y1993, BaseDate.Y2014), (BaseDate.Y2014, BaseDate.Y2035)):
        years = (last_ms(former) - following.start_ms) / (365.25 * 86_400_000)
        assert 10.8 < years < 11


# The reserved minute


@given(BASE_DATES, st.integers(0, IDENTIFIERS // 1_440 - 1))
def test_every_day_has_one_reserved_minute_and_it_is_the_first_after_midnight(base_date: BaseDate, day: int) -> None:
    of_day = range(day * 1_440, (day + 1) * 1_440)
    (reserved,) = (identifier for identifier in of_day if is_special_reserved(identifier))
    moment = datetime.fromtimestamp(issued_ms(base_date, reserved) / 1000, UTC)
    assert (moment.hour, moment.minute) == (0, 1)


@given(identifiers)
@example(IDENTIFIERS - 1)
@example(0)
@example(1)
@example(1_441)
def test_an_ordinary_identifier_is_itself_or_the_next_and_never_reserved(identifier: int) -> None:
    ordinary = ordinary_token_identifier(identifier)
    assert not is_special_reserved(ordinary)
    assert ordinary - identifier == is_special_reserved(identifier)
    assert ordinary < IDENTIFIERS
    assert ordinary_token_identifier(ordinary) == ordinary


def test_a_chain_of_ordinary_identifiers_leaves_out_the_reserved_ones_and_no_others() -> None:
    taken = [ordinary_token_identifier(0)]
    while taken[-1] < 3 * 1_440:
        taken.append(ordinary_token_identifier(taken[-1] + 1))
    assert sorted(set(range(taken[-1] + 1)) - set(taken)) == [1, 1_441, 2_881]


# Expiry


@given(st.integers(0, 255), identifiers)
def test_a_key_expires_once_and_for_all(number: int, identifier: int) -> None:
    expired = is_key_expired(number, identifier)
    assert expired == (identifier >= (number + 1) << 16)
    if expired:
        assert all(is_key_expired(number, later) for later in (identifier, identifier + 1, IDENTIFIERS - 1))
    else:
        assert not is_key_expired(number + 1, identifier)


# base date   key expiry number   first minute for which the key has expired
EXPIRY = """
1993           85                 2003-09-19 22:56
1993          254                 2024-10-10 08:00
2014            0                 2014-02-15 12:16
2014           99                 2026-06-18 02:40
2035           99                 2047-06-18 02:40
"""


@pytest.mark.parametrize("row", EXPIRY.strip().splitlines())
def test_expiry_numbers_as_dates(row: str) -> None:
    year, number, first = row.split(maxsplit=2)
    base_date = BaseDate.of_year(int(year))
    first_ms = issued_ms(base_date, (int(number) + 1) << 16)
    assert datetime.fromtimestamp(first_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M") == first.strip()
    assert is_key_expired(int(number), token_identifier_at(base_date, first_ms))
    assert not is_key_expired(int(number), token_identifier_at(base_date, first_ms - 1))


def test_a_key_that_never_expires_lasts_as_long_as_its_base_date() -> None:
    assert not is_key_expired(255, IDENTIFIERS - 1)
    assert is_key_expired(254, IDENTIFIERS - 1)
