"""The meter's own objects, as far as prepayment uses them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.cosem import Attribute, obis, profile_from_text
from ferraris.cosem.classes.charge import Charge, ChargePerUnitScaling
from ferraris.cosem.classes.credit import Credit
from ferraris.cosem.classes.limiter import Limiter
from ferraris.cosem.classes.token_gateway import TokenGateway
from ferraris.dlms.apdu import ActionRequestNormal, ActionResult, MethodDescriptor
from ferraris.meter.changes import Keep
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from ferraris.meter.payment.objects import has_prepayment, limit_power, make_terms
from tests.meter.payment.prepaid import HEAD, Prepaid, laboratory
from tests.meter.steady import MONDAY_MS, partner


@pytest.mark.parametrize(("limit_w", "held"), [(0, 0), (4_600, 4_600), (65_535, 65_535), (18_201_624, 65_535)])
def test_a_power_limit_is_held_against_the_active_power(fleet: Fleet, limit_w: int, held: int) -> None:
    device = Prepaid(fleet).device
    limit_power(device, limit_w, Prepaid(fleet).now_ms)
    assert device.value(Limiter.threshold_normal, obis.LIMITER) == held
    watched = device.value(Limiter.monitored_value, obis.LIMITER)
    assert (watched.class_id, watched.logical_name, watched.attribute_index) == (3, obis.ACTIVE_POWER_IMPORT, 2)


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
