"""What a sale and its tokens say of themselves."""

from __future__ import annotations

from ferraris.vending import SoldToken, TokenKind
from tests.vending.house import NOON_MS, make_house


def test_digits_are_shown_in_fours() -> None:
    assert SoldToken("12345678901234567890", TokenKind.CREDIT).grouped == "1234 5678 9012 3456 7890"


def test_a_receipt_number_is_the_number_in_the_ledger() -> None:
    house = make_house()
    sales = [house.vending.sell(house.request("1"), NOON_MS) for _ in range(2)]
    assert [sale.receipt_number for sale in sales] == ["0000000001", "0000000003"]


def test_the_credit_token_is_the_one_with_the_credit() -> None:
    house = make_house()
    sale = house.vending.sell(house.request("1"), NOON_MS)
    assert sale.credit_token == sale.tokens[-1]
