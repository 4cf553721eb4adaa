"""Tariffs as data: what a file may say, what is refused and where, and which tariff is in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from ferraris.kernel.errors import TableError
from ferraris.vending import TariffBook, UnknownTariffError, read_tariff, sample_tariffs
from ferraris.vending.tariff import Hours
from tests.vending.house import book, tariff

BLOCK = 'block = [{ price = "2" }]\n'

# what a tariff says                                                                          what is wrong with it
REFUSED = {
    "": "blocks or rates",
    BLOCK + 'rate = [{ name = "r", price = "1", weight = 1 }]': "blocks or rates",
    'block = [{ price = "0" }]': "above zero",
    'block = [{ price = "-1" }]': "above zero",
    'block = [{ price = "1", up_to = 50 }]': "every block but the last",
    'block = [{ price = "1" }, { price = "2" }]': "every block but the last",
    'block = [{ price = "1", up_to = 50 }, { price = "1", up_to = 50 }, { price = "2" }]': "bounds of blocks rise",
    'block = [{ price = "1", up_to = 0 }, { price = "2" }]': "bounds of blocks rise",
    'block = [{ price = "1e3" }]': "price",
    "block = [{ price = 2.5 }]": "price",
    'rate = [{ name = "r", price = "1" }]': "weight above zero",
    'rate_basis = "time_of_sale"\nrate = [{ name = "r", price = "1", hours = ["6-9"] }]': "exactly one rate has no hours",
    'rate_basis = "sometimes"\n' + BLOCK: "rate_basis",
    'rate = [{ name = "r", price = "1", weight = 1, hours = ["9-6"] }]': "hours",
    BLOCK + 'tax = [{ name = "VAT", percent = "-1" }]': "not below zero",
    BLOCK + 'fixed_charge = [{ name = "n", amount = "-1" }]': "not below zero",
    BLOCK + 'minimum = "0"': "minimum purchase",
    BLOCK + 'minimum = "10"\nmaximum = "9"': "minimum purchase",
    BLOCK + 'free_units = "0.05"': "tenths",
    BLOCK + 'discount = "5"': "discount",
    BLOCK + 'credit = "currency"': "counts money",
    'credit = "currency"\nfree_units = "5"': "counts money",
    'credit = "shells"': "credit",
    BLOCK + "skipped_months_max = -1": "skipped months",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_tariff_that_cannot_be_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(TableError, match=REFUSED[text]) as caught:
        tariff(text)
    assert "a test" in str(caught.value)


def test_a_day_that_is_none() -> None:
    with pytest.raises(TableError, match="effective"):
        read_tariff('name = "t"\neffective = "2026-02-30"\ncurrency = "ZAR"\n' + BLOCK, "a test")


# day          price of the first block
IN_FORCE = """
2025-07-01     2.0000
2026-06-30     2.0000
2026-07-01     2.1747
2031-01-01     2.1747
"""


@pytest.mark.parametrize("row", IN_FORCE.strip().splitlines())
def test_the_newest_tariff_in_force_holds(row: str) -> None:
    day, price = row.split()
    assert str(sample_tariffs().at("domestic_blocks", date.fromisoformat(day)).block[0].price) == price


def test_no_tariff_before_its_first_day_and_none_of_that_name() -> None:
    with pytest.raises(UnknownTariffError, match="2025-06-30"):
        sample_tariffs().at("domestic_blocks", date(2025, 6, 30))
    with pytest.raises(UnknownTariffError, match="no tariff gold"):
        sample_tariffs().at("gold", date(2026, 1, 1))


def test_one_tariff_stands_once_for_a_day() -> None:
    one = tariff(BLOCK)
    with pytest.raises(UnknownTariffError, match="twice"):
        TariffBook([one, one])
    assert book(BLOCK).names() == ("t",)
    assert book(BLOCK).tariffs() == (one,)


def test_every_sample_says_what_it_is_for() -> None:
    assert sample_tariffs().names() == (
        "business_time_of_use",
        "currency_meter",
        "domestic_blocks",
        "evening_saver",
        "flat",
        "water",
    )


def test_weights_give_the_mean_rate() -> None:
    prices = (
        sample_tariffs().at("business_time_of_use", date(2026, 1, 1)).prices_at(datetime(2026, 1, 1, 3, tzinfo=UTC))
    )
    assert prices == (("weighted rate", Fraction("2.67"), None),)


# local time          rate at the time of sale
RATES = """
2026-07-01 05:59      night
2026-07-01 06:00      peak
2026-07-01 08:59      peak
2026-07-01 09:00      day
2026-07-01 18:30      peak
2026-07-01 22:00      night
2026-07-04 07:00      day
2026-07-05 18:30      day
2026-07-05 23:59      night
"""


@pytest.mark.parametrize("row", RATES.strip().splitlines())
def test_the_rate_in_force_when_it_is_sold(row: str) -> None:
    moment, rate = (part.strip() for part in row.split("  ") if part.strip())
    saver = sample_tariffs().at("evening_saver", date(2026, 7, 1))
    assert saver.prices_at(datetime.fromisoformat(moment))[0][0] == rate


def test_taxes_come_in_their_order() -> None:
    business = sample_tariffs().at("business_time_of_use", date(2026, 1, 1))
    assert business.tax_shares == [Fraction("0.025"), Fraction("0.15") * Fraction("1.025")]
    assert business.tax_factor == Fraction("1.025") * Fraction("1.15")
    assert tariff(BLOCK).tax_factor == 1


@pytest.mark.parametrize("text", ["", "6", "6-", "6-25", "9-9", "-1-3", "a-b", "1_0-12", "+6-9", "6 - 9", "٦-٩"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Hours.parse(text)


def test_free_units_are_tenths() -> None:
    assert tariff(BLOCK + 'free_units = "6.5"').free_tenths == 65
