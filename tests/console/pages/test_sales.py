"""The list of sales."""

from __future__ import annotations

import pytest

from ferraris.console.pages.sales import state_filters, state_of_query
from ferraris.vending import SaleState
from tests.console.test_markup import Reader


@pytest.mark.parametrize(
    ("query", "state"),
    [("", None), ("?state=posted", SaleState.POSTED), ("state=void", SaleState.VOID), ("state=lost", None)],
)
def test_the_address_says_which_are_shown(query: str, state: SaleState | None) -> None:
    assert state_of_query(query) is state


def test_every_state_can_be_asked_for() -> None:
    links = [attributes for name, attributes in Reader(state_filters(SaleState.PENDING)).tags if name == "a"]
    assert len(links) == 1 + len(SaleState)
    assert [link["href"] for link in links if "aria-current" in link] == ["/till/sales?state=pending"]
