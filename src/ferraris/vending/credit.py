"""What a purchase brings to the meter, in words: units of its service, or money where the meter counts money."""

from __future__ import annotations

from ferraris.vending.money import money_text
from ferraris.vending.tariff import TENTHS, UNIT_OF_SERVICE

CURRENCY_CREDIT_DIGITS = 5
"""A currency credit token counts hundred-thousandths."""


def credit_text(units_tenths: int, credit_money: int, service: str, currency: str, minor_digits: int) -> str:
    """29.7 kWh, or ZAR 86.96; empty for nothing. Money is shown in whole minor units: what a token rounds up is left out."""
    if credit_money:
        return f"{currency} {money_text(credit_minor(credit_money, minor_digits), minor_digits)}"
    return f"{tenths_text(units_tenths)} {UNIT_OF_SERVICE[service]}" if units_tenths else ""


def credit_minor(credit_money: int, minor_digits: int) -> int:
    """A credit in whole minor units."""
    return credit_money * int(10**minor_digits) // int(10**CURRENCY_CREDIT_DIGITS)


def tenths_text(tenths: int) -> str:
    """Units with their one decimal: 297 → 29.7."""
    return f"{tenths // TENTHS}.{tenths % TENTHS}"
