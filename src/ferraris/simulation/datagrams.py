"""Datagrams of the simulated network: each one is lost, doubled or overtaken for itself, as UDP would."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import TypeAlias

from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.limits import DATAGRAM_OCTETS_MAX, LINK_DATAGRAMS_MAX
from ferraris.link import Inbox, LinkCapabilities
from ferraris.simulation.medium import Medium
from ferraris.simulation.process import Process

DATAGRAM_CAPABILITIES = LinkCapabilities(
    uplink_octets_max=DATAGRAM_OCTETS_MAX,
    downlink_octets_max=DATAGRAM_OCTETS_MAX,
    ordered=False,
    reliable=False,
    keeps_boundaries=True,
    round_trip_ms=100,
)
Address: TypeAlias = tuple[str, int]
Deliver: TypeAlias = Callable[[Address, Address, bytes], None]
"""(from, to, octets) of a datagram that arrives now."""


class DatagramEnd:
    """A link whose datagrams go to `peer_host`, where `deliver` hands them to whoever is there on arrival."""

    capabilities = DATAGRAM_CAPABILITIES

    def __init__(self, medium: Medium, here: Address, there: Address, deliver: Deliver) -> None:
        self.here = here
        self.there = there
        self.host = here[0]
        self.local = f"{here[0]}:{here[1]}"
        self.peer = f"{there[0]}:{there[1]}"
        self.owner: Process | None = None
        self.gone: Callable[[DatagramEnd], None] | None = None
        self._medium = medium
        self._deliver = deliver
        self._inbox = Inbox(keeps_boundaries=True)

    async def send(self, octets: bytes) -> None:
        self._inbox.check_open()
        if len(octets) > DATAGRAM_OCTETS_MAX:
            raise LocalProtocolError("No datagram", expected=f"at most {DATAGRAM_OCTETS_MAX} octets", got=len(octets))
        if not octets:
            return
        medium = self._medium
        medium.handed_over(self.local, self.peer, octets)
        copies = 2 if medium.happens(medium.conditions.duplication) else 1
        for _ in range(copies):
            if medium.carries(self.here[0], self.there[0]):
                loop = asyncio.get_running_loop()
                loop.call_later(medium.latency_s(), self._deliver, self.here, self.there, bytes(octets))
            else:
                medium.log.record("lost", f"{self.local}>{self.peer}", octets=len(octets))

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def aclose(self) -> None:
        self._leave("The link was closed on this side")

    def abort(self, *, silently: bool) -> None:
        """The program that held this end is gone; datagrams tell the other end nothing, `silently` or not."""
        self._leave("The process that held the link is gone")

    def _leave(self, reason: str) -> None:
        if not self._inbox.closed:
            self._inbox.discard(reason)
            if self.gone is not None:
                self.gone(self)

    def arrived(self, octets: bytes) -> None:
        """Keep a datagram for `receive`, unless too many are kept already."""
        self._medium.log.record("arrived", f"{self.peer}>{self.local}", octets=len(octets), crc=zlib.crc32(octets))
        if len(self._inbox) < LINK_DATAGRAMS_MAX:
            self._inbox.put(octets)
