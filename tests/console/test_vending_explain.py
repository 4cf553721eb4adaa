"""Why a token is refused: each cause that the record of sales can tell, in one table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ferraris.console.vending_explain import Reason, Told, explain
from ferraris.vending import Delivery, Sale
from tests.console.shop import SUPERVISOR, Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def told(shop: Shop, typed: str, meter: str = "") -> Told:
    return explain(shop.vending, shop.vending.registry.meter(meter or shop.meter), typed)


def digits_of(sale: Sale) -> str:
    assert sale.credit_token is not None
    return sale.credit_token.digits


def test_a_good_token(shop: Shop) -> None:
    digits = digits_of(shop.sell())
    found = told(shop, " ".join(digits[at : at + 4] for at in range(0, 20, 4)))
    assert (found.reason, found.receipt_number) == (Reason.GOOD, "0000000001")


@pytest.mark.parametrize(
    "mistype",
    [
        lambda digits: digits[:7] + str((int(digits[7]) + 1) % 10) + digits[8:],
        lambda digits: digits[:19],
        lambda digits: digits[:5] + digits[5] + digits[5:],
        lambda digits: digits[:3] + "o" + digits[4:],
    ],
    ids=["a digit", "one missing", "one too many", "a letter"],
)
def test_a_mistyped_digit_with_the_likely_one(shop: Shop, mistype: object) -> None:
    digits = digits_of(shop.sell())
    found = told(shop, mistype(digits))  # type: ignore[operator]
    assert (found.reason, found.likely) == (Reason.MISTYPED, digits)
    assert digits[:4] in found.text


def test_exchanged_neighbours(shop: Shop) -> None:
    digits = digits_of(shop.sell())
    place = next(at for at in range(19) if digits[at] != digits[at + 1])
    typed = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert told(shop, typed).likely == digits


def test_the_wrong_meter(shop: Shop) -> None:
    digits = digits_of(shop.sell())
    found = told(shop, digits, shop.house.meters[1])
    assert (found.reason, found.result) == (Reason.WRONG_METER, "crc_error")
    assert shop.meter in found.text


def test_a_used_token(shop: Shop) -> None:
    sale = shop.sell()
    shop.vending.mark_delivered(sale.number, Delivery.ACCEPTED, shop.clock.now_ms(), "accept")
    assert told(shop, digits_of(sale)).result == "used_error"


def test_what_the_meter_said(shop: Shop) -> None:
    sale = shop.sell()
    shop.vending.mark_delivered(sale.number, Delivery.REFUSED, shop.clock.now_ms(), "overflow_error")
    found = told(shop, digits_of(sale))
    assert (found.reason, found.result) == (Reason.REFUSED, "overflow_error")
    assert "credit would become too large" in found.text


def test_a_sale_that_was_taken_back(shop: Shop) -> None:
    sale = shop.sell()
    shop.vending.reverse(sale.number, SUPERVISOR, shop.clock.now_ms())
    assert told(shop, digits_of(sale)).reason is Reason.REVERSED


def test_keys_that_changed(shop: Shop) -> None:
    before = shop.sell()
    present = shop.vending.registry.meter(shop.meter).present.sts
    shop.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, shop.clock.now_ms())
    shop.clock.advance(60_000)
    after = shop.sell()
    assert told(shop, digits_of(after)).reason is Reason.KEY_CHANGE_NOT_LOADED
    shop.vending.registry.report_loaded(shop.meter, "seen", SUPERVISOR, shop.clock.now_ms())
    assert told(shop, digits_of(before)).reason is Reason.OLD_KEY
    assert told(shop, digits_of(after)).reason is Reason.GOOD


@pytest.mark.parametrize(
    ("typed", "reason", "result"),
    [
        ("", Reason.FORMAT, "format_error"),
        ("1234", Reason.FORMAT, "format_error"),
        ("9" * 64, Reason.FORMAT, "format_error"),
        ("abcdefghijklmnopqrst", Reason.FORMAT, "format_error"),
        ("12345678901234567890", Reason.UNKNOWN, ""),
    ],
)
def test_digits_of_nobody(shop: Shop, typed: str, reason: Reason, result: str) -> None:
    shop.sell()
    found = told(shop, typed)
    assert (found.reason, found.result) == (reason, result)


def test_over_rest(shop: Shop) -> None:
    digits = digits_of(shop.sell())
    assert shop.post("explain", meter=shop.meter, token=digits)["reason"] == "good"
    assert shop.refused(404, "explain", meter="01000000990", token=digits)["error"] == "unknown_meter_error"
