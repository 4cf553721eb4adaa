"""UDP: one datagram is one send, bounded queues and peers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from ferraris.kernel.errors import LinkUnreachableError, LocalProtocolError
from ferraris.kernel.limits import DATAGRAM_OCTETS_MAX, LINK_DATAGRAMS_MAX
from ferraris.link import Link, UdpLink, open_udp, receive_within, serve_udp
from tests.link.conformance import until


async def echo(link: Link) -> None:
    while True:
        await link.send(await link.receive())


def test_each_peer_has_a_link_of_its_own() -> None:
    async def scenario() -> None:
        server = await serve_udp("127.0.0.1", 0, echo)
        links = [await open_udp("127.0.0.1", server.port) for _ in range(3)]
        for number, link in enumerate(links):
            await link.send(bytes([number]))
        assert [await receive_within(link, 20) for link in links] == [b"\x00", b"\x01", b"\x02"]
        assert server.connections == 3
        for link in links:
            await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_a_push_from_an_address_of_its_own() -> None:
    async def scenario() -> None:
        heard: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            heard.set_result((link.peer, await link.receive()))

        server = await serve_udp("127.0.0.1", 0, handler)
        link = await open_udp("127.0.0.1", server.port, local_host="127.20.0.7")
        await link.send(b"push")
        assert await heard == (link.local, b"push")
        assert link.local.startswith("127.20.0.7:")
        await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_a_datagram_has_a_largest_size() -> None:
    async def scenario() -> None:
        server = await serve_udp("127.0.0.1", 0, echo)
        link = await open_udp("127.0.0.1", server.port)
        with pytest.raises(LocalProtocolError, match=f"at most {DATAGRAM_OCTETS_MAX} octets, got 65508"):
            await link.send(bytes(DATAGRAM_OCTETS_MAX + 1))
        await link.send(bytes(DATAGRAM_OCTETS_MAX))
        assert len(await receive_within(link, 20)) == DATAGRAM_OCTETS_MAX
        await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_a_receiver_that_lags_loses_datagrams_and_no_memory() -> None:
    async def scenario() -> None:
        accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            accepted.set_result(link)
            await asyncio.Event().wait()

        server = await serve_udp("127.0.0.1", 0, handler)
        link = await open_udp("127.0.0.1", server.port)
        await link.send(b"\x00")
        slow = await accepted
        assert isinstance(slow, UdpLink)
        for sent in range(1, LINK_DATAGRAMS_MAX + 10):
            await link.send(bytes([sent]))
            await until(lambda: slow.dropped + len(slow._inbox) > sent)  # noqa: B023 - awaited at once
        assert (len(slow._inbox), slow.dropped) == (LINK_DATAGRAMS_MAX, 10)
        assert await slow.receive() == b"\x00"
        await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_the_peer_silent_the_longest_gives_way() -> None:
    async def scenario() -> None:
        ended = []

        async def handler(link: Link) -> None:
            try:
                await echo(link)
            finally:
                ended.append(link.peer)

        server = await serve_udp("127.0.0.1", 0, handler, peers_max=2)
        links = [await open_udp("127.0.0.1", server.port) for _ in range(3)]

        async def ask(link: UdpLink) -> None:
            await link.send(b"?")
            assert await receive_within(link, 20) == b"?"

        await ask(links[0])
        await ask(links[1])
        await ask(links[0])
        await ask(links[2])
        assert ended == [links[1].local]
        await ask(links[1])
        assert ended == [links[1].local, links[0].local]
        for link in links:
            await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_a_port_where_nobody_listens_shows_when_the_system_says_so() -> None:
    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        link = await open_udp("127.0.0.1", port)
        await link.send(b"anyone?")
        with pytest.raises(LinkUnreachableError, match=f"127.0.0.1:{port} cannot be reached"):
            await receive_within(link, 20)
        await link.aclose()

    asyncio.run(scenario())


def test_addresses_that_cannot_be_had() -> None:
    async def scenario() -> None:
        server = await serve_udp("127.0.0.1", 0, echo)
        with pytest.raises(LinkUnreachableError, match=f"Cannot listen on 127.0.0.1:{server.port}"):
            await serve_udp("127.0.0.1", server.port, echo)
        with pytest.raises(LinkUnreachableError, match=r"No way to a\.\.b:4059"):
            await open_udp("a..b", 4059)
        await server.aclose()

    asyncio.run(scenario())


def test_many_peers_cost_no_more_than_the_bound() -> None:
    """A flood from ever new addresses: the table of peers and the handlers stay bounded, and the last ones are served."""

    async def scenario() -> None:
        served = 0

        async def handler(link: Link) -> None:
            nonlocal served
            served += 1
            await echo(link)

        server = await serve_udp("127.0.0.1", 0, handler, peers_max=8)
        links = [await open_udp("127.0.0.1", server.port) for _ in range(60)]
        for link in links:
            await link.send(b"?")
            assert await receive_within(link, 20) == b"?"
            assert server.connections <= 9
        assert served == 60
        await until(lambda: server.connections == 8)
        for link in links:
            await link.aclose()
        await server.aclose()
        assert server.connections == 0

    asyncio.run(scenario())


def test_a_burst_of_new_peers_waits_for_room() -> None:
    """Handlers of peers that gave way may still be ending: beyond twice the bound, datagrams of new peers are lost."""

    async def scenario() -> None:
        most = 0

        async def slow_to_end(link: Link) -> None:
            nonlocal most
            try:
                await link.receive()
                most = max(most, server.connections)
                await link.receive()
            finally:
                await asyncio.sleep(0.05)

        server = await serve_udp("127.0.0.1", 0, slow_to_end, peers_max=3)
        links = [await open_udp("127.0.0.1", server.port) for _ in range(30)]
        for link in links:
            await link.send(b"?")
        await asyncio.sleep(0.02)
        assert 3 <= most <= 6
        assert server.connections <= 6
        await server.aclose()
        for link in links:
            await link.aclose()

    asyncio.run(scenario())


def test_a_peer_whose_handler_has_ended_is_met_anew() -> None:
    async def scenario() -> None:
        async def answers_once(link: Link) -> None:
            await link.send(await link.receive())

        server = await serve_udp("127.0.0.1", 0, answers_once)
        link = await open_udp("127.0.0.1", server.port)
        for number in range(5):
            await link.send(bytes([number]))
            assert await receive_within(link, 20) == bytes([number])
            await until(lambda: server.connections == 0)
        await link.aclose()
        await server.aclose()

    asyncio.run(scenario())


def test_an_empty_datagram_is_none() -> None:
    async def scenario() -> None:
        server = await serve_udp("127.0.0.1", 0, echo)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
            raw.setblocking(False)
            raw.sendto(b"", ("127.0.0.1", server.port))
            await until(lambda: server.connections == 1)
            raw.sendto(b"x", ("127.0.0.1", server.port))
            assert await asyncio.get_running_loop().sock_recv(raw, 100) == b"x"
        await server.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "h\0", "\ud800", "256.256.256.256.256"])
def test_a_name_that_is_none_leads_nowhere(host: str) -> None:
    with pytest.raises(LinkUnreachableError, match="No way to"):
        asyncio.run(open_udp(host, 4059))
