"""Trouble: carries out the script's faults and orders on a territory, each at its moment."""

from __future__ import annotations

import asyncio
from typing import Final

from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import Identity
from ferraris.simulation.collector import PUSH_PORT, Collector
from ferraris.simulation.faults import COLLECTOR, Fault, FaultKind
from ferraris.simulation.medium import CALM
from ferraris.simulation.script import Order, draw_weather
from ferraris.simulation.street import Street
from ferraris.simulation.territory import COLLECTOR_HOST, METER_PORT, Territory

WRITES_BEFORE_DEATH: Final = 12
SHORT_LIFE: Final = 0.3
"""Of the deaths, those after which the process dies again as it starts."""
WRITES_OF_A_START: Final = 30
AT_ONCE: Final = 0.2
"""Of the deaths, those that come at any moment and not at a write."""
ARMED_S: Final = 900.0
"""A process that is to die at a write dies anyway when it writes nothing for so long."""


class Trouble:
    """What goes wrong in one run. `counts` says what did, by kind."""

    def __init__(self, territory: Territory) -> None:
        self.counts: dict[str, int] = {}
        self._territory = territory
        self._entropy = territory.entropy.fork("trouble")
        self._restarts = territory.entropy.fork("restarts")
        self._weathers = 0

    def restart_s(self) -> float:
        """How long a process stays dead this time."""
        return 1.0 + self._territory.script.settings.rates.restart_s_max * self._restarts.uniform()

    async def order(self, order: Order) -> None:
        """Post an operator's command when its time has come. Nobody posts it again if the collector cannot take it."""
        await asyncio.sleep(order.at_s)
        row = self._territory.collectors[0].post(order.meter, order.kind, f"operator {order.number}")
        command = None if row is None else row.id
        about = f"meter{order.meter}"
        self._territory.log.record("posted", about, order=order.number, command=command, what=order.kind.value)

    async def suffer(self, fault: Fault, collector: Collector) -> None:
        """Do to the territory, or to `collector`, what the fault is, and undo it when it is over."""
        await asyncio.sleep(fault.start_s)
        territory = self._territory
        name = fault.kind.value
        draw = self._entropy.fork(f"{name} {fault.start_s}")
        self.counts[name] = self.counts.get(name, 0) + 1
        meters = ",".join(map(str, fault.meters))
        territory.log.record("fault", name, duration=int(fault.duration_s), meters=meters)
        match fault.kind:
            case FaultKind.PARTITION:
                await self._partition(fault)
            case FaultKind.BAD_WEATHER:
                await self._bad_weather(fault, draw)
            case FaultKind.METER_OUTAGE:
                street = territory.street_of(fault.meters[0])
                await street.switch_off(fault.meters[0])
                await asyncio.sleep(fault.duration_s)
                await street.switch_on(fault.meters[0])
            case FaultKind.METER_CRASH:
                await _kill(territory.street_of(fault.meters[0]), draw)
            case FaultKind.COLLECTOR_CRASH:
                await _kill(collector, draw)
            case FaultKind.REPLAY:
                number = fault.meters[0]
                host = COLLECTOR_HOST if number == COLLECTOR else Identity(number).host
                await territory.eavesdropper.replay(host, METER_PORT if number else PUSH_PORT, draw)
            case FaultKind.DISK_FULL:
                await _fill_disk(collector, fault.duration_s)

    async def _partition(self, fault: Fault) -> None:
        medium = self._territory.medium
        name = f"partition{int(fault.start_s)}"
        medium.cut(name, self._territory.hosts(fault.meters))
        await asyncio.sleep(fault.duration_s)
        medium.heal(name)

    async def _bad_weather(self, fault: Fault, draw: SeededEntropy) -> None:
        medium = self._territory.medium
        self._weathers += 1
        medium.conditions = draw_weather(draw)
        await asyncio.sleep(fault.duration_s)
        self._weathers -= 1
        if not self._weathers:
            medium.conditions = CALM


async def _kill(program: Street | Collector, draw: SeededEntropy) -> None:
    """Let it die: at any moment, or at one of its next writes."""
    life = program.life
    if life is None or not life.alive:
        return
    if draw.uniform() < AT_ONCE:
        life.end("any moment")
        return
    life.end_after(int(draw.uniform() * WRITES_BEFORE_DEATH))
    if draw.uniform() < SHORT_LIFE:
        program.next_dies_after = int(draw.uniform() * WRITES_OF_A_START)
    await asyncio.sleep(ARMED_S)
    life.end("no write came")


async def _fill_disk(collector: Collector, duration_s: float) -> None:
    life = collector.life
    if life is not None:
        life.disk_full = True
        await asyncio.sleep(duration_s)
        life.disk_full = False
