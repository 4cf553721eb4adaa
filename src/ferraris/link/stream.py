"""A link over one of asyncio's stream transports: what the transport gave reaches the driver through one future, what the driver
sends goes straight to the transport. A connection over a network and a serial line differ in how they are opened, not in this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ferraris.kernel.errors import LinkClosedError
from ferraris.kernel.limits import LINK_CLOSE_TIMEOUT_S, LINK_RECEIVE_OCTETS_MAX
from ferraris.link.inbox import Inbox


class StreamLink(asyncio.Protocol):
    """The traffic of one stream. asyncio calls the methods of its protocol; drivers call those of the link."""

    waits_for_close = True
    """Whether `aclose` returns only when the operating system has the line back: it may be opened again at once."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._inbox = Inbox()
        self._reading_paused = False
        self._writable: asyncio.Event | None = None
        self._lost = False
        self._let_go: asyncio.Event | None = None

    # The link

    async def send(self, octets: bytes) -> None:
        if self._inbox.ended:
            self._inbox.check_open()
        self._transport.write(octets)
        if self._writable is not None:
            await self._writable.wait()
            self._inbox.check_open()

    def receive(self) -> Coroutine[Any, Any, bytes]:
        if self._reading_paused and not self._inbox.octets:
            self._reading_paused = False
            self._transport.resume_reading()
        return self._inbox.take()

    async def aclose(self) -> None:
        self._inbox.discard("The link was closed on this side")
        if self._lost:
            return
        unwritten = self._transport.get_write_buffer_size()
        if unwritten or self.waits_for_close:
            self._let_go = self._let_go or asyncio.Event()
        self._transport.close()
        if self._let_go is None:
            return  # the event loop lets go of it in its next turn, whatever the peer does
        try:
            if unwritten:
                # A peer that does not read what is left must not hold us here.
                async with asyncio.timeout(LINK_CLOSE_TIMEOUT_S):
                    await self._let_go.wait()
            else:
                await self._let_go.wait()
        except TimeoutError:
            self._transport.abort()
        except asyncio.CancelledError:
            self._transport.abort()
            raise

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a stream; uvloop's own derive from nothing

    def data_received(self, data: bytes) -> None:
        inbox = self._inbox
        inbox.put(data)
        if inbox.octets >= LINK_RECEIVE_OCTETS_MAX and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._inbox.ended:
            self._inbox.end(LinkClosedError("The peer closed the link" if exc is None else f"The link failed: {exc}"))
        if self._writable is not None:
            self.resume_writing()
        self._lost = True
        if self._let_go is not None:
            self._let_go.set()

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None
