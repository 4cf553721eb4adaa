"""Money is whole, splits are exact, and text is a number only when it plainly is one."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.vending import AmountError, Number, apportion, minor_units, money_text
from ferraris.vending.money import half_up

# amount      digits   minor units
AMOUNTS = """
1             2        100
0.01          2        1
100.5         2        10050
1e3           2        100000
-2.50         2        -250
7             0        7
1.234         3        1234
999999999.99  2        99999999999
"""


@pytest.mark.parametrize("row", AMOUNTS.strip().splitlines())
def test_an_amount_in_minor_units(row: str) -> None:
    amount, digits, minor = row.split()
    assert minor_units(Decimal(amount), int(digits)) == int(minor)


@pytest.mark.parametrize(("amount", "digits"), [("0.001", 2), ("1.5", 0), ("NaN", 2), ("Infinity", 2), ("1e15", 2)])
def test_what_is_no_amount(amount: str, digits: int) -> None:
    with pytest.raises(AmountError):
        minor_units(Decimal(amount), digits)


# amount that a context of `decimal` would round, or unroll into millions of digits
HARD = """
1.0000000000000000000000000000000001
0.00000000000000000000000000000000000001
1E-999999999
1E+999999999
-1E+999999999
999999999999999.990000000000000000000000001
9999999999999999999999999999999999999999
"""


@pytest.mark.parametrize("amount", HARD.split())
def test_no_digit_is_lost_however_many_there_are(amount: str) -> None:
    with pytest.raises(AmountError) as refused:
        minor_units(Decimal(amount), 2)
    assert len(str(refused.value)) < 200


@given(st.decimals(), st.integers(0, 4))
def test_any_decimal_number_is_minor_units_or_refused(amount: Decimal, digits: int) -> None:
    try:
        minor = minor_units(amount, digits)
    except AmountError:
        assert not amount.is_finite() or amount.adjusted() >= 15 or Fraction(amount) * 10**digits % 1
        return
    assert Fraction(amount) * 10**digits == minor


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_text_and_back(minor: int, digits: int) -> None:
    assert minor_units(Decimal(money_text(minor, digits)), digits) == minor


@pytest.mark.parametrize(
    ("value", "rounded"), [("1/2", 1), ("3/2", 2), ("-1/2", 0), ("49/100", 0), ("-3/4", -1), ("5", 5)]
)
def test_a_half_goes_up(value: str, rounded: int) -> None:
    assert half_up(Fraction(value)) == rounded


@given(st.integers(0, 10**12), st.lists(st.fractions(0, 1000), min_size=1, max_size=8))
def test_parts_add_up_and_are_near_their_exact_share(total: int, weights: list[Fraction]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        if whole:
            assert abs(part - total * weight / whole) <= 1
            assert weight or part == 0


# total   weights       parts: the running sums are rounded half up
SPLITS = """
100       1 1 1         33 34 33
1         1 1           1 0
10        0 0           10 0
115       100 15        100 15
7         0 1 0         0 7 0
"""


@pytest.mark.parametrize("row", SPLITS.strip().splitlines())
def test_splits(row: str) -> None:
    total, weights, parts = (part.strip() for part in row.split("  ") if part.strip())
    assert apportion(int(total), [int(weight) for weight in weights.split()]) == [int(part) for part in parts.split()]


@pytest.mark.parametrize("text", ["1", "0.5", "-3.25", "123456789.0123456789"])
def test_a_plain_number(text: str) -> None:
    assert Number.parse(text) == Decimal(text)


@pytest.mark.parametrize("text", ["", "1,5", "1e5", "NaN", "inf", "--1", "1.", ".5", "1 0", "١", "9" * 40])
def test_what_is_no_plain_number(text: str) -> None:
    with pytest.raises(AmountError):
        Number.parse(text)
