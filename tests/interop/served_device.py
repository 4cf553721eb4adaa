"""One of our meters served in this process, whose inside and whose clock a test can get at."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.link import Link, serve_tcp
from ferraris.meter import LogicalDevice, MeterServer
from tests.meter.steady import MONDAY_MS


@contextmanager
def served(device: LogicalDevice, clock: ManualClock | None = None) -> Iterator[int]:
    """The port of our meter, served in a thread of its own. Without a clock it is an hour after its first moment."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = MeterServer(device, clock or ManualClock(MONDAY_MS + 3_600_000), SystemEntropy())

    async def serve(link: Link) -> None:
        await server.serve(link)

    listening = asyncio.run_coroutine_threadsafe(serve_tcp("127.0.0.1", 0, serve), loop).result(10)
    try:
        yield listening.port
    finally:
        asyncio.run_coroutine_threadsafe(listening.aclose(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
