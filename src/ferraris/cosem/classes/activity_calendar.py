"""Activity calendar, class 20: seasons of weeks of days, and the scripts each day executes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.date_time import CosemDateTime, CosemTime
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    DATE_TIME_STRING,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    OCTET_STRING,
    TIME_STRING,
    UNSIGNED,
    Array,
    Structure,
)


@dataclass(frozen=True, slots=True)
class Season:
    """A season: when it begins, every year where the year is open, and the week that holds in it."""

    season_profile_name: Annotated[bytes, OCTET_STRING]
    season_start: Annotated[CosemDateTime, DATE_TIME_STRING]
    week_name: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class Week:
    """The day_id of each day of a week."""

    week_profile_name: Annotated[bytes, OCTET_STRING]
    monday: Annotated[int, UNSIGNED]
    tuesday: Annotated[int, UNSIGNED]
    wednesday: Annotated[int, UNSIGNED]
    thursday: Annotated[int, UNSIGNED]
    friday: Annotated[int, UNSIGNED]
    saturday: Annotated[int, UNSIGNED]
    sunday: Annotated[int, UNSIGNED]


@dataclass(frozen=True, slots=True)
class DayAction:
    """A script and the time of day at which it is executed."""

    start_time: Annotated[CosemTime, TIME_STRING]
    script_logical_name: Annotated[Obis, LOGICAL_NAME]
    script_selector: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class Day:
    """What happens on a kind of day."""

    day_id: Annotated[int, UNSIGNED]
    day_schedule: Annotated[tuple[DayAction, ...], Array(Structure(DayAction))]


SEASONS: Final = Array(Structure(Season))
WEEKS: Final = Array(Structure(Week))
DAYS: Final = Array(Structure(Day))


class ActivityCalendar(CosemObject, class_id=20, version=0):
    """The calendar in force and the one prepared to follow it. Blue Book 4.5.5.

    Special days go before it. At `activate_passive_calendar_time`, or when the method is invoked, the passive calendar is
    copied into the active one.
    """

    calendar_name_active = Attribute(2, OCTET_STRING, STATIC)
    season_profile_active = Attribute(3, SEASONS, STATIC)
    week_profile_table_active = Attribute(4, WEEKS, STATIC)
    day_profile_table_active = Attribute(5, DAYS, STATIC)
    calendar_name_passive = Attribute(6, OCTET_STRING, STATIC)
    season_profile_passive = Attribute(7, SEASONS, STATIC)
    week_profile_table_passive = Attribute(8, WEEKS, STATIC)
    day_profile_table_passive = Attribute(9, DAYS, STATIC)
    activate_passive_calendar_time = Attribute(10, DATE_TIME_STRING, STATIC)

    activate_passive_calendar = Method(1, INTEGER)
