"""What the till is made of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ferraris.console.pages.till_parts import (
    configuration_text,
    debts_text,
    finder,
    found_list,
    meter_card,
    purchase_form,
    quote_card,
    welcome,
)
from ferraris.console.vending_views import MeterView, meter_view
from ferraris.vending import DebtDue
from tests.console.sales import CONFIGURATION, QUOTE
from tests.console.shop import open_shop
from tests.console.test_markup import Reader

DEBT = DebtDue("D1", "connection fee", 125_000, Decimal(10))


def card(meter: MeterView, serial: str | None = None, free: int = 0) -> Reader:
    return Reader(meter_card(meter, "ZAR", 2, free, serial))


def test_the_field_finds_as_one_types() -> None:
    form = dict(Reader(finder()).tags)["form"]
    assert (form["data-form"], "data-live" in form) == ("find", True)


def test_meters_found_lead_to_the_purchase() -> None:
    with open_shop() as shop:
        shop.vending.registry.block(shop.house.meters[1], "stolen", "x", 0)
        read = Reader(found_list(shop.vending.registry.find("Customer", 5), "Customer"))
        links = [attributes["href"] for name, attributes in read.tags if name == "a"]
        assert links == [f"/till?meter={meter}" for meter in shop.house.meters]
        assert read.text.count("Blocked") == 1
    assert "“<x>”" in Reader(found_list([], "<x>")).text


def test_who_buys() -> None:
    with open_shop() as shop:
        meter = meter_view(shop.vending, shop.meter)
    read = card(meter)
    assert "Customer 1Another meter" in read.text
    assert "Account A1Tariff flat" in read.text
    assert "SGC 600727 · KRN 1 · TI 07 · EA11 · base date 2014" in read.text
    assert [attributes for name, attributes in read.tags if name == "button"] == []
    assert ("a", {"href": "/meters/FER1"}) in card(meter, "FER1").tags
    assert "Free units" in card(meter, free=500).text


def test_what_stands_in_the_way() -> None:
    with open_shop() as shop:
        meter = meter_view(shop.vending, shop.meter)
    blocked = card(replace(meter, blocked="<stolen>"), free=500)
    assert "Blocked: <stolen>" in blocked.text
    assert "Free units" not in blocked.text
    waiting = card(replace(meter, wanted=replace(meter.present, key_revision_number=2)))
    assert "waits for a key change to SGC 600727 · KRN 2" in waiting.text
    assert "Key change only" in waiting.text
    owing = card(replace(meter, debts=(DEBT,)))
    assert "Owes 1\u202f250.00 ZAR for connection fee (10 % of each purchase)" in owing.text
    assert debts_text((), "ZAR", 2) is None


def test_configurations_in_a_line() -> None:
    assert configuration_text(CONFIGURATION) == "SGC 123456 · KRN 2 · TI 01 · EA07 · base date 2014"


def test_the_purchase_by_money_or_units() -> None:
    money, units = (Reader(purchase_form("0700", "ZAR", "kWh", by_units=by_units)) for by_units in (False, True))
    assert "Amount paid, in ZAR" in money.text
    assert "100 ZAR" in money.text
    assert "Units to buy, in kWh" in units.text
    for read, current in ((money, "/till?meter=0700"), (units, "/till?meter=0700&by=units")):
        assert [link["href"] for name, link in read.tags if name == "a" and "aria-current" in link] == [current]
    assert money.text.endswith("CashCardMobile moneyBank transfer")


def test_a_meter_that_counts_money_is_sold_no_units() -> None:
    for by_units in (False, True):
        read = Reader(purchase_form("0700", "ZAR", "", by_units=by_units))
        assert "Amount paid, in ZAR" in read.text
        assert "Units" not in read.text
    assert "Units to buy, in m³" in Reader(purchase_form("0700", "ZAR", "m³", by_units=True)).text


def test_what_it_comes_to_before_anybody_pays() -> None:
    read = Reader(quote_card(QUOTE))
    assert "Buys60.0kWh" in read.text
    assert "To pay171.40 ZAR" in read.text
    assert read.text.endswith("Sell for 171.40 ZAR")
    button = next(attributes for name, attributes in read.tags if name == "button")
    assert (button["form"], button["type"]) == ("purchase", "submit")
    assert "entered first" in Reader(quote_card(replace(QUOTE, key_change=True))).text


def test_an_empty_till_is_ready() -> None:
    assert "Ready to sell" in Reader(welcome()).text
