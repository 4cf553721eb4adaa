"""Receipts: everything that is needed to enter the tokens, and to explain a refusal from the paper alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.vending import Delivery, SalePendingError, VendingError, make_receipt, receipt_text
from ferraris.vending.credit import tenths_text
from ferraris.vending.receipt import WIDTH
from tests.vending.house import NOON_MS, OPERATOR, SUPERVISOR, House, make_house, settings

PRINTED = """\
            Ferraris
          CREDIT TOKEN
------------------------------------------
Receipt 0000000002    2026-07-01 12:00 UTC
Customer     Ann Other
Account      A1
Meter        01000000016
Till         T1
Operator     olga
Paid by      cash
Tariff       domestic_blocks 2026-07-01
SGC 600727  KRN 1  TI 07  EA 11  Base 2014
------------------------------------------
block 1: 350.0 kWh at 2.1747        761.15
block 2: 5.9 kWh at 2.7483           16.01
network                              22.50
VAT                                 119.95
debt fine (D1)                       80.39
TOTAL                          ZAR 1000.00
------------------------------------------
UNITS                            355.9 kWh
------------------------------------------
Credit token
         DIGITS
------------------------------------------
Enter the token at the meter.
"""


def house_with_debt() -> House:
    house = make_house(tariff_name="domestic_blocks")
    house.vending.registry.open_debt("D1", "A1", "fine", 8_039, SUPERVISOR, NOON_MS, percent=Decimal(50))
    return house


def test_the_paper_line_by_line() -> None:
    house = house_with_debt()
    sale = house.vending.sell(house.request("1000"), NOON_MS)
    assert sale.credit_token
    text = receipt_text(make_receipt(sale, house.vending.settings, "Ann Other"))
    shown = text.replace(sale.credit_token.grouped, "DIGITS")
    assert [line.strip() for line in shown.splitlines()] == [line.strip() for line in PRINTED.splitlines()]
    assert all(len(line) <= WIDTH for line in text.splitlines())


# zone                        as the receipt says it
ZONES = """
UTC                           2026-07-01 12:00 UTC
Africa/Johannesburg           2026-07-01 14:00 SAST
Asia/Kathmandu                2026-07-01 17:45 +0545
Pacific/Guam                  2026-07-01 22:00 ChST
America/St_Johns              2026-07-01 09:30 NDT
"""


@pytest.mark.parametrize("row", ZONES.strip().splitlines())
def test_local_time_names_its_zone_beside_the_whole_number(row: str) -> None:
    zone, date = row.split(maxsplit=1)
    house = make_house(settings=settings(time_zone=ZoneInfo(zone)))
    receipt = make_receipt(house.vending.sell(house.request("10"), NOON_MS), house.vending.settings)
    assert receipt.date == date
    (line,) = [line for line in receipt_text(receipt).splitlines() if line.startswith("Receipt")]
    assert line == f"{'Receipt 0000000001':{WIDTH - len(date)}}{date}"


def test_a_zone_without_a_short_name_is_a_distance() -> None:
    house = make_house(settings=settings(time_zone=timezone(timedelta(hours=-3, minutes=-30))))
    receipt = make_receipt(house.vending.sell(house.request("10"), NOON_MS), house.vending.settings)
    assert receipt.date == "2026-07-01 08:30 -0330"
    assert receipt.number in receipt_text(receipt)


def test_key_change_tokens_come_first_and_say_so() -> None:
    house = make_house()
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    receipt = make_receipt(house.vending.sell(house.request("10"), NOON_MS), house.vending.settings)
    assert [label for label, _ in receipt.tokens] == [
        *(f"Key change {place} of 4" for place in range(1, 5)),
        "Credit token",
    ]
    assert "KRN 2" in receipt_text(receipt)
    assert "then the credit token" in receipt.notes[0]


# delivery      what the paper says
DELIVERIES = {
    Delivery.NONE: "Enter the token",
    Delivery.SENT: "Sent to the meter",
    Delivery.ACCEPTED: "DELIVERED",
    Delivery.REFUSED: "refused",
    Delivery.TYPED: "Entered",
}


@pytest.mark.parametrize("delivery", Delivery)
def test_the_paper_says_what_became_of_the_token(delivery: Delivery) -> None:
    house = make_house()
    sale = replace(house.vending.sell(house.request("10"), NOON_MS), delivery=delivery)
    assert DELIVERIES[delivery] in make_receipt(sale, house.vending.settings).delivery


def test_a_copy_says_which_and_a_reversal_that_it_is_one() -> None:
    house = make_house()
    sale = house.vending.sell(house.request("10"), NOON_MS)
    copy = make_receipt(house.vending.reprint(sale.number, OPERATOR, NOON_MS), house.vending.settings)
    assert "COPY 1" in receipt_text(copy)
    back = make_receipt(house.vending.reverse(sale.number, SUPERVISOR, NOON_MS), house.vending.settings)
    assert "REVERSED" in back.notes[0]


def test_an_order_without_tokens_has_no_receipt() -> None:
    house = make_house()
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError) as caught:
        house.vending.sell(house.request("10"), NOON_MS)
    with pytest.raises(VendingError, match="no receipt"):
        make_receipt(house.vending.sale(caught.value.number), house.vending.settings)


def test_long_names_are_folded_not_lost() -> None:
    house = make_house()
    sale = house.vending.sell(house.request("10"), NOON_MS)
    name = "Umhlabuyalingana Development Cooperative " + "x" * 70
    text = receipt_text(make_receipt(sale, house.vending.settings, name))
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "".join(name.split()) in "".join(text.split())


def test_a_receipt_shows_no_digits_in_its_repr() -> None:
    house = make_house()
    sale = house.vending.sell(house.request("10"), NOON_MS)
    assert sale.tokens[0].grouped not in repr(make_receipt(sale, house.vending.settings))


@pytest.mark.parametrize(("tenths", "text"), [(0, "0.0"), (5, "0.5"), (10, "1.0"), (18_201_624, "1820162.4")])
def test_tenths(tenths: int, text: str) -> None:
    assert tenths_text(tenths) == text


# tariff         paid   what the paper says
UNITS = """
flat             10     UNITS                              5.0 kWh
water            50     UNITS                               2.4 m³
currency_meter  100     CREDIT                           ZAR 76.96
currency_meter  100     credit                               76.96
"""


@pytest.mark.parametrize("row", UNITS.strip().splitlines())
def test_units_are_those_of_the_service_and_money_is_money(row: str) -> None:
    name, paid, line = row.split(maxsplit=2)
    house = make_house(tariff_name=name)
    sale = house.vending.sell(house.request(paid), NOON_MS)
    assert line in receipt_text(make_receipt(sale, house.vending.settings)).splitlines()
    assert "kWh" not in receipt_text(make_receipt(sale, house.vending.settings)) or name == "flat"
