"""What all middlewares share: a link that holds a link, and holds chunks back until their time has come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from ferraris.kernel.errors import LinkClosedError
from ferraris.link.contract import Link, LinkCapabilities


class Middleware:
    """A link around a link; passes everything through until a subclass does otherwise."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def capabilities(self) -> LinkCapabilities:
        return self._link.capabilities

    @property
    def local(self) -> str:
        return self._link.local

    @property
    def peer(self) -> str:
        return self._link.peer

    async def send(self, octets: bytes) -> None:
        await self._link.send(octets)

    async def receive(self) -> bytes:
        return await self._link.receive()

    async def aclose(self) -> None:
        await self._link.aclose()


class DelayingMiddleware(Middleware):
    """Holds what arrives until its time. What is held stays here when `receive` is cancelled, so nothing is lost."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._held: deque[tuple[float, bytes]] = deque()
        """(when the event loop's time must have come, octets), in the order in which they will be handed out."""
        self._closed = asyncio.Event()

    def arriving(self, octets: bytes) -> Iterable[tuple[float, bytes]]:
        """What becomes of a chunk that the inner link received: (due, octets) of nothing, one or more chunks."""
        raise NotImplementedError

    async def receive(self) -> bytes:
        while not self._held:
            self._held.extend(self.arriving(await self._link.receive()))
        return await self.take_held()

    async def take_held(self) -> bytes:
        """The first chunk held, at its time."""
        await self.wait_until(self._held[0][0])
        return self._held.popleft()[1]

    async def wait_until(self, due_s: float) -> None:
        """Wait for a moment of the event loop's time; LinkClosedError when the link is closed on this side before."""
        delay_s = due_s - asyncio.get_running_loop().time()
        if delay_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._closed.wait()
        self.check_open()

    def check_open(self) -> None:
        """Raise LinkClosedError once `aclose` was called."""
        if self._closed.is_set():
            raise LinkClosedError("The link was closed on this side")

    async def aclose(self) -> None:
        self._closed.set()
        self._held.clear()
        await self._link.aclose()
