"""The methods of the payment objects, invoked by clients; and what clients may write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.cosem import Attribute, DisconnectControl, Method, Obis, obis
from ferraris.cosem.classes.account import Account, AccountStatus
from ferraris.cosem.classes.charge import Charge, ChargeTableElement, ChargeType, UnitCharge
from ferraris.cosem.classes.credit import Credit, CreditConfiguration, CreditStatus
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod, TokenGateway, TokenStatusCode
from ferraris.dlms.apdu import (
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNormal,
)
from ferraris.meter.dispatch import answer
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.live_values import Partner
from ferraris.meter.memory import NEVER_S
from ferraris.meter.payment import PaymentManufacture
from tests.meter.payment.prepaid import KWH, KWH_MS, MONEY, Prepaid, invoke, laboratory, write
from tests.meter.steady import partner

STARTED = PaymentManufacture(credit_tenths=20)
DAILY = 'CHARGE_DAILY = { values.unit_charge_active = [[0, 0], [0, "0.0.0.0.0.0", 0], [["0x01", 1]]] }'


def read(meter: Prepaid, attribute: Attribute[Any], name: Obis) -> Any:
    descriptor = AttributeDescriptor(attribute.owner.class_id, name, attribute.number)
    response = answer(meter.device, partner("reading"), GetRequestNormal(0xC1, descriptor), meter.now_ms)
    return attribute.datatype.decode(response.result)  # type: ignore[union-attr, arg-type]


def enter(meter: Prepaid, octets: bytes, by: Partner | None = None) -> ActionResult:
    return invoke(meter, TokenGateway.enter, obis.TOKEN_GATEWAY, octets, by)


def status(meter: Prepaid) -> tuple[TokenStatusCode, int]:
    found = read(meter, TokenGateway.token_status, obis.TOKEN_GATEWAY)
    return found.status_code, found.data_value.octets[0]


# Token gateway


def test_a_token_comes_by_the_head_end(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    token = meter.credit(15)
    assert enter(meter, token.encode()) is ActionResult.SUCCESS
    assert status(meter) == (TokenStatusCode.TOKEN_EXECUTION_OK, 1)
    assert read(meter, TokenGateway.token, obis.TOKEN_GATEWAY) == token.encode()
    assert read(meter, TokenGateway.token_delivery_method, obis.TOKEN_GATEWAY) is TokenDeliveryMethod.REMOTE
    assert read(meter, TokenGateway.token_time, obis.TOKEN_GATEWAY).to_epoch_ms() == meter.now_ms
    shown = read(meter, TokenGateway.token_description, obis.TOKEN_GATEWAY)
    assert shown == (b"accept", b"+1.5 kWh", b"credit 1.5 kWh")
    assert (meter.supplied, meter.left) == (True, 3 * KWH // 2)
    assert enter(meter, token.encode()) is ActionResult.SUCCESS
    assert status(meter) == (TokenStatusCode.VALIDATION_FAILURE, 10)
    assert meter.left == 3 * KWH // 2


def test_nine_octets_are_the_same_token(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    token = meter.credit(15)
    assert enter(meter, int(token).to_bytes(9, "big")) is ActionResult.SUCCESS
    assert status(meter) == (TokenStatusCode.TOKEN_EXECUTION_OK, 1)
    assert read(meter, TokenGateway.token, obis.TOKEN_GATEWAY) == token.encode()
    enter(meter, token.encode())
    assert status(meter)[1] == 10, "used"


@pytest.mark.parametrize(
    ("octets", "code", "number"),
    [
        (b"", TokenStatusCode.FORMAT_FAILURE, 6),
        (b"123", TokenStatusCode.FORMAT_FAILURE, 6),
        (b"1" * 300, TokenStatusCode.FORMAT_FAILURE, 6),
        (b"\xff" * 9, TokenStatusCode.FORMAT_FAILURE, 6),
        (b"\x80" * 20, TokenStatusCode.FORMAT_FAILURE, 6),
        (b"12345678901234567890", TokenStatusCode.AUTHENTICATION_FAILURE, 13),
    ],
)
def test_what_is_no_token_is_told_by_the_status(
    fleet: Fleet, octets: bytes, code: TokenStatusCode, number: int
) -> None:
    meter = Prepaid(fleet)
    assert enter(meter, octets) is ActionResult.SUCCESS
    assert status(meter) == (code, number)
    assert EventCode.TOKEN_REFUSED in meter.codes


def test_sections_of_a_key_change_wait_with_a_valid_status(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    codes = []
    for text in meter.key_change(key_revision_number=2)[2]:
        enter(meter, text.encode())
        codes.append(status(meter))
    waits, done = TokenStatusCode.VALIDATION_OK, TokenStatusCode.TOKEN_EXECUTION_OK
    assert codes == [(waits, 2), (waits, 3), (waits, 17), (done, 1)]


def test_before_the_first_token_there_is_none(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    assert status(meter) == (TokenStatusCode.FORMAT_OK, 0)
    assert read(meter, TokenGateway.token, obis.TOKEN_GATEWAY) == b""
    assert read(meter, TokenGateway.token_time, obis.TOKEN_GATEWAY).to_epoch_ms() is None


def test_whoever_stands_before_the_meter_enters_tokens_and_nothing_else(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    local = replace(partner("reading"), name="local", client_sap=3)
    for number in range(3):
        enter(meter, f"{12345678901234567890 + number}".encode(), local)
    assert read(meter, TokenGateway.token_delivery_method, obis.TOKEN_GATEWAY) is TokenDeliveryMethod.LOCAL
    token = meter.credit(10)
    enter(meter, token.encode(), local)
    assert status(meter) == (TokenStatusCode.TOKEN_RECEIVED, 15), "locked, as the keypad is"
    meter.passes(10_000)
    enter(meter, token.encode(), local)
    assert status(meter) == (TokenStatusCode.TOKEN_EXECUTION_OK, 1)
    assert invoke(meter, Account.close_account, obis.ACCOUNT, 0, local) is ActionResult.OBJECT_UNDEFINED
    assert (
        invoke(meter, TokenGateway.enter, obis.TOKEN_GATEWAY, b"", partner("public")) is ActionResult.OBJECT_UNDEFINED
    )
    assert (
        invoke(meter, TokenGateway.enter, obis.TOKEN_GATEWAY, b"", partner("reading")) is ActionResult.READ_WRITE_DENIED
    )


# Account


def test_an_account_is_closed_reset_and_activated(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    assert invoke(meter, Account.reset_account, obis.ACCOUNT, 0) is ActionResult.OTHER_REASON
    assert invoke(meter, Account.activate_account, obis.ACCOUNT, 0) is ActionResult.OTHER_REASON
    assert invoke(meter, Account.close_account, obis.ACCOUNT, 0) is ActionResult.SUCCESS
    assert not meter.supplied
    meter.passes(KWH_MS)
    assert meter.left == 2 * KWH
    assert invoke(meter, Account.reset_account, obis.ACCOUNT, 0) is ActionResult.SUCCESS
    assert (meter.left, meter.supplied) == (0, True), "a new account withholds nothing"
    meter.passes(KWH_MS)
    assert meter.left == 0
    assert read(meter, Account.account_mode_and_status, obis.ACCOUNT).account_status is AccountStatus.NEW
    assert invoke(meter, Account.activate_account, obis.ACCOUNT, 0) is ActionResult.SUCCESS
    assert not meter.supplied
    assert {EventCode.ACCOUNT_CLOSED, EventCode.ACCOUNT_ACTIVATED} <= set(meter.codes)


# Credit


@pytest.mark.parametrize(
    ("method", "amount", "result", "left_wh"),
    [
        (Credit.update_amount, 500, ActionResult.SUCCESS, 2_500),
        (Credit.update_amount, -2_000, ActionResult.SUCCESS, 0),
        (Credit.update_amount, -2_001, ActionResult.OTHER_REASON, 2_000),
        (Credit.update_amount, 2**31 - 1, ActionResult.OTHER_REASON, 2_000),
        (Credit.set_amount_to_value, 7, ActionResult.SUCCESS, 7),
        (Credit.set_amount_to_value, 0, ActionResult.SUCCESS, 0),
        (Credit.set_amount_to_value, 2**31 - 1, ActionResult.SUCCESS, 2**31 - 1),
        (Credit.set_amount_to_value, -1, ActionResult.OTHER_REASON, 2_000),
        (Credit.invoke_credit, 1, ActionResult.READ_WRITE_DENIED, 2_000),
    ],
)
def test_the_credit_of_tokens(
    fleet: Fleet, method: Method[Any, Any], amount: int, result: ActionResult, left_wh: int
) -> None:
    meter = Prepaid(fleet, made=STARTED)
    assert invoke(meter, method, obis.CREDIT_TOKEN, amount) is result
    assert meter.left == left_wh * 1_000_000
    assert read(meter, Credit.current_credit_amount, obis.CREDIT_TOKEN) == left_wh
    assert meter.supplied is (left_wh > 0)
    assert meter.payment.account.credited == 0


def test_emergency_credit_is_invoked_and_set_while_in_use(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    name = obis.CREDIT_EMERGENCY
    assert read(meter, Credit.credit_status, name) is CreditStatus.SELECTABLE
    assert invoke(meter, Credit.set_amount_to_value, name, 3_000) is ActionResult.OTHER_REASON
    assert invoke(meter, Credit.invoke_credit, name, 1) is ActionResult.SUCCESS
    assert (meter.supplied, read(meter, Credit.credit_status, name)) == (True, CreditStatus.IN_USE)
    meter.passes(KWH_MS)
    assert read(meter, Credit.current_credit_amount, name) == 4_000
    assert invoke(meter, Credit.set_amount_to_value, name, 3_000) is ActionResult.SUCCESS
    assert invoke(meter, Credit.update_amount, name, -1_000) is ActionResult.SUCCESS
    assert (meter.left, read(meter, Credit.current_credit_amount, name)) == (-3 * KWH, 2_000)
    assert invoke(meter, Credit.update_amount, name, 3_001) is ActionResult.OTHER_REASON
    assert invoke(meter, Credit.update_amount, obis.CREDIT_TOKEN, 1_000) is ActionResult.SUCCESS
    assert meter.left == -2 * KWH, "paid back first"
    assert invoke(meter, Credit.set_amount_to_value, obis.CREDIT_TOKEN, 0) is ActionResult.SUCCESS
    assert meter.left == -2 * KWH
    assert invoke(meter, Credit.set_amount_to_value, obis.CREDIT_TOKEN, 500) is ActionResult.SUCCESS
    assert meter.left == KWH // 2


def test_credit_that_is_not_there_cannot_be_invoked(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=100))
    assert invoke(meter, Credit.invoke_credit, obis.CREDIT_EMERGENCY, 1) is ActionResult.OTHER_REASON


# Charge


def test_the_price_changes_when_the_passive_charge_is_activated(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    name = obis.CHARGE_CONSUMPTION
    new = (ChargeTableElement(b"\x01", 2),)
    assert invoke(meter, Charge.update_unit_charge, name, new) is ActionResult.SUCCESS
    meter.passes(KWH_MS)
    assert meter.left == KWH
    assert invoke(meter, Charge.activate_passive_unit_charge, name, 0) is ActionResult.SUCCESS
    assert meter.left == KWH
    meter.passes(KWH_MS // 4)
    assert meter.left == KWH // 2
    assert read(meter, Charge.total_amount_paid, name) == 1_500
    meter.passes(KWH_MS // 4)
    assert not meter.supplied
    assert meter.device.meter.import_mwh == 1_500_000


def test_a_price_that_cannot_be_counted_exactly_is_refused(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    charge: UnitCharge = read(meter, Charge.unit_charge_passive, obis.CHARGE_CONSUMPTION)
    fine = replace(charge, charge_per_unit_scaling=replace(charge.charge_per_unit_scaling, price_scale=-4))
    write(meter, Charge.unit_charge_passive, obis.CHARGE_CONSUMPTION, fine)
    refused = invoke(meter, Charge.activate_passive_unit_charge, obis.CHARGE_CONSUMPTION, 0)
    assert refused is ActionResult.OTHER_REASON
    below = (ChargeTableElement(b"\x01", -1),)
    invoke(meter, Charge.update_unit_charge, obis.CHARGE_CONSUMPTION, below)
    refused = invoke(meter, Charge.activate_passive_unit_charge, obis.CHARGE_CONSUMPTION, 0)
    assert refused is ActionResult.OTHER_REASON
    meter.passes(KWH_MS)
    assert meter.left == KWH


def test_a_days_charge_is_collected_on_demand(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(DAILY), STARTED)
    assert invoke(meter, Charge.collect, obis.CHARGE_DAILY, 0) is ActionResult.SUCCESS
    assert meter.left == KWH
    assert read(meter, Charge.last_collection_amount, obis.CHARGE_DAILY) == 1_000
    assert read(meter, Charge.last_collection_time, obis.CHARGE_DAILY).to_epoch_ms() == meter.now_ms
    assert invoke(meter, Charge.collect, obis.CHARGE_DEBT, 0) is ActionResult.OTHER_REASON
    assert write(meter, Charge.charge_type, obis.CHARGE_DEBT, ChargeType.TIME_BASED) is DataAccessResult.SUCCESS
    assert invoke(meter, Charge.collect, obis.CHARGE_DEBT, 0) is ActionResult.SUCCESS


def test_a_daily_charge_that_is_set_counts_from_then_on(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=1_000))
    meter.passes(3 * 86_400_000)
    assert fleet.meters[0].marks[1] == NEVER_S, "no midnight is looked at without a charge"
    before = meter.left
    daily = (ChargeTableElement(b"\x01", 500),)
    assert invoke(meter, Charge.update_unit_charge, obis.CHARGE_DAILY, daily) is ActionResult.SUCCESS
    assert invoke(meter, Charge.activate_passive_unit_charge, obis.CHARGE_DAILY, 0) is ActionResult.SUCCESS
    assert meter.left == before
    meter.passes(2 * 86_400_000)
    assert read(meter, Charge.total_amount_paid, obis.CHARGE_DAILY) == 1_000
    daily = (ChargeTableElement(b"\x01", 0),)
    invoke(meter, Charge.update_unit_charge, obis.CHARGE_DAILY, daily)
    invoke(meter, Charge.activate_passive_unit_charge, obis.CHARGE_DAILY, 0)
    meter.passes(2 * 86_400_000)
    assert read(meter, Charge.total_amount_paid, obis.CHARGE_DAILY) == 1_000


def test_debt_is_set_and_altered(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    name = obis.CHARGE_DEBT
    assert invoke(meter, Charge.set_total_amount_remaining, name, 500) is ActionResult.SUCCESS
    assert invoke(meter, Charge.update_total_amount_remaining, name, -200) is ActionResult.SUCCESS
    assert invoke(meter, Charge.update_total_amount_remaining, name, -301) is ActionResult.OTHER_REASON
    assert read(meter, Charge.total_amount_remaining, name) == 300
    assert read(meter, Account.aggregated_debt, obis.ACCOUNT) == 300
    assert write(meter, Charge.proportion, name, 1_000) is DataAccessResult.SUCCESS
    meter.enter(meter.credit(10))
    assert read(meter, Charge.total_amount_remaining, name) == 200
    assert invoke(meter, Charge.set_total_amount_remaining, obis.CHARGE_DAILY, 700) is ActionResult.SUCCESS
    assert read(meter, Account.aggregated_debt, obis.ACCOUNT) == 900


# Settings


def test_thresholds_hold_from_the_moment_at_which_they_are_written(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=90))
    assert EventCode.CREDIT_LOW not in meter.codes
    assert write(meter, Credit.warning_threshold, obis.CREDIT_TOKEN, 9_500) is DataAccessResult.SUCCESS
    assert EventCode.CREDIT_LOW in meter.codes
    assert read(meter, Account.low_credit_threshold, obis.ACCOUNT) == 9_500
    automatic = CreditConfiguration.TO_BE_PAID_BACK
    assert write(meter, Credit.credit_configuration, obis.CREDIT_EMERGENCY, automatic) is DataAccessResult.SUCCESS
    meter.passes(12 * KWH_MS)
    assert meter.left == -3 * KWH


def test_settings_survive_with_the_account(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    write(meter, Credit.preset_credit_amount, obis.CREDIT_EMERGENCY, 1_000)
    again = Prepaid(fleet, made=STARTED)
    assert again.payment.terms.emergency_limit == KWH


def test_remote_reconnection_without_credit_ends_at_once(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    invoke(meter, DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
    invoke(meter, DisconnectControl.remote_reconnect, obis.DISCONNECT_CONTROL, 0)
    assert not meter.supplied
    meter.enter(meter.credit(10))
    assert meter.supplied, "ready, and the meter itself closes it"


def test_money_is_shown_in_the_unit_of_the_account(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(MONEY))
    assert invoke(meter, Credit.update_amount, obis.CREDIT_TOKEN, 12_345) is ActionResult.SUCCESS
    assert read(meter, Account.available_credit, obis.ACCOUNT) == 12_345
    meter.passes(9)
    assert read(meter, Account.available_credit, obis.ACCOUNT) == 12_344, "rounded down"
