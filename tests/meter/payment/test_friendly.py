"""Friendly hours: when they are, and what a meter does in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, obis
from ferraris.cosem.classes.account import Account, CollectionConfiguration
from ferraris.cosem.classes.activity_calendar import ActivityCalendar, Day, DayAction, Season, Week
from ferraris.cosem.classes.special_days_table import SpecialDay, SpecialDaysTable
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet, Manufacture
from ferraris.meter.memory import NEVER_S
from ferraris.meter.model import meter_model
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment.friendly import FriendlyHours
from ferraris.sts import ClearTamperToken
from tests.meter.payment.prepaid import KWH, KWH_MS, Prepaid, invoke, laboratory, since, write
from tests.meter.steady import MONDAY_MS, STEADY, device_of

HOUR_MS = 3_600_000
STARTED = PaymentManufacture(credit_tenths=20)
SUPPLY_LOG = EventCode.CREDIT_EXHAUSTED, EventCode.CREDIT_RESTORED, EventCode.FRIENDLY_CREDIT_IN_USE
IN_FRIENDLY = CollectionConfiguration.IN_FRIENDLY_CREDIT_PERIODS
DAILY = 'CHARGE_DAILY = { values.unit_charge_active = [[0, 0], [0, "0.0.0.0.0.0", 0], [["0x01", 1]]] }'


def at(hour: int, script: int) -> DayAction:
    return DayAction(CosemTime(hour, 0, 0, 0), obis.FRIENDLY_SCRIPTS, script)


def befriend(meter: Prepaid, begin: int, end: int) -> None:
    """Friendly hours from one hour to the other on working days, from Sunday's midnight on, and on 5 March until 23:00."""
    week = Week(b"w", 1, 1, 1, 1, 1, 2, 3)
    days = Day(1, (at(begin, 1), at(end, 2))), Day(2, ()), Day(3, (at(0, 1),)), Day(4, (at(0, 1), at(23, 2)))
    parts = (
        (ActivityCalendar.season_profile_passive, (Season(b"s", CosemDateTime(), b"w"),)),
        (ActivityCalendar.week_profile_table_passive, (week,)),
        (ActivityCalendar.day_profile_table_passive, days),
    )
    for attribute, value in parts:
        assert write(meter, attribute, obis.FRIENDLY_CALENDAR, value) is DataAccessResult.SUCCESS
    special = SpecialDay(1, CosemDate(month=3, day_of_month=5), 4)
    assert invoke(meter, SpecialDaysTable.insert, obis.SPECIAL_DAYS, special) is ActionResult.SUCCESS
    method = ActivityCalendar.activate_passive_calendar
    assert invoke(meter, method, obis.FRIENDLY_CALENDAR, 0) is ActionResult.SUCCESS


HOURS = """
# local time           friendly  until (local)
  2026-03-02 17:59:59  no        2026-03-02 18:00
  2026-03-02 18:00:00  yes       2026-03-03 08:00
  2026-03-03 07:59:59  yes       2026-03-03 08:00
  2026-03-03 08:00:00  no        2026-03-03 18:00
  2026-03-04 23:00:00  yes       2026-03-05 00:00
  2026-03-05 12:00:00  yes       2026-03-05 23:00
  2026-03-05 23:00:00  no        2026-03-06 08:00
  2026-03-07 07:00:00  yes       2026-03-08 00:00
  2026-03-08 12:00:00  yes       2026-03-09 08:00
"""


