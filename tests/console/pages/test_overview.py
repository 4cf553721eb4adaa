"""The overview's parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.console.figures import compute
from ferraris.console.meters import MeterReader
from ferraris.console.pages.overview import alarm_card, attention_card, rate_figure, state_card, tile_row
from ferraris.headend import open_alarms
from tests.console.test_markup import Reader
from tests.console.town import Town


@pytest.mark.anyio
async def test_the_rate_is_large_and_counted(street: Town) -> None:
    figures = await compute(street)
    text = Reader(rate_figure(figures)).text
    stored, expected = figures.last_24_h.stored, figures.last_24_h.expected
    assert f"1\u202f{stored - 1_000} of 1\u202f{expected - 1_000} intervals" in text
    assert f"Missing of these{expected - stored}Collected today" in text


@pytest.mark.anyio
async def test_tiles_and_states(street: Town) -> None:
    figures = await compute(street)
    text = Reader(tile_row(figures)).text
    assert "Meters20" in text
    assert "Open alarms32 critical" in text
    read = Reader(state_card(figures))
    assert "Wrong key1" in read.text
    links = [attributes["href"] for name, attributes in read.tags if name == "a"]
    assert "/meters?state=wrong_key" in links
    assert len(links) == 6


def test_alarms_and_attention(street: Town) -> None:
    meters, now_ms = MeterReader(street), street.clock.now_ms()
    alarms = Reader(alarm_card(meters, open_alarms(street.head_end.state), now_ms)).text
    assert alarms.index("Meter unreachable") < alarms.index("Terminal cover removed") < alarms.index("Wrong key")
    attention = Reader(attention_card(meters, now_ms)).text
    assert attention.index("FER0000000007") < attention.index("FER0000000003")
    assert "FER0000000001" not in attention


@pytest.mark.anyio
async def test_a_system_without_meters_has_words_for_it(tmp_path: Path) -> None:
    town = Town(tmp_path)
    figures = await compute(town)
    meters = MeterReader(town)
    assert "none due yet" in Reader(rate_figure(figures)).text
    assert "No open alarms" in Reader(alarm_card(meters, (), 0)).text
    assert "All meters are well" in Reader(attention_card(meters, 0)).text
    assert "Open alarms0none critical" in Reader(tile_row(figures)).text
    town.close()
