"""Amounts on a token: sixteen bits for quantities, twenty for money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    CURRENCY_MAX,
    QUANTITY_MAX,
    StsError,
    carried_currency,
    carried_quantity,
    currency_units,
    decode_currency,
    decode_quantity,
    encode_currency,
    encode_quantity,
    tenths,
    whole,
)
from tests.sts.strategies import loosely_written

#   amount  field  carries
QUANTITIES = """
         0  0000           0
         1  0001           1
       256  0100         256
     16383  3fff       16383
     16384  4000       16384
     16385  4001       16394
     20000  416a       20004
    180213  7fff      180214
    180215  8000      180224
    180223  8000      180224
    180224  8000      180224
   1818623  c000     1818624
   1818624  c000     1818624
  18201624  ffff    18201624
"""


@pytest.mark.parametrize("line", QUANTITIES.split("\n")[1:-1])
def test_quantities_are_rounded_up(line: str) -> None:
    amount, field, carried = line.split()
    assert encode_quantity(int(amount)) == int(field, 16)
    assert decode_quantity(int(field, 16)) == carried_quantity(int(amount)) == int(carried)


@given(st.integers(0, 0xFFFF))
def test_every_field_of_a_quantity_has_one_value(field: int) -> None:
    assert encode_quantity(decode_quantity(field)) == field


@given(st.integers(0, QUANTITY_MAX))
def test_a_quantity_is_credited_whole_and_no_step_more(amount: int) -> None:
    field = encode_quantity(amount)
    assert amount <= decode_quantity(field)
    assert field == 0 or decode_quantity(field - 1) < amount


@pytest.mark.parametrize("amount", [-1, QUANTITY_MAX + 1, 10**40])
def test_what_sixteen_bits_cannot_hold_is_refused(amount: int) -> None:
    with pytest.raises(StsError, match="cannot carry"):
        encode_quantity(amount)


#  money          sign exponent mantissa
CURRENCIES = """
0                 0    0     0
0.16383           0    0     16383
0.16384           0    1     0
1                 0    1     8362
-1                1    1     8361
-0.00001          1    0     1
-1.82044E+14      1    15    16383
1.82044E+14       0    16    0
"""


@pytest.mark.parametrize("line", CURRENCIES.split("\n")[1:-1])
def test_money_is_rounded_in_the_customers_favour(line: str) -> None:
    money, sign, exponent, mantissa = line.split()
    field = encode_currency(currency_units(money))
    assert (field >> 19, field >> 14 & 31, field & 0x3FFF) == (int(sign), int(exponent), int(mantissa))
    assert decode_currency(field) >= currency_units(money)


@given(st.integers(0, 0xF_FFFF))
def test_every_field_of_money_but_minus_nothing_has_one_value(field: int) -> None:
    assert encode_currency(decode_currency(field)) == (0 if field == 1 << 19 else field)


@given(st.integers(-CURRENCY_MAX, CURRENCY_MAX))
def test_money_is_the_next_value_upwards(amount: int) -> None:
    field = encode_currency(amount)
    carried = decode_currency(field)
    assert amount <= carried == carried_currency(amount)
    below = field + 1 if field >> 19 else field - 1
    if field & 0x7_FFFF not in (0, 0x7_FFFF):
        assert decode_currency(below) < amount


@pytest.mark.parametrize("amount", [-CURRENCY_MAX - 1, CURRENCY_MAX + 1])
def test_what_twenty_bits_cannot_hold_is_refused(amount: int) -> None:
    with pytest.raises(StsError, match="cannot carry"):
        encode_currency(amount)


# quantity      tenths
QUANTITY_TEXTS = """
0               0
0.1             1
25.6            256
25.61           257
1820162.4       18201624
1e2             1000
0.000000001     1
-0.05           0
-0.1            -1
-0.19           -1
1E-300          1
"""


@pytest.mark.parametrize("line", QUANTITY_TEXTS.split("\n")[1:-1])
def test_quantities_in_tenths(line: str) -> None:
    text, expected = line.split()
    assert tenths(text) == tenths(Decimal(text)) == int(expected)


def test_limits_in_their_unit() -> None:
    assert [whole(text) for text in ("1000", "1000.0", "999.1", 7)] == [1000, 1000, 1000, 7]


def test_money_in_its_units() -> None:
    assert currency_units("1.82044E+29") == 182044 * 10**29
    assert currency_units(Decimal("12.345678")) == 1_234_568
    assert currency_units(3) == 300_000


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "-sNaN", "1e61", "1e999999999", "1" * 61, "1,5"])
def test_what_is_no_amount_is_refused_at_once(text: str) -> None:
    with pytest.raises(StsError):
        tenths(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**7))
def test_tenths_round_up_exactly(quantity: Decimal) -> None:
    assert tenths(quantity) - 1 < quantity * 10 <= tenths(quantity)


@given(loosely_written())
def test_a_number_is_written_in_plain_digits(text: str) -> None:
    assert int(text) >= 10  # Python would take it
    for reckon in (tenths, whole, currency_units):
        with pytest.raises(StsError, match="no number"):
            reckon(text)


@pytest.mark.parametrize(
    "text", ["e3", "1e", "1e1_0", "NaN", "Infinity", ".5", "5.", "1.2.3", "--1", "", "0x10", "1,5"]
)
def test_spellings_that_are_none(text: str) -> None:
    with pytest.raises(StsError, match="no number"):
        tenths(text)
