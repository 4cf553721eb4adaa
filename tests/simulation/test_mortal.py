"""A mortal process: it lives again from what it left, as often as it dies, and ends when it is told to."""

from __future__ import annotations

import asyncio

from ferraris.simulation import run_virtual
from ferraris.simulation.life import Life, ProcessDiedError
from ferraris.simulation.mortal import Mortal
from tests.simulation.bottle import network, now_s


class Clerk(Mortal):
    """Writes a line every ten seconds."""

    def __init__(self) -> None:
        town = network()
        super().__init__("clerk", town.medium.log, town)
        self.begun: list[float] = []
        self.closed = 0
        self.lines = 0

    async def _start(self, life: Life) -> None:
        self.begun.append(now_s())
        life.process.start(self._write(life))

    async def _write(self, life: Life) -> None:
        while True:
            await asyncio.sleep(10)
            try:
                life.check("line:commit")
            except ProcessDiedError:
                return
            self.lines += 1

    def _close(self) -> None:
        self.closed += 1


def test_it_dies_at_its_write_and_lives_again_after_a_while() -> None:
    async def scenario() -> None:
        clerk = Clerk()
        clerk.next_dies_after = 3
        running = asyncio.create_task(clerk.run(lambda: 60.0))
        await asyncio.sleep(39)
        assert (clerk.alive, clerk.lines, clerk.deaths) == (True, 3, 0)
        await asyncio.sleep(2)
        assert (clerk.alive, clerk.lines, clerk.deaths, clerk.closed) == (False, 3, 1, 1)
        await asyncio.sleep(60)
        assert clerk.alive
        assert clerk.begun == [0.0, 100.0]
        assert clerk.next_dies_after is None, "only one life was cut short"
        await asyncio.sleep(500)
        assert clerk.deaths == 1
        running.cancel()
        await clerk.bury()
        assert not clerk.alive
        lines = clerk.lines
        await asyncio.sleep(100)
        assert clerk.lines == lines, "nothing is written from the grave"

    run_virtual(scenario())


def test_a_process_that_dies_while_it_starts_is_started_again() -> None:
    class Weakling(Clerk):
        async def _start(self, life: Life) -> None:
            await super()._start(life)
            if len(self.begun) < 3:
                life.end("start")
                raise ProcessDiedError("at its start")

    async def scenario() -> None:
        clerk = Weakling()
        running = asyncio.create_task(clerk.run(lambda: 5.0))
        await asyncio.sleep(12)
        assert (clerk.begun, clerk.deaths, clerk.alive) == ([0.0, 5.0, 10.0], 2, True)
        running.cancel()
        await clerk.bury()

    run_virtual(scenario())
