"""What CoAP endpoints take, from whom, and what they refuse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiocoap
import pytest

from ferraris.kernel.errors import LinkTimeoutError, LinkUnreachableError, LocalProtocolError
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


# Peers that mean harm

NO_TEXT = b"\xb1\xff"
"""The option Uri-Path whose text is no UTF-8."""


@pytest.fixture(autouse=True)
def _log_heard(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever fuzzes CoAP in the same process has silenced it."""
    for name in ("coap", "coap-server"):
        caplog.set_level(logging.WARNING, logger=name)


def faults_of(log: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of datagrams, each in one line without a traceback."""
    assert not [record for record in log.records if record.exc_info or "\n" in record.getMessage()]
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("kind", [CON, NON])
@pytest.mark.parametrize("code", [0x00, 0x01, 0x02, 0x44, 0x84])
def test_a_text_that_is_no_utf_8_is_told_in_one_line(kind: int, code: int, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(server.host, server.port)
            )
            stranger = transport.get_extra_info("sockname")[1]
            transport.sendto(bytes((0x40 | kind << 4, code, 0, 1)) + NO_TEXT)
            link = await open_coap(server.host, server.port)
            await link.send(b"ab")
            assert await receive_within(link, 20) == b"ba"
            await link.aclose()
            transport.close()
        assert faults_of(caplog) == [f"Ignoring a datagram of 127.0.0.1:{stranger}: UnicodeDecodeError"]

    play(scenario)


def acknowledged(request: bytes, more: bytes) -> bytes:
    """2.01 Created with the request's number and token, and `more` options and payload."""
    return bytes((0x60 | request[0] & 15, 0x41)) + request[2 : 4 + (request[0] & 15)] + more


def unasked(request: bytes, more: bytes) -> bytes:
    """The same in a message of its own, which acknowledges nothing."""
    return bytes((0x50 | request[0] & 15, 0x41, 0xAB, 0xCD)) + request[4 : 4 + (request[0] & 15)] + more


def reset(request: bytes) -> bytes:
    return b"\x70\x00" + request[2:4]


@asynccontextmanager
async def answered(*answers: Callable[[bytes], bytes]) -> AsyncIterator[Link]:
    """A link to a peer that answers every request by all of these."""

    class Peer(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP has but this
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            for answer in answers:
                self.transport.sendto(answer(data), addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    link = await open_coap("127.0.0.1", transport.get_extra_info("sockname")[1])
    try:
        yield link
    finally:
        await link.aclose()
        transport.close()


AGAINST_THE_RULES = {
    "a block acknowledged that was none": b"\xd1\x0e\x08\xffab",
    "a first block shorter than it says": b"\xd1\x0a\x0e\xffab",
}


@pytest.mark.parametrize("more", AGAINST_THE_RULES.values(), ids=AGAINST_THE_RULES)
def test_an_answer_against_the_rules_ends_the_link(more: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with answered(lambda request: acknowledged(request, more)) as link:
            await link.send(b"ab")
            with pytest.raises(LinkUnreachableError, match="answers against the rules of CoAP"):
                await receive_within(link, 20)

    play(scenario)
    assert faults_of(caplog) == []


def test_an_answer_that_cannot_be_read_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        unreadable, right = b"\x81\xff\xffno", b"\xffyes"
        async with answered(
            lambda request: acknowledged(request, unreadable), lambda one: acknowledged(one, right)
        ) as link:
            await link.send(b"ab")
            assert await receive_within(link, 20) == b"yes"
            peer = link.peer
        assert faults_of(caplog) == [f"Ignoring a datagram of {peer}: UnicodeDecodeError"]

    play(scenario)


def test_a_peer_that_resets_what_it_answered_is_left_at_the_next_request(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with answered(lambda request: unasked(request, b"\xffyes"), reset) as link:
            await link.send(b"ab")
            assert await receive_within(link, 20) == b"yes"
            await link.send(b"ab")
            with pytest.raises(LinkUnreachableError, match="answers against the rules of CoAP"):
                await receive_within(link, 20)
            peer = link.peer
        assert f"Ignoring a datagram of {peer}: TypeError" in faults_of(caplog)

    play(scenario)
