"""The list of meters: its address, its pages, and that ten thousand cost no more than a moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.meters import MeterReader
from ferraris.console.pages.meters import ROWS, ListView, filter_row, meter_table
from ferraris.headend import Communication, MeterOrder
from tests.console.test_markup import Reader
from tests.console.town import Town, TownMeter


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeterReader]:
    """Ten thousand meters that were just registered."""
    town = Town(Path(tmp_path_factory.mktemp("crowd")), map(TownMeter, range(1, 10_001)))
    yield MeterReader(town)
    town.close()


def shown(meters: MeterReader, view: ListView) -> Reader:
    return Reader(meter_table(meters, view, meters.system.clock.now_ms()))


views = st.builds(
    ListView,
    search=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    state=st.none() | st.sampled_from(Communication),
    order=st.sampled_from(MeterOrder),
    descending=st.booleans(),
    page=st.integers(1, 9_999_999),
)


@given(views)
def test_an_address_brings_its_view_back(view: ListView) -> None:
    assert ListView.of_query(view.path.partition("?")[2]) == view


@pytest.mark.parametrize(
    "query",
    ["state=happy", "sort=colour", "page=0", "page=-1", "page=x", "page=99999999", "page=²", "down=yes", "q=", "?"],
)
def test_what_is_not_understood_is_left_at_its_default(query: str) -> None:
    assert ListView.of_query(query) == ListView()


def test_a_page_of_ten_thousand(crowd: MeterReader) -> None:
    read = shown(crowd, ListView(page=3))
    rows = [attributes["data-href"] for name, attributes in read.tags if name == "tr" and "data-href" in attributes]
    assert len(rows) == ROWS
    assert rows[0] == "/meters/FER0000000101"
    assert "101–150 of 10\u202f000" in read.text


def test_ten_thousand_take_a_moment(crowd: MeterReader) -> None:
    for view in (ListView(), ListView(search="99"), ListView(order=MeterOrder.MISSING, descending=True)):
        before_s = process_time()
        meter_table(crowd, view, 0)
        assert process_time() - before_s < 0.2


def test_a_page_beyond_the_last(crowd: MeterReader) -> None:
    assert "There is no page 999" in shown(crowd, ListView(page=999)).text


def test_sorting_turns_round_at_the_second_click(crowd: MeterReader) -> None:
    def target(view: ListView) -> str | None:
        links = [attributes["href"] or "" for name, attributes in shown(crowd, view).tags if name == "a"]
        return next(href for href in links if href.startswith("/meters?sort=missing"))

    assert target(ListView()) == "/meters?sort=missing&down=1"
    assert target(ListView(order=MeterOrder.MISSING, descending=True)) == "/meters?sort=missing"


def test_filters_count_and_keep_the_search(street: Town) -> None:
    read = Reader(filter_row(MeterReader(street), ListView(search="000", state=Communication.WRONG_KEY)))
    assert "Wrong key1" in read.text
    assert "All20" in read.text
    current = [attributes["href"] for name, attributes in read.tags if name == "a" and "aria-current" in attributes]
    assert current == ["/meters?q=000&state=wrong_key"]


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (ListView(search="<b>nobody"), "None has “<b>nobody” in its serial"),
        (ListView(state=Communication.QUARANTINED), "None in this state"),
    ],
)
def test_nothing_found(street: Town, view: ListView, text: str) -> None:
    assert text in shown(MeterReader(street), view).text


def test_no_meters_at_all(tmp_path: Path) -> None:
    town = Town(tmp_path)
    assert "No meters yet" in shown(MeterReader(town), ListView()).text
    town.close()
