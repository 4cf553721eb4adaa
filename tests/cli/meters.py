"""Virtual meters served over real TCP from a thread of their own, while a command runs in the test's."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ferraris.kernel.clock import Clock, ScaledClock, SystemClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import open_tcp, serve_tcp, serve_udp, together
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, write_registry
from tests.meter.steady import STEADY

DAY_MS = 86_400_000
Beside: TypeAlias = Callable[[FleetService, AsyncExitStack], Awaitable[None]]
"""What begins to serve the meters in another way too; how to end it goes onto the stack."""


@dataclass(frozen=True)
class Served:
    """Where the first meter listens, and the file with its keys."""

    registry: Path
    host: str
    port: int

    def url(self, client: int, carrier: str = "tcp") -> str:
        return f"{carrier}://{self.host}:{self.port}?client={client}&server=1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def meters_served(
    directory: Path,
    profile: str = "smr5_single_phase",
    speed: float = 1.0,
    *,
    hdlc: bool = False,
    beside: Beside | None = None,
) -> Iterator[Served]:
    """One meter that has measured for a day."""
    now = SystemClock()
    clock: Clock = now if speed == 1.0 else ScaledClock(now.now_ms(), time.monotonic(), speed)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def begin() -> tuple[Fleet, FleetService, Served]:
        fleet = Fleet.create(
            directory / "fleet", Manufacture(1, index_wh_max=0), STEADY, SeededEntropy(5), clock.now_ms() - DAY_MS
        )
        fleet.advance(clock.now_ms())
        settings = ServiceSettings(port=free_port(), hdlc=hdlc)
        service = FleetService(
            fleet,
            [meter_model(profile)],
            11,
            clock,
            SeededEntropy(3),
            serve_tcp if hdlc else together(serve_tcp, serve_udp),
            open_tcp,
            settings,
        )
        await service.start()
        if beside is not None:
            await beside(service, stack)
        registry = write_registry(directory, service.devices, settings.port)
        return fleet, service, Served(registry, service.devices[0].identity.host, settings.port)

    fleet, service, served = asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(30)
        asyncio.run_coroutine_threadsafe(service.aclose(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        fleet.close()
