"""Credit in words: the service's unit, or money in whole minor units, never more than the token carries."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import CurrencyCreditToken, Service, token_identifier_at
from ferraris.vending import AmountError, FreeIssueError, FreeIssueRequest, LineKind, credit_text
from tests.vending.house import DAY_MS, NOON_MS, OPERATOR, SUPERVISOR, House, book, make_house, settings

# tenths       money  service      digits  shown
CREDITS = """
     297           0  electricity       2  29.7 kWh
       5           0  water             2  0.5 m³
   10000           0  gas               2  1000.0 m³
      50           0  time              2  5.0 min
       0     8696000  electricity       2  ZAR 86.96
       0     8696999  water             2  ZAR 86.96
       0         999  water             2  ZAR 0.00
       0     8600000  electricity       0  ZAR 86
       0     8612345  electricity       3  ZAR 86.123
"""


@pytest.mark.parametrize("row", CREDITS.strip().splitlines())
def test_credit_in_words(row: str) -> None:
    tenths, money, service, digits, shown = row.split(maxsplit=4)
    assert credit_text(int(tenths), int(money), service, "ZAR", int(digits)) == shown


def test_no_credit_has_no_words() -> None:
    assert credit_text(0, 0, "electricity", "ZAR", 2) == ""


@given(st.integers(1_000, 10**15), st.integers(0, 5))
def test_what_is_shown_is_less_than_a_minor_unit_below_the_token(money: int, digits: int) -> None:
    shown = Decimal(credit_text(0, money, "electricity", "ZAR", digits).removeprefix("ZAR "))
    assert 0 <= Decimal(money).scaleb(-5) - shown < Decimal(1).scaleb(-digits)


def sold_token(house: House, amount: str, now_ms: int = NOON_MS) -> tuple[object, int]:
    sale = house.vending.sell(house.request(amount), now_ms)
    assert sale.credit_token
    assert sale.breakdown is not None
    return house.module.verify(sale.configuration, sale.credit_token.digits), sale.breakdown.credit_money


def test_a_meter_that_counts_money_gets_a_token_in_money() -> None:
    house = make_house(tariff_name="currency_meter")
    house.vending.registry.open_debt("D1", "A1", "connection fee", 2_000, SUPERVISOR, NOON_MS, percent=Decimal(10))
    quote = house.vending.quote(house.request("100"), NOON_MS)
    sale = house.vending.sell(house.request("100"), NOON_MS)
    assert (sale.credited, quote.credited, sale.units_tenths) == ("ZAR 68.26", "ZAR 68.26", 0)
    assert sale.breakdown == quote.breakdown
    assert sale.breakdown is not None
    assert [line.title for line in sale.breakdown.lines if line.kind is LineKind.DEBT] == ["connection fee (D1)"]
    base_date = sale.configuration.base_date
    token = CurrencyCreditToken(
        Service.ELECTRICITY, token_identifier_at(base_date, NOON_MS), sale.breakdown.credit_money
    )
    assert sale.credit_token
    assert house.module.verify(sale.configuration, sale.credit_token.digits) == token
    assert house.vending.sale(sale.number) == sale
    house.vending.verify_ledger()
    balances = house.vending.balances()
    assert (balances["till:T1:cash"], balances["income:units"], balances["debt:D1"]) == (10_000, -6_826, 1_000)


@pytest.mark.parametrize("amount", ["12.50", "182.99", "1000", "99999.99", "1000000"])
def test_the_token_says_what_the_breakdown_says(amount: str) -> None:
    token, credit_money = sold_token(make_house(tariff_name="currency_meter"), amount)
    assert isinstance(token, CurrencyCreditToken)
    assert token.amount == credit_money


def test_a_retry_in_money_gives_the_same_token() -> None:
    house = make_house(tariff_name="currency_meter")
    request = house.request("50", "again")
    assert house.vending.sell(request, NOON_MS) == house.another().sell(request, NOON_MS + DAY_MS)


def test_units_and_free_units_have_no_token_in_money() -> None:
    house = make_house(tariff_name="currency_meter")
    with pytest.raises(AmountError, match="counts money"):
        house.vending.sell(house.request(None, units=Decimal(5)), NOON_MS)
    with pytest.raises(FreeIssueError):
        house.vending.free_issue(
            FreeIssueRequest(message_id="f", till="T1", operator=OPERATOR, meter=house.meter), NOON_MS
        )


@pytest.mark.parametrize("service", Service)
def test_tokens_in_money_are_made_for_every_service(service: Service) -> None:
    tariffs = book(f'service = "{service.name.lower()}"\ncredit = "currency"')
    house = make_house(tariff_name="t", settings=settings(tariffs=tariffs))
    token, credit_money = sold_token(house, "100")
    assert isinstance(token, CurrencyCreditToken)
    assert (token.service, token.amount) == (service, credit_money)
