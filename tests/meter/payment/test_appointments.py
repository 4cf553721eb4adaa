"""Accounts that open and close, and prices that change, at the time that was set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.cosem import Attribute, CosemDateTime, Obis, obis
from ferraris.cosem.classes.account import Account, AccountStatus
from ferraris.cosem.classes.charge import Charge, ChargeTableElement
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.memory import NEVER_S
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment.appointments import Appointment, Appointments, Deed
from tests.meter.payment.prepaid import KWH, KWH_MS, Prepaid, invoke, laboratory, since, write
from tests.meter.steady import MONDAY_MS, STEADY

HOUR_MS = 3_600_000
NEW = 'ACCOUNT = { values.account_mode_and_status = ["prepayment", "new"] }'
STARTED = PaymentManufacture(credit_tenths=100)
OPENING, CLOSING = Account.account_activation_time, Account.account_closure_time


def when(at_ms: int) -> CosemDateTime:
    return CosemDateTime.from_epoch_ms(at_ms, -60)


def appoint(meter: Prepaid, attribute: Attribute[Any], at_ms: int, name: Obis = obis.ACCOUNT) -> None:
    assert write(meter, attribute, name, when(at_ms)) is DataAccessResult.SUCCESS


def new_price(meter: Prepaid, price: int) -> None:
    elements = (ChargeTableElement(b"\x01", price),)
    assert invoke(meter, Charge.update_unit_charge, obis.CHARGE_CONSUMPTION, elements) is ActionResult.SUCCESS


def test_what_is_due_and_what_is_next() -> None:
    one = Appointment(5, Deed.ACTIVATE_ACCOUNT, obis.ACCOUNT)
    other = replace(one, time_s=9, deed=Deed.CLOSE_ACCOUNT)
    both = Appointments((one, other))
    assert [both.due(*limits) for limits in ((4, 5), (5, 9), (0, 9), (9, 99))] == [(one,), (other,), (one, other), ()]
    assert [both.next_s(after) for after in (0, 5, 9)] == [5, 9, NEVER_S]


TIMES = """
# year month day hour minute second deviation  appoints
  2026  3     2   10   30     0      -60        yes
  2026  3     2   10   30     0      -          yes
  2026  3     2   10   30     -      -60        no
  2026  -     2   10   30     0      -60        no
  -     -     -   -    -      -      -          no
"""


@pytest.mark.parametrize("line", [line for line in TIMES.strip().splitlines() if not line.startswith("#")])
def test_a_time_with_an_open_field_appoints_nothing(fleet: Fleet, line: str) -> None:
    *fields, appoints = line.split()
    year, month, day, hour, minute, second, deviation = (None if field == "-" else int(field) for field in fields)
    time = CosemDateTime(
        year=year, month=month, day_of_month=day, hour=hour, minute=minute, second=second, deviation_min=deviation
    )
    meter = Prepaid(fleet)
    assert write(meter, OPENING, obis.ACCOUNT, time) is DataAccessResult.SUCCESS
    found = Appointments.of(meter.device.value, STEADY.zone).all
    expected = Appointment(MONDAY_MS // 1000 + 34_200, Deed.ACTIVATE_ACCOUNT, obis.ACCOUNT)
    assert found == ((expected,) if appoints == "yes" else ())


def test_an_account_opens_and_closes_at_its_times(fleet: Fleet) -> None:
    """Until it opens nothing is charged and nothing withheld; when it is closed there is no supply."""
    meter = Prepaid(fleet, laboratory(NEW), STARTED)
    appoint(meter, OPENING, MONDAY_MS + 10 * HOUR_MS)
    appoint(meter, CLOSING, MONDAY_MS + 10 * HOUR_MS + KWH_MS)
    meter.passes(10 * HOUR_MS - 1)
    assert (meter.payment.account.status, meter.left) == (AccountStatus.NEW, 10 * KWH)
    meter.passes(1)
    assert meter.payment.account.status is AccountStatus.ACTIVE
    meter.passes(2 * KWH_MS)
    assert (meter.payment.account.status, meter.supplied) == (AccountStatus.CLOSED, False)
    assert meter.left == 9 * KWH, "one kWh, at the price of the open account"
    log = [(event.code, event.time_s) for event in meter.device.meter.events() if event.code in (210, 211)]
    assert log == [(210, MONDAY_MS // 1000 + 36_000), (211, MONDAY_MS // 1000 + 45_000)]


def test_times_that_have_passed_when_they_are_set_do_nothing_and_none_is_kept_twice(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    appoint(meter, CLOSING, MONDAY_MS - HOUR_MS)
    meter.passes(HOUR_MS)
    assert meter.payment.account.status is AccountStatus.ACTIVE
    appoint(meter, CLOSING, MONDAY_MS + 2 * HOUR_MS)
    meter.passes(2 * HOUR_MS)
    assert meter.payment.account.status is AccountStatus.CLOSED
    assert invoke(meter, Account.reset_account, obis.ACCOUNT, 0) is ActionResult.SUCCESS
    assert invoke(meter, Account.activate_account, obis.ACCOUNT, 0) is ActionResult.SUCCESS
    meter.device.meter.set_clock(MONDAY_MS, meter.now_ms)
    meter.passes(24 * HOUR_MS)
    assert meter.payment.account.status is AccountStatus.ACTIVE


def test_an_account_opens_late_when_power_was_away(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(NEW), STARTED)
    appoint(meter, OPENING, MONDAY_MS + HOUR_MS)
    meter.device.meter.power_down(meter.now_ms)
    meter.now_ms += 30 * HOUR_MS
    meter.device.meter.power_up(meter.now_ms)
    meter.passes(1_000)
    assert meter.payment.account.status is AccountStatus.ACTIVE


def test_a_price_holds_from_its_time_on_to_the_millisecond(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    new_price(meter, 3)
    appoint(meter, Charge.unit_charge_activation_time, MONDAY_MS + KWH_MS, obis.CHARGE_CONSUMPTION)
    meter.passes(2 * KWH_MS)
    assert meter.left == 6 * KWH, "one kWh at 1, one at 3"
    new_price(meter, 2)
    meter.passes(KWH_MS)
    assert meter.left == 3 * KWH, "the passive charge waits for another time"
    appoint(meter, Charge.unit_charge_activation_time, meter.now_ms + 1_000, obis.CHARGE_CONSUMPTION)
    meter.passes(KWH_MS + 1_000)
    assert KWH - 400_000 < meter.left < KWH - 300_000


def test_a_daily_charge_may_begin_at_a_time(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=1_000))
    elements = (ChargeTableElement(b"\x01", 500),)
    assert invoke(meter, Charge.update_unit_charge, obis.CHARGE_DAILY, elements) is ActionResult.SUCCESS
    appoint(meter, Charge.unit_charge_activation_time, MONDAY_MS + 30 * HOUR_MS, obis.CHARGE_DAILY)
    meter.passes(46 * HOUR_MS)
    assert meter.left == 100 * KWH - 46 * 4 * KWH // 10
    meter.passes(2 * HOUR_MS)
    assert meter.left == 100 * KWH - 48 * 4 * KWH // 10 - KWH // 2


def test_what_makes_no_terms_stays_passive(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    new_price(meter, -3)
    appoint(meter, Charge.unit_charge_activation_time, MONDAY_MS + HOUR_MS, obis.CHARGE_CONSUMPTION)
    meter.passes(2 * HOUR_MS)
    assert meter.left == 10 * KWH - 8 * KWH // 10
    assert since(meter.codes, EventCode.ACCOUNT_CLOSED) == []
