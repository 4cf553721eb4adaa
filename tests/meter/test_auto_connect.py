"""A meter that is told to connect by itself calls the head-end, which reads it over that link."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Register, obis
from ferraris.cosem.classes.auto_connect import AutoConnect, AutoConnectMode
from ferraris.kernel.errors import RefusedError
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.meter.clients import associated, management
from tests.meter.test_serving import HEADEND, World, play

CALLS = 5_000


class CalledHeadend:
    """Reads every meter that calls, by its number."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.read: list[tuple[int, Any]] = []

    async def answer(self, link: Link) -> None:
        async with associated(link, management(self.number)) as client:
            value = await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)
            self.read.append((round(self.world.loop.time()), value))


async def order(world: World, number: int, *destinations: bytes, repetitions: int = 0) -> None:
    async with world.meter(number) as client:
        settings: Any = client
        await settings.set(AutoConnect.destination_list, obis.AUTO_CONNECT, destinations)
        await settings.set(AutoConnect.repetitions, obis.AUTO_CONNECT, repetitions)
        await settings.set(AutoConnect.repetition_delay, obis.AUTO_CONNECT, 60)
        await settings.invoke(AutoConnect.connect, obis.AUTO_CONNECT, 0)


def test_the_second_destination_answers(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        headend = CalledHeadend(world, 2)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await order(world, 2, b"nonsense", b"10.0.0.99:1", f"{HEADEND}:{CALLS}".encode())
        await world.until(20)
        assert len(headend.read) == 1

    play(fleet, scenario, head=False)


def test_a_call_is_repeated_as_set_up(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        headend = CalledHeadend(world, 1)
        await order(world, 1, f"{HEADEND}:{CALLS}".encode(), repetitions=3)
        await world.until(100)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await world.until(400)
        assert [second for second, _ in headend.read] == pytest.approx([120], abs=3)

    play(fleet, scenario, head=False)


def test_nobody_is_called_unless_the_mode_says_so(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            settings: Any = client
            await settings.set(AutoConnect.mode, obis.AUTO_CONNECT, AutoConnectMode.NO_AUTO_CONNECT)
            with pytest.raises(RefusedError):
                await settings.invoke(AutoConnect.connect, obis.AUTO_CONNECT, 0)

    play(fleet, scenario, head=False)


def test_a_call_ends_with_the_service(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await order(world, 1, b"10.0.0.99:1", repetitions=100)
        await world.until(90)

    play(fleet, scenario, head=False)