def local_s(text: str) -> int:
    """Central European time in winter, as UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - 3_600


@pytest.mark.parametrize("line", [line for line in HOURS.strip().splitlines() if not line.startswith("#")])
def test_friendly_hours_begin_and_end_by_the_calendar_and_the_special_days(fleet: Fleet, line: str) -> None:
    day, time, friendly, until_day, until = line.split()
    meter = Prepaid(fleet)
    befriend(meter, 18, 8)
    period = FriendlyHours.of(meter.device, STEADY.zone).at(local_s(f"{day} {time}"))
    assert (period.friendly, period.until_s) == (friendly == "yes", local_s(f"{until_day} {until}"))
    assert period.holds(local_s(f"{day} {time}"))
    assert not period.holds(period.until_s)


def test_a_meter_without_a_calendar_has_none(fleet: Fleet) -> None:
    for device in (device_of(fleet), Prepaid(fleet).device):
        period = FriendlyHours.of(device, STEADY.zone).at(MONDAY_MS // 1000)
        assert (period.friendly, period.until_s) == (False, NEVER_S)


def test_nobody_is_cut_off_until_they_end(fleet: Fleet) -> None:
    """2 kWh last five hours, until 06:00 local time; the switch opens at 08:00, and 0.8 kWh are owed."""
    meter = Prepaid(fleet, made=STARTED)
    befriend(meter, 18, 8)
    meter.passes(5 * HOUR_MS)
    assert (meter.supplied, meter.left) == (True, 0)
    meter.passes(2 * HOUR_MS - 1)
    assert meter.supplied
    meter.passes(1)
    assert (meter.supplied, meter.left) == (False, -8 * KWH // 10)
    assert since(meter.codes, *SUPPLY_LOG) == [EventCode.FRIENDLY_CREDIT_IN_USE, EventCode.CREDIT_EXHAUSTED]
    meter.enter(meter.credit(10))
    assert (meter.supplied, meter.left) == (True, 2 * KWH // 10)


def test_whoever_was_cut_off_before_stays_so(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    befriend(meter, 18, 8)
    meter.passes(8 * HOUR_MS)
    befriend(meter, 12, 20)
    assert not meter.supplied
    meter.passes(6 * HOUR_MS)
    assert not meter.supplied
    assert not meter.payment.reconnect(meter.now_ms)
    assert (meter.left, EventCode.FRIENDLY_CREDIT_IN_USE in meter.codes) == (0, False)
    meter.enter(meter.credit(1))
    assert meter.supplied
    meter.passes(HOUR_MS // 2)
    assert meter.supplied, "it runs out anew, and now the hours are friendly"


def test_tamper_opens_the_switch_in_friendly_hours_too(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    befriend(meter, 18, 8)
    meter.payment.tamper(meter.now_ms)
    assert not meter.supplied
    meter.enter(meter.token(ClearTamperToken(meter.identifier(), 5)))
    assert meter.supplied


@pytest.mark.parametrize("collected", [True, False])
def test_what_is_not_collected_in_friendly_hours_costs_nothing(fleet: Fleet, collected: bool) -> None:
    """Seven friendly hours at 0.4 kW, then three of the others; at 00:00 local time on 3 March a kWh is due for the day."""
    meter = Prepaid(fleet, laboratory(DAILY), PaymentManufacture(credit_tenths=400))
    befriend(meter, 18, 8)
    if not collected:
        configuration = meter.device.value(Account.credit_charge_configuration, obis.ACCOUNT)
        without = tuple(
            replace(one, collection_configuration=one.collection_configuration & ~IN_FRIENDLY) for one in configuration
        )
        assert write(meter, Account.credit_charge_configuration, obis.ACCOUNT, without) is DataAccessResult.SUCCESS
    meter.passes(7 * HOUR_MS)
    assert meter.left == 40 * KWH - collected * 28 * KWH // 10
    meter.passes(3 * HOUR_MS)
    assert meter.left == 40 * KWH - 12 * KWH // 10 - collected * 28 * KWH // 10
    before = meter.left
    meter.passes(14 * HOUR_MS)  # to 01:00 on the third: seven hours until 18:00, seven friendly ones
    assert before - meter.left == 28 * KWH // 10 + collected * (28 * KWH // 10 + KWH)


def test_a_clock_that_is_set_may_end_them(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    befriend(meter, 18, 8)
    meter.passes(12 * HOUR_MS)
    meter.enter(meter.credit(20))
    meter.device.meter.set_clock(meter.now_ms + 6 * HOUR_MS, meter.now_ms)
    meter.passes(3 * KWH_MS)
    assert (meter.supplied, meter.left) == (True, -KWH)
    meter.device.meter.set_clock(meter.now_ms - 12 * HOUR_MS, meter.now_ms)
    meter.payment.settle(meter.now_ms)
    assert not meter.supplied


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.integers(0, 23),
    length=st.integers(1, 23),
    steps=st.lists(st.integers(1, 20 * HOUR_MS), min_size=1, max_size=8),
    restarts=st.sets(st.integers(0, 7)),
)
def test_whatever_steps_time_passes_in_nobody_is_cut_off_in_them_and_all_is_owed(
    tmp_path_factory: pytest.TempPathFactory, begin: int, length: int, steps: list[int], restarts: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("f")
    fleet = Fleet.create(folder, Manufacture(1, 0, 0, 0), STEADY, SeededEntropy(5), MONDAY_MS)
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=10))
    befriend(meter, begin, (begin + length) % 24)
    for place, step in enumerate(steps):
        meter.passes(step)
        if place in restarts:
            fleet.memory.mark_alive(meter.now_ms)
            fleet.close()
            fleet = Fleet.open(folder, STEADY, meter.now_ms)
            meter = Prepaid(fleet, now_ms=meter.now_ms)
    hours = FriendlyHours.of(meter.device, STEADY.zone)
    for event in meter.device.meter.events():
        if event.code == EventCode.CREDIT_EXHAUSTED:
            assert not hours.at(event.time_s).friendly
    assert meter.left == KWH - 1_000 * meter.device.meter.import_mwh
    assert meter.left > 0 or not meter.supplied or hours.at(meter.now_ms // 1000).friendly
    fleet.close()


def test_the_profiles_have_the_calendar_and_its_scripts() -> None:
    for name in ("sts_single_phase", "sts_three_phase"):
        assert meter_model(name).find(ActivityCalendar.class_id, obis.FRIENDLY_CALENDAR) is not None
