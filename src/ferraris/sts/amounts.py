"""Amounts on a token: sixteen bits for quantities and limits, twenty for money (IEC 62055-41 clause 6.3.6).

Both are a mantissa of 14 bits and an exponent e of a power of ten. The steps grow tenfold with e and the ranges join without
a gap: a field stands for m·10^e + Σ 2^14·10^i (i below e). What lies between two of its values is rounded towards plus
infinity, in the customer's favour; so money that is taken away is rounded down in magnitude. Integers only, never floats.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ferraris.sts.errors import StsError

MANTISSA_BITS: Final = 14
MANTISSA_MAX: Final = (1 << MANTISSA_BITS) - 1
QUANTITY_EXPONENT_MAX: Final = 3
CURRENCY_EXPONENT_MAX: Final = 31
CURRENCY_SIGN: Final = 1 << 19
_PLAIN: Final = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,4})?")
"""How people and tables write a number: `Decimal` itself also takes underscores, blanks and the digits of every script."""
CURRENCY_UNIT: Final = Decimal("0.00001")
"""Currency credit counts hundred-thousandths of the base currency."""
QUANTITY_UNIT: Final = Decimal("0.1")
"""Credit counts tenths of a kilowatt hour, a cubic metre or a minute."""
_DIGITS_MAX: Final = 60
"""Digits of a number that a person gives; the largest currency amount has 40."""


def _step(exponent: int) -> int:
    return int(10**exponent)


def _starts(exponents: int) -> tuple[int, ...]:
    starts = [0]
    for exponent in range(exponents):
        starts.append(starts[-1] + (1 << MANTISSA_BITS) * 10**exponent)
    return tuple(starts)


STARTS: Final = _starts(CURRENCY_EXPONENT_MAX)
"""What mantissa 0 stands for, by exponent."""
QUANTITY_MAX: Final = STARTS[QUANTITY_EXPONENT_MAX] + MANTISSA_MAX * 10**QUANTITY_EXPONENT_MAX
CURRENCY_MAX: Final = STARTS[CURRENCY_EXPONENT_MAX] + MANTISSA_MAX * 10**CURRENCY_EXPONENT_MAX


def encode_quantity(amount: int) -> int:
    """The 16 bits for `amount`, rounded up where they cannot hold it exactly."""
    if not 0 <= amount <= QUANTITY_MAX:
        raise StsError("an amount that a token cannot carry", expected=f"0 to {QUANTITY_MAX}", got=amount)
    exponent, mantissa = _rounded_up(amount)
    return exponent << MANTISSA_BITS | mantissa


def decode_quantity(field: int) -> int:
    """What 16 bits stand for."""
    exponent = field >> MANTISSA_BITS
    return STARTS[exponent] + (field & MANTISSA_MAX) * _step(exponent)


def encode_currency(amount: int) -> int:
    """The 20 bits (sign, exponent, mantissa) for `amount`, rounded towards plus infinity."""
    if not -CURRENCY_MAX <= amount <= CURRENCY_MAX:
        raise StsError("an amount of money that a token cannot carry", expected=f"up to ±{CURRENCY_MAX}", got=amount)
    if amount < 0:
        exponent, mantissa = _rounded_down(-amount)
        return CURRENCY_SIGN | exponent << MANTISSA_BITS | mantissa
    exponent, mantissa = _rounded_up(amount)
    return exponent << MANTISSA_BITS | mantissa


def decode_currency(field: int) -> int:
    """What 20 bits stand for."""
    exponent = (field & ~CURRENCY_SIGN) >> MANTISSA_BITS
    magnitude = STARTS[exponent] + (field & MANTISSA_MAX) * _step(exponent)
    return -magnitude if field & CURRENCY_SIGN else magnitude


def carried_quantity(amount: int) -> int:
    """What a token for `amount` credits: the amount itself, or the next that the field can hold."""
    return decode_quantity(encode_quantity(amount))


def carried_currency(amount: int) -> int:
    """What a token for `amount` of money credits."""
    return decode_currency(encode_currency(amount))


def tenths(quantity: Decimal | str | int) -> int:
    """Kilowatt hours, cubic metres or minutes in tenths, rounded up."""
    return _in_units(quantity, QUANTITY_UNIT)


def whole(quantity: Decimal | str | int) -> int:
    """A limit in its unit, rounded up."""
    return _in_units(quantity, Decimal(1))


def currency_units(money: Decimal | str | int) -> int:
    """An amount of the base currency in its hundred-thousandths, rounded towards plus infinity."""
    return _in_units(money, CURRENCY_UNIT)


def _rounded_up(amount: int) -> tuple[int, int]:
    """Exponent and mantissa of the smallest value not below `amount`. A mantissa of 2^14 carries: it is 0 one up."""
    exponent = 0
    while amount - STARTS[exponent] > MANTISSA_MAX * _step(exponent):
        exponent += 1
    return exponent, -((STARTS[exponent] - amount) // _step(exponent))


def _rounded_down(magnitude: int) -> tuple[int, int]:
    exponent = CURRENCY_EXPONENT_MAX
    while magnitude < STARTS[exponent]:
        exponent -= 1
    return exponent, (magnitude - STARTS[exponent]) // _step(exponent)


def _in_units(number: Decimal | str | int, unit: Decimal) -> int:
    if isinstance(number, str) and not _PLAIN.fullmatch(number):
        raise StsError("no number", expected="a decimal number", got=repr(number[:40]))
    exact = Decimal(number)
    if not exact.is_finite() or exact.adjusted() > _DIGITS_MAX or len(exact.as_tuple().digits) > _DIGITS_MAX:
        raise StsError("no amount", expected=f"a number of at most {_DIGITS_MAX} digits", got=str(number)[:40])
    scale = -int(unit.as_tuple().exponent)
    sign, digits, exponent = exact.as_tuple()
    magnitude = int("".join(map(str, digits)) or "0")
    shift = int(exponent) + scale
    signed = -magnitude if sign else magnitude
    return signed * _step(shift) if shift >= 0 else -(-signed // _step(min(-shift, 4 * _DIGITS_MAX)))
