"""A meter's page and its address say the same."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.pages.meter_view import DAYS, QUANTITIES, TABS, PageView
from ferraris.console.readings import channel_of

VIEWS = [PageView(show, days, tab) for show, days, tab in product(QUANTITIES, DAYS, TABS)]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_an_address_brings_its_view_back(view: PageView) -> None:
    assert PageView.of_query(view.path) == view


def test_what_is_usual_is_not_in_the_address() -> None:
    assert PageView().path == "?"
    assert PageView(show="voltage", days=7).path == "?show=voltage&days=7"


@given(st.text())
def test_an_address_nobody_made_shows_something(query: str) -> None:
    assert PageView.of_query(query) in VIEWS


@pytest.mark.parametrize("query", ["show=light", "days=2", "days=-1", "tab=<b>", "show=&days=&tab="])
def test_what_is_not_understood_is_left_at_its_default(query: str) -> None:
    assert PageView.of_query(query) == PageView()


def test_every_quantity_has_its_channels() -> None:
    for quantity in QUANTITIES.values():
        for name, _ in quantity.channels:
            assert channel_of(name).tag == name
