"""What a collector and a street have in common: a process that lives, dies at any write, and lives again from its files."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from ferraris.simulation.events import EventLog
from ferraris.simulation.life import Life, ProcessDiedError
from ferraris.simulation.network import Network
from ferraris.simulation.process import Process


class Mortal(ABC):
    """Lives as a process of that `name`."""

    def __init__(self, name: str, log: EventLog, network: Network) -> None:
        self.name = name
        self.life: Life | None = None
        self.deaths = 0
        self.next_dies_after: int | None = None
        """The next life ends at the write after so many."""
        self._stopping = False
        self._log = log
        self._network = network

    @property
    def alive(self) -> bool:
        return self.life is not None and self.life.alive

    async def run(self, restart_s: Callable[[], float]) -> None:
        """Live, die and live again until cancelled. `restart_s` says how long each death lasts."""
        while True:
            try:
                life = self._born()
                await self._start(life)
                await life.ended.wait()
            except ProcessDiedError:
                pass
            if self._stopping:
                return
            await self.bury()
            self.deaths += 1
            await asyncio.sleep(restart_s())

    async def bury(self) -> None:
        """What the operating system does when a process ends."""
        if self.life is not None:
            self.life.end("stop")
            await self.life.process.kill()
        self._close()

    def _born(self) -> Life:
        life = self.life = Life(Process(self.name), self._log, self._network.drop_process)
        self._log.record("starts", self.name)
        if self.next_dies_after is not None:
            life.end_after(self.next_dies_after)
            self.next_dies_after = None
        return life

    @abstractmethod
    async def _start(self, life: Life) -> None:
        """Open the files and begin to work, as the process of `life`."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of the files."""
