"""The timed objects of a meter and what follows from their attributes: a timetable.

| object | on which moments | what was missed |
|---|---|---|
| activity calendar | start times of the day's schedule | the last action, always: the tariff must be right |
| its activation time | that moment | done late, however late |
| schedule | switch times on its days | the last of each entry, within its validity window |
| single action schedule | its execution times | one with a fixed date is done late; others wait for their next time |

The books say nothing of what a single action schedule missed; doing a thing late that was ordered for one date, as the
activation of an image, is our choice. Nor do they say which bit of `exec_specdays` stands for which day_id: here the first
one stands for day_id 0.

The same attributes give the same lines to every meter of a place, and are worked out once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from ferraris.codec import BitString
from ferraris.cosem import CosemDate, CosemTime, ExecutedScript, ExecutionTime, Obis, SingleActionSchedule
from ferraris.cosem.classes.activity_calendar import ActivityCalendar
from ferraris.cosem.classes.schedule import Schedule, ScheduleEntry
from ferraris.cosem.classes.special_days_table import SpecialDaysTable
from ferraris.meter.calendar import Calendar, SpecialDays
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import falls_on, instants
from ferraris.meter.timetable import Line, OnDay, Planned
from ferraris.meter.work import activation, script

ALWAYS_S: Final = float("inf")
ANY_TIME_MIN: Final = 0xFFFF
LINES_REMEMBERED: Final = 1_024
TIMED_CLASSES: Final = (ActivityCalendar, Schedule, SingleActionSchedule)
"""Interface classes whose objects have something done at set times."""

Octets = tuple[bytes, ...]


@lru_cache(LINES_REMEMBERED)
def lines_of(
    class_id: int, name: bytes, attributes: Octets, special_days: bytes | None, zone: Zone
) -> tuple[Line, ...]:
    """The lines of one timed object. `attributes` are encoded, from the second on; `special_days` are the table's entries."""
    entries = () if special_days is None else SpecialDaysTable.entries.datatype.decode(special_days)
    special = SpecialDays(entries, zone)
    match class_id:
        case ActivityCalendar.class_id:
            return tuple(_calendar_lines(Obis(name), attributes, special))
        case Schedule.class_id:
            return tuple(_schedule_lines(attributes, special))
        case _:
            return tuple(_single_action_lines(attributes, zone))


def _calendar_lines(name: Obis, attributes: Octets, special: SpecialDays) -> Iterator[Line]:
    seasons = _value(ActivityCalendar.season_profile_active, attributes)
    weeks = _value(ActivityCalendar.week_profile_table_active, attributes)
    days = _value(ActivityCalendar.day_profile_table_active, attributes)
    if days:
        yield Line(Calendar(seasons, weeks, days, special).on_day, holds_state=True)
    start = _value(ActivityCalendar.activate_passive_calendar_time, attributes)
    if start.year is not None or start.month is not None or start.day_of_month is not None:
        yield Line(_moments(start.date, start.time, activation(name), special.zone), ALWAYS_S)


def _schedule_lines(attributes: Octets, special: SpecialDays) -> Iterator[Line]:
    entries: tuple[ScheduleEntry, ...] = _value(Schedule.entries, attributes)
    for entry in entries:
        if entry.enable and entry.script_selector:
            patience_s = ALWAYS_S if entry.validity_window == ANY_TIME_MIN else 60 * entry.validity_window
            yield Line(_entry_days(entry, special), patience_s)


def _entry_days(entry: ScheduleEntry, special: SpecialDays) -> OnDay:
    action = script(entry.script_logical_name, entry.script_selector)

    def on_day(day: date) -> Sequence[Planned]:
        if not _within(entry, day):
            return []
        special_id = special.day_id(day)
        wanted = (
            _bit(entry.exec_weekdays, day.weekday()) if special_id is None else _bit(entry.exec_specdays, special_id)
        )
        return [Planned(moment, action) for moment in instants(entry.switch_time, day, special.zone)] if wanted else []

    return on_day


def _within(entry: ScheduleEntry, day: date) -> bool:
    """Whether the day lies between the entry's dates. An open date, or one with an open field, sets no limit."""
    today = day.year, day.month, day.day
    begin, end = _plain_date(entry.begin_date), _plain_date(entry.end_date)
    return (begin is None or begin <= today) and (end is None or today <= end)


def _plain_date(limit: CosemDate) -> tuple[int, int, int] | None:
    if limit.year is None or limit.month is None or limit.day_of_month is None:
        return None
    return limit.year, limit.month, limit.day_of_month


def _bit(bits: BitString, number: int) -> bool:
    return number < bits.length and bool(bits.octets[number // 8] & (0x80 >> number % 8))


def _single_action_lines(attributes: Octets, zone: Zone) -> Iterator[Line]:
    executed: ExecutedScript = _value(SingleActionSchedule.executed_script, attributes)
    times: tuple[ExecutionTime, ...] = _value(SingleActionSchedule.execution_time, attributes)
    if executed.script_selector == 0:
        return
    action = script(executed.script_logical_name, executed.script_selector)
    for time in times:
        yield Line(_moments(time.date, time.time, action, zone), ALWAYS_S if _plain_date(time.date) is not None else 0)


def _moments(days: CosemDate, time: CosemTime, action: Any, zone: Zone) -> OnDay:
    def on_day(day: date) -> Sequence[Planned]:
        if not falls_on(days, day, zone):
            return []
        return [Planned(moment, action) for moment in instants(time, day, zone)]

    return on_day


def _value(attribute: Any, attributes: Octets) -> Any:
    return attribute.datatype.decode(attributes[attribute.number - 2])
