"""What a sale looks like, and that nothing of it is markup of other people's making."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.console.pages.sale_parts import (
    breakdown_table,
    delivery_steps,
    receipt_path,
    refusal_box,
    sale_path,
    sale_table,
    token_list,
    units_figure,
)
from ferraris.console.vending_words import Refusal
from ferraris.vending import Delivery, SaleState
from tests.console.sales import FREE, IN_MONEY, KEY_CHANGE_SALE, MONEY_SALE, QUOTE, SALE, WATER_SALE
from tests.console.test_markup import Reader


def test_the_breakdown_ends_with_what_is_to_pay() -> None:
    read = Reader(breakdown_table(SALE))
    assert "50.0 kWh at 1.90Credit95.00" in read.text
    assert "VATTax20.40" in read.text
    assert read.text.endswith("Paid171.40 ZAR")


def test_the_units_are_the_largest_thing() -> None:
    read = Reader(units_figure(QUOTE))
    assert read.text == "Buys60.0kWh"
    assert ("div", {"class": "big"}) in read.tags


def test_money_and_water_are_no_kilowatt_hours() -> None:
    assert Reader(units_figure(replace(QUOTE, breakdown=IN_MONEY))).text == "Buys149.04ZAR"
    assert Reader(units_figure(replace(QUOTE, service="water"))).text == "Buys60.0m³"
    assert "50.0 m³ at 1.90" in Reader(breakdown_table(WATER_SALE)).text
    assert Reader(breakdown_table(MONEY_SALE)).text.startswith("creditCredit149.04VAT")


def test_a_token_is_shown_in_fours_and_copied_whole() -> None:
    read = Reader(token_list(SALE))
    assert read.text == "Credit tokenCopy12345678901234567890"
    spans = [name for name, attributes in read.tags if name == "span" and not attributes]
    assert len(spans) == 5
    assert [attributes["data-copy"] for name, attributes in read.tags if "data-copy" in attributes] == [
        "12345678901234567890"
    ]


def test_a_key_change_comes_first_and_says_so() -> None:
    text = Reader(token_list(KEY_CHANGE_SALE)).text
    assert text.startswith("Enter all 3 tokens in this order.1. Key changeCopy1111")
    assert text.index("2. Key change") < text.index("3. Credit token")


@pytest.mark.parametrize(
    ("delivery", "detail", "text", "done"),
    [
        (Delivery.NONE, "", "SoldSent to the meterAccepted or typed", 1),
        (Delivery.SENT, "", "SoldSent to the meterAccepted or typed", 2),
        (
            Delivery.ACCEPTED,
            "accept",
            "SoldSent to the meterAccepted by the meterThe meter took the token. (accept)",
            3,
        ),
        (Delivery.TYPED, "", "SoldTyped by the customer", 2),
        (Delivery.REFUSED, "used_error", "The meter has taken this token before. (used_error)", 3),
        (Delivery.NONE, "no <link>", "No <link>", 1),
    ],
)
def test_the_way_of_a_token(delivery: Delivery, detail: str, text: str, done: int) -> None:
    read = Reader(delivery_steps(replace(SALE, delivery=delivery, delivery_detail=detail)))
    assert text in read.text
    classes = [str(attributes.get("class")) for name, attributes in read.tags if name == "li"]
    assert sum("done" in name for name in classes) == done
    assert any("bad" in name for name in classes) is (delivery is Delivery.REFUSED)


def test_rows_of_sales() -> None:
    read = Reader(sale_table([SALE, replace(FREE, state=SaleState.PENDING, operator="<b>ann</b>")], ""))
    assert "0000000041Sale" in read.text
    assert "171.40 ZAR60.0 kWhSoldNot sent yet" in read.text
    assert "<b>ann</b> at till-1" in read.text
    assert "–50.0 kWhPendingPending" in read.text
    assert [attributes["data-href"] for name, attributes in read.tags if "data-href" in attributes] == [
        "/till/sales/41",
        "/till/sales/43",
    ]


def test_no_sales() -> None:
    assert "No sales yetSell something." in Reader(sale_table([], "Sell something.")).text


def test_addresses() -> None:
    assert sale_path(7) == "/till/sales/7"
    assert receipt_path(7, "pdf") == "/api/v1/vending/sales/7/receipt?format=pdf"


def test_a_refusal_names_the_standards_result() -> None:
    read = Reader(refusal_box(Refusal("Not with this amount", "Too <large>.", "range_error")))
    assert read.text == "Not with this amountrange_errorToo <large>."
    again = Reader(refusal_box(Refusal("Not finished yet", "No answer.", retry=True)))
    assert again.text.endswith("No answer. Send it again: nothing is charged twice.")
