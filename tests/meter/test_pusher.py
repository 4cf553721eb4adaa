"""Several push setups of one meter, set up by a client: on a schedule, in windows, with retries, over TCP and UDP."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    CosemDate,
    CosemDateTime,
    CosemTime,
    ExecutionTime,
    PushMessage,
    PushObject,
    PushSetup,
    PushSetupV0,
    SendDestinationAndMethod,
    SingleActionSchedule,
    TransportService,
    obis,
)
from ferraris.cosem.classes.push_setup import (
    ColumnsPushObject,
    CommunicationWindow,
    ConfirmationParameters,
    PushOperationMethod,
)
from ferraris.cosem.classes.restricted_attribute import Restriction, RestrictionType
from ferraris.dlms import PushReceiver, WrapperReceiver, confirmation_of, encode_wpdu
from ferraris.kernel.units import Unit
from ferraris.link import Link
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.memory import FleetMemory
from ferraris.meter.serving import ServiceSettings
from tests.meter.clients import RisingCounters
from tests.meter.steady import MONDAY_MS
from tests.meter.test_serving import HEADEND, PUSH_PORT, World, play

SILENT = ServiceSettings()
EVERY_DAY = CosemDate()


def to_headend(transport: TransportService = TransportService.TCP) -> SendDestinationAndMethod:
    return SendDestinationAndMethod(transport, f"{HEADEND}:{PUSH_PORT}".encode(), PushMessage.A_XDR_APDU)


class Bodies:
    """A head-end that keeps what comes, and when."""

    def __init__(self, world: World, confirms_after: int = 0) -> None:
        self.world = world
        self.silent = confirms_after
        """So many pushes are not confirmed."""
        self.counters = RisingCounters()
        self.taken: list[tuple[int, tuple[Any, ...]]] = []

    async def take(self, link: Link) -> None:
        wrapper, receiver = WrapperReceiver(), PushReceiver(self.world.security)
        while True:
            wrapper.receive(await link.receive())
            for wpdu in wrapper.events():
                push = receiver.receive(wpdu.apdu)
                self.taken.append((round(self.world.loop.time()), tuple(push.notification.values)))
                keys = self.world.security(push.system_title)
                assert keys is not None
                confirmation = confirmation_of(push, b"FERHES01", keys.keys, self.counters)
                if confirmation is not None and len(self.taken) > self.silent:
                    await link.send(encode_wpdu(wpdu.destination, wpdu.source, confirmation))

    @property
    def seconds(self) -> list[int]:
        return [second for second, _ in self.taken]


async def schedule(client: Any, *times: CosemTime) -> None:
    execution = tuple(ExecutionTime(time, EVERY_DAY) for time in times)
    await client.set(SingleActionSchedule.execution_time, obis.PUSH_SCHEDULE, execution)


def quarter_hours() -> Sequence[CosemTime]:
    return [CosemTime(None, minute, 0, 0) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize("transport", [TransportService.TCP, TransportService.UDP])
def test_a_regular_push_by_the_schedule(fleet: Fleet, transport: TransportService) -> None:
    async def scenario(world: World) -> None:
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        await world.network.listen_datagrams(HEADEND, PUSH_PORT, headend.take)
        async with world.meter(2) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend(transport))  # type: ignore[attr-defined]
            await schedule(client, *quarter_hours())
        await world.until(3_650)
        assert headend.seconds == pytest.approx([900, 1800, 2700, 3600], abs=6)
        serials = {values[0] for _, values in headend.taken}
        assert serials == {b"FER0000000002"}
        assert [values[2] for _, values in headend.taken] == [100, 200, 300, 400]

    play(fleet, scenario, SILENT, head=False)


@pytest.mark.parametrize("transport", [TransportService.TCP, TransportService.UDP])
@pytest.mark.parametrize("silent", [0, 2])
def test_a_confirmed_push_is_repeated_until_it_is_confirmed(
    fleet: Fleet, transport: TransportService, silent: int
) -> None:
    """The head-end keeps silent about the first ones; the meter waits half a minute and the repetition delay."""

    async def scenario(world: World) -> None:
        headend = Bodies(world, confirms_after=silent)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        await world.network.listen_datagrams(HEADEND, PUSH_PORT, headend.take)
        async with world.meter(2) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend(transport))  # type: ignore[attr-defined]
            await client.set(
                PushSetup.push_operation_method,  # type: ignore[attr-defined]
                obis.PUSH_SETUP,
                PushOperationMethod.CONFIRMED_RETRY_ON_MISSING_CONFIRMATION,
            )
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(3_600)
        assert len(headend.taken) == silent + 1
        waits = [later - earlier for earlier, later in pairwise(headend.seconds)]
        assert waits == pytest.approx([30 + 60, 30 + 120][:silent], abs=8)

    play(fleet, scenario, SILENT, head=False)


def test_entries_of_a_profile_are_pushed(fleet: Fleet) -> None:
    """The first two entries of the load profile."""
    two = Restriction(
        RestrictionType.ENTRY,
        Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG_UNSIGNED, 1), Data(Tag.DOUBLE_LONG_UNSIGNED, 2))),
    )

    async def scenario(world: World) -> None:
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        await world.until(3_700)
        async with world.meter(1) as client:
            listed = (ColumnsPushObject(7, obis.LOAD_PROFILE, 2, 0, two, ()),)
            await client.set(PushSetup.push_object_list, obis.PUSH_SETUP, listed)  # type: ignore[attr-defined]
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(3_710)
        ((_, values),) = headend.taken
        columns = len(values) // 2
        assert [row[2] for row in (values[:columns], values[columns:])] == [100, 200]

    play(fleet, scenario, SILENT, head=False)


def test_columns_and_elements_are_pushed(fleet: Fleet) -> None:
    """Import only, of the first two entries of the load profile; and the unit of a register."""
    two = Restriction(
        RestrictionType.ENTRY,
        Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG_UNSIGNED, 1), Data(Tag.DOUBLE_LONG_UNSIGNED, 2))),
    )
    every = Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))

    async def scenario(world: World) -> None:
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        await world.until(3_700)
        async with world.meter(1) as client:
            columns = (PushObject(3, obis.ACTIVE_ENERGY_IMPORT, 2),)
            listed = (
                ColumnsPushObject(7, obis.LOAD_PROFILE, 2, 0, two, columns),
                ColumnsPushObject(3, obis.ACTIVE_ENERGY_IMPORT, 3, 2, every, ()),
            )
            await client.set(PushSetup.push_object_list, obis.PUSH_SETUP, listed)  # type: ignore[attr-defined]
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(3_710)
        ((_, values),) = headend.taken
        assert values == (100, 200, Unit.WATT_HOUR)

    play(fleet, scenario, SILENT, head=False)


def test_a_confirmation_holds_for_its_interval(fleet: Fleet) -> None:
    """Asked for from 00:20 on, and then an hour after each: of pushes by the quarter, those at 00:30 and 01:30."""

    async def scenario(world: World) -> None:
        headend = Bodies(world)
        asked: list[int] = []

        async def take(link: Link) -> None:
            wrapper, receiver = WrapperReceiver(), PushReceiver(world.security)
            while True:
                wrapper.receive(await link.receive())
                for wpdu in wrapper.events():
                    push = receiver.receive(wpdu.apdu)
                    keys = world.security(push.system_title)
                    assert keys is not None
                    confirmation = confirmation_of(push, b"FERHES01", keys.keys, headend.counters)
                    if confirmation is not None:
                        asked.append(round(world.loop.time()))
                        await link.send(encode_wpdu(wpdu.destination, wpdu.source, confirmation))

        await world.network.listen(HEADEND, PUSH_PORT, take)
        start = CosemDateTime.from_epoch_ms(MONDAY_MS + 1_200_000)
        async with world.meter(2) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            method = PushOperationMethod.CONFIRMED_RETRY_ON_MISSING_CONFIRMATION
            await client.set(PushSetup.push_operation_method, obis.PUSH_SETUP, method)  # type: ignore[attr-defined]
            await client.set(
                PushSetup.confirmation_parameters,  # type: ignore[attr-defined]
                obis.PUSH_SETUP,
                ConfirmationParameters(start, 3_600 - 60),
            )
            await schedule(client, *quarter_hours())
        await world.until(7_300)
        assert asked == pytest.approx([1_800, 5_400], abs=6)
        async with world.meter(2) as client:
            last = await client.get(PushSetup.last_confirmation_date_time, obis.PUSH_SETUP)  # type: ignore[attr-defined]
        last_ms = last.to_epoch_ms()
        assert last_ms is not None
        assert (last_ms - MONDAY_MS) / 1000 == pytest.approx(5_400, abs=6)

    play(fleet, scenario, SILENT, head=False)


def test_a_push_that_is_reset_is_not_tried_again(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(1) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(70)
        assert fleet.meters[0].push_state(1)[0] > 0
        async with world.meter(1) as client:
            await client.invoke(PushSetup.reset, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        assert (fleet.meters[0].pushes_wanted, fleet.meters[0].push_state(1)) == (0, (0, 0))
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        await world.until(3_000)
        assert headend.taken == []

    play(fleet, scenario, SILENT, head=False)


def test_a_push_waits_for_its_window(fleet: Fleet) -> None:
    """Asked at 01:00 local time, allowed from 01:30 to 02:00."""
    window = CommunicationWindow(CosemDateTime(hour=1, minute=30, second=0), CosemDateTime(hour=2, minute=0, second=0))

    async def scenario(world: World) -> None:
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        async with world.meter(1) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.set(PushSetup.communication_window, obis.PUSH_SETUP, (window,))  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(7_200)
        assert headend.seconds == pytest.approx([1800], abs=2)

    play(fleet, scenario, SILENT, head=False)


def test_tries_and_their_times_survive_a_restart(fleet: Fleet) -> None:
    """Two tries fail; the restarted meter waits as long as it had to, tries twice more, and gives up."""

    async def ask(world: World) -> None:
        async with world.meter(1) as client:
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(100)

    play(fleet, ask, SILENT, head=False)
    meter = fleet.meters[0]
    tries, from_ms = meter.push_state(1)
    assert (meter.pushes_wanted, tries) == (2, 2)
    assert (from_ms - MONDAY_MS) // 1000 == pytest.approx(180, abs=3)

    async def watch(world: World) -> None:
        await world.until(170)
        assert meter.push_state(1) == (2, from_ms)
        await world.until(190)
        assert meter.push_state(1)[0] == 3
        await world.until(430)
        assert (meter.pushes_wanted, meter.push_state(1)) == (0, (0, 0))

    play(fleet, watch, SILENT, head=False)


def test_an_alarm_and_a_regular_push_do_not_wait_for_each_other(fleet: Fleet) -> None:
    """The alarm's destination is not there; the regular push comes."""
    fleet.meters[0].log_event(EventCode.CLOCK_INVALID, MONDAY_MS)

    async def scenario(world: World) -> None:
        headend = Bodies(world)
        await world.network.listen(HEADEND, PUSH_PORT, headend.take)
        nowhere = SendDestinationAndMethod(TransportService.TCP, b"10.0.0.77:1", PushMessage.A_XDR_APDU)
        async with world.meter(1) as client:
            await client.set(PushSetupV0.send_destination_and_method, obis.PUSH_SETUP_ALARM, nowhere)  # type: ignore[attr-defined]
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend())  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await world.until(30)
        assert len(headend.taken) == 1

    play(fleet, scenario, SILENT, head=False)


def test_pushes_wanted_are_in_the_memory(fleet: Fleet) -> None:
    fleet.meters[0].want_push(3)
    fleet.meters[0].want_push(0)
    fleet.meters[0].push_over(0, asked=True)
    directory = fleet.memory.directory.parent
    fleet.close()
    memory = FleetMemory(directory)
    assert memory.state.field("pushes_wanted", 0) == 8
    memory.close()
