"""Breakdowns: every line of a purchase under every kind of tariff, and that nothing is lost by rounding in either direction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ferraris.sts import QUANTITY_MAX, carried_currency, carried_quantity, encode_currency
from ferraris.vending import (
    AmountError,
    Breakdown,
    DebtDue,
    Line,
    LineKind,
    MonthSoFar,
    Purchase,
    Tariff,
    sample_tariffs,
)
from ferraris.vending.breakdown import breakdown_text, read_breakdown
from tests.vending.house import tariff

WEDNESDAY = datetime(2026, 7, 1, 12, tzinfo=UTC)

# tariff               bought   paid fixed   debts (share %/least/left)   tendered      units    lines
PURCHASES = """
flat                     0       0           -                               1.00        0.5   units:1.00
flat                     0       0           -                               1.01        0.6   units:1.01
flat                     0       0           -                             100.00       50.0   units:100.00
flat                     0       0           20/0/500                      100.00       40.0   units:80.00 debt:20.00
flat                     0       0           20/0/5                        100.00       47.5   units:95.00 debt:5.00
flat                     0       0           0/30/500                      100.00       35.0   units:70.00 debt:30.00
flat                     0       0           5/30/500                      100.00       35.0   units:70.00 debt:30.00
flat                     0       0           50/0/500 50/60/40             100.00        5.0   units:10.00 debt:50.00 debt:40.00
domestic_blocks          0       0           -                             100.00       29.7   units:64.45 network:22.50 VAT:13.05
domestic_blocks          0      25.88        -                             100.00       40.0   units:86.96 VAT:13.04
domestic_blocks          0      10.00        -                             100.00       33.7   units:73.15 network:13.81 VAT:13.04
domestic_blocks        340      25.88        -                             100.00       33.8   units:21.75 units:65.21 VAT:13.04
domestic_blocks        350      25.88        -                             100.00       31.7   units:86.96 VAT:13.04
domestic_blocks        599      25.88        -                             100.00       26.5   units:2.75 units:84.21 VAT:13.04
domestic_blocks        600      25.88        -                             100.00       26.3   units:86.96 VAT:13.04
domestic_blocks       9999      25.88        -                             100.00       26.3   units:86.96 VAT:13.04
domestic_blocks          0       0           -                            3000.00      943.7   units:761.14 units:687.08 units:1137.97 network:22.50 VAT:391.31
domestic_blocks          0       0           10/0/900                      100.00       25.7   units:55.76 network:22.50 VAT:11.74 debt:10.00
business_time_of_use     0       0           -                            1000.00      280.5   units:748.90 service:95.00 street_lighting:5.25 levy:21.10 VAT:129.75
business_time_of_use     0     117.23        -                            1000.00      317.8   units:848.36 levy:21.21 VAT:130.43
evening_saver            0       0           -                             100.00       41.5   units:86.96 VAT:13.04
water                    8       0           -                             100.00        3.7   units:37.00 units:49.96 VAT:13.04
water                    0       0           -                               5.00        0.3   units:4.35 VAT:0.65
"""


def purchase(
    name: str, bought: str = "0", fixed: str = "0", debts: str = "-", when: datetime = WEDNESDAY, skipped: int = 0
) -> Purchase:
    month = MonthSoFar(int(Decimal(bought) * 10), int(Decimal(fixed) * 100), skipped)
    owed = [one.split("/") for one in debts.split() if one != "-"]
    due = tuple(
        DebtDue(f"D{place}", "a debt", int(Decimal(left) * 100), Decimal(percent), int(Decimal(least) * 100))
        for place, (percent, least, left) in enumerate(owed)
    )
    return Purchase(sample_tariffs().at(name, when.date()), when, 2, month, due)


def shown(breakdown: Breakdown) -> str:
    def name(line: Line) -> str:
        if line.kind is LineKind.UNITS and line.units_tenths == 0:
            return line.name
        return line.kind.value if line.kind in (LineKind.UNITS, LineKind.DEBT) else line.name.replace(" ", "_")

    return " ".join(f"{name(line)}:{Decimal(line.amount_minor) / 100:.2f}" for line in breakdown.lines)


@pytest.mark.parametrize("row", PURCHASES.strip().splitlines())
def test_a_purchase_line_by_line(row: str) -> None:
    name, bought, fixed, debts, tendered, units, lines = (part.strip() for part in row.split("  ") if part.strip())
    minor = int(Decimal(tendered) * 100)
    breakdown = purchase(name, bought, fixed, debts).for_money(minor)
    assert (shown(breakdown), str(Decimal(breakdown.units_tenths) / 10)) == (lines, str(Decimal(units).normalize() + 0))
    assert sum(line.amount_minor for line in breakdown.lines) == minor


# A meter that counts money; three skipped months at most are owed as well, each 11.50 with tax.
# skipped   paid fixed   debts   tendered    on the token      lines
MONEY = """
0           0            -          100.00       76.96000      credit:76.96 network:10.00 VAT:13.04
0          11.50         -          100.00       86.96000      credit:86.96 VAT:13.04
0           5.00         -          100.00       81.30000      credit:81.30 network:5.65 VAT:13.05
1           0            -          100.00       66.96000      credit:66.96 network:20.00 VAT:13.04
3           0            -          100.00       46.96000      credit:46.96 network:40.00 VAT:13.04
99          0            -          100.00       46.96000      credit:46.96 network:40.00 VAT:13.04
3          46.00         -          100.00       86.96000      credit:86.96 VAT:13.04
3          30.00         -          100.00       73.04000      credit:73.04 network:13.91 VAT:13.05
0          11.50    20/0/500        100.00       69.57000      credit:69.57 VAT:10.43 debt:20.00
0          11.50         -         2000.00     1739.13000      credit:1739.13 VAT:260.87
"""


@pytest.mark.parametrize("row", MONEY.strip().splitlines())
def test_money_for_a_meter_that_counts_money(row: str) -> None:
    skipped, fixed, debts, tendered, credit, lines = (part.strip() for part in row.split("  ") if part.strip())
    breakdown = purchase("currency_meter", "0", fixed, debts, skipped=int(skipped)).for_money(
        int(Decimal(tendered) * 100)
    )
    assert shown(breakdown) == lines
    assert breakdown.credit_money == carried_currency(int(Decimal(credit).scaleb(5)))
    assert breakdown.units_tenths == 0
    assert read_breakdown(breakdown_text(breakdown)) == breakdown


def test_skipped_months_stand_beside_the_charge() -> None:
    late = purchase("currency_meter", skipped=2).for_money(10_000)
    assert [line.title for line in late.lines] == ["credit", "network (3 months)", "VAT"]
    assert [line.title for line in purchase("domestic_blocks", skipped=2).for_money(10_000).lines][1] == "network"


def test_a_debt_says_what_it_is_for() -> None:
    breakdown = purchase("flat", debts="20/0/500").for_money(10_000)
    assert [line.title for line in breakdown.lines] == ["units", "a debt (D0)"]
    assert read_breakdown('[1,5,0,[["units","units",1,5,"2.00"]]]') == Breakdown(
        1, 5, (Line(LineKind.UNITS, "units", 1, 5, "2.00"),)
    ), "kept before lines had descriptions"


@pytest.mark.parametrize(("tendered", "why"), [(1_150, "leave nothing that buys credit"), (499, "below the minimum")])
def test_money_that_charges_eat_up_is_refused(tendered: int, why: str) -> None:
    with pytest.raises(AmountError, match=why):
        purchase("currency_meter").for_money(tendered)


def test_a_meter_that_counts_money_takes_no_units() -> None:
    with pytest.raises(AmountError, match="counts money"):
        purchase("currency_meter").for_units(100)


def test_credit_in_money_beyond_what_can_be_kept_is_refused() -> None:
    with pytest.raises(AmountError, match="more than one token can carry"):
        purchase("currency_meter").for_money(10**17)


# tariff             tendered   refused because
REFUSED = """
flat                    0       above zero
flat                   -5       above zero
flat                    0.99    below the minimum
domestic_blocks         9.99    below the minimum
domestic_blocks        10.00    leave nothing that buys units
domestic_blocks      5000.01    above the maximum
flat              9999999999    more than one token can carry
"""


@pytest.mark.parametrize("row", REFUSED.strip().splitlines())
def test_an_amount_that_buys_nothing_is_refused(row: str) -> None:
    name, tendered, why = (part.strip() for part in row.split("  ") if part.strip())
    with pytest.raises(AmountError, match=why):
        purchase(name).for_money(int(Decimal(tendered) * 100))


@pytest.mark.parametrize("name", ["flat", "business_time_of_use", "evening_saver"])
@pytest.mark.parametrize("less", [0, 1, 999, 1_000, 1_001])
def test_units_up_to_the_last_that_a_token_carries_can_be_bought(name: str, less: int) -> None:
    breakdown = purchase(name).for_units(QUANTITY_MAX - less)
    assert breakdown.units_tenths == carried_quantity(QUANTITY_MAX - less)
    with pytest.raises(AmountError, match="token can carry"):
        purchase(name).for_money(purchase(name).for_units(QUANTITY_MAX).tendered_minor + 16)


@pytest.mark.parametrize("units", [0, -1, QUANTITY_MAX + 1])
def test_units_that_no_token_carries_are_refused(units: int) -> None:
    with pytest.raises(AmountError, match="cannot carry"):
        purchase("flat").for_units(units)


def test_a_debt_that_takes_all_leaves_nothing_to_sell() -> None:
    with pytest.raises(AmountError, match="leave nothing"):
        purchase("flat", debts="0/500/500").for_money(10_000)


def test_a_breakdown_that_does_not_add_up_cannot_be_made() -> None:
    line = Line(LineKind.UNITS, "units", 99, 10)
    with pytest.raises(AmountError, match="add up"):
        Breakdown(100, 10, (line,))
    with pytest.raises(AmountError, match="add up"):
        Breakdown(99, 11, (line,))


def test_units_beyond_what_a_token_tells_apart_are_rounded_up_in_the_customers_favour() -> None:
    breakdown = purchase("flat").for_money(400_001)
    assert breakdown.units_tenths == carried_quantity(20_001) == 20_004
    assert breakdown.units_tenths >= 20_001


def test_one_price_at_night_and_another_by_day() -> None:
    night = purchase("evening_saver", when=datetime(2026, 7, 1, 23, tzinfo=UTC)).for_money(10_000)
    assert [line.price for line in night.lines if line.kind is LineKind.UNITS] == ["1.20"]


NAMES = st.sampled_from(["flat", "domestic_blocks", "business_time_of_use", "evening_saver", "water"])
DEBTS = st.lists(
    st.builds(
        DebtDue,
        st.just("D"),
        st.just("a debt"),
        st.integers(1, 10**6),
        st.decimals(0, 40, places=2),
        st.integers(0, 500),
    ),
    max_size=2,
).map(tuple)
MONTHS = st.builds(MonthSoFar, st.integers(0, 8_000), st.integers(0, 30_000))


@given(NAMES, st.integers(1, 500_000), MONTHS, DEBTS)
def test_units_charges_taxes_and_debt_are_the_money_tendered(
    name: str, tendered: int, month: MonthSoFar, debts: tuple[DebtDue, ...]
) -> None:
    one = Purchase(sample_tariffs().at(name, WEDNESDAY.date()), WEDNESDAY, 2, month, debts)
    try:
        breakdown = one.for_money(tendered)
    except AmountError:
        assume(False)
    assert sum(line.amount_minor for line in breakdown.lines) == tendered
    assert all(line.amount_minor >= 0 and line.units_tenths >= 0 for line in breakdown.lines)
    assert breakdown.units_tenths == carried_quantity(breakdown.units_tenths) > 0
    assert read_breakdown(breakdown_text(breakdown)) == breakdown


@given(st.integers(500, 10**9), MONTHS, st.integers(0, 9), DEBTS)
def test_a_token_in_money_carries_what_is_left_and_less_than_a_step_more(
    tendered: int, month: MonthSoFar, skipped: int, debts: tuple[DebtDue, ...]
) -> None:
    tariff_now = sample_tariffs().at("currency_meter", WEDNESDAY.date())
    one = Purchase(tariff_now, WEDNESDAY, 2, replace(month, months_skipped=skipped), debts)
    try:
        breakdown = one.for_money(tendered)
    except AmountError:
        assume(False)
    assert sum(line.amount_minor for line in breakdown.lines) == tendered
    left = breakdown.total(LineKind.UNITS) * 1_000
    assert left == tendered * 1_000 - 1_000 * sum(
        breakdown.total(kind) for kind in LineKind if kind is not LineKind.UNITS
    )
    assert breakdown.credit_money == carried_currency(left) >= left
    assert breakdown.credit_money - left < 10 ** (encode_currency(left) >> 14)
    assert read_breakdown(breakdown_text(breakdown)) == breakdown


@given(NAMES, st.integers(1, 40_000), MONTHS, DEBTS)
def test_the_amount_for_units_buys_these_units(
    name: str, units: int, month: MonthSoFar, debts: tuple[DebtDue, ...]
) -> None:
    tariff_now = sample_tariffs().at(name, WEDNESDAY.date())
    one = Purchase(tariff_now, WEDNESDAY, 2, month, debts)
    try:
        breakdown = one.for_units(units)
    except AmountError as error:
        assume("purchase" not in error.summary)
        raise
    assert breakdown.units_tenths == carried_quantity(units)
    again = one.for_money(breakdown.tendered_minor)
    assert again == breakdown


@given(st.integers(100, 500_000), st.integers(0, 1_000))
def test_more_money_never_buys_less(tendered: int, more: int) -> None:
    one = purchase("flat", debts="20/0/500")
    assert one.for_money(tendered + more).units_tenths >= one.for_money(tendered).units_tenths


@given(st.integers(100, 5_000_000))
def test_units_are_worth_their_price_to_less_than_a_tenth(tendered: int) -> None:
    """The customer's favour is bounded: less than a tenth of a unit while the token tells tenths apart."""
    units = purchase("flat").for_money(tendered).units_tenths
    exact = Fraction(tendered, 20)
    assume(units <= 16_383)
    assert 0 <= units - exact < 1


PRICES = st.decimals("0.30", "9.99", places=4).map(str)
PERCENTS = st.decimals(0, 25, places=2).map(str)


@given(PRICES, PRICES, PERCENTS, PERCENTS, st.booleans(), st.integers(1, 60_000), st.integers(0, 4_000))
def test_any_tariff_adds_up(
    low: str, high: str, first: str, second: str, compound: bool, tendered: int, bought: int
) -> None:
    made: Tariff = tariff(
        f'minimum = "0.01"\nblock = [{{ up_to = 50, price = "{low}" }}, {{ price = "{high}" }}]\n'
        f'tax = [{{ name = "a", percent = "{first}" }}, '
        f'{{ name = "b", percent = "{second}", compound = {str(compound).lower()} }}]'
    )
    one = Purchase(made, WEDNESDAY, 2, MonthSoFar(bought))
    breakdown = one.for_money(tendered)
    assert one.for_units(breakdown.units_tenths).units_tenths == breakdown.units_tenths
    assert one.for_units(breakdown.units_tenths).tendered_minor >= tendered or breakdown.units_tenths > 16_383


def test_a_purchase_without_money_has_no_text() -> None:
    assert breakdown_text(None) == ""
    assert read_breakdown("") is None
