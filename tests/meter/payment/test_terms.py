"""The terms of an account: prices and thresholds as they follow from the objects' attributes, exactly or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Obis
from ferraris.cosem.classes.account import AccountStatus
from ferraris.kernel.errors import TableError
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.payment.terms import AMOUNT_MAX, Terms
from tests.meter.payment.prepaid import MONEY, laboratory

MILLION = 1_000_000


def terms_of(model: MeterModel) -> Terms:
    def value(attribute: Attribute[Any], name: Obis) -> Any:
        entry = model.find(attribute.owner.class_id, name)
        assert entry is not None
        rule = entry.attributes[attribute.number]
        return rule.datatype.decode(rule.initial)

    return Terms.of(value)


def test_the_terms_of_the_prepayment_meter() -> None:
    assert terms_of(meter_model("sts_single_phase")) == Terms(
        counts_money=False,
        prepaid=True,
        first_status=AccountStatus.ACTIVE,
        display_scale=-3,
        prices=(1_000, 1_000),
        a_day=0,
        charged_when_off=True,
        debt_a_day=0,
        debt_share=0,
        warning=5_000 * MILLION,
        emergency_limit=5_000 * MILLION,
        emergency_from=1_000 * MILLION,
        emergency_automatic=False,
    )


def test_money() -> None:
    terms = terms_of(laboratory(MONEY))
    assert terms.counts_money
    assert terms.prices == (234_560, 234_560)
    assert terms.a_day == 150_000 * MILLION
    assert (terms.warning, terms.emergency_limit) == (500_000 * MILLION, 1_000_000 * MILLION)
    assert terms.shown(123_456_789 * MILLION) == 123_456
    assert terms.meant(123_456) == 123_456_000 * MILLION


def test_each_rate_may_have_a_price_of_its_own() -> None:
    rates = 'CHARGE_CONSUMPTION = { values.unit_charge_active = [[3, -1], [3, "1.0.1.8.0.255", 2], [["0x01", 10], ["0x02", 7]]] }'
    assert terms_of(laboratory(rates)).prices == (1_000, 700)


def test_an_account_without_prices_consumes_nothing() -> None:
    free = 'CHARGE_CONSUMPTION = { values.unit_charge_active = [[3, -1], [3, "1.0.1.8.0.255", 2], []] }'
    assert terms_of(laboratory(free)).prices == (0, 0)


@pytest.mark.parametrize(
    "objects",
    [
        'ACCOUNT = { values.currency = ["min", 0, "time"] }',
        'CHARGE_CONSUMPTION = { values.unit_charge_active = [[3, -4], [3, "1.0.1.8.0.255", 2], [["0x01", 1]]] }',
        'CHARGE_CONSUMPTION = { values.unit_charge_active = [[3, 0], [3, "1.0.1.8.0.255", 2], [["0x01", -1]]] }',
        'CHARGE_DAILY = { values.unit_charge_active = [[0, -9], [0, "0.0.0.0.0.0", 0], [["0x01", 1]]] }',
    ],
)
def test_what_cannot_be_counted_is_refused(objects: str) -> None:
    with pytest.raises(TableError):
        terms_of(laboratory(objects))


def test_what_objects_can_show() -> None:
    terms = terms_of(meter_model("sts_single_phase"))
    assert terms.amount_max == 2**31 - 1
    assert terms.shown(2**31 * MILLION) == 2**31 - 1
    assert terms.shown(-(2**40) * MILLION) == -(2**31)
    assert [terms.shown(amount) for amount in (MILLION - 1, MILLION, -1)] == [0, 1, -1]
    coarse = terms_of(laboratory('ACCOUNT = { values.currency = ["kWh", 3, "consumption"] }'))
    assert coarse.amount_max == AMOUNT_MAX
