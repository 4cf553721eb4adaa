"""Money as whole minor units (cents), exact numbers from text, and the one rule by which money is split.

No amount is ever a float, and no split is ever rounded part by part: `apportion` rounds the running sums, half up, so that
the parts are whole and their sum is the whole, to the last minor unit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Self

from ferraris.vending.errors import AmountError

_PLAIN = re.compile(r"-?\d{1,15}(\.\d{1,10})?", re.ASCII)
_WHOLE_DIGITS_MAX = 15
"""Digits before the point: what is above is a slip of the finger, and larger than any sum that a context of `decimal` rounds."""


class Number(Decimal):
    """A decimal number as a table writes it: digits, at most one point, no exponent, never NaN."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number that `text` writes. Raises AmountError."""
        if not _PLAIN.fullmatch(text):
            raise AmountError(
                "not a plain decimal number", expected="digits with at most one point", got=repr(text[:40])
            )
        return cls(text)


def minor_units(amount: Decimal, minor_digits: int) -> int:
    """An amount in whole minor units; AmountError when it has a finer part, or is no number."""
    if not amount.is_finite() or amount.adjusted() >= _WHOLE_DIGITS_MAX:
        raise AmountError("not an amount of money", got=str(amount)[:40])
    rounded = amount.quantize(Decimal(1).scaleb(-minor_digits))
    if rounded != amount:
        raise AmountError(
            "finer than the currency's minor unit", expected=f"{minor_digits} decimals", got=str(amount)[:40]
        )
    return int(rounded.scaleb(minor_digits))


def money_text(minor: int, minor_digits: int) -> str:
    """Minor units as people write the amount: 12345 → 123.45."""
    return f"{Decimal(minor).scaleb(-minor_digits):.{minor_digits}f}"


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def apportion(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """`total` split in proportion to `weights`: whole parts whose running sums are the exact ones rounded half up.

    The parts add up to `total` exactly. A weight of zero gets nothing, unless all are zero: then the first gets it all.
    """
    common = lcm(*(weight.denominator for weight in weights))
    shares = [weight.numerator * (common // weight.denominator) for weight in weights]
    whole = sum(shares)
    if whole == 0:
        return [total, *(0 for _ in weights[1:])]
    parts: list[int] = []
    running = given = 0
    for share in shares:
        running += share
        upto = (2 * total * running + whole) // (2 * whole)
        parts.append(upto - given)
        given = upto
    return parts
