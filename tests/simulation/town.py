"""A small territory on a virtual loop, driven by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from ferraris.simulation import FaultRates, VirtualLoop, WorldSettings
from ferraris.simulation.product_log import product_log_to
from ferraris.simulation.script import draw_script
from ferraris.simulation.territory import Territory

HOUR_S = 3600.0
NOTHING = FaultRates(
    partitions=0, bad_weathers=0, meter_outages=0, meter_crashes=0, replays=0, collector_crashes=0, full_disks=0
)
Story = Callable[[Territory], Coroutine[Any, Any, None]]


def at_once() -> float:
    """A dead process runs again after a second."""
    return 1.0


def tell(directory: Path, story: Story, meters: int = 2, seed: int = 1) -> None:
    """Run `story` in a territory in which everything runs; the auditor must have nothing to object to."""
    loop = VirtualLoop()
    settings = WorldSettings(seed, meters, 1, rates=NOTHING, rival=False, unkeyed=False)

    async def whole() -> None:
        territory = Territory(draw_script(settings), loop, directory)
        with product_log_to(territory.log, territory.auditor, str(directory)):
            running = [loop.create_task(program.run(at_once)) for program in territory.programs]
            try:
                await asyncio.sleep(0.5)
                await story(territory)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
                for program in territory.programs:
                    await program.bury()
        assert territory.auditor.finding is None, territory.auditor.finding

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(whole())
