"""The fields of a token for people and files: names and values, amounts in their units as exact decimal text."""

from __future__ import annotations

from dataclasses import fields
from decimal import Context, Decimal
from enum import IntEnum
from typing import Any, Final

from ferraris.sts.amounts import CURRENCY_UNIT, QUANTITY_UNIT
from ferraris.sts.tokens import CreditToken, CurrencyCreditToken, Service, Token

UNIT_OF_SERVICE: Final = {
    Service.ELECTRICITY: "kWh",
    Service.WATER: "m3",
    Service.GAS: "m3",
    Service.TIME: "min",
}
_EXACT: Final = Context(prec=60)


def quantity_text(amount: int) -> str:
    """Tenths as decimal text in the service's unit: 256 is 25.6."""
    return f"{_EXACT.multiply(Decimal(amount), QUANTITY_UNIT):f}"


def currency_text(amount: int) -> str:
    """Hundred-thousandths of the base currency as decimal text."""
    return f"{_EXACT.multiply(Decimal(amount), CURRENCY_UNIT):f}"


def token_fields(token: Token) -> dict[str, Any]:
    """Every field that the token shows, by name; parts of keys are not among them."""
    shown: dict[str, Any] = {}
    for each in fields(token):
        if each.repr:
            value = getattr(token, each.name)
            shown[each.name] = value.name.lower() if isinstance(value, IntEnum) else value
    if isinstance(token, CreditToken):
        shown |= {"amount": quantity_text(token.amount), "unit": UNIT_OF_SERVICE[token.service]}
    if isinstance(token, CurrencyCreditToken):
        shown["amount"] = currency_text(token.amount)
    return shown
