"""The till's address says what it shows. What it does is tried in a browser: see test_till_in_browser."""

from __future__ import annotations

import pytest

from ferraris.console.pages.till import TillView
from tests.console.doors import by_page
from tests.console.shop import open_shop


@pytest.mark.parametrize(
    ("query", "view", "path"),
    [
        ("", TillView(), "/till"),
        ("meter=01000000016", TillView("01000000016"), "/till?meter=01000000016"),
        ("?meter=1&by=units", TillView("1", 0, True), "/till?meter=1&by=units"),
        ("sale=41", TillView("", 41), "/till?sale=41"),
        ("sale=x&by=hand", TillView(), "/till"),
        ("sale=99999999999999999999", TillView(), "/till"),
        (f"meter={'1' * 99}", TillView("1" * 24), f"/till?meter={'1' * 24}"),
    ],
)
def test_addresses(query: str, view: TillView, path: str) -> None:
    assert TillView.of_query(query) == view
    assert view.path == path


# typed         what comes of it: the money taken in minor units, or why nothing is sold
SOLD = """
100             10000
100,50          10050
0,999           finer than the currency
1,000           a comma before three digits
1_000           not a plain decimal number
1e3             not a plain decimal number
٣٤              not a plain decimal number
0               an amount is above zero
-5              an amount is above zero
"""


@pytest.mark.anyio
@pytest.mark.parametrize("row", SOLD.strip().splitlines())
async def test_what_is_typed_is_sold_or_refused_in_words(row: str) -> None:
    typed, what = row.split(maxsplit=1)
    with open_shop() as shop:
        answer = await by_page(shop.desk, "T1", shop.meter, typed)
        if what.isdigit():
            assert [str(sale.tendered_minor) for sale in shop.sales()] == [what]
            assert answer.digits == shop.sales()[0].tokens[0].digits
        else:
            assert what in answer.refusal.lower()
            assert shop.sales() == []
