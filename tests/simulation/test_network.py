"""Connecting and listening on the simulated network, and what is torn down when processes and hosts die."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError, LinkUnreachableError
from ferraris.link import Link, receive_within
from ferraris.simulation import Process, current_process, run_virtual
from tests.simulation.bottle import COLLECTOR, EXACT, METER, OTHER, PORT, echo, everything, network, now_s


def test_connecting_takes_a_round_trip_and_a_way() -> None:
    async def scenario() -> None:
        world = network()
        await world.listen(METER, PORT, echo)
        link = await world.connector(COLLECTOR)(METER, PORT)
        assert now_s() == pytest.approx(0.2)
        assert (link.peer, link.local) == ("127.20.0.1:4059", "10.0.0.1:49152")
        assert world.links_open == 2

    run_virtual(scenario())


def test_nobody_listens() -> None:
    async def scenario() -> None:
        world = network()
        with pytest.raises(LinkUnreachableError, match=r"No connection to 127\.20\.0\.1:4059: refused"):
            await world.connector(COLLECTOR)(METER, PORT)
        assert now_s() == pytest.approx(0.2)

    run_virtual(scenario())


def test_a_host_behind_a_partition_costs_the_whole_timeout() -> None:
    async def scenario() -> None:
        world = network()
        await world.listen(METER, PORT, echo)
        world.medium.cut("storm", [METER])
        with pytest.raises(LinkTimeoutError, match=r"No connection to 127\.20\.0\.1:4059 within 10 s"):
            await world.connector(COLLECTOR)(METER, PORT)
        assert now_s() == pytest.approx(10.0)

    run_virtual(scenario())


def test_a_short_partition_only_delays_connecting() -> None:
    async def scenario() -> None:
        world = network()
        await world.listen(METER, PORT, echo)
        world.medium.cut("storm", [METER])
        asyncio.get_running_loop().call_later(2, world.medium.heal, "storm")
        await world.connector(COLLECTOR)(METER, PORT)
        assert now_s() == pytest.approx(3.2)

    run_virtual(scenario())


def test_a_connection_too_many_is_reset() -> None:
    async def scenario() -> None:
        world = network()
        server = await world.listen(METER, PORT, echo, connections_max=1)
        first = await world.connector(COLLECTOR)(METER, PORT)
        second = await world.connector(OTHER)(METER, PORT)
        with pytest.raises(LinkClosedError, match="reset"):
            await receive_within(second, 10)
        assert server.connections == 1
        await first.send(b"?")
        assert await receive_within(first, 10) == b"?"

    run_virtual(scenario())


def test_a_port_is_had_once() -> None:
    async def scenario() -> None:
        world = network()
        server = await world.listen(METER, PORT, echo)
        with pytest.raises(LinkUnreachableError, match=r"Cannot listen on 127\.20\.0\.1:4059"):
            await world.listen(METER, PORT, echo)
        await world.listen(OTHER, PORT, echo)
        await world.listen_datagrams(METER, PORT, echo)
        await server.aclose()
        await world.listen(METER, PORT, echo)

    run_virtual(scenario())


def test_closing_a_server_closes_its_links() -> None:
    async def scenario() -> None:
        world = network()
        server = await world.listen(METER, PORT, echo)
        link = await world.connector(COLLECTOR)(METER, PORT)
        await server.aclose()
        assert (await everything(link))[1] == "The peer closed the link"
        await link.aclose()
        assert world.links_open == 0

    run_virtual(scenario())


def test_a_connect_that_is_cancelled_leaves_nothing_open() -> None:
    async def scenario() -> None:
        world = network()
        server = await world.listen(METER, PORT, echo)
        connecting = asyncio.create_task(world.connector(COLLECTOR)(METER, PORT))
        await asyncio.sleep(0.15)
        assert server.connections == 1
        connecting.cancel()
        await asyncio.sleep(1)
        assert (world.links_open, server.connections) == (0, 0)

    run_virtual(scenario())


def test_a_handler_runs_in_the_process_that_listens() -> None:
    async def scenario() -> None:
        world = network()
        seen: list[Process | None] = []

        async def handler(link: Link) -> None:
            seen.append(current_process())

        meter, collector = Process("meter"), Process("collector")
        await meter.start(world.listen(METER, PORT, handler))
        await collector.start(world.connector(COLLECTOR)(METER, PORT))
        await asyncio.sleep(1)
        assert seen == [meter]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("silently", "the_peer_sees"),
    [(False, "The connection was reset"), (True, "within 1000 s")],
)
def test_killing_a_process_aborts_its_links_and_frees_its_ports(silently: bool, the_peer_sees: str) -> None:
    async def scenario() -> None:
        world = network()
        meter = Process("meter")
        await meter.start(world.listen(METER, PORT, echo))
        link = await world.connector(COLLECTOR)(METER, PORT)
        await link.send(b"?")
        assert await link.receive() == b"?"

        world.drop_process(meter, silently=silently)
        await meter.kill()
        assert (await everything(link))[1].endswith(the_peer_sees)
        with pytest.raises(LinkUnreachableError):
            await world.connector(COLLECTOR)(METER, PORT)

        again = Process("meter again")
        await again.start(world.listen(METER, PORT, echo))
        link = await world.connector(COLLECTOR)(METER, PORT)
        await link.send(b"!")
        assert await link.receive() == b"!"

    run_virtual(scenario())


def test_a_client_that_is_killed_resets_the_server() -> None:
    async def scenario() -> None:
        world = network()
        served: asyncio.Future[tuple[bytes, str]] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            served.set_result(await everything(link))

        await world.listen(METER, PORT, handler)
        collector = Process("collector")
        link = await collector.start(world.connector(COLLECTOR)(METER, PORT))
        await link.send(b"half a mess")
        await asyncio.sleep(1)
        world.drop_process(collector)
        with pytest.raises(LinkClosedError, match="gone"):
            await link.send(b"age")
        assert await served == (b"half a mess", "The connection was reset")

    run_virtual(scenario())


def test_a_host_without_power_is_silent_until_it_is_back() -> None:
    async def scenario() -> None:
        world = network()
        await world.listen(METER, PORT, echo)
        await world.listen(OTHER, PORT, echo)
        link = await world.connector(COLLECTOR)(METER, PORT)
        world.switch_off([METER])
        with pytest.raises(LinkTimeoutError):
            await world.connector(COLLECTOR)(METER, PORT)
        assert (await everything(link))[1].endswith("within 1000 s")
        world.switch_on([METER])
        with pytest.raises(LinkUnreachableError):
            await world.connector(COLLECTOR)(METER, PORT)
        await world.listen(METER, PORT, echo)
        await world.connector(COLLECTOR)(METER, PORT)
        await world.connector(COLLECTOR)(OTHER, PORT)

    run_virtual(scenario())


def test_everything_works_again_once_the_medium_is_calm() -> None:
    async def scenario(seed: int) -> int:
        world = network(seed, replace(EXACT, loss=0.3, reset=0.1, half_open=0.1))
        await world.listen(METER, PORT, echo)
        failures = 0
        for _ in range(20):
            try:
                link = await world.connector(COLLECTOR)(METER, PORT)
                await link.send(b"?")
                await receive_within(link, 10)
            except (LinkClosedError, LinkTimeoutError):
                failures += 1
        world.medium.calm()
        for _ in range(20):
            link = await world.connector(COLLECTOR)(METER, PORT)
            await link.send(b"?")
            assert await receive_within(link, 10) == b"?"
        return failures

    assert sum(run_virtual(scenario(seed)) for seed in range(5)) > 10
