"""A collector lives, dies at any write and lives again from its files; its books are open to the auditor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.simulation.territory import Territory
from ferraris.store import CommandState
from tests.simulation.town import HOUR_S, tell


def test_it_collects(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        await asyncio.sleep(4 * HOUR_S)
        assert collector.running
        assert territory.auditor.rows_stored >= 2 * 4
        until_s = int(territory.script.epoch_ms / 1000 + HOUR_S)
        assert territory.auditor.missing("collector", until_s) == {}
        assert collector.awaited(until_s) == []

    tell(tmp_path, story)


def test_it_awaits_what_it_has_not_got(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        await asyncio.sleep(2 * HOUR_S)
        territory.medium.cut("away", territory.hosts((2,)))
        cut_s = territory.clock.now_ms() // 1000
        await asyncio.sleep(3 * HOUR_S)
        awaited = collector.awaited(cut_s + 2 * 3600)
        assert {meter for meter, _ in awaited} == {2}
        assert all(cut_s - 2 * 3600 < time_s <= cut_s + 2 * 3600 for _, time_s in awaited)

    tell(tmp_path, story)


@pytest.mark.parametrize("writes", [0, 1, 2, 5, 9, 14])
def test_it_dies_at_a_write_and_goes_on_from_its_files(tmp_path: Path, writes: int) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        assert collector.life is not None
        first = collector.life
        first.end_after(writes)
        await asyncio.sleep(6 * HOUR_S)
        assert collector.deaths == 1
        assert not first.alive
        assert collector.running
        assert territory.auditor.missing("collector", int(territory.script.epoch_ms / 1000 + 3 * HOUR_S)) == {}

    tell(tmp_path, story)


@pytest.mark.parametrize("writes", [0, 3, 7])
def test_it_dies_as_it_starts_and_starts_again(tmp_path: Path, writes: int) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        assert collector.life is not None
        collector.next_dies_after = writes
        collector.life.end("any moment")
        await asyncio.sleep(6 * HOUR_S)
        assert collector.deaths == 2
        assert collector.running

    tell(tmp_path, story)


def test_commands_are_posted_and_on_record_even_while_it_is_dead(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        await asyncio.sleep(HOUR_S)
        row = collector.post(1, CommandKind.DISCONNECT, "ann")
        assert row is not None
        await asyncio.sleep(HOUR_S)
        assert [command.state for command in collector.commands(1)] == [CommandState.CONFIRMED]
        assert territory.auditor.executions == {(1, row.id): 1}
        assert collector.life is not None
        collector.life.end("any moment")
        await asyncio.sleep(0.5)
        assert not collector.running
        assert collector.post(1, CommandKind.RECONNECT, "ann") is None
        assert [command.id for command in collector.commands(1)] == [row.id]

    tell(tmp_path, story)


def test_a_command_that_kills_it_may_or_may_not_be_on_record(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        await asyncio.sleep(HOUR_S)
        for writes, recorded in ((0, 0), (1, 1)):
            assert collector.life is not None
            collector.life.end_after(writes)
            assert collector.post(1, CommandKind.READ_NOW, "ann") is None
            assert not collector.running
            await asyncio.sleep(HOUR_S)
            assert len(collector.commands(1)) == recorded

    tell(tmp_path, story)


def test_an_orderly_end_leaves_the_stores_open_and_itself_dead(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        await asyncio.sleep(2 * HOUR_S)
        stores = await collector.stop()
        assert stores.intervals.count() > 0
        await asyncio.sleep(HOUR_S)
        assert not collector.running
        assert collector.deaths == 0

    tell(tmp_path, story)
