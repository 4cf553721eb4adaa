"""The summary: what a run brought, failed meters told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.console import summarize
from ferraris.headend import CommandKind
from tests.console.town import START_S, Town, TownMeter

HOUR_S = 3_600


@pytest.mark.anyio
async def test_a_meter_with_another_key_fails_and_owes_nothing(town: Town) -> None:
    town.run(3 * HOUR_S + 1_400)  # everything until three o'clock has had its round
    summary = await summarize(town)
    assert (summary.meters, summary.failed_meters, summary.alarms) == (3, 1, 1)
    assert summary.intervals_expected == 2 * (3 * 4 + 1)
    assert summary.intervals_stored >= 2 * 3 * 4
    assert summary.backfilled == 0


@pytest.mark.anyio
async def test_an_outage_is_backfilled_and_a_lack_of_supply_was_never_due(tmp_path: Path) -> None:
    dark = ((START_S + 2 * HOUR_S, START_S + 3 * HOUR_S),)
    away = ((START_S + 2 * HOUR_S, START_S + 7 * HOUR_S),)
    town = Town(tmp_path, [TownMeter(1, no_supply=dark), TownMeter(2, no_link=away)])
    town.run(10 * HOUR_S + 120)
    for number in (1, 2):
        town.post_command(number, CommandKind.READ_NOW)  # whatever it asks, the meter is read
    town.settle()
    summary = await summarize(town)
    assert summary.intervals_expected == 10 * 4 * 2 - 4
    assert summary.intervals_stored == summary.intervals_expected
    assert summary.collection_rate == 1.0
    assert summary.backfilled >= 12
    assert (summary.failed_meters, summary.collectable) == (0, 0)
    town.close()


@pytest.mark.anyio
async def test_before_anything_was_due_nothing_is_missing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    summary = await summarize(town)
    assert (summary.meters, summary.intervals_expected, summary.collection_rate) == (0, 0, 1.0)
    town.close()
