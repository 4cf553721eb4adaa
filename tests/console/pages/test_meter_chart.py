"""The chart of a meter's load profile: average power, and gaps that are gaps."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.console.pages.meter_chart import chart_head, chart_options, shown_gaps
from ferraris.console.pages.meter_view import PageView
from tests.console.test_markup import Reader
from tests.console.town import PERIOD_S, START_S, Town

HOUR_S = 3_600


async def chart(street: Town, meter: int, view: PageView | None = None) -> Any:
    return await chart_options(street, street.head_end.state.meters[meter].row, view or PageView(), PERIOD_S)


def values(options: Any, number: int = 0) -> dict[int, float | None]:
    """By seconds since the start of the street."""
    return {time_ms // 1_000 - START_S: value for time_ms, value, _ in options["series"][number]["data"]}


@pytest.mark.anyio
async def test_energy_is_drawn_as_average_power(street: Town) -> None:
    shown = values(await chart(street, 1))
    meter = street.meters[1]
    for time_s in (6 * HOUR_S, 12 * HOUR_S, 19 * HOUR_S):
        counted_wh = meter.register_wh(START_S + time_s) - meter.register_wh(START_S + time_s - PERIOD_S)
        assert shown[time_s] == counted_wh * 4


@pytest.mark.anyio
async def test_an_interval_without_reading_has_no_value(street: Town) -> None:
    """Meter 5 had no supply from eight to ten: nothing is known until a quarter past ten."""
    options = await chart(street, 5)
    times_s = [time_ms // 1_000 - START_S for time_ms, value, _ in options["series"][0]["data"] if value is None]
    empty = [time_s for time_s in times_s if 3 * HOUR_S < time_s < 20 * HOUR_S]
    assert empty == list(range(8 * HOUR_S + PERIOD_S, 10 * HOUR_S + PERIOD_S + 1, PERIOD_S))
    ((first, last),) = options["series"][0]["markArea"]["data"]
    assert (first["xAxis"] // 1_000 - START_S, last["xAxis"] // 1_000 - START_S) == (8 * HOUR_S, 10 * HOUR_S + PERIOD_S)
    assert first["name"] == "no data, 2 h 15 min"


@pytest.mark.anyio
async def test_a_backfilled_outage_leaves_no_gap(street: Town) -> None:
    options = await chart(street, 4)
    assert options["series"][0]["markArea"]["data"] == []


@pytest.mark.anyio
async def test_a_meter_that_is_cut_off_has_a_gap_at_the_end(street: Town) -> None:
    ((first, last),) = (await chart(street, 3))["series"][0]["markArea"]["data"]
    assert last["xAxis"] == street.clock.now_ms()
    assert first["xAxis"] // 1_000 - START_S <= 20 * HOUR_S


@pytest.mark.anyio
async def test_voltages_keep_their_level(street: Town) -> None:
    options = await chart(street, 1, PageView(show="voltage"))
    assert [series["name"] for series in options["series"]] == ["L1", "L2", "L3", "_doubtful"]
    assert all(200 < value < 250 for value in values(options).values() if value is not None)


@pytest.mark.anyio
async def test_a_meter_without_readings_has_an_empty_chart(street: Town) -> None:
    options = await chart(street, 7)
    assert options["series"][0]["data"] == []
    assert len(options["series"][0]["markArea"]["data"]) == 1


def test_before_its_registration_a_meter_lacks_nothing() -> None:
    assert shown_gaps([900 * 5, 900 * 6], 900, 900 * 4, 900 * 6) == []


@pytest.mark.parametrize(("hours", "gaps"), [(1, []), (2, []), (3, [(900, 900 + 3 * HOUR_S)])])
def test_the_newest_intervals_are_on_their_way(hours: int, gaps: list[tuple[int, int]]) -> None:
    assert shown_gaps([900], 900, 0, 900 + hours * HOUR_S) == gaps


def test_the_choices_lead_to_themselves() -> None:
    links = [attributes for name, attributes in Reader(chart_head(PageView(days=3))).tags if name == "a"]
    assert [link["href"] for link in links if "aria-current" in link] == ["?days=3", "?days=3"]
    assert all("data-live" in link for link in links)
