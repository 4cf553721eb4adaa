"""Customers, accounts, meters and debts: registered once, found by what people remember, changed with a row in the audit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ferraris.store import CustomerRow
from ferraris.vending import AmountError, DebtNumberError, NewMeter, UnknownMeterError, UnknownTariffError, VendingError
from tests.vending.house import NOON_MS, OPERATOR, SUPERVISOR, House, configuration, make_house


@pytest.fixture
def house() -> House:
    return make_house(meters=12)


def new(serial: int, **changes: Any) -> NewMeter:
    fields: dict[str, Any] = {"account": "A1", "tariff": "flat", "customer": "C1", "customer_name": "Zoë O'Hara"}
    return NewMeter(configuration(serial), **{**fields, **changes})


def test_what_is_registered_stays_as_it_is(house: House) -> None:
    registry = house.vending.registry
    assert registry.register([new(1), new(50)], OPERATOR, NOON_MS) == 1
    known = registry.meter(configuration(50).meter_pan.decoder_reference_number)
    assert (known.account.number, registry.customer_of(known).name) == ("A1", "Customer 1")


def test_all_or_none_are_registered(house: House) -> None:
    with pytest.raises(UnknownTariffError):
        house.vending.registry.register([new(60), new(61, tariff="gold")], OPERATOR, NOON_MS)
    with pytest.raises(UnknownMeterError):
        house.vending.registry.meter(configuration(60).meter_pan.decoder_reference_number)


@pytest.mark.parametrize("changes", [{"account": ""}, {"customer": "x" * 129}, {"account": "a\nb"}])
def test_numbers_are_short_printable_text(house: House, changes: dict[str, str]) -> None:
    with pytest.raises(VendingError, match="printable"):
        house.vending.registry.register([new(60, **changes)], OPERATOR, NOON_MS)


# what somebody types    how many of the twelve meters
SEARCHES = {
    "Customer 7": 1,
    "customer": 12,
    "CUSTOMER 1": 4,
    "A12": 1,
    "C3": 1,
    "010000000": 9,
    "0100000001": 1,
    "01000000016": 1,
    "%": 0,
    "_": 0,
    "\\": 0,
    "nobody": 0,
    "' OR 1=1 --": 0,
}


@pytest.mark.parametrize("text", SEARCHES)
def test_meters_are_found_by_what_people_remember(house: House, text: str) -> None:
    found = house.vending.registry.find(text)
    assert len(found) == SEARCHES[text]
    assert all(meter.configuration.meter_pan.decoder_reference_number == meter.meter for meter in found)


def test_no_more_are_found_than_asked_for(house: House) -> None:
    assert len(house.vending.registry.find("customer", limit=5)) == 5


def test_a_block_has_a_reason_and_is_lifted_without_one(house: House) -> None:
    registry = house.vending.registry
    registry.block(house.meter, "under dispute", OPERATOR, NOON_MS)
    assert registry.find(house.meter)[0].blocked == "under dispute"
    registry.block(house.meter, "", OPERATOR, NOON_MS)
    assert house.vending.sell(house.request("1"), NOON_MS).tokens


def test_another_tariff_holds_from_now_on(house: House) -> None:
    house.vending.registry.set_tariff("A1", "domestic_blocks", OPERATOR, NOON_MS)
    assert house.vending.quote(house.request("100"), NOON_MS).tariff == "domestic_blocks 2026-07-01"
    with pytest.raises(UnknownTariffError):
        house.vending.registry.set_tariff("A1", "gold", OPERATOR, NOON_MS)
    with pytest.raises(VendingError, match="no such account"):
        house.vending.registry.set_tariff("A99", "flat", OPERATOR, NOON_MS)


def test_a_customer_may_change_its_name(house: House) -> None:
    house.vending.registry.save_customer(CustomerRow(number="C1", name="Anna", contact="555"), OPERATOR, NOON_MS)
    assert house.vending.registry.find("anna")[0].customer == "C1"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"percent": Decimal(100)},
        {"percent": Decimal(-1)},
        {"minimum_minor": -1},
        {"percent": Decimal(0), "minimum_minor": 0},
    ],
)
def test_a_debt_that_cannot_be(house: House, changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"amount_minor": 100, "percent": Decimal(10), **changes}
    amount = fields.pop("amount_minor")
    with pytest.raises(AmountError, match="a debt is above zero"):
        house.vending.registry.open_debt("D1", "A1", "fine", amount, OPERATOR, NOON_MS, **fields)


def test_a_debt_is_opened_once_and_on_an_account(house: House) -> None:
    registry = house.vending.registry
    registry.open_debt("D1", "A1", "fine", 100, OPERATOR, NOON_MS, minimum_minor=1)
    for account in ("A1", "A2"):
        with pytest.raises(DebtNumberError, match="opened before, expected a number of its own, got D1"):
            registry.open_debt("D1", account, "fine", 100, OPERATOR, NOON_MS, minimum_minor=1)
    with pytest.raises(VendingError, match="no such account"):
        registry.open_debt("D2", "A99", "fine", 100, OPERATOR, NOON_MS, minimum_minor=1)
    assert [(debt.number, debt.remaining_minor) for debt in registry.debts("A1")] == [("D1", 100)]


def test_debts_are_paid_by_priority(house: House) -> None:
    registry = house.vending.registry
    for number, priority in (("D1", 2), ("D2", 1)):
        registry.open_debt(number, "A1", "fine", 5_000, SUPERVISOR, NOON_MS, minimum_minor=100, priority=priority)
    sale = house.vending.sell(house.request("10"), NOON_MS)
    assert sale.breakdown
    assert [line.name for line in sale.breakdown.lines if line.kind == "debt"] == ["D2", "D1"]


def test_every_change_is_in_the_audit(house: House) -> None:
    registry = house.vending.registry
    registry.block(house.meter, "x", OPERATOR, NOON_MS)
    registry.report_loaded(house.meter, "seen", "tom", NOON_MS)
    assert [(row.actor, row.action, row.detail) for row in house.vending.audit(subject=house.meter)] == [
        ("tom", "report loaded", "seen"),
        (OPERATOR, "block", "x"),
    ]


def test_the_number_of_a_debt_that_is_paid_is_not_free_again(house: House) -> None:
    registry = house.vending.registry
    registry.open_debt("D1", "A1", "fine", 100, OPERATOR, NOON_MS, minimum_minor=100)
    house.vending.sell(house.request("10"), NOON_MS)
    assert registry.debts("A1") == []
    with pytest.raises(DebtNumberError):
        registry.open_debt("D1", "A1", "fine", 100, OPERATOR, NOON_MS, minimum_minor=100)
    registry.open_debt("D", "A1", "fine", 100, OPERATOR, NOON_MS, minimum_minor=100)
    assert [debt.number for debt in registry.debts("A1")] == ["D"]
