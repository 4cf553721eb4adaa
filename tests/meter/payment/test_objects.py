"""The meter's own objects, as far as prepayment uses them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from ferraris.cosem import Attribute, ExecutedScript, Obis, Register, obis, profile_from_text
from ferraris.cosem.classes.charge import Charge, ChargePerUnitScaling
from ferraris.cosem.classes.credit import Credit
from ferraris.cosem.classes.limiter import Limiter, LimiterActions
from ferraris.cosem.classes.token_gateway import TokenGateway
from ferraris.dlms.apdu import ActionRequestNormal, ActionResult, DataAccessResult, MethodDescriptor
from ferraris.meter.changes import Keep
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.load import Integers
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment.objects import has_prepayment, limit_phases, limit_power, make_terms
from ferraris.sts import PhaseUnbalanceToken, TokenResult
from tests.meter.payment.prepaid import HEAD, Prepaid, laboratory, write
from tests.meter.steady import MONDAY_MS, STEADY, Maker, SteadyLoad, partner


@pytest.mark.parametrize(("limit_w", "held"), [(0, 0), (4_600, 4_600), (65_535, 65_535), (18_201_624, 65_535)])
def test_a_power_limit_is_held_against_the_active_power(fleet: Fleet, limit_w: int, held: int) -> None:
    device = Prepaid(fleet).device
    limit_power(device, limit_w, Prepaid(fleet).now_ms)
    assert device.value(Limiter.threshold_normal, obis.LIMITER) == held
    watched = device.value(Limiter.monitored_value, obis.LIMITER)
    assert (watched.class_id, watched.logical_name, watched.attribute_index) == (3, obis.ACTIVE_POWER_IMPORT, 2)


@dataclass(frozen=True)
class LeaningLoad(SteadyLoad):
    """Four fifths of it lie on the first phase."""

    power_w: int = 1_000

    def phase_weights(self, meters: Integers, periods: Integers) -> Integers:
        return np.broadcast_to([8, 1, 1], (*periods.shape, 3))


UNBALANCE = """
# limit  script  switch  log
  699    1       open    213 64
  700    1       closed
  699    0       closed  213
"""


@pytest.mark.parametrize("line", [line for line in UNBALANCE.strip().splitlines() if not line.startswith("#")])
def test_a_phase_unbalance_token_opens_the_switch_or_has_it_logged(make_fleet: Maker, line: str) -> None:
    limit_w, script, switch, *codes = line.split()
    fleet = make_fleet(surroundings=replace(STEADY, load=LeaningLoad()))
    meter = Prepaid(fleet, meter_model("sts_three_phase"), PaymentManufacture(credit_tenths=1_000))
    over, under = ExecutedScript(obis.DISCONNECT_SCRIPTS, int(script)), ExecutedScript(obis.DISCONNECT_SCRIPTS, 2)
    actions = LimiterActions(over, under)
    assert write(meter, Limiter.actions, obis.PHASE_LIMITER, actions) is DataAccessResult.SUCCESS
    token = PhaseUnbalanceToken(meter.identifier(), 5, int(limit_w))
    assert meter.enter(meter.token(token)) is TokenResult.ACCEPT
    meter.passes(150_000)
    assert meter.supplied is (switch == "closed")
    found = [code for code in meter.codes if code in (EventCode.PHASE_UNBALANCE, EventCode.LOCAL_DISCONNECTION)]
    assert found == [int(code) for code in codes]


def test_the_phases_together_are_the_whole_and_their_difference_is_shown(make_fleet: Maker) -> None:
    fleet = make_fleet(surroundings=replace(STEADY, load=LeaningLoad()))
    meter = Prepaid(fleet, meter_model("sts_three_phase"), PaymentManufacture(credit_tenths=1_000))

    def shown(name: Obis) -> int:
        entry = meter.device.model.find(Register.class_id, name)
        assert entry is not None
        value: int = meter.device.decoded(entry, Register.value.number, meter.now_ms)
        return value

    phases = obis.ACTIVE_POWER_IMPORT_L1, obis.ACTIVE_POWER_IMPORT_L2, obis.ACTIVE_POWER_IMPORT_L3
    assert [shown(name) for name in (*phases, obis.PHASE_UNBALANCE)] == [800, 100, 100, 700]


def test_one_phase_is_in_balance(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=1_000))
    limit_phases(meter.device, 0, meter.now_ms)
    assert meter.enter(meter.token(PhaseUnbalanceToken(meter.identifier(), 5, 0))) is TokenResult.ACCEPT
    meter.passes(600_000)
    assert meter.supplied


def test_a_meter_without_a_limiter_holds_nothing(fleet: Fleet) -> None:
    assert laboratory("").find(Limiter.class_id, obis.LIMITER) is not None
    without = MeterModel(profile_from_text(HEAD.replace("[source]", 'absent = ["LIMITER"]\n[source]'), "l.toml"))
    meter = Prepaid(fleet, without)
    limit_power(meter.device, 500, meter.now_ms)
    assert meter.device.settings.get((Limiter.class_id, bytes(obis.LIMITER), 3)) is None


def test_only_what_makes_terms_is_kept(fleet: Fleet) -> None:
    device = Prepaid(fleet).device
    charge = device.value(Charge.unit_charge_active, obis.CHARGE_CONSUMPTION)
    entry = device.model.find(Charge.class_id, obis.CHARGE_CONSUMPTION)
    credit = device.model.find(Credit.class_id, obis.CREDIT_TOKEN)
    assert entry is not None
    assert credit is not None

    def keep(attribute: Attribute[Any], value: object) -> tuple[Keep, ...]:
        return (Keep(attribute, attribute.datatype.encode(value)),)

    finer = replace(charge, charge_per_unit_scaling=ChargePerUnitScaling(3, -9))
    assert make_terms(device, entry, keep(Charge.unit_charge_active, charge))
    assert not make_terms(device, entry, keep(Charge.unit_charge_active, finer))
    assert make_terms(device, entry, keep(Charge.unit_charge_passive, finer)), "it is not in force"
    assert make_terms(device, credit, keep(Credit.warning_threshold, 7))


@pytest.mark.parametrize("absent", ["ACCOUNT", "CHARGE_DEBT", "CREDIT_EMERGENCY"])
def test_a_meter_with_a_part_of_it_shows_that_and_keeps_no_account(fleet: Fleet, absent: str) -> None:
    text = HEAD.replace("[source]", f'absent = ["{absent}"]\n[source]')
    model = MeterModel(profile_from_text(text, "l.toml"))
    assert not has_prepayment(model)
    device = LogicalDevice(fleet.meters[0], model, 1)
    assert device.payment is None
    descriptor = MethodDescriptor(TokenGateway.class_id, obis.TOKEN_GATEWAY, TokenGateway.enter.number)
    request = ActionRequestNormal(0xC1, descriptor, TokenGateway.enter.argument.encode(b"1" * 20))
    assert answer(device, partner(), request, MONDAY_MS).result is ActionResult.OTHER_REASON  # type: ignore[union-attr]
    collect = MethodDescriptor(Charge.class_id, obis.CHARGE_DAILY, Charge.collect.number)
    request = ActionRequestNormal(0xC1, collect, Charge.collect.argument.encode(0))
    assert answer(device, partner(), request, MONDAY_MS).result is ActionResult.OTHER_REASON  # type: ignore[union-attr]
