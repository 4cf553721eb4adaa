"""A client gives a meter a tariff over an association, virtual time runs, and the registers of the rates tell."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import CosemDate, CosemDateTime, Register, obis
from ferraris.cosem.classes.activity_calendar import ActivityCalendar, Day, Season, Week
from ferraris.cosem.classes.register_activation import RegisterActivation
from ferraris.cosem.classes.special_days_table import SpecialDay, SpecialDaysTable
from ferraris.kernel.errors import RefusedError
from ferraris.meter.fleet import Fleet
from ferraris.meter.serving import ServiceSettings
from tests.meter.test_serving import World, play
from tests.meter.test_timed import DAYS, SEASON, WEEK, actions

HOUR_S = 3_600
BY_THE_MINUTE = ServiceSettings(heartbeat_s=60)


async def prepare(client: Any, seasons: tuple[Season, ...], weeks: tuple[Week, ...], days: tuple[Day, ...]) -> None:
    for attribute, value in (
        (ActivityCalendar.season_profile_passive, seasons),
        (ActivityCalendar.week_profile_table_passive, weeks),
        (ActivityCalendar.day_profile_table_passive, days),
    ):
        await client.set(attribute, obis.ACTIVITY_CALENDAR, value)


async def registers(world: World, number: int) -> list[int]:
    """Total, normal and low rate."""
    async with world.meter(number) as client:
        reader: Any = client
        return [
            (await reader.get(Register.value, name)).value
            for name in (obis.ACTIVE_ENERGY_IMPORT, obis.ACTIVE_ENERGY_IMPORT_RATE_1, obis.ACTIVE_ENERGY_IMPORT_RATE_2)
        ]


def test_a_day_and_a_half(fleet: Fleet) -> None:
    """400 W; low until 07:00 and from 23:00 on, local time being an hour ahead. The neighbour keeps one rate."""

    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            await prepare(client, SEASON, WEEK, DAYS)
            await client.invoke(ActivityCalendar.activate_passive_calendar, obis.ACTIVITY_CALENDAR, 0)  # type: ignore[attr-defined]
        for hour, normal, low in ((6, 0, 2400), (8, 800, 2400), (24, 6400, 3200), (36, 8800, 5600)):
            await world.until(hour * HOUR_S)
            total, *rates = await registers(world, 1)
            assert rates == pytest.approx([normal, low], abs=1)
            assert sum(rates) == total
        total, first, second = await registers(world, 2)
        assert (first, second) == (total, 0)

    play(fleet, scenario, BY_THE_MINUTE, head=False)


def test_a_calendar_that_begins_later(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        start = CosemDateTime(2026, 3, 2, None, 2, 0, 0, 0)
        everything_low = (Day(1, actions((0, 0, 2))), Day(2, actions((0, 0, 2))))
        async with world.meter(1) as client:
            await prepare(client, SEASON, WEEK, everything_low)
            await client.set(ActivityCalendar.activate_passive_calendar_time, obis.ACTIVITY_CALENDAR, start)  # type: ignore[attr-defined]
        await world.until(3 * HOUR_S)
        assert (await registers(world, 1))[1:] == pytest.approx([400, 800], abs=1)

    play(fleet, scenario, BY_THE_MINUTE, head=False)


def test_the_active_calendar_and_the_mask_are_not_the_clients_to_write(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            writer: Any = client
            with pytest.raises(RefusedError):
                await writer.set(ActivityCalendar.day_profile_table_active, obis.ACTIVITY_CALENDAR, DAYS)
            with pytest.raises(RefusedError):
                await writer.set(RegisterActivation.active_mask, obis.REGISTER_ACTIVATION, b"\x02")

    play(fleet, scenario, BY_THE_MINUTE, head=False)


def test_a_calendar_too_large_is_refused_and_changes_nothing(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            writer: Any = client
            large = tuple(Day(number, actions(*[(hour, 0, 1) for hour in range(24)])) for number in range(20))
            with pytest.raises(RefusedError):
                await writer.set(ActivityCalendar.day_profile_table_passive, obis.ACTIVITY_CALENDAR, large)
            assert await writer.get(ActivityCalendar.day_profile_table_passive, obis.ACTIVITY_CALENDAR) == ()

    play(fleet, scenario, BY_THE_MINUTE, head=False)


def test_special_days_by_their_index(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            table: Any = client
            days = [SpecialDay(index, CosemDate(None, 12, 24 + index, None), 2) for index in (3, 1, 2)]
            for day in days:
                await table.invoke(SpecialDaysTable.insert, obis.SPECIAL_DAYS, day)
            await table.invoke(SpecialDaysTable.delete, obis.SPECIAL_DAYS, 2)
            listed = await table.get(SpecialDaysTable.entries, obis.SPECIAL_DAYS)
            assert [day.index for day in listed] == [1, 3]
            with pytest.raises(RefusedError):
                await table.invoke(SpecialDaysTable.delete, obis.SPECIAL_DAYS, 2)

    play(fleet, scenario, BY_THE_MINUTE, head=False)
