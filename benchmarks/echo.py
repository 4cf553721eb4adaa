"""The bare echo: the round trips of one association, octet for octet as many, with nothing read and nothing decoded.

As a program it is the server: it learns the sizes from its arguments (sent:answered for each round trip), prints its port
and answers until standard input closes. `echo_work` is the client.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import uvloop

RoundTrips = list[tuple[int, int]]
"""For each round trip: octets that the client sends, octets that it gets."""


class _Answering(asyncio.Protocol):
    def __init__(self, round_trips: RoundTrips) -> None:
        self._round_trips = [(sent, bytes(answered)) for sent, answered in round_trips]
        self._at = 0
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own classes derive from nothing

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        sent, answer = self._round_trips[self._at]
        if self._received >= sent:
            self._received = 0
            self._at = (self._at + 1) % len(self._round_trips)
            self._transport.write(answer)


class _Asking(asyncio.Protocol):
    def __init__(self, round_trips: RoundTrips, finished: asyncio.Future[None]) -> None:
        self._round_trips = [(bytes(sent), answered) for sent, answered in round_trips]
        self._finished = finished
        self._at = 0
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own classes derive from nothing
        self._transport.write(self._round_trips[0][0])

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received < self._round_trips[self._at][1]:
            return
        self._received = 0
        self._at += 1
        if self._at < len(self._round_trips):
            self._transport.write(self._round_trips[self._at][0])
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._finished.done():
            self._finished.set_result(None)


def echo_work(port: int, round_trips: RoundTrips) -> Callable[[], Awaitable[None]]:
    """One connection with all the round trips."""

    async def once() -> None:
        loop = asyncio.get_running_loop()
        finished = loop.create_future()
        await loop.create_connection(lambda: _Asking(round_trips, finished), "127.0.0.1", port)
        await finished

    return once


async def _serve(round_trips: RoundTrips) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(round_trips), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    sizes = [tuple(map(int, pair.split(":"))) for pair in sys.argv[1:]]
    uvloop.run(_serve([(sent, answered) for sent, answered in sizes]))
