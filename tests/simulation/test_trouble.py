"""Each kind of fault does to the territory what it says, for as long as it says, and is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.simulation import CALM, Fault, FaultKind
from ferraris.simulation.faults import COLLECTOR
from ferraris.simulation.script import Order
from ferraris.simulation.territory import Territory
from ferraris.simulation.trouble import ARMED_S, Trouble
from tests.simulation.town import tell

METER = "127.20.0.2"


async def during_and_after(territory: Territory, fault: Fault) -> Trouble:
    """Begin the fault, and come back in the middle of it; the task is `territory`'s to end."""
    trouble = Trouble(territory)
    asyncio.get_running_loop().create_task(trouble.suffer(fault, territory.collectors[0]))
    await asyncio.sleep(fault.start_s + fault.duration_s / 2)
    return trouble


def test_a_partition_cuts_off_and_heals(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        trouble = await during_and_after(territory, Fault(10, 60, FaultKind.PARTITION, (2,)))
        assert not territory.medium.reachable("10.0.0.1", METER)
        assert territory.medium.reachable("10.0.0.1", "127.20.0.1")
        await asyncio.sleep(60)
        assert territory.medium.reachable("10.0.0.1", METER)
        assert trouble.counts == {"partition": 1}

    tell(tmp_path, story)


def test_bad_weather_ends_with_the_last_of_two(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        trouble = Trouble(territory)
        loop, collector = asyncio.get_running_loop(), territory.collectors[0]
        for fault in (Fault(0, 100, FaultKind.BAD_WEATHER), Fault(50, 100, FaultKind.BAD_WEATHER)):
            loop.create_task(trouble.suffer(fault, collector))
        await asyncio.sleep(120)
        assert territory.medium.conditions != CALM
        await asyncio.sleep(40)
        assert territory.medium.conditions == CALM

    tell(tmp_path, story)


def test_an_outage_takes_one_meters_supply(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        await during_and_after(territory, Fault(10, 60, FaultKind.METER_OUTAGE, (2,)))
        assert not territory.medium.reachable("10.0.0.1", METER)
        await asyncio.sleep(60)
        assert territory.medium.reachable("10.0.0.1", METER)

    tell(tmp_path, story)


@pytest.mark.parametrize("kind", [FaultKind.METER_CRASH, FaultKind.COLLECTOR_CRASH])
def test_a_crash_kills_its_program_in_time(tmp_path: Path, kind: FaultKind) -> None:
    async def story(territory: Territory) -> None:
        trouble = Trouble(territory)
        await trouble.suffer(Fault(10, 0, kind, (1,)), territory.collectors[0])
        await asyncio.sleep(ARMED_S)
        program = territory.streets[0] if kind is FaultKind.METER_CRASH else territory.collectors[0]
        assert program.deaths >= 1
        assert program.life is not None

    tell(tmp_path, story)


def test_a_full_disk_is_full_for_a_while(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (collector,) = territory.collectors
        assert collector.life is not None
        await during_and_after(territory, Fault(10, 60, FaultKind.DISK_FULL))
        assert collector.life.disk_full
        assert collector.post(1, CommandKind.READ_NOW, "ann") is None
        await asyncio.sleep(60)
        assert not collector.life.disk_full

    tell(tmp_path, story)


@pytest.mark.parametrize("number", [COLLECTOR, 1])
def test_a_replay_says_again_what_was_said(tmp_path: Path, number: int) -> None:
    async def story(territory: Territory) -> None:
        await territory.streets[0].switch_off(1)
        await territory.streets[0].switch_on(1)
        await asyncio.sleep(600)
        await Trouble(territory).suffer(Fault(0, 0, FaultKind.REPLAY, (number,)), territory.collectors[0])
        host = "127.20.0.1" if number else "10.0.0.1"
        assert f"replay {host}:4059" in territory.log.story("replay")

    tell(tmp_path, story)


def test_an_order_is_posted_at_its_moment(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        await Trouble(territory).order(Order(1, 30.0, 2, CommandKind.READ_NOW))
        (row,) = territory.collectors[0].commands(2)
        assert (row.kind, row.requested_by) == ("read_now", "operator 1")
        assert territory.log.story("posted").endswith("posted meter2 order=1 command=1 what=read_now")

    tell(tmp_path, story)


def test_deaths_last_no_longer_than_their_rate_says(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        trouble = Trouble(territory)
        lasting = [trouble.restart_s() for _ in range(100)]
        assert 1.0 <= min(lasting) < max(lasting) <= 1.0 + territory.script.settings.rates.restart_s_max

    tell(tmp_path, story)
