"""The loopback link's own rules, beyond those of every link."""

from __future__ import annotations

import asyncio

from ferraris.kernel.limits import LINK_DATAGRAMS_MAX, LINK_RECEIVE_OCTETS_MAX
from ferraris.link import loopback_pair
from ferraris.simulation import run_virtual


def test_capabilities_say_which_kind_it_is() -> None:
    stream, _ = loopback_pair()
    datagrams, _ = loopback_pair(datagrams=True)
    assert (stream.capabilities.reliable, stream.capabilities.keeps_boundaries) == (True, False)
    assert (datagrams.capabilities.reliable, datagrams.capabilities.keeps_boundaries) == (False, True)


def test_datagrams_beyond_the_queue_are_lost() -> None:
    async def scenario() -> None:
        left, right = loopback_pair(datagrams=True)
        for number in range(LINK_DATAGRAMS_MAX + 1):
            await left.send(bytes([number]))
        received = [(await right.receive())[0] for _ in range(LINK_DATAGRAMS_MAX)]
        assert received == list(range(LINK_DATAGRAMS_MAX))
        await left.send(b"\xff")
        assert await right.receive() == b"\xff"

    run_virtual(scenario())


def test_a_sender_that_waits_goes_on_when_its_own_end_is_closed() -> None:
    async def scenario() -> None:
        left, _ = loopback_pair()
        sending = asyncio.create_task(left.send(bytes(LINK_RECEIVE_OCTETS_MAX)))
        await asyncio.sleep(1)
        assert not sending.done()
        await left.aclose()
        async with asyncio.timeout(1):
            await sending

    run_virtual(scenario())
