"""Laws that hold under every tariff that can be written: nothing is lost, more money never buys less, cents decide in order.

The tariffs are drawn: blocks with rising or falling prices, rates by weight or hour, charges, taxes on taxes, debts, and an
account anywhere in its month.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ferraris.sts import carried_quantity
from ferraris.vending import (
    AmountError,
    Breakdown,
    DebtDue,
    LineKind,
    MonthSoFar,
    Purchase,
    Tariff,
    TariffBook,
    UnknownTariffError,
)
from ferraris.vending.money import Number
from ferraris.vending.tariff import Block, Day, FixedCharge, Hours, Rate, RateBasis, Tax
from tests.vending.house import tariff

WEDNESDAY = datetime(2026, 7, 1, 12, tzinfo=UTC)
EXACT_TENTHS = 16_383
"""Up to here a token tells tenths apart."""


def numbers(least: str, most: str, places: int = 2) -> st.SearchStrategy[Number]:
    return st.decimals(least, most, places=places).map(lambda number: Number(f"{number:f}"))


@st.composite
def blocks(draw: st.DrawFn, rising: bool = False) -> tuple[Block, ...]:
    prices = draw(st.lists(numbers("0.20", "9.99", 4), min_size=1, max_size=4))
    bounds = sorted(draw(st.sets(st.integers(1, 900), min_size=len(prices) - 1, max_size=len(prices) - 1)))
    ordered = sorted(prices) if rising else prices
    return tuple(Block(price, bound) for price, bound in zip(ordered, [*bounds, None], strict=True))


RATES = st.lists(st.tuples(numbers("0.20", "9.99", 4), st.integers(1, 100)), min_size=1, max_size=4).map(
    lambda drawn: tuple(Rate(f"rate {place}", price, weight) for place, (price, weight) in enumerate(drawn))
)
CHARGES = st.lists(st.tuples(numbers("0", "80.00"), st.booleans()), max_size=2).map(
    lambda drawn: tuple(FixedCharge(f"charge {place}", *one) for place, one in enumerate(drawn))
)
TAXES = st.lists(st.tuples(numbers("0", "25.00"), st.booleans()), max_size=3).map(
    lambda drawn: tuple(Tax(f"tax {place}", *one) for place, one in enumerate(drawn))
)
WHATEVER = {"fixed_charge": CHARGES, "tax": TAXES}
HEAD: dict[str, Any] = {
    "name": "any",
    "effective": Day(2000, 1, 1),
    "currency": "ZAR",
    "minimum": Number("0.01"),
}


def tariffs(rising: bool = False) -> st.SearchStrategy[Tariff]:
    of_blocks = st.fixed_dictionaries({"block": blocks(rising), **WHATEVER})
    of_rates = st.fixed_dictionaries({"rate": RATES, **WHATEVER})
    drawn = of_blocks if rising else of_blocks | of_rates
    return drawn.map(lambda fields: Tariff(**HEAD, **fields))


MONTHS = st.builds(MonthSoFar, st.integers(0, 9_000), st.integers(0, 20_000))
DEBTS = st.lists(
    st.builds(DebtDue, st.just("D"), st.just("debt"), st.integers(1, 90_000), st.decimals(0, 45, places=2), st.just(0)),
    max_size=2,
).map(tuple)
MONEY = st.integers(1, 200_000)


def bought(purchase: Purchase, minor: int) -> Breakdown | None:
    """What the money buys; None where charges and debts leave nothing."""
    try:
        return purchase.for_money(minor)
    except AmountError as error:
        assert "leave nothing" in error.summary  # noqa: PT017 - any other refusal is a defect here
        return None


# Nothing is lost


@given(tariffs(), MONTHS, DEBTS, MONEY)
def test_parts_are_the_whole(made: Tariff, month: MonthSoFar, debts: tuple[DebtDue, ...], minor: int) -> None:
    breakdown = bought(Purchase(made, WEDNESDAY, 2, month, debts), minor)
    assume(breakdown)
    assert breakdown is not None
    assert sum(line.amount_minor for line in breakdown.lines) == minor
    assert sum(breakdown.total(kind) for kind in LineKind) == minor
    assert all(line.amount_minor >= 0 and line.units_tenths >= 0 for line in breakdown.lines)
    assert sum(line.units_tenths for line in breakdown.lines if line.kind is LineKind.UNITS) == breakdown.units_tenths
    owed = sum(debt.remaining_minor for debt in debts)
    assert breakdown.total(LineKind.DEBT) <= min(owed, minor)


@given(tariffs(), MONTHS, MONEY)
def test_each_tax_is_its_share_to_less_than_a_cent_for_each_thing_taxed(
    made: Tariff, month: MonthSoFar, minor: int
) -> None:
    breakdown = bought(Purchase(made, WEDNESDAY, 2, month), minor)
    assume(breakdown)
    assert breakdown is not None
    taxed_charges = {charge.name for charge in made.fixed_charge if charge.taxed}
    base = breakdown.total(LineKind.UNITS) + sum(
        line.amount_minor for line in breakdown.lines if line.name in taxed_charges
    )
    shown = [line.amount_minor for line in breakdown.lines if line.kind is LineKind.TAX]
    for amount, share in zip(shown, made.tax_shares, strict=True):
        assert abs(amount - base * share) <= (1 + len(taxed_charges)) * (1 + share)


@given(tariffs(), MONTHS, MONEY)
def test_no_more_is_paid_of_the_months_charges_than_is_owed(made: Tariff, month: MonthSoFar, minor: int) -> None:
    breakdown = bought(Purchase(made, WEDNESDAY, 2, month), minor)
    assume(breakdown)
    assert breakdown is not None
    owed = sum(Fraction(charge.amount) * 100 * (made.tax_factor if charge.taxed else 1) for charge in made.fixed_charge)
    assert 0 <= breakdown.fixed_gross_minor <= max(0, owed - month.fixed_minor) + len(made.fixed_charge)
    later = MonthSoFar(month.units_tenths + breakdown.units_tenths, month.fixed_minor + breakdown.fixed_gross_minor)
    again = bought(Purchase(made, WEDNESDAY, 2, later), 1_000_000)
    assert again is not None
    assert again.fixed_gross_minor == 0


# More never buys less


@given(tariffs(), MONTHS, DEBTS, MONEY, st.integers(0, 5_000))
def test_more_money_never_buys_less(
    made: Tariff, month: MonthSoFar, debts: tuple[DebtDue, ...], minor: int, more: int
) -> None:
    purchase = Purchase(made, WEDNESDAY, 2, month, debts)
    less, greater = bought(purchase, minor), bought(purchase, minor + more)
    assume(less)
    assert less is not None
    assert greater is not None
    assert greater.units_tenths >= less.units_tenths


@given(tariffs(rising=True), st.integers(0, 9_000), st.integers(0, 3_000), MONEY)
def test_under_rising_blocks_who_has_bought_more_gets_no_more(made: Tariff, used: int, more: int, minor: int) -> None:
    early, late = (bought(Purchase(made, WEDNESDAY, 2, MonthSoFar(units)), minor) for units in (used, used + more))
    assume(early)
    assert early is not None
    assert late is not None
    assert late.units_tenths <= early.units_tenths


@given(tariffs(), MONTHS, MONEY, MONEY)
def test_two_purchases_are_one_but_for_the_customers_rounding(
    made: Tariff, month: MonthSoFar, first: int, second: int
) -> None:
    """Whoever buys twice gains no more than the rounding of two tokens, whatever blocks, charges and taxes lie between."""
    whole = bought(Purchase(made, WEDNESDAY, 2, month), first + second)
    one = bought(Purchase(made, WEDNESDAY, 2, month), first)
    assume(whole and one and whole.units_tenths <= EXACT_TENTHS)
    assert whole is not None
    assert one is not None
    between = MonthSoFar(month.units_tenths + one.units_tenths, month.fixed_minor + one.fixed_gross_minor)
    other = bought(Purchase(made, WEDNESDAY, 2, between), second)
    together = one.units_tenths + (other.units_tenths if other else 0)
    prices = [price for _, price, _ in made.prices_at(WEDNESDAY)]
    assert 0 <= together - whole.units_tenths <= 1 + ceil(max(prices) / min(prices))


@given(tariffs(), MONTHS, st.integers(1, EXACT_TENTHS - 1))
def test_the_amount_for_units_is_the_largest_that_buys_just_these(made: Tariff, month: MonthSoFar, units: int) -> None:
    purchase = Purchase(made, WEDNESDAY, 2, month)
    breakdown = purchase.for_units(units)
    assert breakdown.units_tenths == units
    one_cent_more = bought(purchase, breakdown.tendered_minor + 1)
    assert one_cent_more is not None
    assert one_cent_more.units_tenths > units


@given(tariffs(), MONTHS, st.integers(EXACT_TENTHS, 400_000))
def test_units_that_a_token_does_not_tell_apart_are_the_next_that_it_does(
    made: Tariff, month: MonthSoFar, units: int
) -> None:
    breakdown = Purchase(made, WEDNESDAY, 2, month).for_units(units)
    assert breakdown.units_tenths == carried_quantity(units) >= units


# Time


HOURS = (
    'rate_basis = "time_of_sale"\nminimum = "0.01"\n'
    'rate = [{ name = "morning", price = "5", hours = ["6-9"], workdays_only = true }, '
    '{ name = "evening", price = "4", hours = ["17-20", "21-22"] }, { name = "weekday", price = "3", workdays_only = true }, '
    '{ name = "else", price = "2" }]'
)

# hours of a workday    rate      at the weekend
CLOCK = """
0-6                     3         2
6-9                     5         2
9-17                    3         2
17-20                   4         4
20-21                   3         2
21-22                   4         4
22-24                   3         2
"""


@pytest.mark.parametrize("row", CLOCK.strip().splitlines())
def test_every_hour_of_a_week_has_its_price(row: str) -> None:
    hours, workday, weekend = row.split()
    made = tariff(HOURS)
    span = Hours.parse(hours)
    for day in range(7):
        wanted = workday if day < 5 else weekend
        for hour in range(span.start, span.end):
            for minute in (0, 59):
                moment = datetime(2026, 6, 29, hour, minute, tzinfo=UTC) + timedelta(days=day)
                ((_, price, bound),) = made.prices_at(moment)
                assert (price, bound) == (int(wanted), None), moment


@given(RATES, st.datetimes(timezones=st.just(UTC)))
def test_by_weights_the_clock_does_not_matter_and_the_mean_lies_between(
    rates: tuple[Rate, ...], moment: datetime
) -> None:
    made = Tariff(**HEAD, rate=rates, rate_basis=RateBasis.WEIGHTS)
    ((_, price, _),) = made.prices_at(moment)
    assert min(rate.price for rate in rates) <= price <= max(rate.price for rate in rates)
    assert price == made.prices_at(WEDNESDAY)[0][1]


DAYS = st.dates(date(2000, 1, 1), date(2050, 1, 1))


@given(st.sets(DAYS, min_size=1, max_size=8), DAYS)
def test_the_tariff_in_force_is_the_newest_that_has_begun(days: set[date], today: date) -> None:
    made = [
        Tariff(
            **{**HEAD, "effective": Day(day.year, day.month, day.day), "note": str(day)}, block=(Block(Number("1")),)
        )
        for day in days
    ]
    begun = [day for day in days if day <= today]
    if begun:
        assert TariffBook(made).at("any", today).note == str(max(begun))
        return
    with pytest.raises(UnknownTariffError, match="in force"):
        TariffBook(made).at("any", today)


@given(numbers("0", "25.00"), numbers("0", "25.00"), st.booleans())
def test_a_compound_tax_is_on_what_the_taxes_before_it_left(first: Number, second: Number, compound: bool) -> None:
    made = Tariff(**HEAD, block=(Block(Number("1")),), tax=(Tax("a", first), Tax("b", second, compound)))
    one, other = Fraction(first) / 100, Fraction(second) / 100
    assert made.tax_factor == (1 + one) * (1 + other) if compound else 1 + one + other
    assert made.tax_factor == 1 + sum(made.tax_shares)


def test_a_tariffs_least_and_most_purchase_hold_for_units_as_well() -> None:
    made = tariff('minimum = "10"\nmaximum = "50"\nblock = [{ price = "2" }]')
    purchase = Purchase(made, WEDNESDAY)
    assert purchase.for_units(250).tendered_minor == 5_000
    for units, why in ((251, "above the maximum"), (49, "below the minimum")):
        with pytest.raises(AmountError, match=why):
            purchase.for_units(units)
    assert purchase.for_units(50).tendered_minor == 1_000
    assert Decimal(purchase.for_units(50).units_tenths) / 10 == 5
