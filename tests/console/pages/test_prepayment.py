"""A meter's prepayment on its page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.console.pages.prepayment import CONFIGURATION_STATES, prepayment_content, prepayment_tab
from ferraris.console.vending_views import meter_view
from ferraris.vending import ConfigurationState
from tests.console.shop import SUPERVISOR, open_shop
from tests.console.test_markup import Reader
from tests.console.town import meter_row


def test_who_buys_which_keys_and_which_tokens() -> None:
    with open_shop() as shop:
        present = shop.vending.registry.meter(shop.meter).present.sts
        shop.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, shop.clock.now_ms())
        shop.sell()
        view, sales = meter_view(shop.vending, shop.meter), shop.sales()
    read = Reader(prepayment_content(view, sales, "ZAR", 2))
    assert f"{view.meter}Customer 1Account A1Tariff flatSell" in read.text
    assert "Tokens issued600727DUTK, revision 2, EA11072014" in read.text
    assert "In the meter600727DUTK, revision 1" in read.text
    assert "0000000001Sale" in read.text
    assert ("a", {"href": f"/till?meter={view.meter}", "class": "button small primary"}) in read.tags


@pytest.mark.anyio
async def test_meters_without_prepayment_say_so() -> None:
    with open_shop(meters=1) as shop:
        none = replace(meter_row(1), decoder_reference_number="")
        assert "No prepayment" in Reader(await prepayment_tab(shop.desk, none)).text
        assert "No prepayment" in Reader(await prepayment_tab(None, meter_row(1))).text
        assert "Not registered for vending" in Reader(await prepayment_tab(shop.desk, meter_row(9))).text
        assert "Customer 1" in Reader(await prepayment_tab(shop.desk, meter_row(1))).text


def test_every_state_has_a_name() -> None:
    assert set(CONFIGURATION_STATES) == set(ConfigurationState)
