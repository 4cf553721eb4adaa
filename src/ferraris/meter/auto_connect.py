"""The driver of connections that a meter opens itself: it calls the head-end, which then reads it over that link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ferraris.cosem import obis
from ferraris.cosem.classes.auto_connect import AutoConnect
from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.errors import LinkError
from ferraris.link import Connector
from ferraris.meter.device import LogicalDevice
from ferraris.meter.server import MeterServer


class Callers:
    """Connects meters to the first of their destinations that answers, and serves the link to its end."""

    def __init__(self, server: Callable[[int], MeterServer], clock: Clock, connector: Connector) -> None:
        self._server = server
        self._clock = clock
        self._connector = connector
        self._calls: dict[int, asyncio.Task[None]] = {}

    def call(self, device: LogicalDevice) -> None:
        """Begin to connect; a meter that does so already goes on with that."""
        index = device.meter.index
        if index not in self._calls:
            task = self._calls[index] = asyncio.create_task(self._connect(device))
            task.add_done_callback(lambda _: self._calls.pop(index, None))

    async def aclose(self) -> None:
        calls = list(self._calls.values())
        for task in calls:
            task.cancel()
        if calls:
            await asyncio.wait(calls)

    async def _connect(self, device: LogicalDevice) -> None:
        """Every destination in its order, as often as the set-up repeats it."""
        for _ in range(device.value(AutoConnect.repetitions, obis.AUTO_CONNECT) + 1):
            for destination in device.value(AutoConnect.destination_list, obis.AUTO_CONNECT):
                if await self._served(device, destination):
                    return
            delay_s = device.value(AutoConnect.repetition_delay, obis.AUTO_CONNECT)
            await asyncio.sleep(self._clock.delay_s(self._clock.now_ms() + delay_s * MS_PER_S))

    async def _served(self, device: LogicalDevice, destination: bytes) -> bool:
        """Whether there was a link to that destination; it is over by now."""
        host, _, port = str(destination, "ascii", "replace").rpartition(":")
        if not host or not port.isdigit() or not device.meter.powered:
            return False
        try:
            link = await self._connector(host, int(port))
        except LinkError:
            return False
        try:
            await self._server(device.meter.index).serve(link)
        except LinkError:
            pass  # the peer has gone: that ends a call like any other
        finally:
            await link.aclose()
        return True
