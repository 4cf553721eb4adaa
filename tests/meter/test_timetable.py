"""What is due when, against a walk through every minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemTime, obis
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import instants, local_day
from ferraris.meter.timetable import (
    LOOK_AHEAD_DAYS,
    LOOK_BACK_DAYS,
    PUNCTUAL_S,
    STATE_DAYS,
    Line,
    OnDay,
    Planned,
    Timetable,
)
from ferraris.meter.work import script

CET = Zone.load("central_european")
START_S = 1_774_656_000
"""2026-03-28T00:00:00Z: the eve of the change to daylight saving."""
DAY_S = 86_400


def daily(number: int, *times: tuple[int, int]) -> OnDay:
    def on_day(day: date) -> Sequence[Planned]:
        moments = [moment for time in times for moment in instants(CosemTime(*time), day, CET)]
        return [Planned(moment, script(obis.TARIFF_SCRIPTS, number)) for moment in sorted(moments)]

    return on_day


TIMES = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=4, unique=True)


@given(st.lists(TIMES, min_size=1, max_size=3))
def test_a_meter_that_is_always_on_does_all_in_order(lines: list[list[tuple[int, int]]]) -> None:
    """From look to look, for three days: the same as if every minute were looked at."""
    table = Timetable(tuple(Line(daily(n, *times)) for n, times in enumerate(lines)), CET)
    done: list[int] = []
    clock_s = START_S
    while clock_s < START_S + 3 * DAY_S:
        next_s = table.next_s(clock_s)
        assert next_s is not None
        done += [action.parameter.value for action in table.due(clock_s, next_s)]  # type: ignore[misc]
        clock_s = next_s
    expected: list[int] = []
    moments: dict[date, list[list[int]]] = {}
    for minute_s in range(START_S + 60, clock_s + 60, 60):
        day = date.fromordinal(date(1970, 1, 1).toordinal() + (minute_s + 60 * int(CET.offset_min(minute_s))) // DAY_S)
        if day not in moments:
            moments[day] = [[m for time in times for m in instants(CosemTime(*time), day, CET)] for times in lines]
        for number, at in enumerate(moments[day]):
            expected += [number] * at.count(minute_s)
    assert done == expected


@given(st.integers(0, 40 * 60), st.integers(1, 3 * 24 * 60), st.integers(0, 600))
def test_what_an_outage_missed(off_min: int, outage_min: int, patience_min: int) -> None:
    """Of a line the last missed moment alone, and only within its patience; on time is never missed."""
    line = Line(daily(1, (6, 0), (18, 0)), patience_s=60 * patience_min)
    table = Timetable((line,), CET)
    done_s = START_S + 60 * off_min
    clock_s = done_s + 60 * outage_min
    walked = [moment for moment in range(done_s + 60, clock_s + 60, 60) if table.due(moment - 60, moment)]
    late = [moment for moment in walked if clock_s - moment > PUNCTUAL_S]
    in_time = len(walked) - len(late)
    kept = 1 if late and clock_s - late[-1] <= 60 * patience_min else 0
    assert len(table.due(done_s, clock_s)) == in_time + kept


def test_a_state_is_put_right_however_long_ago_it_began() -> None:
    table = Timetable((Line(daily(1, (0, 0)), holds_state=True), Line(daily(2, (12, 0)))), CET)
    assert table.due(START_S, START_S) == []
    assert [action.parameter.value for action in table.due(START_S, START_S, disturbed=True)] == [1]
    once = Timetable(
        (Line(lambda day: daily(3, (1, 0))(day) if day == date(2025, 6, 1) else [], holds_state=True),), CET
    )
    assert [action.parameter.value for action in once.due(START_S, START_S, disturbed=True)] == [3]


def test_lines_follow_each_other_by_their_missed_moments() -> None:
    always = float("inf")
    lines = Line(daily(1, (9, 0)), always), Line(daily(2, (8, 0)), always), Line(daily(3, (9, 0)), always)
    due = Timetable(lines, CET).due(START_S, START_S + 12 * 3600)
    assert [action.parameter.value for action in due] == [2, 1, 3]


def test_a_table_is_looked_at_again_before_a_week_is_over() -> None:
    assert Timetable((), CET).next_s(START_S) is None
    never = Timetable((Line(lambda day: []),), CET)
    next_s = never.next_s(START_S)
    assert next_s is not None
    assert START_S < next_s < START_S + LOOK_AHEAD_DAYS * DAY_S


CLOCKS = st.integers(0, 3 * 24 * 60).map(lambda minute: START_S + 60 * minute)


@given(st.lists(TIMES, min_size=1, max_size=3), CLOCKS, st.integers(0, 2 * 24 * 60), st.integers(0, PUNCTUAL_S))
def test_in_time_nothing_is_lost_or_done_twice(
    lines: list[list[tuple[int, int]]], start_s: int, minutes: int, late_s: int
) -> None:
    """Looks a little late, and a second look at the same moment finds nothing."""
    table = Timetable(tuple(Line(daily(n, *times)) for n, times in enumerate(lines)), CET)
    done_s, end_s = start_s, start_s + 60 * minutes
    while (next_s := table.next_s(done_s)) is not None and next_s + late_s <= end_s:
        assert table.due(done_s, next_s - 1) == []
        assert table.due(done_s, next_s + late_s) == table.due(done_s, next_s) != []
        assert table.due(next_s + late_s, next_s + late_s) == []
        done_s = next_s + late_s


@given(TIMES, CLOCKS, CLOCKS, st.integers(0, 3_600 * 48))
def test_more_patience_never_does_less(times: list[tuple[int, int]], first_s: int, second_s: int, by_s: int) -> None:
    done_s, clock_s = sorted((first_s, second_s))
    less, more = (
        Timetable((Line(daily(1, *times), patience_s),), CET).due(done_s, clock_s) for patience_s in (by_s, by_s + 60)
    )
    assert len(less) <= len(more) <= len(less) + 1


@given(TIMES, CLOCKS, CLOCKS)
def test_a_disturbed_state_depends_on_the_clock_alone(times: list[tuple[int, int]], done_s: int, clock_s: int) -> None:
    table = Timetable((Line(daily(7, *times), holds_state=True),), CET)
    (action,) = table.due(done_s, clock_s, disturbed=True)
    assert action.parameter.value == 7
    assert table.due(clock_s, clock_s, disturbed=True) == [action]


@pytest.mark.parametrize("back_h", [0, 1, 30, 24 * 60])
def test_a_clock_set_back_does_nothing_again(back_h: int) -> None:
    """All was done up to a moment that now lies ahead: a line without a state waits for it to come again."""
    table = Timetable((Line(daily(1, (6, 0)), patience_s=float("inf")),), CET)
    assert table.due(START_S, START_S - 3_600 * back_h) == []


def test_what_was_missed_too_long_ago_is_forgotten() -> None:
    def once(days_ago: int) -> Timetable:
        missed = Planned(START_S - days_ago * DAY_S, script(obis.TARIFF_SCRIPTS, 1))
        return Timetable(
            (Line(lambda day: [missed] if day == local_day(CET, missed.time_s) else [], patience_s=float("inf")),), CET
        )

    done_s = START_S - 500 * DAY_S
    told = [len(once(days_ago).due(done_s, START_S)) for days_ago in (0, 1, LOOK_BACK_DAYS - 1, LOOK_BACK_DAYS)]
    assert told == [1, 1, 1, 0]


def test_a_state_older_than_is_looked_for_is_not_put_right() -> None:
    def found(days_ago: int) -> int:
        began = Planned(START_S - days_ago * DAY_S, script(obis.TARIFF_SCRIPTS, 1))
        line = Line(lambda day: [began] if day == local_day(CET, began.time_s) else [], holds_state=True)
        return len(Timetable((line,), CET).due(START_S, START_S, disturbed=True))

    assert [found(0), found(STATE_DAYS), found(STATE_DAYS + 2)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("day",            "time",   "utc"),
    [
        ("2026-03-29", (2, 30),  "2026-03-29T01:00"),  # left out: the moment of the change
        ("2026-03-29", (3, 0),   "2026-03-29T01:00"),
        ("2026-10-25", (2, 30),  "2026-10-25T00:30"),  # twice: the first of both
        ("2026-10-25", (3, 0),   "2026-10-25T02:00"),
    ],
)  # fmt: skip
def test_on_days_of_23_and_25_hours_each_line_has_its_moment_once(day: str, time: tuple[int, int], utc: str) -> None:
    table = Timetable((Line(daily(1, time)),), CET)
    midnight_s = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()) - 7_200
    moment_s = int(datetime.fromisoformat(f"{utc}+00:00").timestamp())
    before_s = midnight_s
    while (next_s := table.next_s(before_s)) is not None and next_s < moment_s:
        assert local_day(CET, next_s) < date.fromisoformat(day)
        before_s = next_s
    assert next_s == moment_s
    after_s = table.next_s(moment_s)
    assert after_s is not None
    assert local_day(CET, after_s) > date.fromisoformat(day)
