"""A link as slow as the medium it stands for: power line carrier, a modem call, a congested cell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from ferraris.kernel.errors import LocalProtocolError
from ferraris.link.contract import Link
from ferraris.link.middleware import DelayingMiddleware


@dataclass
class _Channel:
    """One direction: a chunk waits until the ones before it have passed, then takes its own time."""

    octets_per_s: float
    free_at_s: float = 0.0

    def pass_through(self, octets: bytes) -> float:
        """The moment of the event loop's time at which the last of `octets` has passed."""
        start_s = max(self.free_at_s, asyncio.get_running_loop().time())
        self.free_at_s = start_s + len(octets) / self.octets_per_s
        return self.free_at_s


class ThrottleLink(DelayingMiddleware):
    """Lets `octets_per_s` pass in each direction."""

    def __init__(self, link: Link, octets_per_s: float) -> None:
        if octets_per_s <= 0:
            raise LocalProtocolError("A throttled link must pass something", expected="above 0", got=octets_per_s)
        super().__init__(link)
        self._outward = _Channel(octets_per_s)
        self._inward = _Channel(octets_per_s)

    async def send(self, octets: bytes) -> None:
        await self.wait_until(self._outward.pass_through(octets))
        await self._link.send(octets)

    def arriving(self, octets: bytes) -> Iterable[tuple[float, bytes]]:
        return ((self._inward.pass_through(octets), octets),)
