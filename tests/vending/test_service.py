"""The orders of a till from beginning to end: sold once, paid once, the same token however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from ferraris.keys.security_module import (
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.store import SaleFilter
from ferraris.sts import BaseDate, CreditToken, Service
from ferraris.vending import (
    AmountError,
    ApprovalError,
    FreeIssueRequest,
    IssueRefusedError,
    KeyExpiryError,
    MessageConflictError,
    MeterBlockedError,
    PaymentKind,
    ReversalError,
    SalePendingError,
    SaleState,
    SaleVoidError,
    TokenIdentifierError,
    UnknownMeterError,
    UnknownTariffError,
    VendingError,
)
from tests.vending.house import (
    DAY_MS,
    MINUTE_MS,
    NOON_MS,
    OPERATOR,
    SUPERVISOR,
    House,
    configuration,
    make_house,
    settings,
)


@pytest.fixture
def house() -> House:
    return make_house(meters=2)


# A sale


def test_a_sale_gives_a_token_that_the_meter_reads(house: House) -> None:
    sale = house.vending.sell(house.request("100"), NOON_MS)
    assert (sale.state, sale.kind, sale.units_tenths, sale.tendered_minor) == ("posted", "credit", 500, 10_000)
    assert sale.credit_token is not None
    token = house.module.verify(configuration(1), sale.credit_token.digits)
    assert isinstance(token, CreditToken)
    assert (token.service, token.amount, token.token_identifier) == (Service.ELECTRICITY, 500, 6_572_880)
    assert sale.credit_token.grouped.replace(" ", "") == sale.credit_token.digits
    assert house.vending.balances() == {"income:units": -10_000, "till:T1:cash": 10_000}


def test_a_sale_by_units_takes_the_amount_that_buys_them(house: House) -> None:
    sale = house.vending.sell(house.request(None, units=Decimal("12.5")), NOON_MS)
    assert (sale.units_tenths, sale.tendered_minor) == (125, 2_500)


def test_a_quote_is_the_sale_that_follows_and_writes_nothing() -> None:
    house = make_house(tariff_name="domestic_blocks")
    quote = house.vending.quote(house.request("100"), NOON_MS)
    assert house.vending.balances() == {}
    assert house.vending.sell(house.request("100"), NOON_MS).breakdown == quote.breakdown
    assert (quote.customer, quote.tariff, quote.key_change) == ("Customer 1", "domestic_blocks 2026-07-01", False)


def test_blocks_and_fixed_charges_count_by_the_month_of_the_account() -> None:
    house = make_house(tariff_name="domestic_blocks")
    first, second = (house.vending.sell(house.request("1000"), NOON_MS + step) for step in (0, MINUTE_MS))
    names = [[line.name for line in sale.breakdown.lines] for sale in (first, second) if sale.breakdown]
    assert names == [["block 1", "block 2", "network", "VAT"], ["block 2", "block 3", "VAT"]]
    next_month = house.vending.sell(house.request("1000"), NOON_MS + 31 * DAY_MS)
    assert next_month.breakdown == first.breakdown


def test_the_month_begins_at_local_midnight() -> None:
    south = settings(time_zone=timezone(timedelta(hours=2)))
    assert south.month(1_782_856_800_000 - 1) == 202606
    assert south.month(1_782_856_800_000) == 202607


def test_a_debt_is_paid_off_by_shares_and_then_no_more(house: House) -> None:
    registry = house.vending.registry
    registry.open_debt("D1", "A1", "a fine", 3_000, SUPERVISOR, NOON_MS, percent=Decimal(20))
    shares = []
    for step in range(3):
        sale = house.vending.sell(house.request("100"), NOON_MS + step * MINUTE_MS)
        assert sale.breakdown is not None
        shares.append(sum(line.amount_minor for line in sale.breakdown.lines if line.kind == "debt"))
    assert shares == [2_000, 1_000, 0]
    assert registry.debts("A1") == []
    assert house.vending.balances()["debt:D1"] == 0


# Retries


def test_the_same_request_gives_the_same_token_and_charges_once(house: House) -> None:
    request = house.request("100")
    first = house.vending.sell(request, NOON_MS)
    for step in (1, DAY_MS, 400 * DAY_MS):
        assert house.vending.sell(request, NOON_MS + step) == first
        assert house.another().sell(request, NOON_MS + step) == first
    assert house.vending.balances()["till:T1:cash"] == 10_000
    assert len(house.vending.sales(SaleFilter())) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal(101)},
        {"till": "T2"},
        {"operator": "oscar"},
        {"payment": PaymentKind.CARD},
        {"meter": configuration(2).meter_pan.decoder_reference_number},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_same_message_id_with_another_request_is_refused(house: House, changes: dict[str, Any]) -> None:
    request = house.request("100")
    house.vending.sell(request, NOON_MS)
    with pytest.raises(MessageConflictError, match="another request"):
        house.vending.sell(replace(request, **changes), NOON_MS)


def test_five_and_five_point_nought_nought_are_one_request(house: House) -> None:
    request = house.request("5")
    assert house.vending.sell(request, NOON_MS) == house.vending.sell(replace(request, amount=Decimal("5.00")), NOON_MS)


def test_a_message_id_belongs_to_one_kind_of_order() -> None:
    house = make_house(tariff_name="domestic_blocks")
    house.vending.sell(house.request("100", message_id="x"), NOON_MS)
    with pytest.raises(MessageConflictError):
        house.vending.free_issue(
            FreeIssueRequest(message_id="x", till="T1", operator=OPERATOR, meter=house.meter), NOON_MS
        )


# What is refused: nothing of it is kept, nothing charged


def blocked(house: House) -> None:
    house.vending.registry.block(house.meter, "moved out", SUPERVISOR, NOON_MS)


def nothing(house: House) -> None:
    return


REFUSED: dict[str, tuple[Callable[[House], None], dict[str, Any], type[VendingError], str]] = {
    "an amount below the minimum": (nothing, {"amount": Decimal("0.99")}, AmountError, "minimum"),
    "an amount with a third decimal": (nothing, {"amount": Decimal("5.001")}, AmountError, "minor unit"),
    "an amount too large for a token": (nothing, {"amount": Decimal(10) ** 10}, AmountError, "token can carry"),
    "an amount beyond all bounds": (nothing, {"amount": Decimal("1e40")}, AmountError, "not an amount"),
    "units too many for a token": (nothing, {"amount": None, "units": Decimal(2_000_000)}, AmountError, "cannot carry"),
    "units beyond all bounds": (nothing, {"amount": None, "units": Decimal("1e99")}, AmountError, "units"),
    "an unknown meter": (nothing, {"meter": "01999999995"}, UnknownMeterError, "no such meter"),
    "a meter number that is none": (nothing, {"meter": "'; DROP TABLE sale"}, UnknownMeterError, "no such meter"),
    "a blocked meter": (blocked, {}, MeterBlockedError, "moved out"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sold_is_refused_and_leaves_no_trace(house: House, case: str) -> None:
    prepare, changes, error, why = REFUSED[case]
    prepare(house)
    request = replace(house.request("100"), **changes)
    for order in (house.vending.quote, house.vending.sell):
        with pytest.raises(error, match=why):
            order(request, NOON_MS)
    assert house.vending.sales(SaleFilter()) == []
    assert house.vending.verify_ledger().entries == 0


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "-0.01"])
def test_an_amount_that_is_not_above_zero_is_no_request(house: House, amount: str) -> None:
    with pytest.raises(AmountError, match="above zero"):
        house.request(amount)


def test_a_sale_names_an_amount_or_units_and_not_both(house: House) -> None:
    for changes in ({"amount": None}, {"units": Decimal(1)}):
        with pytest.raises(AmountError, match="either"):
            replace(house.request("1"), **changes)


def test_a_tariff_that_is_not_there_any_more(house: House) -> None:
    changed = replace(house.vending.settings, tariffs=type(house.vending.settings.tariffs)(()))
    house.vending = type(house.vending)(house.store, house.module, None, changed)  # type: ignore[arg-type]
    with pytest.raises(UnknownTariffError, match="no tariff flat"):
        house.vending.sell(house.request("1"), NOON_MS)


def test_a_tariff_in_another_currency_is_refused() -> None:
    house = make_house(settings=settings(currency="EUR"))
    with pytest.raises(UnknownTariffError, match="currency"):
        house.vending.sell(house.request("1"), NOON_MS)


# Token identifiers


def test_several_tokens_in_one_minute_take_the_next_minutes(house: House) -> None:
    identifiers = [
        sale.credit_token.token_identifier
        for sale in (house.vending.sell(house.request("1"), NOON_MS) for _ in range(4))
        if sale.credit_token
    ]
    assert identifiers == [6_572_880, 6_572_881, 6_572_882, 6_572_883]


# clock            issued tokens at this time      token identifiers, minutes of the day
RESERVED = """
00:00             1                               0
00:00             3                               0 2 3
00:01             2                               2 3
23:59             4                               1439 1440 1442 1443
"""


@pytest.mark.parametrize("row", RESERVED.strip().splitlines())
def test_the_first_minute_of_a_day_is_left_to_special_tokens(row: str) -> None:
    clock, count, minutes = (part.strip() for part in row.split("  ") if part.strip())
    house = make_house()
    hours, rest = clock.split(":")
    midnight = NOON_MS - DAY_MS // 2
    now_ms = midnight + (int(hours) * 60 + int(rest)) * MINUTE_MS
    first = (midnight - BaseDate.Y2014.start_ms) // MINUTE_MS
    sold = [house.vending.sell(house.request("1"), now_ms) for _ in range(int(count))]
    assert [sale.tokens[0].token_identifier - first for sale in sold] == [int(one) for one in minutes.split()]  # type: ignore[operator]


def test_a_clock_set_back_goes_on_from_the_last_identifier_up_to_a_bound(house: House) -> None:
    last = house.vending.sell(house.request("1"), NOON_MS).tokens[0].token_identifier
    assert last is not None
    back = house.vending.sell(house.request("1"), NOON_MS - 30 * MINUTE_MS)
    assert back.tokens[0].token_identifier == last + 1
    with pytest.raises(TokenIdentifierError, match="clock set back"):
        house.vending.sell(house.request("1"), NOON_MS - 60 * MINUTE_MS)
    assert len(house.vending.sales(SaleFilter())) == 2


def test_identifiers_are_each_meters_own(house: House) -> None:
    sold = [house.vending.sell(house.request("1", meter=meter), NOON_MS) for meter in house.meters]
    assert {sale.tokens[0].token_identifier for sale in sold} == {6_572_880}


# base date    now (UTC)             what comes of it
EDGES = """
1993           2024-11-24 20:15      ok
1993           2024-11-24 20:16      run out
1993           2026-07-01 00:00      run out
2035           2034-12-31 23:59      before the base date
2035           2035-01-01 00:00      ok
2014           2045-11-24 20:15      ok
2014           2045-11-24 20:16      run out
"""


@pytest.mark.parametrize("row", EDGES.strip().splitlines())
def test_the_edges_of_a_base_date(row: str) -> None:
    year, now, outcome = (part.strip() for part in row.split("  ") if part.strip())
    house = make_house(base_date=BaseDate.of_year(int(year)))
    now_ms = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp()) * 1000
    if outcome == "ok":
        assert house.vending.sell(house.request("1"), now_ms).tokens
        return
    with pytest.raises(TokenIdentifierError, match=outcome):
        house.vending.sell(house.request("1"), now_ms)


def test_the_last_identifier_of_a_base_date_has_none_after_it() -> None:
    house = make_house(base_date=BaseDate.Y1993)
    last_ms = BaseDate.Y1993.start_ms + ((1 << 24) - 1) * MINUTE_MS
    assert house.vending.sell(house.request("1"), last_ms).tokens[0].token_identifier == (1 << 24) - 1
    with pytest.raises(TokenIdentifierError, match="needs a key change"):
        house.vending.sell(house.request("1"), last_ms)


def test_an_expired_key_sells_nothing() -> None:
    identifier = (NOON_MS - BaseDate.Y2014.start_ms) // MINUTE_MS
    assert make_house(key_expiry_number=identifier >> 16).vending
    house = make_house(key_expiry_number=(identifier >> 16) - 1)
    with pytest.raises(KeyExpiryError, match="expired"):
        house.vending.sell(house.request("1"), NOON_MS)


# The security module


def test_a_module_that_is_away_leaves_the_sale_pending_and_the_money_where_it_is(house: House) -> None:
    house.module.failure = SecurityModuleUnavailable("unplugged")
    request = house.request("100")
    with pytest.raises(SalePendingError, match="unplugged") as caught:
        house.vending.sell(request, NOON_MS)
    pending = house.vending.sale(caught.value.number)
    assert (pending.state, pending.tokens) == (SaleState.PENDING, ())
    assert house.vending.balances() == {}
    assert house.vending.verify_ledger().pending == 1

    house.module.failure = None
    sale = house.vending.sell(request, NOON_MS + DAY_MS)
    assert (sale.number, sale.state, sale.tokens[0].token_identifier) == (pending.number, "posted", 6_572_880)
    assert house.vending.balances()["till:T1:cash"] == 10_000


REFUSALS: list[SecurityModuleError] = [
    VendingKeyNotFound("no such key"),
    VendingKeyExpired("too old"),
    TransactionsExhausted("no licence"),
]


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda failure: type(failure).__name__)
def test_a_module_that_refuses_voids_the_sale(house: House, failure: SecurityModuleError) -> None:
    house.module.failure = failure
    request = house.request("100")
    with pytest.raises(IssueRefusedError, match=failure.summary.partition(" [")[0]) as caught:
        house.vending.sell(request, NOON_MS)
    assert caught.value.__cause__ is failure
    house.module.failure = None
    with pytest.raises(SaleVoidError):
        house.vending.sell(request, NOON_MS)
    assert house.vending.balances() == {}
    assert house.vending.verify_ledger().pending == 0
    assert house.vending.sell(house.request("100"), NOON_MS).tokens[0].token_identifier == 6_572_881


def test_pending_sales_count_in_the_month_and_voided_ones_do_not() -> None:
    house = make_house(tariff_name="domestic_blocks")
    clean = house.vending.quote(house.request("1000"), NOON_MS).breakdown
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError) as caught:
        house.vending.sell(house.request("1000"), NOON_MS)
    assert house.vending.quote(house.request("1000"), NOON_MS).breakdown != clean
    house.vending.cancel(caught.value.number, SUPERVISOR, NOON_MS, "gave the money back")
    assert house.vending.quote(house.request("1000"), NOON_MS).breakdown == clean


def test_recovery_finishes_what_it_can(house: House) -> None:
    house.module.failure = SecurityModuleUnavailable("away")
    requests = [house.request("10") for _ in range(3)]
    for request in requests:
        with pytest.raises(SalePendingError):
            house.vending.sell(request, NOON_MS)
    recovery = house.another().recover(NOON_MS)
    assert (recovery.posted, recovery.voided, recovery.pending) == (0, 0, 3)
    house.module.failure = None
    recovery = house.another().recover(NOON_MS)
    assert (recovery.posted, recovery.voided, recovery.pending) == (3, 0, 0)
    assert [house.vending.sell(request, NOON_MS).state for request in requests] == ["posted"] * 3
    assert house.vending.balances()["till:T1:cash"] == 3_000


def test_recovery_voids_what_the_module_refuses(house: House) -> None:
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError):
        house.vending.sell(house.request("10"), NOON_MS)
    house.module.failure = VendingKeyNotFound("gone")
    assert house.another().recover(NOON_MS).voided == 1


def test_only_a_supervisor_cancels_and_only_what_is_pending(house: House) -> None:
    sale = house.vending.sell(house.request("10"), NOON_MS)
    with pytest.raises(ApprovalError):
        house.vending.cancel(sale.number, OPERATOR, NOON_MS)
    with pytest.raises(ReversalError, match="not pending"):
        house.vending.cancel(sale.number, SUPERVISOR, NOON_MS)


# Many at once


def test_sales_together_are_as_sales_one_by_one() -> None:
    one, many = (make_house(meters=3, tariff_name="domestic_blocks") for _ in range(2))
    amounts = ["100", "0.5", "300", "100"]
    requests = [many.request(amount, meter=many.meters[place % 3]) for place, amount in enumerate(amounts)]
    together = many.vending.sell_together(requests, NOON_MS)
    assert isinstance(together[1], AmountError)
    for place, result in enumerate(together):
        if place != 1:
            single = one.vending.sell(requests[place], NOON_MS)
            assert not isinstance(result, VendingError)
            assert replace(result, number=0, tokens=()) == replace(single, number=0, tokens=())
            assert result.credit_token
            assert single.credit_token
            assert result.credit_token.token_identifier == single.credit_token.token_identifier
    assert one.vending.balances() == many.vending.balances()
    assert many.vending.verify_ledger().pending == 0


def test_sales_together_are_each_sold_once(house: House) -> None:
    request = house.request("10")
    first, again = house.vending.sell_together([request, request], NOON_MS)
    assert not isinstance(first, VendingError)
    assert not isinstance(again, VendingError)
    assert first.number == again.number
    assert house.vending.sell(request, NOON_MS).tokens == first.tokens
    assert house.vending.balances()["till:T1:cash"] == 1_000


def test_sales_together_without_a_module_are_pending_and_refused_ones_void(house: House) -> None:
    requests = [house.request("10"), house.request("10", meter=house.meters[1])]
    house.module.failure = SecurityModuleUnavailable("away")
    results = house.vending.sell_together(requests, NOON_MS)
    assert [type(result) for result in results] == [SalePendingError, SalePendingError]
    house.module.failure = VendingKeyNotFound("gone")
    assert [type(result) for result in house.vending.sell_together(requests, NOON_MS)] == [IssueRefusedError] * 2
    assert [type(result) for result in house.vending.sell_together(requests, NOON_MS)] == [SaleVoidError] * 2


def test_too_many_together_are_refused(house: House) -> None:
    with pytest.raises(VendingError, match="one commit"):
        house.vending.sell_together([house.request("10")] * 1_001, NOON_MS)
