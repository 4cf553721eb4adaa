"""One sale on its page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.console.pages.sale import facts_card, may_reverse, reversal_card, sale_card, with_receipt
from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.vending import Delivery, SaleKind, SalePendingError, SaleState
from tests.console.sales import FREE, SALE
from tests.console.shop import open_shop
from tests.console.test_markup import Reader


def buttons(read: Reader) -> list[str | None]:
    return [
        attributes.get("data-act") for name, attributes in read.tags if name == "button" and "data-act" in attributes
    ]


def test_what_the_customer_gets() -> None:
    read = Reader(sale_card(SALE, "the <receipt>"))
    assert "Sale: 60.0 kWhSold0000000041" in read.text
    assert "171.40 ZAR by cash" in read.text
    assert read.text.endswith("the <receipt>")
    assert buttons(read) == ["reprint", "typed"]
    assert "Next customer" in Reader(sale_card(SALE, "", at_till=True)).text


def test_an_accepted_token_is_not_typed() -> None:
    assert buttons(Reader(sale_card(replace(SALE, delivery=Delivery.ACCEPTED), ""))) == ["reprint"]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [(SaleState.PENDING, "Nothing is charged before it does"), (SaleState.VOID, "nothing was charged")],
)
def test_an_order_without_tokens_says_why(state: SaleState, sentence: str) -> None:
    read = Reader(sale_card(replace(SALE, state=state, tokens=()), ""))
    assert sentence in read.text
    assert buttons(read) == []


def test_all_that_is_on_record() -> None:
    text = Reader(facts_card(replace(SALE, approver="sarah", reprints=2))).text
    for wanted in ("Approved bysarah", "Copies2", "Message idm-41", "To pay171.40 ZAR", "Deliverednot yet"):
        assert wanted in text
    assert "Approved by" not in Reader(facts_card(FREE)).text


def test_what_may_be_taken_back() -> None:
    assert may_reverse(SALE)
    assert may_reverse(FREE)
    assert not may_reverse(replace(SALE, state=SaleState.REVERSED))
    assert not may_reverse(replace(SALE, kind=SaleKind.KEY_CHANGE))
    assert "in no meter" in Reader(reversal_card(SALE)).text
    assert "Only a supervisor" in Reader(reversal_card(replace(SALE, delivery=Delivery.TYPED))).text


def test_a_receipt_comes_with_its_tokens() -> None:
    with open_shop() as shop:
        sale, receipt = with_receipt(shop.vending, shop.sell().number)
        assert sale.credit_token is not None
        assert sale.credit_token.grouped in receipt
        shop.house.module.failure = SecurityModuleUnavailable("away")
        with pytest.raises(SalePendingError):
            shop.sell()
        assert with_receipt(shop.vending, shop.sales()[0].number)[1] == ""
