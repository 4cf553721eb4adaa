"""Dates and times with open fields: on which days, and at which instants of a day, they fall at the meter's place.

An open field matches everything. A day of the month together with a day of the week, where year or month are open, is the
first such weekday on or after that day; with the last day of the month it is the last such weekday. A month may stand for
the beginning or the end of daylight saving.

Local time has holes and repetitions. A time of day that a change of daylight saving leaves out falls on the moment of the
change; one that it repeats falls on the first of both moments. Where the hour is open every hour that passes counts: both
of the repeated ones, none that was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from ferraris.cosem import (
    DAY_LAST_OF_MONTH,
    DAY_SECOND_LAST_OF_MONTH,
    MONTH_DAYLIGHT_SAVING_BEGIN,
    MONTH_DAYLIGHT_SAVING_END,
    CosemDate,
    CosemDateTime,
    CosemTime,
)
from ferraris.kernel.clock import MS_PER_S, S_PER_DAY
from ferraris.meter.clock import Zone

_EPOCH: Final = date(1970, 1, 1).toordinal()
_SAVING_MONTHS: Final = {MONTH_DAYLIGHT_SAVING_BEGIN: True, MONTH_DAYLIGHT_SAVING_END: False}
_FROM_THE_END: Final = {DAY_LAST_OF_MONTH: 1, DAY_SECOND_LAST_OF_MONTH: 2}


def local_day(zone: Zone, utc_s: int) -> date:
    """The date that a clock on the wall shows."""
    return date.fromordinal(_EPOCH + (utc_s + 60 * int(zone.offset_min(utc_s))) // S_PER_DAY)


def falls_on(pattern: CosemDate | CosemDateTime, day: date, zone: Zone) -> bool:
    """Whether the day is one of those that the pattern names."""
    month = pattern.month
    if pattern.year not in (None, day.year):
        return False
    if month in _SAVING_MONTHS:
        return _saving_changes(day, zone, _SAVING_MONTHS[month])
    if pattern.day_of_week not in (None, day.isoweekday()) and not _fixed(pattern):
        return False
    return _month_and_day(pattern, day)


def _fixed(pattern: CosemDate | CosemDateTime) -> bool:
    """Whether it names one date; the day of the week is then no more than a remark."""
    fixed_day = pattern.day_of_month is not None and pattern.day_of_month not in _FROM_THE_END
    return pattern.year is not None and pattern.month is not None and fixed_day


def _month_and_day(pattern: CosemDate | CosemDateTime, day: date) -> bool:
    wanted, week = pattern.day_of_month, pattern.day_of_week is not None
    if wanted is None:
        return pattern.month in (None, day.month)
    if wanted in _FROM_THE_END:
        step = timedelta(7 if week else 1)
        place = next(count for count in (1, 2, 3) if count > 2 or (day + count * step).month != day.month)
        return pattern.month in (None, day.month) and place == _FROM_THE_END[wanted]
    if not week or _fixed(pattern):
        return pattern.month in (None, day.month) and day.day == wanted
    anchors = (day - timedelta(back) for back in range(7))
    return any(anchor.day == wanted and pattern.month in (None, anchor.month) for anchor in anchors)


def _saving_changes(day: date, zone: Zone, begins: bool) -> bool:
    """Whether daylight saving begins, or ends, on that day."""
    return any(
        bool(zone.saving[place + 1]) is begins and local_day(zone, int(zone.changes_s[place])) == day
        for place in _changes_near(day, zone)
    )


def _changes_near(day: date, zone: Zone) -> range:
    start_s = (day.toordinal() - _EPOCH - 1) * S_PER_DAY
    return range(int(zone.changes_before(start_s)), int(zone.changes_before(start_s + 3 * S_PER_DAY)))


def instants(pattern: CosemTime | CosemDateTime, day: date, zone: Zone) -> Sequence[int]:
    """The moments (UTC, rising) at which the time of day falls on a local day. An open second is the minute's first."""
    hours = range(24) if pattern.hour is None else (pattern.hour,)
    minutes = range(60) if pattern.minute is None else (pattern.minute,)
    midnight_s = (day.toordinal() - _EPOCH) * S_PER_DAY
    times = (midnight_s + hour * 3600 + minute * 60 + (pattern.second or 0) for hour in hours for minute in minutes)
    changes = _changes_near(day, zone)
    if not changes:
        offset_s = 60 * int(zone.offset_min(midnight_s))
        return [local_s - offset_s for local_s in times]
    found: list[int] = []
    for local_s in times:
        moments = _moments(local_s, zone, changes)
        if pattern.hour is not None:
            moments = moments[:1] or [_change_over(local_s, zone, changes)]
        found += moments
    return sorted(set(found))


def instant_s(when: CosemDateTime, zone: Zone) -> int | None:
    """The one moment that a date-time names; None when it leaves its date or time open. Without a deviation it is local."""
    exact_ms = when.to_epoch_ms()
    if exact_ms is not None:
        return exact_ms // MS_PER_S
    local_ms = when.to_epoch_ms(0)
    if local_ms is None:
        return None
    return local_ms // MS_PER_S - 60 * int(zone.local_offset_min(local_ms // MS_PER_S))


def _moments(local_s: int, zone: Zone, changes: range) -> list[int]:
    """When a clock on the wall shows `local_s`: none, one or two moments."""
    offsets = {60 * int(offset) for offset in zone.offsets_min[changes.start : changes.stop + 1]}
    moments = (local_s - offset_s for offset_s in sorted(offsets, reverse=True))
    return [utc_s for utc_s in moments if utc_s + 60 * int(zone.offset_min(utc_s)) == local_s]


def _change_over(local_s: int, zone: Zone, changes: range) -> int:
    """The change of daylight saving that leaves `local_s` out."""
    for place in changes:
        change_s = int(zone.changes_s[place])
        first_s = change_s + 60 * int(zone.offsets_min[place])
        if first_s <= local_s < change_s + 60 * int(zone.offsets_min[place + 1]):
            return change_s
    raise AssertionError("a time of day that no change leaves out falls on a moment")
