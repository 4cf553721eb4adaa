"""A street lives, dies and lives again from its memory; one meter's supply may fail on its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ferraris.meter import EventCode
from ferraris.simulation.territory import Territory
from tests.simulation.town import HOUR_S, tell


def codes(territory: Territory, number: int) -> list[int]:
    return [code for _, code in territory.auditor.truth.meters[number].events]


def test_meters_capture_and_can_be_reached(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await asyncio.sleep(HOUR_S)
        assert all(len(meter.load.rows) == 4 for meter in territory.auditor.truth.meters.values())
        link = await territory.network.connector("10.0.0.9")("127.20.0.1", 4059)
        await link.aclose()
        assert street.life is not None
        assert street.life.alive

    tell(tmp_path, story)


def test_a_street_that_dies_starts_again_and_logs_the_outage(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await asyncio.sleep(HOUR_S)
        assert street.life is not None
        first = street.life
        first.end("any moment")
        await asyncio.sleep(5)
        assert street.deaths == 1
        assert street.life is not first
        assert street.life.alive
        for number in street.numbers:
            assert codes(territory, number)[-2:] == [EventCode.POWER_DOWN, EventCode.POWER_UP]

    tell(tmp_path, story)


@pytest.mark.parametrize("writes", range(0, 12, 3))
def test_a_street_that_dies_at_a_write_of_its_start_starts_all_the_same(tmp_path: Path, writes: int) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await asyncio.sleep(HOUR_S)
        assert street.life is not None
        street.next_dies_after = writes
        street.life.end("any moment")
        await asyncio.sleep(HOUR_S)
        assert street.next_dies_after is None
        assert street.life.alive
        assert street.deaths == 2

    tell(tmp_path, story)


def test_a_meter_without_supply_is_silent_and_captures_nothing(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await street.switch_off(1)
        await asyncio.sleep(HOUR_S)
        meters = territory.auditor.truth.meters
        assert (len(meters[1].load.rows), len(meters[2].load.rows)) == (0, 4)
        assert not territory.medium.reachable("10.0.0.1", "127.20.0.1")
        await street.switch_on(1)
        await asyncio.sleep(HOUR_S)
        assert len(meters[1].load.rows) == 4
        assert codes(territory, 1)[:2] == [EventCode.POWER_DOWN, EventCode.POWER_UP]

    tell(tmp_path, story)


def test_of_two_outages_the_longer_one_counts_even_over_a_death(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await street.switch_off(1)
        await street.switch_off(1)
        await street.switch_on(1)
        assert street.life is not None
        street.life.end("any moment")
        await asyncio.sleep(HOUR_S)
        assert territory.auditor.truth.meters[1].load.rows == {}
        await street.switch_on(1)
        await asyncio.sleep(HOUR_S)
        assert len(territory.auditor.truth.meters[1].load.rows) == 4

    tell(tmp_path, story)


def test_pushes_come_from_the_streets_gateway(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await street.switch_off(1)
        await street.switch_on(1)
        await asyncio.sleep(60)
        assert f"arrived {street.gateway}:" in territory.log.story()

    tell(tmp_path, story)


def test_a_street_that_ends_in_order_stays_dead(tmp_path: Path) -> None:
    async def story(territory: Territory) -> None:
        (street,) = territory.streets
        await street.stop()
        await asyncio.sleep(HOUR_S)
        assert street.service is None
        assert street.deaths == 0

    tell(tmp_path, story)
