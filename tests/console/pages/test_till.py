"""The till's address says what it shows. What it does is tried in a browser: see test_till_in_browser."""

from __future__ import annotations

import pytest

from ferraris.console.pages.till import TillView


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
