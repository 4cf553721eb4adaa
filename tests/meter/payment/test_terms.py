"""The terms of an account: prices and thresholds as they follow from the objects' attributes, exactly or not at all."""

from __future__ import annotations

from dataclasses import replace
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
        provision_max=0,
        provision_period_s=0,
        collected_when_friendly=(True, True, True),
    )


def configured(bits: str) -> Terms:
    """Consumption collected so, and the charge by time in friendly hours."""
    pairs = (
        f'[["0.0.19.10.0.255", "0.0.19.20.0.255", {bits}],'
        ' ["0.0.19.10.0.255", "0.0.19.20.1.255", ["in_friendly_credit_periods"]]]'
    )
    return terms_of(laboratory(f"ACCOUNT = {{ values.credit_charge_configuration = {pairs} }}"))


def test_friendly_hours_have_their_terms() -> None:
    terms = configured("[]")
    assert terms.collected_when_friendly == (False, True, False)
    friendly = replace(terms, a_day=5, debt_a_day=6, debt_share=7).at(friendly=True)
    assert (friendly.prices, friendly.a_day, friendly.debt_a_day, friendly.debt_share) == ((0, 0), 5, 0, 0)
    assert friendly.friendly
    assert configured('["in_friendly_credit_periods"]').at(friendly=True).prices == terms.prices
    assert terms.at(friendly=False) is terms


def test_a_provision_is_in_the_unit_of_the_currency() -> None:
    terms = terms_of(laboratory("ACCOUNT = { values.max_provision = 700, values.max_provision_period = 604800 }"))
    assert (terms.provision_max, terms.provision_period_s) == (700 * MILLION, 604_800)


def test_money() -> None:
    terms = terms_of(laboratory(MONEY))
    assert terms.counts_money
    assert terms.prices == (234_560, 234_560)
    assert terms.a_day == 150_000 * MILLION
    assert (terms.warning, terms.emergency_limit) == (500_000 * MILLION, 1_000_000 * MILLION)
    assert terms.shown(123_456_789 * MILLION) == 123_456
    assert terms.meant(123_456) == 123_456_000 * MILLION


@pytest.mark.parametrize("name", ["sts_currency_single_phase", "sts_currency_three_phase"])
def test_the_terms_of_the_prepayment_meter_whose_credit_is_money(name: str) -> None:
    """0.25 a kWh, in hundred-thousandths."""
    terms = terms_of(meter_model(name))
    assert (terms.counts_money, terms.prices, terms.a_day) == (True, (25_000, 25_000), 0)
    assert (terms.warning, terms.emergency_limit, terms.emergency_from) == (
        500_000 * MILLION,
        500_000 * MILLION,
        100_000 * MILLION,
    )


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
