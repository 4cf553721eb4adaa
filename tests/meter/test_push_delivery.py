"""Long pushes of a meter on their way: in general blocks, through lost datagrams, confirmed, and into the head-end's hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import PushSetup, TransportService, obis
from ferraris.cosem.classes.push_setup import ColumnsPushObject, PushOperationMethod
from ferraris.cosem.classes.restricted_attribute import Restriction, RestrictionType
from ferraris.dlms import (
    DATAGRAMS_REMEMBERED,
    DatagramReceiver,
    IncomingPushes,
    PushReceiver,
    ReceivedPush,
    WrapperReceiver,
    confirmation_of,
    encode_wpdu,
)
from ferraris.kernel.limits import PUSH_OCTETS_MAX
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.meter.clients import RisingCounters
from tests.meter.test_pusher import SILENT, to_headend
from tests.meter.test_serving import HEADEND, PUSH_PORT, World, play

NONE = Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))
WHOLE_BUFFER = ColumnsPushObject(7, obis.LOAD_PROFILE, 2, 0, NONE, ())


class Listener:
    """A head-end that loses datagrams and puts pushes together; it may keep silent about them."""

    def __init__(self, world: World, hears: Callable[[], bool] = lambda: True, *, answers: bool = True) -> None:
        self.world, self.hears, self.answers = world, hears, answers
        self.taken: list[ReceivedPush] = []
        self.heard: list[int] = []

    async def take(self, link: Link) -> None:
        datagrams = link.capabilities.keeps_boundaries
        wrapper = DatagramReceiver(DATAGRAMS_REMEMBERED) if datagrams else WrapperReceiver(PUSH_OCTETS_MAX)
        receiver, pushes, counters = PushReceiver(self.world.security), IncomingPushes(), RisingCounters()
        while True:
            octets = await link.receive()
            if datagrams and not self.hears():
                continue
            wrapper.receive(octets)
            for wpdu in wrapper.events():
                self.heard.append(len(wpdu.apdu))
                apdu = pushes.take(wpdu.apdu)
                answers = pushes.outgoing()
                if apdu is not None:
                    push = receiver.receive(apdu)
                    self.taken.append(push)
                    keys = self.world.security(push.system_title)
                    assert keys is not None
                    confirmation = confirmation_of(push, b"FERHES01", keys.keys, counters)
                    answers += [] if confirmation is None else [confirmation]
                for answer in answers * self.answers:
                    await link.send(encode_wpdu(wpdu.destination, wpdu.source, answer))


def push_long(
    fleet: Fleet, transport: TransportService, make: Callable[[World], Listener], *, confirmed: bool = False
) -> Listener:
    """Ask a meter to push its load profile many times over in one push, at noon."""
    listeners = []

    async def scenario(world: World) -> None:
        listener = make(world)
        listeners.append(listener)
        await world.network.listen(HEADEND, PUSH_PORT, listener.take)
        await world.network.listen_datagrams(HEADEND, PUSH_PORT, listener.take)
        await world.until(3 * 3_600)
        async with world.meter(1) as client:
            await client.set(PushSetup.push_object_list, obis.PUSH_SETUP, (WHOLE_BUFFER,) * 60)  # type: ignore[attr-defined]
            await client.set(PushSetup.send_destination_and_method, obis.PUSH_SETUP, to_headend(transport))  # type: ignore[attr-defined]
            if confirmed:
                method = PushOperationMethod.CONFIRMED_RETRY_ON_MISSING_CONFIRMATION
                await client.set(PushSetup.push_operation_method, obis.PUSH_SETUP, method)  # type: ignore[attr-defined]
            await client.invoke(PushSetup.push, obis.PUSH_SETUP, 0)  # type: ignore[attr-defined]
        await asyncio.sleep(1_200)

    play(fleet, scenario, SILENT, head=False)
    return listeners[0]


def rows(push: ReceivedPush) -> int:
    buffers = push.notification.tree().value
    assert isinstance(buffers, tuple)
    (count,) = {len(buffer.value) for buffer in buffers}
    return count


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("transport", [TransportService.TCP, TransportService.UDP])
def test_it_goes_in_blocks_and_comes_whole_once(fleet: Fleet, transport: TransportService, confirmed: bool) -> None:
    listener = push_long(fleet, transport, Listener, confirmed=confirmed)
    (push,) = listener.taken
    assert rows(push) == 12
    assert len(listener.heard) > 1
    assert max(listener.heard) <= PUSH_OCTETS_MAX


def test_lost_datagrams_are_sent_again(fleet: Fleet) -> None:
    random = Random(3)
    listener = push_long(fleet, TransportService.UDP, lambda world: Listener(world, lambda: random.random() > 0.4))
    (push,) = listener.taken
    assert rows(push) == 12


@pytest.mark.parametrize("transport", [TransportService.TCP, TransportService.UDP])
def test_a_listener_that_says_nothing_has_it_all_the_same(fleet: Fleet, transport: TransportService) -> None:
    listener = push_long(fleet, transport, lambda world: Listener(world, answers=False))
    assert rows(listener.taken[0]) == 12
    assert len(listener.taken) == 1
