"""The page of shifts."""

from __future__ import annotations

from dataclasses import replace

from ferraris.console.pages.shifts import credits_sold, no_shift, shift_forms, shift_table, shifts_of, totals_card
from ferraris.vending import CreditTotal
from tests.console.shop import Shop, open_shop
from tests.console.test_markup import Reader


def begun(shop: Shop) -> None:
    """A shift at T1 with a float of 200 and a sale of 100."""
    shop.vending.shifts.open("T1", "ann", shop.clock.now_ms(), 20_000)
    shop.clock.advance(1_000)
    shop.sell()
    shop.clock.advance(1_000)


def test_an_open_shift_says_what_the_drawer_should_hold() -> None:
    with open_shop() as shop:
        begun(shop)
        present, every = shifts_of(shop.vending, "T1")
        assert present is not None
        read = Reader(totals_card(present, shop.vending.settings))
        assert "Shift 1 of ann at T1" in read.text
        assert "Sales1Electricity50.0 kWh" in read.text
        assert "Cash100.00 ZARFloat200.00 ZAR" in read.text
        assert read.text.endswith("Should be in the drawer300.00 ZAR")
        assert "Open" in Reader(shift_table(every, shop.vending.settings)).text
        assert shifts_of(shop.vending, "T2")[0] is None


def test_every_service_has_a_total_of_its_own_and_money_is_no_unit() -> None:
    sold = (CreditTotal("electricity", "kWh", 505, 8_695_999), CreditTotal("water", "m³", 12_345, 0))
    with open_shop() as shop:
        begun(shop)
        (present,) = shifts_of(shop.vending, "T1")[1]
        totals, settings = replace(present, credits=sold), shop.vending.settings
        names = [("Electricity", "50.5 kWh"), ("Electricity in money", "86.95 ZAR"), ("Water", "1\u202f234.5 m³")]
        assert credits_sold(totals, settings) == names
        for read in (Reader(totals_card(totals, settings)), Reader(shift_table([totals], settings))):
            assert all(value in read.text for _, value in names)
        assert credits_sold(replace(present, credits=()), settings) == []


def test_a_difference_stands_out() -> None:
    with open_shop() as shop:
        begun(shop)
        shop.vending.shifts.close("T1", "ann", shop.clock.now_ms(), 29_950)
        read = Reader(shift_table(shifts_of(shop.vending, "")[1], shop.vending.settings))
        assert "300.00299.50−0.50" in read.text
        assert ("span", {"class": "chip bad"}) in read.tags


def test_what_ends_something_for_good_asks_first() -> None:
    asked = [
        attributes.get("data-confirm")
        for name, attributes in Reader(shift_forms("ZAR", is_open=True)).tags
        if name == "button"
    ]
    assert asked == ["Close the shift?", None]


def test_forms_for_the_beginning_and_the_end() -> None:
    forms = [
        attributes["data-form"] for name, attributes in Reader(shift_forms("ZAR", is_open=False)).tags if name == "form"
    ]
    assert forms == ["open"]
    forms = [
        attributes["data-form"] for name, attributes in Reader(shift_forms("ZAR", is_open=True)).tags if name == "form"
    ]
    assert forms == ["close", "deposit"]


def test_no_shift() -> None:
    assert "Nobody has opened a shift at <t>." in Reader(no_shift("<t>")).text
    assert "Sign on" in Reader(no_shift("")).text
    with open_shop(meters=0) as shop:
        assert "No shifts yet" in Reader(shift_table([], shop.vending.settings)).text
