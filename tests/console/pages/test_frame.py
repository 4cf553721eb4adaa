"""The frame around the pages."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.console.figures import compute
from ferraris.console.markup import Markup
from ferraris.console.pages.frame import NAVIGATION, _clock, sidebar, topbar
from tests.console.test_markup import Reader
from tests.console.town import Town


def _clock_of(street: Town) -> Markup:
    return _clock(asyncio.run(compute(street)))


@pytest.mark.anyio
async def test_the_navigation_says_where_one_is_and_what_is_open(street: Town) -> None:
    read = Reader(sidebar("/meters", await compute(street)))
    links = [attributes for name, attributes in read.tags if name == "a"]
    assert [link["href"] for link in links[1:]] == [path for _, path in NAVIGATION]
    assert [link["href"] for link in links if "aria-current" in link] == ["/meters"]
    assert "Alarms3" in read.text
    assert "Commands1" in read.text


@pytest.mark.anyio
async def test_fast_time_is_said(street: Town) -> None:
    figures = await compute(street)
    assert "Time runs" not in Reader(sidebar("/", figures)).text
    assert "Time runs 900 times as fast" in Reader(sidebar("/", replace(figures, speed=900.0))).text


def test_the_clock_says_which_zone_it_is_of(street: Town) -> None:
    """The browser writes it; without one it is UTC, and says so."""
    clock = [attributes for name, attributes in Reader(_clock_of(street)).tags if name == "f-time"]
    assert [attributes["shape"] for attributes in clock] == ["clock"]
    assert Reader(_clock_of(street)).text.partition(" UTC")[1]


def test_the_search_keeps_what_was_sought() -> None:
    read = Reader(topbar("Meters", "", '"><script>'))
    assert [name for name, _ in read.tags] == ["header", "h1", "form", "input", "kbd"]
    field = dict(read.tags)["input"]
    assert field["value"] == '"><script>'
    assert "data-search" in field


def test_a_crumb_leads_back() -> None:
    assert Reader(topbar("FER1", "Meters", "")).tags[1] == ("a", {"href": "/meters", "class": "crumb"})
