"""Elements as plain values: what is missing or wrong in them is said by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.xmlvend.names import BASE, REVENUE
from ferraris.console.xmlvend.node import LetterError, Node, node

LETTER = node(
    "revenue:creditVendReq",
    node("base:msgID", dateTime="20260101000000", uniqueNumber="7"),
    None,
    node("revenue:amt", value="20.50", symbol=" "),
    node("revenue:tx"),
    node("revenue:tx"),
    kind="revenue:CreditVendReq",
)


def test_names_have_the_namespace_of_their_prefix() -> None:
    assert (LETTER.namespace, LETTER.name, LETTER.type) == (REVENUE, "creditVendReq", "revenue:CreditVendReq")
    assert LETTER.need("msgID").namespace == BASE
    assert len(LETTER.children) == 4


def test_what_is_none_is_left_out() -> None:
    assert dict(node("base:utility", name="A", address=None).attributes) == {"name": "A"}


def test_children_are_found_by_name() -> None:
    assert LETTER.get("custDetail") is None
    assert LETTER.need("msgID").attribute("uniqueNumber") == "7"
    assert len(list(LETTER.named("tx"))) == 2


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda letter: letter.need("idMethod"), "creditVendReq has no idMethod"),
        (lambda letter: letter.get("tx"), "creditVendReq has 2 elements tx, expected one"),
        (lambda letter: letter.need("msgID").attribute("id"), "msgID has no attribute id"),
        (lambda letter: letter.need("amt").attribute("symbol"), "amt has no attribute symbol"),
    ],
)
def test_what_is_missing_is_said(ask: object, sentence: str) -> None:
    with pytest.raises(LetterError) as caught:
        ask(LETTER)  # type: ignore[operator]
    assert str(caught.value) == sentence


@pytest.mark.parametrize("text", ["20.50", "0", "-3", "12345678901234567890", ".5", "5."])
def test_amounts(text: str) -> None:
    assert node("base:amt", value=text).amount() == Decimal(text)


@pytest.mark.parametrize("text", ["", "  ", "1e9", "1,5", "NaN", "Infinity", "٣", "1.2.3", "--1", "1" * 21, ".", "-"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(LetterError):
        node("base:amt", value=text).amount()


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_an_error(text: str) -> None:
    try:
        assert Node("", "amt", attributes={"value": text}).amount().is_finite()
    except LetterError:
        assert not (text.isascii() and text.isdigit())
