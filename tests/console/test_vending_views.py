"""What REST answers about vending, made of vending's own values."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ferraris.console.vending_views import meter_view, receipt_of, sale_view, sold_view, tariff_view
from ferraris.sts import EncryptionAlgorithm
from ferraris.vending import receipt_text, sample_tariffs
from tests.console.sales import CONFIGURATION, KEY_CHANGE_SALE, SALE
from tests.console.shop import open_shop
from tests.vending.house import settings


def test_tokens_in_fours_in_the_order_of_entry() -> None:
    view = sale_view(KEY_CHANGE_SALE)
    assert view.receipt_number == "0000000042"
    assert view.tokens_in_fours == ("1111 1111 1111 1111 1111", "2222 2222 2222 2222 2222", "1234 5678 9012 3456 7890")


def test_a_tariff_line_by_line() -> None:
    views = {view.name: view for view in map(tariff_view, sample_tariffs().tariffs())}
    blocks = views["domestic_blocks"]
    assert [(line.kind, line.up_to) for line in blocks.lines] == [
        ("block", 350), ("block", 600), ("block", None), ("fixed_charge", None), ("tax_percent", None),
    ]  # fmt: skip
    assert (blocks.minimum, blocks.maximum) == (Decimal(10), Decimal(5_000))
    assert {line.kind for line in views["business_time_of_use"].lines} >= {"rate", "tax_percent"}


def test_a_meter_and_a_receipt_know_the_customer() -> None:
    with open_shop() as shop:
        assert meter_view(shop.vending, shop.meter).customer.name == "Customer 1"
        assert "Customer 1" in receipt_text(receipt_of(shop.vending, shop.sell()))


def test_sample_tables_are_named_beside_new_sales_and_meters() -> None:
    chosen = settings(sample_tables=True)
    newer = replace(SALE, configuration=replace(CONFIGURATION, encryption_algorithm=EncryptionAlgorithm.EA11))
    assert "no real meter" in sold_view(SALE, chosen).notice
    assert sold_view(SALE, settings()).notice == sold_view(newer, chosen).notice == ""
