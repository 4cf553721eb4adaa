"""A street whose wires somebody sits on: he hears, holds back, changes and makes up what head-end and meters say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferraris.link import Connector, Link, Middleware
from ferraris.simulation import run_virtual
from tests.meter.steady import MONDAY_MS
from tests.runtime.street import Street

HEARD_MAX = 10_000
Tamper = Callable[[bytes], Awaitable[bytes]]
Story = Callable[["HostileStreet"], Coroutine[Any, Any, None]]
WH_PER_SLOT = 100
"""What every meter of the steady street takes in 15 minutes."""


async def untouched(octets: bytes) -> bytes:
    return octets


async def never(octets: bytes) -> bytes:
    await asyncio.Event().wait()
    return octets


@dataclass
class Wire:
    """What happens to the octets of every link to one host; `heard` is what went each way, a chunk each."""

    to_meter: Tamper = untouched
    to_head_end: Tamper = untouched
    heard: deque[tuple[str, bytes]] = field(default_factory=lambda: deque(maxlen=HEARD_MAX))
    links: int = 0
    links_most: int = 0


class WiredLink(Middleware):
    """The head-end's end of a link over a tampered wire."""

    def __init__(self, link: Link, wire: Wire) -> None:
        super().__init__(link)
        self._wire = wire
        self._open = True
        wire.links += 1
        wire.links_most = max(wire.links_most, wire.links)

    async def send(self, octets: bytes) -> None:
        self._wire.heard.append(("to meter", octets))
        octets = await self._wire.to_meter(octets)
        if octets:
            await self._link.send(octets)

    async def receive(self) -> bytes:
        while True:
            octets = await self._link.receive()
            self._wire.heard.append(("to head-end", octets))
            octets = await self._wire.to_head_end(octets)
            if octets:
                return octets

    async def aclose(self) -> None:
        self._wire.links -= self._open
        self._open = False
        await self._link.aclose()


@dataclass
class HostileStreet(Street):
    """`wire(index)` is the wire to one meter."""

    wires: dict[str, Wire] = field(default_factory=dict)

    def wire(self, index: int) -> Wire:
        return self.wires.setdefault(self.service.devices[index].identity.host, Wire())

    def connector(self) -> Connector:
        connect = super().connector()

        async def connect_wired(host: str, port: int) -> Link:
            return WiredLink(await connect(host, port), self.wires.setdefault(host, Wire()))

        return connect_wired

    def check_truth(self, meter: int, until_hour: float, from_hour: float = 0) -> None:
        """Every interval is stored, once, and says what the meter measured."""
        assert self.stored_slots(meter)[: int(until_hour * 4)] == self.slots(from_hour, until_hour)
        readings = self.stores.intervals.read(meter, [1], MONDAY_MS // 1000, self.clock.now_ms() // 1000)
        begin = MONDAY_MS // 900_000
        wrong = [
            (time_s, value)
            for time_s, value in zip(readings.time_s.tolist(), readings.value.tolist(), strict=True)
            if value != (time_s // 900 - begin) * WH_PER_SLOT
        ]
        assert wrong == []
        for time_s in readings.time_s.tolist():
            assert len(self.stores.intervals.versions(meter, 1, time_s)) == 1


def tell(tmp_path: Path, story: Story, **what: Any) -> None:
    """Run a story in a street of its own. It must end: virtual time that passes without work is a defect as well."""

    async def whole() -> None:
        street = HostileStreet(tmp_path, **what)
        await street.open()
        try:
            await story(street)
        finally:
            await street.close()

    run_virtual(whole())
