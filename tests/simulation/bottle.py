"""A small network for the tests of the simulation, and what they do with its links."""

from __future__ import annotations

import asyncio

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import Link, receive_within
from ferraris.simulation import Conditions, EventLog, Medium, Network, VirtualClock

COLLECTOR, METER, OTHER = "10.0.0.1", "127.20.0.1", "127.20.0.2"
PORT = 4059
EXACT = Conditions(latency_min_ms=100, latency_max_ms=100, cutting=0.0)
"""Every way takes 100 ms, nothing is cut."""


def network(seed: int = 1, conditions: Conditions = EXACT) -> Network:
    """A network; its log has the time of the running loop, where there is one."""
    try:
        log = EventLog(VirtualClock(asyncio.get_running_loop(), 0))
    except RuntimeError:
        log = EventLog(ManualClock())
    medium = Medium(SeededEntropy(seed), log)
    medium.conditions = conditions
    return Network(medium)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def echo(link: Link) -> None:
    while True:
        await link.send(await link.receive())


async def everything(link: Link, silence_s: float = 1000.0) -> tuple[bytes, str]:
    """All octets until the end or a long silence, and the reason."""
    octets = bytearray()
    while True:
        try:
            octets += await receive_within(link, silence_s)
        except LinkError as error:
            return bytes(octets), error.summary
