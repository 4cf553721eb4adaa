"""What programs send: every field is bounded and described."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from ferraris.console import vending_bodies
from ferraris.console.vending_bodies import Configuration, SaleOrder
from tests.sts.strategies import loosely_written

BODIES = [
    value
    for value in vars(vending_bodies).values()
    if is_dataclass(value) and value.__module__ == vending_bodies.__name__
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_body_says_what_it_is(body: Any) -> None:
    assert body.__doc__
    assert not body.__doc__.startswith(f"{body.__name__}(")


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_no_text_is_unbounded(body: Any) -> None:
    """Each field of every body refuses a megabyte of text."""
    for field in fields(body):
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(body).validate_python({field.name: "x" * (1 << 20)})
        assert field.name in {str(error["loc"][0]) for error in caught.value.errors()}, field.name


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_a_field_that_nobody_knows_is_refused(body: Any) -> None:
    """A field by another name must not open a drawer with nothing in it."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(body).validate_python({"sum_counted": 5})
    assert "sum_counted" in {str(error["loc"][0]) for error in caught.value.errors()}


def test_money_is_exact() -> None:
    order = {"till": "T", "operator": "ann", "meter": "01000000016", "amount": "20.10"}
    assert TypeAdapter(SaleOrder).validate_python(order).amount == Decimal("20.10")
    assert TypeAdapter(SaleOrder).validate_json(
        f'{{"till":"T","operator":"a","meter":"{"1" * 11}","amount":0.1}}'
    ).amount == Decimal("0.1")


@pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "１２３４５６"])
def test_supply_group_codes(code: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Configuration).validate_python({"supply_group_code": code})


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "\x1b[2J", "\x00", "\x7f", "a\u2028b", "\u202eabc", "\ud800"])
@pytest.mark.parametrize("name", ["name", "contact"])
def test_what_is_printed_gives_printers_no_orders(name: str, text: str) -> None:
    """A customer's name stands on receipts: escape sequences and lines of its own would forge them."""
    customer = {"operator": "ann", "name": "Thandi", name: text}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(vending_bodies.Customer).validate_python(customer)
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


@pytest.mark.parametrize("name", ["Thandi Dlamini", "Zoë Müller", "山田太郎", "O'Neill & Sons", "  Anele  "])
def test_names_of_people_are_taken(name: str) -> None:
    customer = TypeAdapter(vending_bodies.Customer).validate_python({"operator": "ann", "name": name})
    assert customer.name == name.strip()


@given(loosely_written(10, 90))
def test_numbers_are_plain_or_refused(text: str) -> None:
    order = {"till": "T", "operator": "ann", "meter": "01000000016"}
    for field in ("amount", "units"):
        with pytest.raises(ValidationError, match="a decimal number"):
            TypeAdapter(SaleOrder).validate_python({**order, field: text})
    with pytest.raises(ValidationError, match="a whole number"):
        TypeAdapter(Configuration).validate_python({"supply_group_code": "600727", "tariff_index": text})


@pytest.mark.parametrize("number", [True, False, "1e2", ".5", "5.", "", "NaN", "Infinity", "0x10"])
def test_what_is_no_plain_number(number: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Configuration).validate_python({"supply_group_code": "600727", "tariff_index": number})


def test_a_number_that_may_be_left_out_may() -> None:
    whole = [body for body in BODIES for field in fields(body) if "int | None" in str(field.type)]
    assert whole
    for body in whole:
        names = [field.name for field in fields(body) if "int | None" in str(field.type)]
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(body).validate_python({**dict.fromkeys(names), "no such field": 1})
        assert not {error["loc"][0] for error in caught.value.errors()} & set(names)
