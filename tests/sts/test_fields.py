"""Fields of tokens for people."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given

from ferraris.sts import (
    CURRENCY_MAX,
    CreditToken,
    CurrencyCreditToken,
    KeyChangeFirstSection,
    KeyType,
    Service,
    Token,
    currency_units,
    tenths,
)
from ferraris.sts.fields import currency_text, quantity_text, token_fields
from tests.sts.strategies import currencies, ea11_tokens, quantities

# token                                                    amount     unit
SHOWN = [
    (CreditToken(Service.ELECTRICITY, 1, 5, 256), "25.6", "kWh"),
    (CreditToken(Service.WATER, 1, 5, 1), "0.1", "m3"),
    (CreditToken(Service.TIME, 1, 5, 10), "1.0", "min"),
    (CurrencyCreditToken(Service.GAS, 1, -99_994), "-0.99994", None),
    (CurrencyCreditToken(Service.GAS, 1, CURRENCY_MAX), f"{CURRENCY_MAX // 10**5}.{CURRENCY_MAX % 10**5:05d}", None),
]


@pytest.mark.parametrize(("token", "amount", "unit"), SHOWN, ids=lambda value: str(value)[:20])
def test_amounts_are_shown_in_their_unit(token: Token, amount: str, unit: str | None) -> None:
    fields = token_fields(token)
    assert fields["amount"] == amount
    assert fields.get("unit") == unit


@given(quantities, currencies)
def test_texts_of_amounts_are_exact(quantity: int, currency: int) -> None:
    assert tenths(Decimal(quantity_text(quantity))) == quantity
    assert currency_units(Decimal(currency_text(currency))) == currency


@given(ea11_tokens)
def test_no_part_of_a_key_is_among_them(token: Token) -> None:
    assert "key_part" not in token_fields(token)


def test_enumerations_are_shown_by_name() -> None:
    fields = token_fields(KeyChangeFirstSection(15, 1, False, True, KeyType.DUTK, 7))
    assert fields == {
        "key_expiry_number_high": 15,
        "key_revision_number": 1,
        "rollover": False,
        "three_token_key_change": True,
        "key_type": "dutk",
    }
