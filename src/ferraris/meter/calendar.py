"""The activity calendar: which kind of day a date is, and the scripts of that day. Blue Book 4.5.5 and 4.5.4.

A special day goes before everything. Else the season that began last says which week holds, and the week which kind of day.
A season begins on a date, not within a day: the time of day of `season_start` says nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.activity_calendar import Day, Season, Week
from ferraris.cosem.classes.special_days_table import SpecialDay
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import falls_on, instants
from ferraris.meter.timetable import Planned
from ferraris.meter.work import script

YEAR_DAYS: Final = 366
DAYS_REMEMBERED: Final = 4_096
"""Kinds of days worked out that are remembered: meters with the same calendar share them."""


@dataclass(frozen=True, eq=False)
class SpecialDays:
    """Dates that have a kind of day of their own; of two that fall on one day the first in the table holds."""

    entries: tuple[SpecialDay, ...]
    zone: Zone

    def day_id(self, day: date) -> int | None:
        """None for a day that is nothing special."""
        matching = (entry.day_id for entry in self.entries if falls_on(entry.specialday_date, day, self.zone))
        return next(matching, None)


@dataclass(frozen=True, eq=False)
class Calendar:
    """A whole calendar at a place."""

    seasons: tuple[Season, ...]
    weeks: tuple[Week, ...]
    days: tuple[Day, ...]
    special_days: SpecialDays

    @property
    def zone(self) -> Zone:
        return self.special_days.zone

    def day_id(self, day: date) -> int | None:
        """The kind of day; None for a date of which the calendar says nothing."""
        return _day_id(self, day)

    def on_day(self, day: date) -> Sequence[Planned]:
        """The scripts of a date."""
        return _on_day(self, day)

    def season_on(self, day: date) -> Season | None:
        """The season that began last. One whose start is all open holds always, but for those that do begin."""
        begun = [(_began(season, day, self.zone), season) for season in self.seasons]
        found = [(start, season) for start, season in begun if start is not None]
        return max(found, key=lambda one: one[0])[1] if found else None


@lru_cache(DAYS_REMEMBERED)
def _on_day(calendar: Calendar, day: date) -> Sequence[Planned]:
    day_id = calendar.day_id(day)
    found = next((kind for kind in calendar.days if kind.day_id == day_id), None)
    if found is None:
        return ()
    planned = (
        Planned(moment, script(action.script_logical_name, action.script_selector))
        for action in found.day_schedule
        for moment in instants(action.start_time, day, calendar.zone)[:1]
    )
    return tuple(sorted(planned, key=lambda one: one.time_s))


@lru_cache(DAYS_REMEMBERED)
def _day_id(calendar: Calendar, day: date) -> int | None:
    special = calendar.special_days.day_id(day)
    if special is not None:
        return special
    season = calendar.season_on(day)
    if season is None:
        return None
    week = next((week for week in calendar.weeks if week.week_profile_name == season.week_name), None)
    if week is None:
        return None
    ids = week.monday, week.tuesday, week.wednesday, week.thursday, week.friday, week.saturday, week.sunday
    return ids[day.weekday()]


def _began(season: Season, day: date, zone: Zone) -> int | None:
    """The day number on which the season began last; the first of all for one that is always."""
    start = season.season_start
    if (start.year, start.month, start.day_of_month, start.day_of_week) == (None, None, None, None):
        return 0
    year = day.year if start.year is None else min(start.year, day.year)
    last = day.toordinal() if year == day.year else max(_days_of(year), default=0)
    starts = [*_starts(start, year - 1, zone), *_starts(start, year, zone)]
    return max((begun for begun in starts if last - YEAR_DAYS < begun <= last), default=None)


@lru_cache(DAYS_REMEMBERED)
def _starts(start: CosemDateTime, year: int, zone: Zone) -> tuple[int, ...]:
    """The day numbers of a year on which a season begins: looked for once, since a calendar may have many seasons."""
    return tuple(day for day in _days_of(year) if falls_on(start, date.fromordinal(day), zone))


def _days_of(year: int) -> range:
    """The day numbers of a year; none where a week before or after may be none of the calendar's."""
    if not date.min.year < year < date.max.year:
        return range(0)
    return range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
