"""What CoAP endpoints take, from whom, and what they refuse."""

from __future__ import annotations

import asyncio
import logging

import aiocoap
import pytest

from ferraris.kernel.errors import LocalProtocolError
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
