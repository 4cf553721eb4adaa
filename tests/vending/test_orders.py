"""Orders: what they must name, and the digest that tells one from another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.vending import (
    EngineeringKind,
    EngineeringRequest,
    FreeIssueRequest,
    KeyChangeRequest,
    PaymentKind,
    SaleRequest,
    VendingError,
)
from ferraris.vending.orders import check_text

WHO: dict[str, Any] = {"message_id": "m", "till": "T", "operator": "o", "meter": "1"}


@pytest.mark.parametrize("name", WHO)
@pytest.mark.parametrize("text", ["", "x" * 129, "a\nb", "\x00", "\ud800"])
def test_every_name_is_short_printable_text(name: str, text: str) -> None:
    with pytest.raises(VendingError, match=f"a {name.replace('_', ' ')}"):
        FreeIssueRequest(**{**WHO, name: text})


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused(text: str) -> None:
    good = 0 < len(text) <= 128 and text.isprintable()
    if good:
        check_text("name", text)
        return
    with pytest.raises(VendingError):
        check_text("name", text)


SALE = SaleRequest(**WHO, amount=Decimal(5))
CHANGES: list[dict[str, Any]] = [
    {"till": "U"},
    {"operator": "p"},
    {"meter": "2"},
    {"amount": Decimal(6)},
    {"amount": None, "units": Decimal(5)},
    {"payment": PaymentKind.CARD},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_another_request_has_another_digest(changes: dict[str, Any]) -> None:
    assert replace(SALE, **changes).digest() != SALE.digest()


@pytest.mark.parametrize("amount", ["5", "5.0", "5.000", "0.5e1"])
def test_one_amount_has_one_digest_however_it_is_written(amount: str) -> None:
    assert replace(SALE, amount=Decimal(amount)).digest() == SALE.digest()


@pytest.mark.parametrize("amount", ["5." + 40 * "0" + "1", "4." + 60 * "9", "5E+1", "1E+999999999", "1E-999999999"])
def test_another_amount_has_another_digest_however_close_or_far_it_is(amount: str) -> None:
    assert replace(SALE, amount=Decimal(amount)).digest() != SALE.digest()


positive = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: number > 0)


@given(positive, positive)
def test_digests_are_equal_where_the_amounts_are(one: Decimal, other: Decimal) -> None:
    same = replace(SALE, amount=one).digest() == replace(SALE, amount=other).digest()
    assert same == (one == other)


@given(positive, st.integers(1, 60))
def test_noughts_at_the_end_say_nothing(amount: Decimal, noughts: int) -> None:
    sign, digits, exponent = amount.as_tuple()
    longer = Decimal((sign, digits + (0,) * noughts, int(exponent) - noughts))
    assert replace(SALE, amount=longer).digest() == replace(SALE, amount=amount).digest()


def test_kinds_of_orders_have_digests_of_their_own() -> None:
    orders = [
        SALE,
        FreeIssueRequest(**WHO),
        KeyChangeRequest(**WHO),
        EngineeringRequest(**WHO, kind=EngineeringKind.CLEAR_TAMPER),
        EngineeringRequest(**WHO, kind=EngineeringKind.CLEAR_CREDIT),
        EngineeringRequest(**WHO, kind=EngineeringKind.CLEAR_CREDIT, value=1),
    ]
    assert len({order.digest() for order in orders}) == len(orders)


def test_the_digest_does_not_hang_on_the_message_id_of_a_sale() -> None:
    """It is kept beside the message id, which is its key."""
    assert replace(SALE, message_id="n").digest() == SALE.digest()
