"""What CoAP endpoints take, from whom, and what they refuse."""

from __future__ import annotations

import asyncio
import logging

import aiocoap
import pytest

from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError
from ferraris.kernel.limits import COAP_OCTETS_MAX
from ferraris.link import Link, open_coap, receive_within
from tests.link.coap_peers import echo, play, served


def test_too_long_a_payload_is_refused_by_both_ends() -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            link = await open_coap(server.host, server.port)
            with pytest.raises(LocalProtocolError):
                await link.send(bytes(COAP_OCTETS_MAX + 1))
            await link.aclose()
            context = await aiocoap.Context.create_client_context(transports=["simple6"])
            uri = f"coap://{server.host}:{server.port}/"
            message = aiocoap.Message(code=aiocoap.POST, uri=uri, payload=bytes(COAP_OCTETS_MAX + 1))
            response = await context.request(message).response
            assert response.code == aiocoap.REQUEST_ENTITY_TOO_LARGE
            await context.shutdown()

    play(scenario)


@pytest.mark.parametrize("code", [aiocoap.GET, aiocoap.PUT, aiocoap.DELETE])
def test_only_post_is_taken(code: aiocoap.Code) -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            context = await aiocoap.Context.create_client_context(transports=["simple6"])
            message = aiocoap.Message(code=code, uri=f"coap://{server.host}:{server.port}/", payload=b"x")
            response = await context.request(message).response
            assert response.code == aiocoap.METHOD_NOT_ALLOWED
            await context.shutdown()

    play(scenario)


def test_each_peer_has_a_link_of_its_own() -> None:
    async def scenario() -> None:
        peers = set()

        async def told(link: Link) -> None:
            peers.add(link.peer)
            await echo(link)

        async with served(told) as server:
            links = [await open_coap(server.host, server.port) for _ in range(3)]
            for number, link in enumerate(links):
                await link.send(bytes((number, 0)))
            for number, link in enumerate(links):
                assert await receive_within(link, 20) == bytes((0, number))
                await link.aclose()
            assert len(peers) == server.connections == 3

    play(scenario)


def test_a_link_that_its_handler_has_left_is_begun_anew() -> None:
    async def scenario() -> None:
        served_links = 0

        async def once(link: Link) -> None:
            nonlocal served_links
            served_links += 1
            await link.send((await link.receive())[::-1])

        async with served(once) as server:
            link = await open_coap(server.host, server.port)
            for _ in range(3):
                await link.send(b"ab")
                assert await receive_within(link, 20) == b"ba"
            assert served_links == 3
            await link.aclose()

    play(scenario)


@pytest.mark.parametrize("octets", [b"", b"\x40", b"\xff" * 20, b"\x41\x02\x00\x01\xaa\xff", b"\x4f\x02\x00\x01"])
def test_garbage_is_passed_over(octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(server.host, server.port)
            )
            for _ in range(3):
                transport.sendto(octets)
            link = await open_coap(server.host, server.port)
            await link.send(b"ab")
            assert await receive_within(link, 20) == b"ba"
            await link.aclose()
            transport.close()

    caplog.set_level(logging.CRITICAL)
    play(scenario)


# Non-confirmable requests

NON, CON = 1, 0


def kind_of(datagram: bytes) -> int:
    return datagram[0] >> 4 & 3


def test_a_non_confirmable_request_is_one_on_the_wire_and_its_loss_ends_nothing() -> None:
    async def scenario() -> None:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        class Deaf(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                heard.put_nowait(data)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Deaf, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        link = await open_coap("127.0.0.1", port, answer_within_s=0.05, confirmable=False)
        assert not link.capabilities.reliable
        for number in range(2):
            await link.send(bytes((number,)))
            assert kind_of(await heard.get()) == NON
        with pytest.raises(LinkTimeoutError):
            await receive_within(link, 0.2)
        await link.send(b"x")
        assert kind_of(await heard.get()) == NON
        await link.aclose()
        transport.close()

    play(scenario)


def test_whoever_asks_without_confirmation_is_answered_and_asked_without() -> None:
    async def scenario() -> None:
        capabilities = []

        async def serve(link: Link) -> None:
            capabilities.append(link.capabilities.reliable)
            await link.send(b"push")
            await echo(link)

        async with served(serve) as server:
            for confirmable in (False, True):
                link = await open_coap(server.host, server.port, confirmable=confirmable)
                await link.send(b"ab")
                assert {await receive_within(link, 20) for _ in range(2)} == {b"push", b"ba"}
                await link.aclose()
        assert capabilities == [False, True]

    play(scenario)
