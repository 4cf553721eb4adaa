"""The overview's figures: what was due, what is stored, and how often they are computed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import process_time

import pytest

from ferraris.console.figures import Collected, DueSlots, FigureBoard, compute, start_of_day, time_to_read_s
from ferraris.headend import CollectionPlan, HeadEndConfig
from ferraris.store import Readings
from tests.console.town import PERIOD_S, PLAN, START_S, Town, TownMeter

HOUR_S, DAY_S = 3_600, 86_400


@pytest.mark.parametrize(
    ("expected", "stored", "kept", "rate"), [(100, 97, 97, 0.97), (0, 0, 0, 1.0), (10, 12, 10, 1.0), (4, 0, 0, 0.0)]
)
def test_a_rate(expected: int, stored: int, kept: int, rate: float) -> None:
    collected = Collected.of(0, 3_600, expected, stored)
    assert (collected.stored, collected.rate) == (kept, rate)


def test_slots_are_due_since_registration(town: Town) -> None:
    slots = DueSlots(town.head_end.state)
    assert slots.channels == [1]
    assert slots.between(START_S, START_S + HOUR_S) == 3 * 4
    assert slots.between(START_S - DAY_S, START_S + HOUR_S) == 3 * 4
    assert slots.between(START_S - DAY_S, START_S) == 0
    assert slots.between(START_S + 1, START_S + PERIOD_S) == 3
    assert slots.between(START_S, START_S + PERIOD_S - 1) == 0
    assert slots.between(START_S + HOUR_S, START_S) == 0


def test_an_interval_is_due_when_its_plan_has_had_time() -> None:
    plans = (
        CollectionPlan("a", period_s=3_600, offset_s=120, spread_s=900),
        CollectionPlan("b", period_s=900, spread_s=0),
    )
    assert time_to_read_s(HeadEndConfig(plans=plans)) == 3_600 + 120 + 900 + 60


@pytest.mark.anyio
async def test_figures_of_a_day(street: Town) -> None:
    """After 26 hours with a plan that needs 78 minutes, 24 hours are due."""
    figures = await compute(street)
    assert figures.due_until_s == START_S + 24 * HOUR_S
    assert (figures.last_24_h.start_s, figures.last_24_h.end_s) == (START_S, START_S + DAY_S)
    assert figures.last_24_h.expected == 20 * 96
    # 7 has another key; 3 was cut off at 20:00 (and last read before 19:17); 5 had no supply for two hours.
    missing = figures.last_24_h.expected - figures.last_24_h.stored
    assert 96 + 8 + 16 <= missing <= 96 + 8 + 16 + 5
    assert len(figures.hours) == 26
    assert sum(hour.stored for hour in figures.hours[:24]) == figures.last_24_h.stored
    assert all(hour.end_s - hour.start_s == HOUR_S for hour in figures.hours)
    assert figures.speed == 1.0
    assert figures.overview.meters == 20


@pytest.mark.anyio
async def test_what_a_collection_brings_is_seen(tmp_path: Path) -> None:
    town = Town(tmp_path, [TownMeter(1)])
    before = await compute(town)
    assert (before.last_24_h.expected, before.last_24_h.rate) == (0, 1.0)
    town.clock.advance(4 * HOUR_S * 1_000)
    silent = await compute(town)
    assert (silent.last_24_h.expected, silent.last_24_h.stored, silent.last_24_h.rate) == (8, 0, 0.0)
    times_s = [START_S + number * PERIOD_S for number in range(1, 7)]
    town.stores.intervals.append(Readings.of(1, 1, times_s, 5), 0)
    assert (await compute(town)).last_24_h.rate == 0.75
    town.close()


@pytest.mark.anyio
async def test_the_board_computes_once_for_all_who_ask(street: Town) -> None:
    board = FigureBoard(street)
    first, *others = await asyncio.gather(*(board.current() for _ in range(20)))
    assert all(other is first for other in others)


@pytest.mark.anyio
async def test_the_alarms_beside_the_figures_are_those_they_count(street: Town) -> None:
    board = FigureBoard(street)
    assert board.alarms == ()
    figures = await board.current()
    assert len(board.alarms) == figures.overview.open_alarms
    opened = [alarm.opened_ms for alarm in board.alarms]
    assert opened == sorted(opened, reverse=True)


def test_midnight_is_a_day_or_less_before() -> None:
    for now_s in (START_S, START_S + 12_345, START_S + DAY_S - 1):
        assert now_s - 25 * HOUR_S <= start_of_day(now_s) <= now_s
        assert start_of_day(start_of_day(now_s)) == start_of_day(now_s)


@pytest.mark.anyio
async def test_ten_thousand_meters_cost_a_fraction_of_a_refresh(tmp_path: Path) -> None:
    town = Town(tmp_path, map(TownMeter, range(1, 10_001)), plan=PLAN)
    town.clock.advance(26 * HOUR_S * 1_000)
    await compute(town)
    before_s = process_time()
    figures = await compute(town)
    assert process_time() - before_s < 0.2
    assert figures.last_24_h.expected == 10_000 * 96
    town.close()
