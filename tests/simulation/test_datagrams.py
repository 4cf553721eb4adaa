"""Simulated datagrams: lost, doubled and overtaken one by one, never cut or joined."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError, LocalProtocolError
from ferraris.kernel.limits import DATAGRAM_OCTETS_MAX, LINK_DATAGRAMS_MAX
from ferraris.link import Link, receive_within
from ferraris.simulation import Conditions, Network, run_virtual
from tests.simulation.bottle import COLLECTOR, EXACT, METER, OTHER, PORT, echo, network


def run_push(
    scenario: Callable[[Network, Link, list[bytes]], Awaitable[None]], conditions: Conditions = EXACT, seed: int = 1
) -> None:
    """Run `scenario` with a meter's link to the collector, which lists what it hears."""

    async def main() -> None:
        world = network(seed, conditions)
        heard: list[bytes] = []

        async def handler(link: Link) -> None:
            while True:
                heard.append(await link.receive())

        await world.listen_datagrams(COLLECTOR, PORT, handler)
        await scenario(world, await world.datagram_connector(METER)(COLLECTOR, PORT), heard)

    run_virtual(main())


def test_datagrams_are_lost() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        for number in range(200):
            await meter.send(bytes([number]))
            await asyncio.sleep(1)
        assert 80 < len(heard) < 120
        assert heard == sorted(set(heard))

    run_push(scenario, replace(EXACT, loss=0.5))


def test_datagrams_are_doubled() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        for number in range(50):
            await meter.send(bytes([number]))
            await asyncio.sleep(1)
        assert heard == [bytes([number // 2]) for number in range(100)]

    run_push(scenario, replace(EXACT, duplication=1.0))


def test_datagrams_overtake_one_another() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        sent = [bytes([number]) * 5 for number in range(30)]
        for datagram in sent:
            await meter.send(datagram)
        await asyncio.sleep(10)
        assert heard != sent
        assert sorted(heard) == sent

    run_push(scenario, Conditions(latency_min_ms=1, latency_max_ms=5000))


def test_a_partition_lets_nothing_pass_and_keeps_nothing() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        world.medium.cut("storm", [METER])
        await meter.send(b"lost")
        await asyncio.sleep(1)
        world.medium.heal("storm")
        await meter.send(b"heard")
        await asyncio.sleep(1)
        assert heard == [b"heard"]

    run_push(scenario)


def test_a_datagram_to_nobody_is_nothing_but_a_line_of_the_log() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        stranger = await world.datagram_connector(METER)(OTHER, PORT)
        await stranger.send(b"anyone?")
        with pytest.raises(LinkTimeoutError):
            await receive_within(stranger, 100)
        assert "nobody 127.20.0.1:" in world.medium.log.story()

    run_push(scenario)


def test_the_largest_datagram() -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        with pytest.raises(LocalProtocolError):
            await meter.send(bytes(DATAGRAM_OCTETS_MAX + 1))
        await meter.send(bytes(DATAGRAM_OCTETS_MAX))
        await asyncio.sleep(1)
        assert [len(datagram) for datagram in heard] == [DATAGRAM_OCTETS_MAX]

    run_push(scenario)


def test_a_receiver_that_lags_keeps_only_so_many() -> None:
    async def scenario() -> None:
        world = network()
        accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            accepted.set_result(link)
            await asyncio.Event().wait()

        await world.listen_datagrams(COLLECTOR, PORT, handler)
        meter = await world.datagram_connector(METER)(COLLECTOR, PORT)
        for number in range(LINK_DATAGRAMS_MAX + 20):
            await meter.send(bytes([number]))
            await asyncio.sleep(1)
        slow = await accepted
        heard = [await slow.receive() for _ in range(LINK_DATAGRAMS_MAX)]
        assert heard == [bytes([number]) for number in range(LINK_DATAGRAMS_MAX)]
        with pytest.raises(LinkTimeoutError):
            await receive_within(slow, 10)

    run_virtual(scenario())


def test_a_link_closed_by_the_server_is_a_new_one_with_the_next_datagram() -> None:
    async def scenario() -> None:
        world = network()
        peers: list[str] = []

        async def handler(link: Link) -> None:
            peers.append(link.peer)
            await link.receive()

        server = await world.listen_datagrams(COLLECTOR, PORT, handler)
        meter = await world.datagram_connector(METER)(COLLECTOR, PORT)
        for _ in range(3):
            await meter.send(b"push")
            await asyncio.sleep(1)
            assert server.connections == 0
        assert peers == [meter.local] * 3

    run_virtual(scenario())


def test_a_server_that_is_full_drops_strangers() -> None:
    async def scenario() -> None:
        world = network()
        await world.listen_datagrams(COLLECTOR, PORT, echo, connections_max=1)
        first = await world.datagram_connector(METER)(COLLECTOR, PORT)
        second = await world.datagram_connector(OTHER)(COLLECTOR, PORT)
        for link in (first, second):
            await link.send(b"?")
        assert await receive_within(first, 10) == b"?"
        with pytest.raises(LinkTimeoutError):
            await receive_within(second, 10)
        await first.aclose()
        with pytest.raises(LinkClosedError):
            await first.receive()

    run_virtual(scenario())


@given(
    sent=st.lists(st.binary(min_size=1, max_size=20), max_size=30),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.3]),
    duplication=st.sampled_from([0.0, 0.5]),
    latency_ms=st.integers(1, 2_000),
)
def test_a_datagram_comes_whole_and_at_most_twice(
    sent: list[bytes], seed: int, loss: float, duplication: float, latency_ms: int
) -> None:
    async def scenario(world: Network, meter: Link, heard: list[bytes]) -> None:
        for octets in sent:
            await meter.send(octets)
        await asyncio.sleep(60)
        copies = 2 if duplication else 1
        heard_of, sent_of = Counter(heard), Counter(sent)
        assert all(count <= copies * sent_of[octets] for octets, count in heard_of.items())
        if not loss:
            assert heard_of >= sent_of
        if not loss and not duplication and latency_ms == 1:
            assert heard == sent

    conditions = Conditions(latency_min_ms=1, latency_max_ms=latency_ms, loss=loss, duplication=duplication)
    run_push(scenario, conditions, seed)
