"""CoAP links over real sockets: both ends may ask, long payloads go in blocks, peers that are not there show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AbstractAsyncContextManager

import pytest
import uvloop

from ferraris.kernel.errors import LinkError, LinkUnreachableError
from ferraris.kernel.limits import COAP_OCTETS_MAX
from ferraris.link import Link, LinkHandler, LinkServer, open_coap, receive_within, serve_coap
from tests.link.coap_peers import echo, play, served
from tests.link.conformance import LinkConformance, Pair, connected

PROMPT_S = 0.0
"""Where nobody means to answer, requests need not wait for it."""


async def _open(host: str, port: int) -> Link:
    return await open_coap(host, port, "dlms", answer_within_s=PROMPT_S)


async def _serve(host: str, port: int, handler: LinkHandler) -> LinkServer:
    return await serve_coap(host, port, handler, "dlms", answer_within_s=PROMPT_S)


class TestCoap(LinkConformance):
    tells_end = False
    knows_peer = False

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return connected(_open, _serve, "127.0.0.1")


class TestCoapUvloop(TestCoap):
    loop_factory = uvloop.new_event_loop


@pytest.mark.parametrize("path", ["", "dlms", "a/b/c"])
@pytest.mark.parametrize("size", [1, 1_024, 1_025, 20_000, COAP_OCTETS_MAX])
def test_payloads_of_any_length_go_there_and_back(path: str, size: int) -> None:
    async def scenario() -> None:
        octets = bytes(number % 251 for number in range(size))
        async with served(echo, path) as server:
            link = await open_coap(server.host, server.port, path)
            await link.send(octets)
            assert await receive_within(link, 20) == octets[::-1]
            await link.aclose()

    play(scenario)


def test_another_path_is_not_found_and_says_so() -> None:
    async def scenario() -> None:
        async with served(echo, "dlms") as server:
            link = await open_coap(server.host, server.port, "other")
            await link.send(b"x")
            with pytest.raises(LinkUnreachableError, match=r"4\.04"):
                await receive_within(link, 20)
            await link.aclose()

    play(scenario)


def test_a_server_speaks_first_too() -> None:
    """A push: what nobody has asked for goes as a request of its own."""

    async def scenario() -> None:
        async def talkative(link: Link) -> None:
            for number in range(4):
                await link.receive() if number == 0 else None
                await link.send(bytes((number,)))
            await link.receive()

        async with served(talkative) as server:
            link = await open_coap(server.host, server.port)
            await link.send(b"hello")
            assert sorted([await receive_within(link, 20) for _ in range(4)]) == [b"\0", b"\1", b"\2", b"\3"]
            await link.aclose()

    play(scenario)


def test_nobody_there() -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            port = server.port
        link = await open_coap("127.0.0.1", port)
        await link.send(b"x")
        with pytest.raises(LinkUnreachableError, match="cannot be reached over CoAP: Connection refused"):
            await receive_within(link, 20)
        await link.aclose()

    play(scenario)


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0"])
def test_an_address_that_cannot_be_had(host: str) -> None:
    async def scenario() -> None:
        with pytest.raises(LinkUnreachableError, match="Cannot listen"):
            await serve_coap(host, 0, echo)

    play(scenario)


def test_a_port_that_somebody_has() -> None:
    async def scenario() -> None:
        async with served(echo) as server:
            with pytest.raises(LinkUnreachableError, match="Cannot listen"):
                await serve_coap(server.host, server.port, echo)

    play(scenario)


def test_nothing_is_loaded_before_the_first_link() -> None:
    code = "import sys, ferraris.link; raise SystemExit('aiocoap' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_request_that_is_given_up_ends_no_link() -> None:
    async def scenario() -> None:
        async def late(link: Link) -> None:
            await link.receive()
            await asyncio.sleep(0.05)
            await link.send(b"late")
            await link.receive()

        server = await serve_coap("127.0.0.1", 0, late, answer_within_s=0.01)
        link = await open_coap(server.host, server.port)
        await link.send(b"x")
        assert await receive_within(link, 20) == b"late"
        await link.aclose()
        with pytest.raises(LinkError):
            await link.send(b"x")
        await server.aclose()

    play(scenario)


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64, "h\0", "::g", "a@b", "a#b", "meter.invalid"])
@pytest.mark.parametrize("confirmable", [True, False], ids=["con", "non"])
def test_a_peer_whose_name_is_none_fails_the_link_and_keeps_nobody_waiting(host: str, *, confirmable: bool) -> None:
    async def scenario() -> None:
        link = await open_coap(host, 5683, "dlms", confirmable=confirmable)
        await link.send(b"x")
        with pytest.raises(LinkUnreachableError, match="CoAP"):
            await receive_within(link, 20)
        await link.aclose()

    play(scenario)
