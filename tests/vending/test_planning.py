"""What orders come to: the postings of a sale are its breakdown, line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ferraris.vending import AmountError, KeyChangeError, LineKind, Posting, SaleKind, UnknownTariffError
from ferraris.vending.meters import known_meter
from ferraris.vending.planning import key_change_due, plan_free_issue, plan_key_change, plan_sale, tariff_of
from tests.vending.house import DAY_MS, NOON_MS, SUPERVISOR, book, make_house, settings


def test_the_postings_of_a_sale_are_its_lines() -> None:
    house = make_house(tariff_name="domestic_blocks")
    house.vending.registry.open_debt("D1", "A1", "fine", 5_000, SUPERVISOR, NOON_MS, percent=Decimal(10))
    with house.store.reading() as reader:
        meter = known_meter(reader, house.meter)
        plan = plan_sale(reader, house.vending.settings, house.request("1000"), meter, NOON_MS)
    assert plan.postings == [
        Posting("till:T1:cash", 100_000),
        Posting("income:units", -80_358),
        Posting("income:network", -2_250),
        Posting("tax:VAT", -12_392),
        Posting("debt:D1", -5_000),
    ]
    assert plan.breakdown
    assert plan.breakdown.total(LineKind.DEBT) == 5_000
    assert plan.breakdown.total(LineKind.TAX) == 12_392
    assert (plan.kind, plan.tokens) == (SaleKind.CREDIT, [("credit_electricity", plan.units_tenths)])


def test_water_is_sold_as_water() -> None:
    house = make_house(tariff_name="water")
    sale = house.vending.sell(house.request("50"), NOON_MS)
    token = house.module.verify(sale.configuration, sale.tokens[0].digits)
    assert getattr(token, "service", None) == 1
    with house.store.reading() as reader:
        plan = plan_free_issue(reader, house.vending.settings, known_meter(reader, house.meter), NOON_MS)
    assert plan.tokens == [("credit_water", 60)]


def test_a_service_that_has_no_token_is_refused() -> None:
    house = make_house()
    odd = settings(tariffs=book('service = "heat"\nblock = [{ price = "1" }]'))
    with house.store.reading() as reader:
        meter = known_meter(reader, house.meter)
        meter = replace(meter, account=replace(meter.account, tariff="t"))
        with pytest.raises(UnknownTariffError, match="service"):
            tariff_of(odd, meter, NOON_MS)


def test_a_key_change_that_waits_goes_from_the_present_to_the_wanted() -> None:
    house = make_house()
    with house.store.reading() as reader:
        meter = known_meter(reader, house.meter)
    assert key_change_due(meter) is None
    with pytest.raises(KeyChangeError):
        plan_key_change(meter)
    house.vending.registry.want(replace(meter.present.sts, tariff_index=8), SUPERVISOR, NOON_MS)
    with house.store.reading() as reader:
        meter = known_meter(reader, house.meter)
    change = key_change_due(meter)
    assert change
    assert [one.position for one in change] == [1, 2]
    assert plan_key_change(meter).key_change == change


def test_units_of_too_many_digits_are_an_amount_error() -> None:
    house = make_house()
    with pytest.raises(AmountError, match="units"):
        house.vending.quote(house.request(None, units=Decimal("1." + "1" * 80)), NOON_MS)


# Bought in these months of 2026 (the account was opened in July)   then in   months of the charge
SKIPPED = """
-                                                                   07        1
-                                                                   08        2
-                                                                   10        4
-                                                                   12        4
07                                                                  08        1
07                                                                  09        2
07 09                                                               10        1
07                                                                  12        4
10                                                                  12        2
"""


@pytest.mark.parametrize("row", SKIPPED.strip().splitlines())
def test_months_without_a_purchase_are_owed_as_far_back_as_the_tariff_says(row: str) -> None:
    *bought, now, months = row.replace("-", "").split()
    house = make_house(tariff_name="currency_meter")

    def charge(month: str) -> int:
        at_ms = int(datetime(2026, int(month), 15, tzinfo=UTC).timestamp()) * 1_000
        sale = house.vending.sell(house.request("100"), at_ms)
        assert sale.breakdown
        return sale.breakdown.total(LineKind.FIXED_CHARGE)

    for month in bought:
        charge(month)
    assert charge(now) == int(months) * 1_000
    assert charge(now) == 0, "paid once"


def test_a_sale_that_was_taken_back_was_no_purchase() -> None:
    house = make_house(tariff_name="currency_meter")
    house.vending.reverse(house.vending.sell(house.request("100"), NOON_MS).number, SUPERVISOR, NOON_MS)
    later = house.vending.sell(house.request("100"), NOON_MS + 31 * DAY_MS)
    assert later.breakdown
    assert later.breakdown.total(LineKind.FIXED_CHARGE) == 2_000
