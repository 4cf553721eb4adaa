"""Two links joined in memory: for tests, and for drivers that live in one process."""

from __future__ import annotations

import asyncio

from ferraris.kernel.errors import LinkClosedError
from ferraris.kernel.limits import LINK_DATAGRAMS_MAX, LINK_RECEIVE_OCTETS_MAX
from ferraris.link.contract import STREAM_OCTETS_MAX, LinkCapabilities
from ferraris.link.inbox import Inbox


class LoopbackLink:
    """One of two joined ends. A stream's sender waits while the other end lags; datagrams beyond the bound are lost."""

    def __init__(self, *, keeps_boundaries: bool, local: str, peer: str) -> None:
        self.capabilities = LinkCapabilities(
            uplink_octets_max=STREAM_OCTETS_MAX,
            downlink_octets_max=STREAM_OCTETS_MAX,
            ordered=True,
            reliable=not keeps_boundaries,
            keeps_boundaries=keeps_boundaries,
            round_trip_ms=0,
        )
        self.local = local
        self.peer = peer
        self.other: LoopbackLink
        self._inbox = Inbox(keeps_boundaries=keeps_boundaries)
        self._room = asyncio.Event()

    async def send(self, octets: bytes) -> None:
        self._inbox.check_open()
        await self.other.arrive(bytes(octets))

    async def receive(self) -> bytes:
        octets = await self._inbox.take()
        self._room.set()
        return octets

    async def aclose(self) -> None:
        self._inbox.discard("The link was closed on this side")
        self._room.set()
        self.other.end()

    async def arrive(self, octets: bytes) -> None:
        """The other end sent `octets`; it waits here while this end lags."""
        if self.capabilities.keeps_boundaries:
            if len(self._inbox) < LINK_DATAGRAMS_MAX:
                self._inbox.put(octets)
            return
        self._inbox.put(octets)
        while self._inbox.octets >= LINK_RECEIVE_OCTETS_MAX and not self._inbox.ended:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """The other end has closed."""
        self._inbox.end(LinkClosedError("The peer closed the link"))
        self._room.set()


def loopback_pair(*, datagrams: bool = False) -> tuple[LoopbackLink, LoopbackLink]:
    """Two ends of one link: a stream, or one that keeps the boundaries of what is sent."""
    left = LoopbackLink(keeps_boundaries=datagrams, local="left:0", peer="right:0")
    right = LoopbackLink(keeps_boundaries=datagrams, local="right:0", peer="left:0")
    left.other, right.other = right, left
    return left, right
