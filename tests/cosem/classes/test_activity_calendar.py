"""Activity calendar, class 20: seasons, weeks and days, active and passive."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.activity_calendar import ActivityCalendar
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(20, (0,), """
    number  name                            v0
    1       logical_name                    logical name
    2       calendar_name_active            octet-string
    3       season_profile_active           array of Season
    4       week_profile_table_active       array of Week
    5       day_profile_table_active        array of Day
    6       calendar_name_passive           octet-string
    7       season_profile_passive          array of Season
    8       week_profile_table_passive      array of Week
    9       day_profile_table_passive       array of Day
    10      activate_passive_calendar_time  date-time in octet-string(12)
    -1      activate_passive_calendar       integer
""")]  # fmt: skip

SEASON = "0203 0901 31 090c ffff0401ff 00000000 8000 ff 0901 31"
WEEK = "0208 0901 31 1101 1101 1101 1101 1101 1102 1102"
DAY = "0202 1101 0101 0203 0904 06000000 0906 00000a0064ff 120001"
WEEK_READ = {"week_profile_name": "0x31", "monday": 1, "tuesday": 1, "wednesday": 1, "thursday": 1, "friday": 1,
             "saturday": 2, "sunday": 2}  # fmt: skip
DAY_READ = {
    "day_id": 1,
    "day_schedule": [{"start_time": "06:00:00", "script_logical_name": "0.0.10.0.100.255", "script_selector": 1}],
}

KNOWN = [
    # attribute                                       octets                    plain
    (ActivityCalendar.logical_name,                   "0906 00000d0000ff",      "0.0.13.0.0.255"),
    (ActivityCalendar.calendar_name_active,           "0904 32303234",          "0x32303234"),
    (ActivityCalendar.season_profile_active,          f"0101 {SEASON}",
     [{"season_profile_name": "0x31", "season_start": "*-04-01 00:00:00", "week_name": "0x31"}]),
    (ActivityCalendar.week_profile_table_active,      f"0101 {WEEK}",           [WEEK_READ]),
    (ActivityCalendar.day_profile_table_active,       f"0101 {DAY}",            [DAY_READ]),
    (ActivityCalendar.day_profile_table_active,       "0101 0202 1105 0100",    [{"day_id": 5, "day_schedule": []}]),
    (ActivityCalendar.calendar_name_passive,          "0900",                   "0x"),
    (ActivityCalendar.season_profile_passive,         "0100",                   []),
    (ActivityCalendar.week_profile_table_passive,     f"0102 {WEEK} {WEEK}",    [WEEK_READ, WEEK_READ]),
    (ActivityCalendar.day_profile_table_passive,      f"0101 {DAY}",            [DAY_READ]),
    (ActivityCalendar.activate_passive_calendar_time, "090c ffffffffff ffffffff 8000 ff", "*-*-* *:*:*"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(DecodeError, match="expected 8 members, got 7"):
        ActivityCalendar.week_profile_table_active.datatype.decode(
            bytes.fromhex(f"0101 {WEEK[:-5].replace('08', '07')}")
        )


def test_a_day_begins_at_a_time_of_four_octets() -> None:
    cut = DAY.replace("0904 06000000", "0903 060000")
    with pytest.raises(DecodeError):
        ActivityCalendar.day_profile_table_active.datatype.decode(bytes.fromhex(f"0101 {cut}"))


def test_the_passive_calendar_is_activated_with_an_integer() -> None:
    assert_holds(ActivityCalendar.activate_passive_calendar.argument, "0f 00", 0)
