"""Numbers as people type them: what is plain is taken, what may mean two things is not."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.pages.typed_numbers import typed_amount, typed_whole
from ferraris.vending import AmountError

# typed           means, or no number
AMOUNTS = """
100               100
100.50            100.50
100,50            100.50
0,5               0.5
0,500             0.500
1000,000          1000.000
1,00              1.00
-5                -5
1,000             -
12,345            -
999,999           -
1,000,000         -
1.000.000         -
1_000             -
+5                -
1e5               -
1E-2              -
٣٤                -
NaN               -
Infinity          -
0x10              -
1.                -
.5                -
1 000             -
--5               -
five              -
9999999999999999  -
"""


@pytest.mark.parametrize("row", AMOUNTS.strip().splitlines())
def test_amounts(row: str) -> None:
    typed, _, means = row.rpartition(" ")
    if means == "-":
        with pytest.raises(AmountError):
            typed_amount(typed.rstrip())
    else:
        assert typed_amount(f" {typed.rstrip()} ") == Decimal(means)


@pytest.mark.parametrize("typed", ["", " ", "\n", "\u00a0"])
def test_nothing_is_no_amount(typed: str) -> None:
    with pytest.raises(AmountError):
        typed_amount(typed)


def test_the_refusal_of_a_thousand_says_how_to_write_it() -> None:
    with pytest.raises(AmountError, match="a comma before three digits"):
        typed_amount("1,000")


@pytest.mark.parametrize(("typed", "means"), [("0", 0), (" 7 ", 7), ("007", 7), ("123456789", 123_456_789)])
def test_whole_numbers(typed: str, means: int) -> None:
    assert typed_whole(typed) == means


@pytest.mark.parametrize("typed", ["", "-1", "+1", "1_0", "1.0", "1,0", "٣", "²", "0x1", "1e3", "1234567890", "one"])
def test_what_is_no_whole_number(typed: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        typed_whole(typed)


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        amount = typed_amount(text)
    except AmountError:
        pass
    else:
        assert amount.is_finite()
    with contextlib.suppress(ValueError):
        assert typed_whole(text) >= 0
