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
    for wanted in (
        "Approved bysarah",
        "Copies2",
        "Message idm-41",
        "Paid171.40 ZAR",
        "Paid byCash",
        "Deliverednot yet",
    ):
        assert wanted in text
    assert "Approved by" not in Reader(facts_card(FREE)).text


def test_what_may_be_taken_back() -> None:
    assert may_reverse(SALE)
    assert may_reverse(FREE)
    assert not may_reverse(replace(SALE, state=SaleState.REVERSED))
    assert not may_reverse(replace(SALE, kind=SaleKind.KEY_CHANGE))


# What is known of the delivery, what the meter said, and what the page says before a sale is taken back.
BEFORE = """
none      -          Nothing recalls a token
sent      -          Nothing recalls a token
refused   crc_error  Nothing recalls a token
refused   old_error  refuses this token for good
typed     -          may have it already. Only a supervisor
accepted  accept     may have it already. Only a supervisor
"""


@pytest.mark.parametrize("row", BEFORE.strip().splitlines())
def test_who_takes_a_sale_back_is_said_before(row: str) -> None:
    delivery, said, sentence = row.split(maxsplit=2)
    text = Reader(reversal_card(replace(SALE, delivery=Delivery(delivery), delivery_detail=said))).text
    assert sentence in text
    assert ("Only a supervisor" in text) == (said != "old_error")


# A reversed sale, what became of its token, and what is said of money and credit.
AFTER = """
none      -
refused   are no words
sent      The money was given back, and the meter may have taken the token: 29.7 kWh
typed     The money was given back, and the meter may have taken the token: 29.7 kWh
accepted  The money was given back, and the meter took the token: 29.7 kWh
"""


@pytest.mark.parametrize("row", AFTER.strip().splitlines())
def test_money_and_credit_that_parted_are_explained(row: str) -> None:
    delivery, sentence = row.split(maxsplit=1)
    sale = replace(SALE, state=SaleState.REVERSED, delivery=Delivery(delivery))
    text = Reader(sale_card(sale, "")).text
    assert ("The money was given back" in text) == (delivery in {"sent", "typed", "accepted"})
    assert "The money was given back" not in Reader(sale_card(replace(sale, state=SaleState.POSTED), "")).text
    if "The money" in sentence:
        assert sentence.split(": ")[0] in text
        assert "Open a debt of the account for it: ferraris vend debt." in text


def test_a_receipt_comes_with_its_tokens() -> None:
    with open_shop() as shop:
        sale, receipt = with_receipt(shop.vending, shop.sell().number)
        assert sale.credit_token is not None
        assert sale.credit_token.grouped in receipt
        shop.house.module.failure = SecurityModuleUnavailable("away")
        with pytest.raises(SalePendingError):
            shop.sell()
        assert with_receipt(shop.vending, shop.sales()[0].number)[1] == ""
