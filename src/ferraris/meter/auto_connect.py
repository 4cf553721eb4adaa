"""The driver of connections that a meter opens itself: it calls the head-end, which then reads it over that link.

It does so when `connect` is invoked, and by its mode: always, or while a calling window is open. The link of a window ends with
the window. A call that fails everywhere, and one that is over, is followed by the next after the repetition delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from ferraris.cosem import obis
from ferraris.cosem.classes.auto_connect import AutoConnect, AutoConnectMode
from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.errors import LinkError
from ferraris.kernel.network_address import network_address
from ferraris.link import Connector
from ferraris.meter.device import LogicalDevice
from ferraris.meter.server import MeterServer
from ferraris.meter.windows import closing_s, opening_s

ALWAYS: Final = (AutoConnectMode.DIALLING_ANY_TIME, AutoConnectMode.PERMANENTLY_CONNECTED)
IN_WINDOW: Final = (
    AutoConnectMode.DIALLING_IN_WINDOW,
    AutoConnectMode.REGULAR_DIALLING_IN_WINDOW,
    AutoConnectMode.CONNECTED_IN_WINDOW,
    AutoConnectMode.CONNECTED_IN_WINDOW_OR_ON_INVOCATION,
)
REST_S_MIN: Final = 10
"""Between two calls that a meter makes of itself, whatever the repetition delay."""


class Callers:
    """Connects meters to the first of their destinations that answers, and serves the link to its end."""

    def __init__(self, server: Callable[[int], MeterServer], clock: Clock, connector: Connector) -> None:
        self._server = server
        self._clock = clock
        self._connector = connector
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._calling: dict[int, LogicalDevice] = {}
        """Meters that call of themselves, by their places."""
        self._rests_until_ms: dict[int, int] = {}

    def watch(self, device: LogicalDevice) -> None:
        """Know how the meter is set up now; to be told after every change."""
        entry = device.model.find(AutoConnect.class_id, obis.AUTO_CONNECT)
        mode = None if entry is None else device.value(AutoConnect.mode, obis.AUTO_CONNECT)
        if mode in ALWAYS or mode in IN_WINDOW:
            self._calling[device.meter.index] = device
        else:
            self._calling.pop(device.meter.index, None)

    def look(self, now_ms: int) -> None:
        """Let those call of themselves whose time it is."""
        for index, device in self._calling.items():
            if index in self._calls or not device.meter.powered or now_ms < self._rests_until_ms.get(index, 0):
                continue
            if device.value(AutoConnect.mode, obis.AUTO_CONNECT) in ALWAYS:
                self.call(device)
                continue
            windows = device.value(AutoConnect.calling_window, obis.AUTO_CONNECT)
            clock_s = device.meter.clock_ms(now_ms) // MS_PER_S
            if opening_s(windows, clock_s, device.meter.zone) == clock_s:
                closing = closing_s(windows, clock_s, device.meter.zone)
                self.call(device, None if closing is None else now_ms + (closing - clock_s) * MS_PER_S)

    def call(self, device: LogicalDevice, until_ms: int | None = None) -> None:
        """Begin to connect, at the longest until a moment; a meter that does so already goes on with that."""
        index = device.meter.index
        if index not in self._calls:
            task = self._calls[index] = asyncio.create_task(self._call(device, until_ms))
            task.add_done_callback(lambda _: self._calls.pop(index, None))

    async def aclose(self) -> None:
        calls = list(self._calls.values())
        for task in calls:
            task.cancel()
        if calls:
            await asyncio.wait(calls)

    async def _call(self, device: LogicalDevice, until_ms: int | None) -> None:
        try:
            async with asyncio.timeout(None if until_ms is None else self._clock.delay_s(until_ms)):
                await self._connect(device)
        except TimeoutError:
            pass  # the window is over
        rest_s = max(device.value(AutoConnect.repetition_delay, obis.AUTO_CONNECT), REST_S_MIN)
        self._rests_until_ms[device.meter.index] = self._clock.now_ms() + rest_s * MS_PER_S

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
        address = network_address(destination)
        if address is None or not device.meter.powered:
            return False
        try:
            link = await self._connector(*address)
        except LinkError:
            return False
        try:
            await self._server(device.meter.index).serve(link)
        except LinkError:
            pass  # the peer has gone: that ends a call like any other
        finally:
            await link.aclose()
        return True
