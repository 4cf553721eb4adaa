"""A meter that is told to connect, or does so of itself, calls the head-end, which reads it over that link."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ferraris.cosem import CosemDateTime, Register, obis
from ferraris.cosem.classes.auto_connect import AutoConnect, AutoConnectMode
from ferraris.cosem.classes.push_setup import CommunicationWindow
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


@pytest.mark.parametrize(
    "destination",
    [b"h:" + b"9" * 400, b"h:0", b"h:65536", b"h:-1", b":1", b"", b"\xff:1", b"h\n:1", b"user@h:1", b"[::1"],
    ids=lambda octets: f"{octets!r:.12}",
)
def test_a_destination_that_is_no_address_is_passed_over(fleet: Fleet, destination: bytes) -> None:
    """A client may write any octets as a destination: the calls to the others go on."""

    async def scenario(world: World) -> None:
        headend = CalledHeadend(world, 2)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await order(world, 2, destination, f"{HEADEND}:{CALLS}".encode())
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


# Of itself


def daily(start_h: int, start_m: int, end_h: int, end_m: int) -> CommunicationWindow:
    return CommunicationWindow(
        CosemDateTime(hour=start_h, minute=start_m, second=0), CosemDateTime(hour=end_h, minute=end_m, second=0)
    )


async def set_up(world: World, mode: AutoConnectMode, *windows: CommunicationWindow) -> None:
    async with world.meter(1) as client:
        settings: Any = client
        await settings.set(AutoConnect.destination_list, obis.AUTO_CONNECT, (f"{HEADEND}:{CALLS}".encode(),))
        await settings.set(AutoConnect.repetition_delay, obis.AUTO_CONNECT, 600)
        await settings.set(AutoConnect.calling_window, obis.AUTO_CONNECT, windows)
        await settings.set(AutoConnect.mode, obis.AUTO_CONNECT, mode)


class Held:
    """A head-end that is called, and holds the links: when they came and when they went."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.came: list[int] = []
        self.gone: list[int] = []

    async def answer(self, link: Link) -> None:
        self.came.append(self._minute())
        try:
            async with associated(link, management(1)) as client:
                for _ in range(1_000):
                    await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)
                    await asyncio.sleep(60)
        finally:
            self.gone.append(self._minute())

    def _minute(self) -> int:
        return round(self.world.loop.time() / 60)


@pytest.mark.parametrize(
    "mode", [AutoConnectMode.CONNECTED_IN_WINDOW, AutoConnectMode.CONNECTED_IN_WINDOW_OR_ON_INVOCATION]
)
def test_a_meter_is_connected_while_its_window_is_open(fleet: Fleet, mode: AutoConnectMode) -> None:
    """Local time is an hour ahead: from 00:30 to 01:00 of the world's, in two windows that join."""

    async def scenario(world: World) -> None:
        headend = Held(world)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await set_up(world, mode, daily(1, 30, 1, 45), daily(1, 40, 2, 0))
        await world.until(7_200)
        assert headend.came == pytest.approx([30], abs=2)
        assert headend.gone == pytest.approx([60], abs=2)

    play(fleet, scenario, head=False)


def test_a_meter_is_always_connected_and_calls_again(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        headend = CalledHeadend(world, 1)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await set_up(world, AutoConnectMode.PERMANENTLY_CONNECTED)
        await world.until(3_600)
        seconds = [second for second, _ in headend.read]
        assert 5 <= len(seconds) <= 7, "the head-end takes its leave each time, and is called again ten minutes later"
        before = len(headend.read)
        await set_up(world, AutoConnectMode.CONNECTED_ON_INVOCATION)
        await world.until(7_200)
        assert len(headend.read) == before

    play(fleet, scenario, head=False)


def test_a_window_calls_again_after_a_restart(fleet: Fleet) -> None:
    async def setting_up(world: World) -> None:
        await set_up(world, AutoConnectMode.CONNECTED_IN_WINDOW, daily(1, 30, 2, 0))

    play(fleet, setting_up, head=False)

    async def scenario(world: World) -> None:
        headend = Held(world)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await world.until(3_000)
        assert headend.came == pytest.approx([30], abs=2)

    play(fleet, scenario, head=False)


def test_a_meter_without_power_calls_nobody(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        headend = CalledHeadend(world, 1)
        await world.network.listen(HEADEND, CALLS, headend.answer)
        await set_up(world, AutoConnectMode.CONNECTED_IN_WINDOW, daily(1, 30, 2, 0))
        await world.service.switch_off(0)
        await world.until(5_000)
        assert headend.read == []

    play(fleet, scenario, head=False)
