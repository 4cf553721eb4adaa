"""What is due when, against a walk through every minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import CosemTime, obis
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import instants
from ferraris.meter.timetable import LOOK_AHEAD_DAYS, PUNCTUAL_S, Line, OnDay, Planned, Timetable
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
    for minute_s in range(START_S + 60, clock_s + 60, 60):
        day = date.fromordinal(date(1970, 1, 1).toordinal() + (minute_s + 60 * int(CET.offset_min(minute_s))) // DAY_S)
        for number, times in enumerate(lines):
            at = [moment for time in times for moment in instants(CosemTime(*time), day, CET)]
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
