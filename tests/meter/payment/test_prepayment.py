"""A prepayment meter in its life: credit that flows away, a switch that follows, emergency credit, charges, debt, tamper."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import ControlMode, ControlState
from ferraris.cosem.classes.account import AccountStatus
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.clock import Zone
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.load import StochasticLoad
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment.account import ChargeKind
from ferraris.meter.payment.prepayment import credit_text
from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedSetToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    TariffRateToken,
    TokenResult,
    WaterFactorToken,
    carried_currency,
)
from tests.meter.payment.prepaid import KWH, KWH_MS, MONEY, Prepaid, laboratory, since
from tests.meter.steady import MONDAY_MS, STEADY, Maker

DAY_MS = 86_400_000
FIRST_MIDNIGHT_MS = 23 * 3_600_000
"""In Europe, Monday midnight UTC is one o'clock."""
STARTED = PaymentManufacture(credit_tenths=20)
NO_EMERGENCY = "CREDIT_EMERGENCY = { values.preset_credit_amount = 0 }"


# Consumption and the switch


def test_credit_flows_away_and_the_switch_opens_at_the_millisecond_at_which_it_is_used_up(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.passes(KWH_MS)
    assert meter.left == KWH
    meter.passes(KWH_MS - 1)
    assert meter.supplied
    assert 0 < meter.left <= 1_000
    meter.passes(1)
    assert (meter.supplied, meter.left) == (False, 0)
    assert meter.device.meter.control_state is ControlState.READY_FOR_RECONNECTION
    assert since(meter.codes, EventCode.CREDIT_EXHAUSTED, EventCode.LOCAL_DISCONNECTION) == [206, 64]
    meter.passes(10 * DAY_MS)
    assert (meter.left, meter.device.meter.import_mwh) == (0, 2_000_000)


def test_the_moment_is_the_same_in_whatever_steps_time_passes(make_fleet: Maker) -> None:
    logs = []
    for name, steps in (("once", [3 * KWH_MS]), ("often", [777_777] * 40)):
        meter = Prepaid(make_fleet(name=name), made=STARTED)
        for step in steps:
            meter.passes(step)
        logs.append([(event.time_s, event.code) for event in meter.device.meter.events()])
        assert meter.device.meter.import_mwh == 2_000_000
    assert logs[0] == logs[1]


def test_a_fleet_of_households_never_owes_more_than_a_millisecond_brings(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    street = Surroundings(StochasticLoad(11), Zone.load("central_european"))
    fleet = Fleet.create(
        tmp_path_factory.mktemp("f"), Manufacture(20, drift_ppm_max=300), street, SeededEntropy(2), MONDAY_MS
    )
    meters = [Prepaid(fleet, index=index, made=STARTED) for index in range(20)]
    for hour in range(1, 100):
        fleet.advance(MONDAY_MS + hour * 3_600_000)
    open_now = [meter for meter in meters if not meter.device.meter.output_state]
    assert len(open_now) > 10
    left = [meter.payment.account.left(meter.device.meter.import_mwh) for meter in open_now]
    assert max(left) <= 0
    assert min(left) > -6 * 1_000  # six thousandths of a Wh
    fleet.close()


def test_a_token_closes_the_switch_again_where_the_control_mode_lets_it(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    assert not meter.supplied
    meter.passes(1_000)
    assert meter.enter(meter.credit(10)) is TokenResult.ACCEPT
    assert meter.supplied
    assert meter.left == KWH
    wanted = EventCode.TOKEN_ACCEPTED, EventCode.LOCAL_RECONNECTION, EventCode.CREDIT_RESTORED
    assert since(meter.codes, *wanted) == list(wanted)
    meter.passes(KWH_MS + 1_000)
    assert not meter.supplied


@pytest.mark.parametrize(
    ("mode", "after"),
    [
        (ControlMode.MODE_1, ControlState.READY_FOR_RECONNECTION),
        (ControlMode.MODE_4, ControlState.READY_FOR_RECONNECTION),
        (ControlMode.MODE_5, ControlState.CONNECTED),
        (ControlMode.MODE_6, ControlState.CONNECTED),
    ],
)
def test_control_modes(fleet: Fleet, mode: ControlMode, after: ControlState) -> None:
    meter = Prepaid(fleet)
    meter.device.meter.set_control_mode(mode, meter.now_ms)
    meter.enter(meter.credit(10))
    assert meter.device.meter.control_state is after
    if after is ControlState.READY_FOR_RECONNECTION:
        assert meter.payment.reconnect(meter.now_ms)
    assert meter.supplied
    assert EventCode.CREDIT_RESTORED in meter.codes


def test_in_mode_0_the_switch_never_opens_and_what_flows_is_owed(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.device.meter.set_control_mode(ControlMode.MODE_0, meter.now_ms)
    meter.passes(3 * KWH_MS)
    assert (meter.supplied, meter.left) == (True, -KWH)
    meter.enter(meter.credit(30))
    assert meter.left == 2 * KWH


def test_nobody_is_supplied_without_credit_whoever_closes_the_switch(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(NO_EMERGENCY))
    assert not meter.payment.reconnect(meter.now_ms)
    meter.device.meter.command(Command.MANUAL_RECONNECT, meter.now_ms)  # past the account
    assert meter.supplied
    meter.passes(60_000)
    assert not meter.supplied
    assert meter.device.meter.import_mwh <= 1


def test_a_remote_disconnection_stays_whatever_is_paid(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.device.meter.command(Command.REMOTE_DISCONNECT, meter.now_ms)
    meter.enter(meter.credit(10))
    assert meter.device.meter.control_state is ControlState.DISCONNECTED
    meter.device.meter.command(Command.REMOTE_RECONNECT, meter.now_ms)
    assert meter.payment.reconnect(meter.now_ms)


def test_a_meter_without_power_is_not_ready(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.device.meter.power_down(meter.now_ms)
    token = meter.credit(10)
    assert meter.enter(token) is TokenResult.NOT_READY
    assert meter.payment.display(meter.now_ms) == {"credit": None, "credit_wh": None, "supplied": False}
    meter.device.meter.power_up(meter.now_ms + 1_000)
    meter.now_ms += 1_000
    assert meter.enter(token) is TokenResult.ACCEPT
    assert meter.left == 3 * KWH


def test_a_low_credit_warning_comes_once_until_there_is_more(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=60))
    meter.passes(KWH_MS - 1)
    assert EventCode.CREDIT_LOW not in meter.codes
    meter.passes(1)
    assert meter.codes.count(EventCode.CREDIT_LOW) == 1
    meter.passes(KWH_MS)
    meter.enter(meter.credit(20))
    meter.passes(KWH_MS)
    assert meter.codes.count(EventCode.CREDIT_LOW) == 2


# Emergency credit


def test_emergency_credit_is_selected_used_and_paid_back_first(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    assert not meter.payment.select_emergency(meter.now_ms), "there is credit"
    meter.passes(KWH_MS)
    assert meter.payment.select_emergency(meter.now_ms)
    meter.passes(KWH_MS)
    assert meter.supplied
    assert EventCode.EMERGENCY_CREDIT_IN_USE in meter.codes
    meter.passes(4 * KWH_MS)
    assert (meter.supplied, meter.left) == (True, -4 * KWH)
    meter.enter(meter.credit(30))
    assert (meter.supplied, meter.left) == (True, -KWH)
    meter.passes(5 * KWH_MS)
    assert (meter.supplied, meter.left) == (False, -5 * KWH)
    assert not meter.payment.select_emergency(meter.now_ms), "it is used up"
    meter.enter(meter.credit(50))
    assert (meter.supplied, meter.left) == (True, 0), "still selected: down to its limit again"
    meter.enter(meter.credit(20))
    meter.passes(2 * KWH_MS)
    assert not meter.supplied, "it is to be selected anew"


def test_emergency_credit_without_confirmation_begins_by_itself(fleet: Fleet) -> None:
    automatic = 'CREDIT_EMERGENCY = { values.credit_configuration = ["to_be_paid_back"] }'
    meter = Prepaid(fleet, laboratory(automatic), STARTED)
    meter.passes(5 * KWH_MS)
    assert (meter.supplied, meter.left) == (True, -3 * KWH)
    assert meter.codes.count(EventCode.EMERGENCY_CREDIT_IN_USE) == 1


def test_without_emergency_credit_there_is_nothing_to_select(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(NO_EMERGENCY))
    assert not meter.payment.select_emergency(meter.now_ms)


# Charges


def test_the_daily_charge_is_collected_at_local_midnight(fleet: Fleet) -> None:
    daily = 'CHARGE_DAILY = { values.unit_charge_active = [[0, -1], [0, "0.0.0.0.0.0", 0], [["0x01", 3]]] }'
    meter = Prepaid(fleet, laboratory(daily), PaymentManufacture(credit_tenths=1_000))
    meter.passes(FIRST_MIDNIGHT_MS - 9)
    assert meter.left == 908 * KWH // 10 + 1_000
    meter.passes(9)
    assert meter.left == 905 * KWH // 10
    assert meter.payment.account.collections[ChargeKind.DAILY].paid == 3 * KWH // 10
    meter.passes(3 * DAY_MS)
    assert meter.payment.account.collections[ChargeKind.DAILY].paid == 12 * KWH // 10


def test_what_a_day_costs_is_owed_when_there_is_no_credit_and_taken_from_the_next_token(fleet: Fleet) -> None:
    daily = 'CHARGE_DAILY = { values.unit_charge_active = [[0, 0], [0, "0.0.0.0.0.0", 0], [["0x01", 1]]] }'
    meter = Prepaid(fleet, laboratory(daily))
    meter.passes(4 * DAY_MS)
    assert (meter.left, meter.payment.account.arrears) == (0, 4 * KWH)
    meter.enter(meter.credit(30))
    assert (meter.left, meter.payment.account.arrears, meter.supplied) == (0, KWH, False)
    meter.enter(meter.credit(30))
    assert (meter.left, meter.payment.account.arrears, meter.supplied) == (2 * KWH, 0, True)


def test_charges_of_days_without_power_are_collected_when_it_is_back(fleet: Fleet) -> None:
    daily = 'CHARGE_DAILY = { values.unit_charge_active = [[0, 0], [0, "0.0.0.0.0.0", 0], [["0x01", 1]]] }'
    meter = Prepaid(fleet, laboratory(daily), PaymentManufacture(credit_tenths=100))
    meter.device.meter.power_down(meter.now_ms)
    meter.now_ms += 3 * DAY_MS
    meter.device.meter.power_up(meter.now_ms)
    meter.passes(1)
    assert meter.left == 7 * KWH


def test_a_share_of_every_token_goes_to_debt(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory("CHARGE_DEBT = { values.proportion = 2500 }"))
    meter.payment.change(lambda account, terms: replace(account, debt=KWH), meter.now_ms)
    meter.enter(meter.credit(20))
    assert (meter.left, meter.payment.account.debt) == (3 * KWH // 2, KWH // 2)
    meter.enter(meter.credit(80))
    assert (meter.left, meter.payment.account.debt) == (9 * KWH, 0)
    meter.enter(meter.credit(10))
    assert meter.left == 10 * KWH
    assert meter.payment.account.credited == 11 * KWH


def test_debt_by_the_day_takes_no_more_than_there_is(fleet: Fleet) -> None:
    debt = (
        'CHARGE_DEBT = { values.charge_type = "time_based", '
        'values.unit_charge_active = [[0, 0], [0, "0.0.0.0.0.0", 0], [["0x01", 4]]] }'
    )
    meter = Prepaid(fleet, laboratory(debt), PaymentManufacture(credit_tenths=200))
    meter.payment.change(lambda account, terms: replace(account, debt=7 * KWH), meter.now_ms)
    meter.passes(FIRST_MIDNIGHT_MS)
    assert meter.payment.account.debt == 3 * KWH
    meter.passes(DAY_MS)
    assert (meter.payment.account.debt, meter.left) == (3 * KWH, 0)


def test_credit_in_money_is_consumed_at_the_price_of_a_kwh(fleet: Fleet) -> None:
    meter = Prepaid(fleet, laboratory(MONEY))
    assert meter.enter(meter.credit(10)) is TokenResult.FUNCTION_ERROR
    token = meter.token(CurrencyCreditToken(Service.ELECTRICITY, meter.identifier(), 1_000_000))
    assert meter.enter(token) is TokenResult.ACCEPT
    assert credit_text(meter.left, counts_money=True) == "10"
    meter.passes(KWH_MS)
    assert meter.left == (carried_currency(1_000_000) - 234_560) * 1_000_000
    assert credit_text(meter.left, counts_money=True) == "7.65"
    meter.passes(FIRST_MIDNIGHT_MS - KWH_MS)
    assert meter.payment.account.arrears == 150_000 * 1_000_000, "the credit was used up by then"
    assert (meter.supplied, meter.left <= 0) == (False, True)


# Other tokens


def test_key_change_while_the_meter_lives(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    old_token = meter.credit(10)
    key, configuration, digits = meter.key_change(key_revision_number=2, tariff_index=7)
    results = [meter.enter(text) for text in reversed(digits)]
    assert results == [
        TokenResult.FOURTH_KEY_CHANGE_TOKEN,
        TokenResult.THIRD_KEY_CHANGE_TOKEN,
        TokenResult.SECOND_KEY_CHANGE_TOKEN,
        TokenResult.ACCEPT,
    ]
    assert meter.payment.decoder.configuration == configuration
    assert EventCode.DECODER_KEY_CHANGED in meter.codes
    assert meter.enter(old_token) is TokenResult.CRC_ERROR
    meter.take_key(key, configuration)
    assert meter.enter(meter.credit(10)) is TokenResult.ACCEPT
    assert meter.left == 3 * KWH


def test_tamper_takes_the_supply_until_a_token_clears_it(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.payment.tamper(meter.now_ms)
    assert not meter.supplied
    meter.enter(meter.credit(10))
    assert not meter.payment.reconnect(meter.now_ms)
    assert meter.enter(meter.token(ClearTamperToken(meter.identifier(), 5))) is TokenResult.ACCEPT
    assert (meter.supplied, meter.left) == (True, 3 * KWH)
    assert since(meter.codes, EventCode.TAMPER_DETECTED, EventCode.TAMPER_CLEARED, EventCode.CREDIT_EXHAUSTED) == [
        EventCode.TAMPER_DETECTED,
        EventCode.TAMPER_CLEARED,
    ]


def test_clear_credit_takes_credit_and_not_what_is_owed(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.passes(KWH_MS)
    assert meter.enter(meter.token(ClearCreditToken(meter.identifier(), 5))) is TokenResult.ACCEPT
    assert (meter.left, meter.supplied) == (0, False)
    meter.payment.select_emergency(meter.now_ms)
    meter.passes(KWH_MS)
    meter.enter(meter.token(ClearCreditToken(meter.identifier(), 5)))
    assert meter.left == -KWH


def test_a_power_limit_token_drives_the_limiter_which_opens_the_switch(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=1_000))
    assert meter.enter(meter.token(PowerLimitToken(meter.identifier(), 5, 500))) is TokenResult.ACCEPT
    meter.passes(3_600_000)
    assert meter.supplied, "400 W are below the limit"
    assert meter.enter(meter.token(PowerLimitToken(meter.identifier(), 5, 300))) is TokenResult.ACCEPT
    meter.passes(60_000)
    assert meter.supplied
    meter.passes(90_000)
    assert EventCode.LOCAL_DISCONNECTION in meter.codes
    before = meter.codes.count(EventCode.LOCAL_RECONNECTION)
    meter.passes(240_000)
    assert meter.codes.count(EventCode.LOCAL_RECONNECTION) > before, "the open switch takes nothing"


def test_what_other_tokens_set_is_kept(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    for token in (
        PhaseUnbalanceToken(meter.identifier(), 5, 700),
        TariffRateToken(meter.identifier(), 5, 42),
        WaterFactorToken(meter.identifier(), 5, 3),
        ExtendedSetToken(meter.identifier(), 5, 2, 321),
    ):
        assert meter.enter(meter.token(token)) is TokenResult.ACCEPT
    row = meter.payment.row
    kept = [int(row[field][0]) for field in ("phase_unbalance_limit_w", "tariff_rate", "water_factor", "extended_set")]
    assert kept == [700, 42, 3, 2 << 10 | 321]


def test_a_test_token_shows_what_it_asks_for(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    shown = meter.payment.enter_token(meter.token(MeterTestToken(0b11000)), TokenDeliveryMethod.MANUAL, meter.now_ms)
    assert shown.display == ("KRN 1", "TI 01")


def test_a_keypad_that_is_locked_says_so_once_for_each_wrong_entry(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    for number in range(4):
        meter.now_ms += 60_000
        assert meter.enter(f"{12345678901234567890 + number}") is TokenResult.CRC_ERROR
    assert meter.codes.count(EventCode.KEYPAD_LOCKED) == 2
    token = meter.credit(10)
    assert meter.enter(token) is TokenResult.LOCKOUT
    assert meter.enter(token, TokenDeliveryMethod.REMOTE) is TokenResult.ACCEPT


@pytest.mark.parametrize("algorithm", [EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11])
def test_both_algorithms(fleet: Fleet, algorithm: EncryptionAlgorithm) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(algorithm))
    token = meter.credit(25)
    assert [meter.enter(token), meter.enter(token)] == [TokenResult.ACCEPT, TokenResult.USED_ERROR]
    assert meter.left == 25 * KWH // 10


def test_a_meter_stays_what_it_was_made_as(fleet: Fleet) -> None:
    Prepaid(fleet, made=PaymentManufacture(EncryptionAlgorithm.EA07, credit_tenths=20))
    again = Prepaid(fleet, made=PaymentManufacture(EncryptionAlgorithm.EA11, credit_tenths=50))
    assert again.payment.works.encryption_algorithm is EncryptionAlgorithm.EA07
    assert again.left == 2 * KWH
    assert again.enter(again.credit(10)) is TokenResult.ACCEPT


def test_meters_beside_take_no_notice(fleet: Fleet) -> None:
    first, second = Prepaid(fleet, made=STARTED), Prepaid(fleet, index=1, made=STARTED)
    assert second.enter(first.credit(10)) is TokenResult.CRC_ERROR
    first.enter(first.credit(10))
    assert (first.left, second.left) == (3 * KWH, 2 * KWH)
    assert fleet.meters[2].marks[0] == 0


def test_a_closed_account_takes_no_token(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=STARTED)
    meter.payment.change(lambda account, terms: replace(account, status=AccountStatus.CLOSED), meter.now_ms)
    assert not meter.supplied
    assert meter.enter(meter.credit(10)) is TokenResult.FUNCTION_ERROR
    assert meter.payment.account.credited == 0


# Survival


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_sum_of_credit_is_what_was_credited_less_what_was_consumed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever happens, in whatever order, over closings of the fleet: balance = tokens - energy, to the thousandth of a Wh."""
    folder = tmp_path_factory.mktemp("f")
    fleet = Fleet.create(folder, Manufacture(1, 0, 0, 0), STEADY, SeededEntropy(5), MONDAY_MS)
    meter = Prepaid(fleet, made=STARTED)
    credited, tokens = 0, []
    for _ in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["buy", "replay", "wait", "restart", "reconnect", "disconnect"])):
            case "buy":
                tenths = data.draw(st.integers(1, 30))
                tokens.append(meter.credit(tenths))
                assert meter.enter(tokens[-1]) is TokenResult.ACCEPT
                credited += tenths * KWH // 10
            case "replay" if tokens:
                assert meter.enter(data.draw(st.sampled_from(tokens))) is TokenResult.USED_ERROR
            case "wait":
                meter.passes(data.draw(st.integers(1, 3 * KWH_MS)))
            case "restart":
                fleet.memory.mark_alive(meter.now_ms)
                fleet.close()
                meter.now_ms += data.draw(st.integers(0, KWH_MS))
                fleet = Fleet.open(folder, STEADY, meter.now_ms)
                issued = meter._issued
                meter = Prepaid(fleet, made=STARTED, now_ms=meter.now_ms)
                meter._issued = issued
            case "reconnect":
                meter.payment.reconnect(meter.now_ms)
            case "disconnect":
                meter.device.meter.command(Command.LOCAL_DISCONNECT, meter.now_ms)
    meter.payment.settle(meter.now_ms)
    assert meter.left == 2 * KWH + credited - 1_000 * meter.device.meter.import_mwh
    assert meter.left >= 0
    assert meter.payment.account.credited == credited
    fleet.close()
