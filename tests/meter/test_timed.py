"""A tariff calendar, set by a client, is lived by the meter: registers by rate, over outages, restarts and clock changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ferraris.cosem import (
    Attribute,
    Clock,
    CosemDate,
    CosemDateTime,
    CosemTime,
    Method,
    Obis,
    ProfileObject,
    Register,
    obis,
)
from ferraris.cosem.classes.activity_calendar import ActivityCalendar, Day, DayAction, Season, Week
from ferraris.cosem.classes.register_activation import RegisterActivation, RegisterMask
from ferraris.cosem.classes.special_days_table import SpecialDay, SpecialDaysTable
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, STEADY, Maker, SteadyLoad, device_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY = date(2026, 3, 2)
NORMAL, LOW = 1, 2
"""Rates: 07:00 to 23:00 on weekdays the normal one, else the low one, all day on special days."""


def actions(*switches: tuple[int, int, int]) -> tuple[DayAction, ...]:
    return tuple(DayAction(CosemTime(h, m, 0, 0), obis.TARIFF_SCRIPTS, rate) for h, m, rate in switches)


SEASON = (Season(b"year", CosemDateTime(month=1, day_of_month=1), b"week"),)
WEEK = (Week(b"week", 1, 1, 1, 1, 1, 2, 2),)
DAYS = (Day(1, actions((0, 0, LOW), (7, 0, NORMAL), (23, 0, LOW))), Day(2, actions((0, 0, LOW))))


def entry_of(device: LogicalDevice, class_id: int, name: Obis) -> ProfileObject:
    found = device.model.find(class_id, name)
    assert found is not None
    return found


def write(device: LogicalDevice, attribute: Attribute[Any], name: Obis, value: Any, now_ms: int) -> DataAccessResult:
    entry = entry_of(device, attribute.owner.class_id, name)
    octets = entry.attributes[attribute.number].datatype.encode(value)
    return device.write(entry, attribute.number, octets, device.moment(now_ms))


def read(device: LogicalDevice, attribute: Attribute[Any], name: Obis, now_ms: int) -> Any:
    entry = entry_of(device, attribute.owner.class_id, name)
    octets = device.read(entry, attribute.number, device.moment(now_ms))
    assert isinstance(octets, bytes)
    return entry.attributes[attribute.number].datatype.decode(octets)


def invoke(device: LogicalDevice, method: Method[Any, Any], name: Obis, argument: Any, now_ms: int) -> ActionResult:
    entry = entry_of(device, method.owner.class_id, name)
    return device.invoke(entry, method.number, method.argument.encode(argument), device.moment(now_ms))


def rates(device: LogicalDevice, now_ms: int) -> tuple[int, int]:
    """What the import registers of both rates show, after a check that they add up to the total."""
    shown = [
        read(device, Register.value, name, now_ms)
        for name in (obis.ACTIVE_ENERGY_IMPORT, obis.ACTIVE_ENERGY_IMPORT_RATE_1, obis.ACTIVE_ENERGY_IMPORT_RATE_2)
    ]
    assert shown[0] == shown[1] + shown[2]
    return shown[1], shown[2]


def give_calendar(device: LogicalDevice, now_ms: int, days: tuple[Day, ...] = DAYS) -> None:
    """Prepare the calendar and activate it."""
    for attribute, value in (
        (ActivityCalendar.calendar_name_passive, b"2026"),
        (ActivityCalendar.season_profile_passive, SEASON),
        (ActivityCalendar.week_profile_table_passive, WEEK),
        (ActivityCalendar.day_profile_table_passive, days),
    ):
        assert write(device, attribute, obis.ACTIVITY_CALENDAR, value, now_ms) is DataAccessResult.SUCCESS
    method = ActivityCalendar.activate_passive_calendar
    assert invoke(device, method, obis.ACTIVITY_CALENDAR, 0, now_ms) is ActionResult.SUCCESS


@pytest.mark.parametrize("year", [0, 1, 2, 1969, 9998, 9999, 65534])
def test_a_season_of_a_year_that_nobody_lives_in_stops_no_meter(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    """A client may write any year that fits into two octets; the meter goes on, and without a tariff counts at its rate."""
    monkeypatch.setitem(globals(), "SEASON", (Season(b"year", CosemDateTime(year, 2, 30), b"week"),))
    device = device_of(fleet)
    give_calendar(device, MONDAY_MS)
    fleet.advance(MONDAY_MS + 50 * HOUR_MS)
    assert sum(rates(device, MONDAY_MS + 50 * HOUR_MS)) == 50 * 400


@pytest.fixture
def device(fleet: Fleet) -> LogicalDevice:
    """The meter has the calendar since Monday 01:00 local time, in the low rate. 400 W flow."""
    made = device_of(fleet)
    give_calendar(made, MONDAY_MS)
    return made


def test_a_day_of_two_rates(device: LogicalDevice) -> None:
    """Local time is an hour ahead: 6 hours low, 16 normal, then low again."""
    assert read(device, RegisterActivation.active_mask, obis.REGISTER_ACTIVATION, MONDAY_MS) == b"\x02"
    assert rates(device, MONDAY_MS + 6 * HOUR_MS) == (0, 2400)
    assert rates(device, MONDAY_MS + 7 * HOUR_MS) == (400, 2400)
    assert read(device, RegisterActivation.active_mask, obis.REGISTER_ACTIVATION, MONDAY_MS + 7 * HOUR_MS) == b"\x01"
    assert rates(device, MONDAY_MS + 24 * HOUR_MS) == (16 * 400, 8 * 400)


def test_the_steps_in_which_a_meter_is_asked_change_nothing(fleet: Fleet) -> None:
    asked, left = device_of(fleet, 0), device_of(fleet, 1)
    for one in (asked, left):
        give_calendar(one, MONDAY_MS)
    for minutes in range(7, 9 * 24 * 60, 197):
        rates(asked, MONDAY_MS + minutes * 60_000)
    end_ms = MONDAY_MS + 9 * DAY_MS
    assert rates(asked, end_ms) == rates(left, end_ms)


def test_weekends_and_special_days_are_low(device: LogicalDevice) -> None:
    wednesday = MONDAY + timedelta(2)
    holiday = SpecialDay(1, CosemDate(None, wednesday.month, wednesday.day, None), 2)
    invoke(device, SpecialDaysTable.insert, obis.SPECIAL_DAYS, holiday, MONDAY_MS)
    week_ms = MONDAY_MS + 7 * DAY_MS - HOUR_MS
    assert rates(device, week_ms) == (4 * 16 * 400, (7 * 24 - 1 - 64) * 400)


def test_without_a_calendar_the_first_rate_counts_everything(fleet: Fleet) -> None:
    assert rates(device_of(fleet), MONDAY_MS + DAY_MS) == (24 * 400, 0)
    assert device_of(fleet).meter.plan[0] == 4_102_444_800


def test_a_restart_over_a_switching_moment(make_fleet: Maker) -> None:
    """Power goes at 06:30 local time and is back at 08:00: what flows then is of the normal rate."""
    fleet = make_fleet()
    give_calendar(device_of(fleet), MONDAY_MS)
    fleet.advance(MONDAY_MS + 5 * HOUR_MS + HOUR_MS // 2)
    fleet.close()
    fleet = Fleet.open(fleet.memory.directory.parent, STEADY, MONDAY_MS + 7 * HOUR_MS)
    try:
        device = device_of(fleet)
        assert rates(device, MONDAY_MS + 8 * HOUR_MS) == (400, 2200)
    finally:
        fleet.close()


def test_death_between_the_moment_and_the_switch_counts_nothing_in_the_wrong_rate(make_fleet: Maker) -> None:
    """The process was last seen alive behind a switching moment that nobody acted upon: life stopped there."""
    fleet = make_fleet()
    give_calendar(device_of(fleet), MONDAY_MS)
    fleet.metering.actors.clear()
    fleet.advance(MONDAY_MS + 6 * HOUR_MS + 1_800_000)
    fleet.close()
    fleet = Fleet.open(fleet.memory.directory.parent, STEADY, MONDAY_MS + 7 * HOUR_MS)
    try:
        assert rates(device_of(fleet), MONDAY_MS + 8 * HOUR_MS) == (400, 2400)
    finally:
        fleet.close()


def test_a_clock_set_over_switching_moments_and_back(device: LogicalDevice) -> None:
    """At 01:00 the clock is set to 12:00: the normal rate; an hour later back to 02:00: the low one."""
    noon = CosemDateTime(2026, 3, 2, 1, 12, 0, 0, 0, -60, 0)
    assert write(device, Clock.time, obis.CLOCK, noon, MONDAY_MS) is DataAccessResult.SUCCESS
    assert rates(device, MONDAY_MS + HOUR_MS) == (400, 0)
    night = CosemDateTime(2026, 3, 2, 1, 2, 0, 0, 0, -60, 0)
    write(device, Clock.time, obis.CLOCK, night, MONDAY_MS + HOUR_MS)
    assert rates(device, MONDAY_MS + 2 * HOUR_MS) == (400, 400)


@pytest.mark.parametrize(("sunday", "low_h"), [("spring", 3), ("autumn", 3)])
def test_switches_at_local_times_on_days_of_23_and_25_hours(fleet: Fleet, sunday: str, low_h: int) -> None:
    """Low from 23:00 to 02:30, normal the rest: a time left out falls on the change, a time repeated on its first."""
    device = device_of(fleet)
    every_day = (Day(1, actions((2, 30, NORMAL), (23, 0, LOW))), Day(2, actions((2, 30, NORMAL), (23, 0, LOW))))
    give_calendar(device, MONDAY_MS, every_day)
    change = date(2026, 3, 29) if sunday == "spring" else date(2026, 10, 25)
    eve = (change - MONDAY).days * DAY_MS + MONDAY_MS
    offset_h = 1 if sunday == "spring" else 2
    before = rates(device, eve - offset_h * HOUR_MS)
    after = rates(device, eve - offset_h * HOUR_MS + 4 * HOUR_MS)
    low_wh = 400 * 2 if sunday == "spring" else 1000
    assert after[1] - before[1] == low_wh
    assert after[0] - before[0] == 1600 - low_wh


def test_the_passive_calendar_follows_at_its_time(device: LogicalDevice) -> None:
    """From Tuesday 00:00 on everything is normal."""
    days = (Day(1, actions((0, 0, NORMAL))), Day(2, actions((0, 0, NORMAL))))
    write(device, ActivityCalendar.day_profile_table_passive, obis.ACTIVITY_CALENDAR, days, MONDAY_MS)
    start = CosemDateTime(2026, 3, 3, None, 0, 0, 0, 0)
    write(device, ActivityCalendar.activate_passive_calendar_time, obis.ACTIVITY_CALENDAR, start, MONDAY_MS)
    tuesday_ms = MONDAY_MS + 23 * HOUR_MS
    assert read(device, ActivityCalendar.day_profile_table_active, obis.ACTIVITY_CALENDAR, tuesday_ms - 1) == DAYS
    assert read(device, ActivityCalendar.day_profile_table_active, obis.ACTIVITY_CALENDAR, tuesday_ms) == days
    assert rates(device, tuesday_ms) == (6400, 2800)
    assert rates(device, tuesday_ms + 2 * HOUR_MS) == (7200, 2800)


def test_masks(device: LogicalDevice) -> None:
    """A mask without registers lets both stand still; the active one cannot go."""
    name = obis.REGISTER_ACTIVATION
    assert invoke(device, RegisterActivation.delete_mask, name, b"\x02", MONDAY_MS) is ActionResult.OTHER_REASON
    assert invoke(device, RegisterActivation.delete_mask, name, b"\x01", MONDAY_MS) is ActionResult.SUCCESS
    assert invoke(device, RegisterActivation.delete_mask, name, b"\x01", MONDAY_MS) is ActionResult.OTHER_REASON
    both = RegisterMask(b"\x02", (1, 2))
    assert invoke(device, RegisterActivation.add_mask, name, both, MONDAY_MS) is ActionResult.SUCCESS
    assert rates(device, MONDAY_MS + HOUR_MS) == (400, 0)
    active = entry_of(device, RegisterActivation.class_id, name)
    unknown = RegisterActivation.active_mask.datatype.encode(b"none")
    moment = device.moment(MONDAY_MS + HOUR_MS)
    assert device.write(active, 4, unknown, moment) is DataAccessResult.OTHER_REASON


def test_what_is_below_a_watt_hour_goes_on_in_the_next_rate(make_fleet: Maker) -> None:
    """7 W: the Wh that becomes whole after the switch counts there."""
    fleet = make_fleet(surroundings=replace(STEADY, load=SteadyLoad(7)))
    device = device_of(fleet)
    quarter_hours = tuple((7 + place // 4, place % 4 * 15, 1 + place % 2) for place in range(8))
    give_calendar(device, MONDAY_MS, (Day(1, actions(*quarter_hours)), Day(2, ())))
    seen = [rates(device, MONDAY_MS + 6 * HOUR_MS + minutes * 60_000) for minutes in range(121)]
    assert all(later[0] >= one[0] and later[1] >= one[1] for one, later in pairwise(seen))
    assert sum(seen[-1]) - sum(seen[0]) == 14
