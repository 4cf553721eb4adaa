"""Schedules and single actions, set by a client, are executed at their times: each once, over outages as each has it."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import BitString
from ferraris.cosem import (
    CosemDate,
    CosemTime,
    ExecutedScript,
    ExecutionTime,
    ImageToTransfer,
    ImageTransfer,
    ImageTransferStatus,
    ScheduleType,
    SingleActionSchedule,
    obis,
)
from ferraris.cosem.classes.schedule import EntriesToDelete, EntriesToSwitch, Schedule, ScheduleEntry
from ferraris.cosem.classes.special_days_table import SpecialDay, SpecialDaysTable
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode
from ferraris.meter.firmware import Firmware, build_image, signing_key
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, device_of
from tests.meter.test_timed import invoke, read, write

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OFF, ON = EventCode.REMOTE_DISCONNECTION, EventCode.REMOTE_CONNECTION
EVERY_DAY = BitString(7, b"\xfe")
ALWAYS = 0xFFFF


def entry(index: int, script: int, hour: int, minute: int = 0, **changes: Any) -> ScheduleEntry:
    """Executed every day, and never late, but for the changes."""
    values = {
        "enable": True,
        "validity_window": 0,
        "exec_weekdays": EVERY_DAY,
        "exec_specdays": BitString(0, b""),
        "begin_date": CosemDate(),
        "end_date": CosemDate(),
    }
    time = CosemTime(hour, minute, 0, 0)
    return ScheduleEntry(
        index=index,
        script_logical_name=obis.DISCONNECT_SCRIPTS,
        script_selector=script,
        switch_time=time,
        **values | changes,
    )


def switched(device: LogicalDevice, now_ms: int) -> list[tuple[float, int]]:
    """Hours since Monday, local time, and what the disconnector was told."""
    device.meter.move_on(now_ms)
    codes = {OFF, ON}
    return [
        ((event.time_s - MONDAY_MS // 1000) / 3600 + 1, event.code)
        for event in device.meter.events()
        if event.code in codes
    ]


@pytest.fixture
def device(fleet: Fleet) -> LogicalDevice:
    return device_of(fleet)


def put(device: LogicalDevice, *entries: ScheduleEntry) -> None:
    for one in entries:
        assert invoke(device, Schedule.insert, obis.SCHEDULE, one, MONDAY_MS) is ActionResult.SUCCESS


def test_every_day(device: LogicalDevice) -> None:
    put(device, entry(1, 1, 8), entry(2, 2, 9, 30))
    assert switched(device, MONDAY_MS + 2 * DAY_MS) == [(8, OFF), (9.5, ON), (32, OFF), (33.5, ON)]


def test_days_of_the_week_special_days_and_dates(device: LogicalDevice) -> None:
    """Off on Tuesdays and Thursdays, but on the special Thursday on instead; nothing from Friday on."""
    holiday = SpecialDay(1, CosemDate(None, 3, 5, None), 1)
    invoke(device, SpecialDaysTable.insert, obis.SPECIAL_DAYS, holiday, MONDAY_MS)
    first, last = CosemDate(2026, 3, 2, None), CosemDate(2026, 3, 5, None)
    put(
        device,
        entry(1, 1, 8, exec_weekdays=BitString(7, b"\x50"), begin_date=first, end_date=last),
        entry(2, 2, 9, exec_weekdays=BitString(7, b"\x00"), exec_specdays=BitString(2, b"\x40")),
    )
    assert switched(device, MONDAY_MS + 14 * DAY_MS) == [(32, OFF), (3 * 24 + 9, ON)]


def test_entries_are_switched_and_deleted(device: LogicalDevice) -> None:
    put(device, entry(1, 1, 8), entry(2, 2, 9), entry(3, 1, 10), entry(2, 2, 9, 15))
    listed = read(device, Schedule.entries, obis.SCHEDULE, MONDAY_MS)
    assert [one.index for one in listed] == [1, 2, 3]
    assert listed[1].switch_time.minute == 15
    invoke(device, Schedule.enable_disable, obis.SCHEDULE, EntriesToSwitch(1, 3, 2, 2), MONDAY_MS)
    assert [one.enable for one in read(device, Schedule.entries, obis.SCHEDULE, MONDAY_MS)] == [False, True, False]
    invoke(device, Schedule.delete, obis.SCHEDULE, EntriesToDelete(2, 3), MONDAY_MS)
    assert [one.index for one in read(device, Schedule.entries, obis.SCHEDULE, MONDAY_MS)] == [1]
    assert switched(device, MONDAY_MS + DAY_MS) == []


@pytest.mark.parametrize(("window_min", "done"), [(0, False), (29, False), (30, True), (60, True), (ALWAYS, True)])
def test_what_an_outage_missed_is_done_within_the_validity_window(
    device: LogicalDevice, window_min: int, done: bool
) -> None:
    """Power is away from 07:00 to 08:30; the entry was for 08:00."""
    put(device, entry(1, 1, 8, validity_window=window_min))
    device.meter.power_down(MONDAY_MS + 6 * HOUR_MS)
    device.meter.power_up(MONDAY_MS + 7 * HOUR_MS + HOUR_MS // 2)
    assert switched(device, MONDAY_MS + 8 * HOUR_MS) == ([(8.5, OFF)] if done else [])


def test_missed_entries_follow_each_other_in_their_order_each_once(device: LogicalDevice) -> None:
    """Three days without power: the last of each, the one that was to come last at the end."""
    put(device, entry(1, 2, 9, validity_window=ALWAYS), entry(2, 1, 8, validity_window=ALWAYS))
    device.meter.power_down(MONDAY_MS + HOUR_MS)
    device.meter.power_up(MONDAY_MS + 3 * DAY_MS)
    back_h = 3 * 24 + 1
    assert switched(device, MONDAY_MS + 3 * DAY_MS + HOUR_MS) == [(back_h, OFF), (back_h, ON)]


def test_a_small_correction_of_the_clock_repeats_and_loses_nothing(device: LogicalDevice) -> None:
    put(device, entry(1, 1, 8), entry(2, 2, 9))
    device.meter.set_clock(MONDAY_MS + 7 * HOUR_MS + 4_000, MONDAY_MS + 7 * HOUR_MS - 2_000)
    device.meter.move_on(MONDAY_MS + 7 * HOUR_MS + 1_000)
    device.meter.set_clock(MONDAY_MS + 7 * HOUR_MS - 3_000, MONDAY_MS + 7 * HOUR_MS + 1_500)
    assert [code for _, code in switched(device, MONDAY_MS + 10 * HOUR_MS)] == [OFF, ON]


def single(device: LogicalDevice, *times: ExecutionTime, kind: ScheduleType = ScheduleType.MANY_OPEN_DATES) -> None:
    name = obis.DISCONNECT_SCHEDULE
    assert write(device, SingleActionSchedule.type, name, kind, MONDAY_MS) is DataAccessResult.SUCCESS
    write(device, SingleActionSchedule.executed_script, name, ExecutedScript(obis.DISCONNECT_SCRIPTS, 1), MONDAY_MS)
    assert write(device, SingleActionSchedule.execution_time, name, times, MONDAY_MS) is DataAccessResult.SUCCESS


def executions(device: LogicalDevice, now_ms: int) -> int:
    device.meter.move_on(now_ms)
    return device.meter.commands_executed


NOON = CosemTime(12, 0, 0, 0)
TYPES = [
    (ScheduleType.ONE_TIME_OPEN_DATE, [ExecutionTime(NOON, CosemDate(2026, 3, 4, None))], 1),
    (
        ScheduleType.MANY_SAME_TIME_FIXED_DATES,
        [ExecutionTime(NOON, CosemDate(2026, 3, day, None)) for day in (4, 6)],
        2,
    ),
    (ScheduleType.MANY_SAME_TIME_OPEN_DATES, [ExecutionTime(NOON, CosemDate(day_of_week=2))], 5),
    (ScheduleType.MANY_FIXED_DATES, [ExecutionTime(NOON, CosemDate(2026, 4, 1, None))], 1),
    (ScheduleType.MANY_OPEN_DATES, [ExecutionTime(CosemTime(None, 20, 0, 0), CosemDate(day_of_week=7))], 4 * 24 - 1),
]


@pytest.mark.parametrize(("kind", "times", "expected"), TYPES)
def test_single_actions_of_every_type(
    device: LogicalDevice, kind: ScheduleType, times: list[ExecutionTime], expected: int
) -> None:
    """One date, several dates, every Tuesday, the first of April, every hour of Sundays: one of them has 23."""
    single(device, *times, kind=kind)
    assert executions(device, MONDAY_MS + 31 * DAY_MS) == expected


def test_every_hour_on_a_day_of_twenty_five(device: LogicalDevice) -> None:
    single(device, ExecutionTime(CosemTime(None, 20, 0, 0), CosemDate(2026, 3, 29, None)))
    assert executions(device, MONDAY_MS + 31 * DAY_MS) == 23


@pytest.mark.parametrize(("date", "done"), [(CosemDate(2026, 3, 2, None), 1), (CosemDate(), 0)])
def test_a_single_action_of_one_date_is_done_late_and_a_daily_one_waits(
    device: LogicalDevice, date: CosemDate, done: int
) -> None:
    single(device, ExecutionTime(CosemTime(8, 0, 0, 0), date))
    device.meter.power_down(MONDAY_MS + HOUR_MS)
    device.meter.power_up(MONDAY_MS + 12 * HOUR_MS)
    assert executions(device, MONDAY_MS + 13 * HOUR_MS) == done


def test_an_action_is_done_once_over_a_restart(fleet: Fleet) -> None:
    device = device_of(fleet)
    single(device, ExecutionTime(CosemTime(8, 0, 0, 0), CosemDate(2026, 3, 2, None)))
    assert executions(device, MONDAY_MS + 8 * HOUR_MS) == 1
    device.meter.power_down(MONDAY_MS + 8 * HOUR_MS)
    device.meter.power_up(MONDAY_MS + 9 * HOUR_MS)
    assert executions(device, MONDAY_MS + 3 * DAY_MS) == 1


def test_an_image_is_activated_at_its_time(device: LogicalDevice) -> None:
    image = build_image(Firmware("2.0", bytes(600)), signing_key(1))
    name = obis.IMAGE_TRANSFER
    invoke(device, ImageTransfer.image_transfer_initiate, name, ImageToTransfer(b"fw", len(image)), MONDAY_MS)
    transfer = device.model.find(18, name)
    assert transfer is not None
    moment = device.moment(MONDAY_MS)
    for number in range(-(-len(image) // 512)):
        device.image(MONDAY_MS).put(number, image[512 * number : 512 * number + 512])
    device.image(MONDAY_MS).verify(moment.now_ms)
    time = ExecutionTime(CosemTime(3, 0, 0, 0), CosemDate(2026, 3, 3, None))
    write(device, SingleActionSchedule.execution_time, obis.FIRMWARE_ACTIVATION_SCHEDULE, (time,), MONDAY_MS + 60_000)
    due_ms = MONDAY_MS + DAY_MS + 2 * HOUR_MS
    status = ImageTransfer.image_transfer_status
    assert read(device, status, name, due_ms - 1) is ImageTransferStatus.VERIFICATION_SUCCESSFUL
    assert read(device, status, name, due_ms) is ImageTransferStatus.ACTIVATION_INITIATED
    assert read(device, status, name, due_ms + 60_000) is ImageTransferStatus.ACTIVATION_SUCCESSFUL
    assert device.image(due_ms + 60_000).firmware_version == "2.0"
