"""CoAP servers of tests, and a scenario with an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ferraris.link import Link, LinkHandler, LinkServer, serve_coap


async def echo(link: Link) -> None:
    while True:
        await link.send((await link.receive())[::-1])


@asynccontextmanager
async def served(handler: LinkHandler, path: str = "") -> AsyncIterator[LinkServer]:
    server = await serve_coap("127.0.0.1", 0, handler, path)
    try:
        yield server
    finally:
        await server.aclose()


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(bounded())
