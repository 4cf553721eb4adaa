"""Listeners at one address: streams and datagrams at the same port, all of them or none."""

from __future__ import annotations

import asyncio

import pytest

from ferraris.kernel.errors import LinkUnreachableError
from ferraris.link import Link, open_tcp, open_udp, receive_within, serve_tcp, serve_udp, together

both = together(serve_tcp, serve_udp)


async def echo(link: Link) -> None:
    while True:
        await link.send(await link.receive())


def test_a_stream_and_a_datagram_reach_the_same_handler() -> None:
    async def scenario() -> None:
        server = await both("127.20.0.8", 0, echo)
        assert (server.host, server.port > 0) == ("127.20.0.8", True)
        for opener in (open_tcp, open_udp):
            link = await opener(server.host, server.port)
            await link.send(b"who")
            assert await receive_within(link, 20) == b"who"
            await link.aclose()
        await server.aclose()
        with pytest.raises(LinkUnreachableError):
            await open_tcp(server.host, server.port)

    asyncio.run(scenario())


def test_when_one_cannot_listen_the_others_do_not_either() -> None:
    async def scenario() -> None:
        taken = await serve_udp("127.20.0.8", 0, echo)
        with pytest.raises(LinkUnreachableError):
            await both("127.20.0.8", taken.port, echo)
        free = await serve_tcp("127.20.0.8", taken.port, echo)
        await free.aclose()
        await taken.aclose()

    asyncio.run(scenario())
