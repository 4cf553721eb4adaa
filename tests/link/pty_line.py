"""A serial line without hardware: two pseudo-terminals, and a thread that carries octets from one to the other."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from ferraris.link import SerialSettings, open_serial
from tests.link.conformance import Pair

HELD_OCTETS_MAX = 4_096


class _Line:
    """Carries octets until one end is closed."""

    def __init__(self) -> None:
        self._masters = []
        self._slaves = []
        for _ in range(2):
            master, slave = os.openpty()
            os.set_blocking(master, False)
            self._masters.append(master)
            self._slaves.append(slave)
        self.devices = [os.ttyname(slave) for slave in self._slaves]
        self._held = [b"", b""]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def end(self) -> None:
        self._stopped.set()
        self._thread.join()
        for descriptor in (*self._masters, *self._slaves):
            with suppress(OSError):
                os.close(descriptor)

    def _carry(self) -> None:
        """`_held[n]` waits to be written to end n."""
        while not self._stopped.is_set():
            readers = [self._masters[end] for end in (0, 1) if len(self._held[1 - end]) < HELD_OCTETS_MAX]
            writers = [self._masters[end] for end in (0, 1) if self._held[end]]
            readable, writable, _ = select.select(readers, writers, [], 0.02)
            for end in (0, 1):
                try:
                    self._pass_on(end, readable, writable)
                except BlockingIOError:
                    continue

    def _pass_on(self, end: int, readable: list[int], writable: list[int]) -> None:
        master = self._masters[end]
        if master in writable:
            self._held[end] = self._held[end][os.write(master, self._held[end]) :]
        if master in readable:
            self._held[1 - end] += os.read(master, HELD_OCTETS_MAX)


@contextmanager
def serial_line() -> Iterator[_Line]:
    """The two devices of a line."""
    line = _Line()
    try:
        yield line
    finally:
        line.end()


@asynccontextmanager
async def serial_pair(settings: SerialSettings | None = None) -> AsyncIterator[Pair]:
    """Both ends of a line, open."""
    with serial_line() as line:
        left, right = [await open_serial(device, settings) for device in line.devices]
        try:
            yield left, right
        finally:
            await left.aclose()
            await right.aclose()
