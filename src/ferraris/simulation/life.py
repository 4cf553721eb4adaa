"""The life of one process of the simulated world: it can be made to end between any two writes to its files.

Stores and memories call `check` before and after each of their commits. A process that is dead raises there, so that
nothing which runs on while its tasks are cancelled can still change what it leaves behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ferraris.kernel.errors import StoreError
from ferraris.simulation.events import EventLog
from ferraris.simulation.process import Process


class ProcessDiedError(BaseException):
    """Unwinds the code of a process that has just died. No handler of the product may take it for an error of its own."""


class Life:
    """From the start of a process to its death. `cut_off` is called at that moment, and takes its links from it."""

    def __init__(self, process: Process, log: EventLog, cut_off: Callable[[Process], None]) -> None:
        self.process = process
        self.alive = True
        self.ended = asyncio.Event()
        self.writes = 0
        """Commits seen so far, twice each: before and after."""
        self.disk_full = False
        """Nothing more can be written; the process itself goes on."""
        self._log = log
        self._cut_off = cut_off
        self._writes_left: int | None = None

    def end_after(self, writes: int) -> None:
        """Die at the write after the next `writes` ones."""
        if self._writes_left is None:
            self._writes_left = writes

    def check(self, moment: str) -> None:
        """A write is about to be made, or was made. Raises ProcessDiedError for a dead process, StoreError on a full disk."""
        if self.takes(moment):
            self.end(moment)
        if not self.alive:
            raise ProcessDiedError(f"{self.process.name} at {moment}")
        if self.disk_full and moment.endswith(":commit"):
            raise StoreError("no space left on the simulated disk")

    def takes(self, moment: str) -> bool:
        """Whether the process, alive until now, is to die at this `moment`."""
        self.writes += 1
        if not self.alive or self._writes_left is None:
            return False
        self._writes_left -= 1
        return self._writes_left < 0

    def end(self, moment: str) -> None:
        """Die now; once."""
        if self.alive:
            self.alive = False
            self._log.record("died", self.process.name, at=moment)
            self._cut_off(self.process)
            self.ended.set()
