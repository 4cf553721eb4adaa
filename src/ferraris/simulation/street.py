"""A street: virtual meters served by one process, which may die and starts again from its memory.

The meters are the product's own, over the simulated network. One of them may lose its supply while the others go on; the
death of the process takes the supply of all.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import together
from ferraris.meter import (
    Fleet,
    FleetService,
    Identity,
    Manufacture,
    MeterModel,
    ServiceSettings,
    StochasticLoad,
    Surroundings,
    Zone,
    decoder_reference_number,
    meter_model,
)
from ferraris.meter.committed_rows import Indices
from ferraris.meter.memory import FleetMemory
from ferraris.simulation.auditor import Auditor
from ferraris.simulation.events import EventLog
from ferraris.simulation.household import Display
from ferraris.simulation.households import NOBODY
from ferraris.simulation.life import Life, ProcessDiedError
from ferraris.simulation.memory import MortalMemory
from ferraris.simulation.mortal import Mortal
from ferraris.simulation.network import Network
from ferraris.simulation.prepayment_audit import TakenTokens

PROFILES: Final = ("smr5_three_phase", "smr5_single_phase")
PREPAID_PROFILES: Final = ("sts_three_phase", "sts_single_phase")
MILLION: Final = 1_000_000
HEARTBEAT_S: Final = 60.0
"""A meter's process marks so often that it lives: after its death, power counts as lost since the last mark."""
ZONE: Final = "central_european"


@dataclass(frozen=True)
class Surrounding:
    """What a street stands in."""

    clock: Clock
    log: EventLog
    network: Network
    auditor: Auditor
    push_host: str
    push_port: int


@dataclass(frozen=True, slots=True)
class StreetSettings:
    """Which meters, and of which works."""

    place: int
    """Number of the street, from 1."""
    first_number: int
    made: Manufacture
    seed: int
    """Of keys and loads."""
    datagram_pushes: bool
    prepaid: int = 0
    """Of the territory's meters, those with numbers up to this one."""


class Street(Mortal):
    """One fleet, its process and its files."""

    def __init__(
        self, settings: StreetSettings, around: Surrounding, directory: Path, entropy: SeededEntropy, now_ms: int
    ) -> None:
        super().__init__(f"street{settings.place}", around.log, around.network)
        self.gateway = f"10.1.0.{settings.place}"
        """The address from which the street's pushes come."""
        self.settings = settings
        self.numbers = tuple(range(settings.first_number, settings.first_number + settings.made.count))
        self.service: FleetService | None = None
        self._around = around
        self._directory = directory
        self._entropy = entropy
        self._outages: dict[int, int] = dict.fromkeys(self.numbers, 0)
        """By number of the meter, outages of its supply that overlap now."""
        load = StochasticLoad(settings.seed)
        self._surroundings = Surroundings(load, Zone.load(ZONE), settings.first_number)
        Fleet.create(directory, settings.made, self._surroundings, entropy.fork("works"), now_ms).close()
        self._memory: MortalMemory | None = None
        self._new = True

    @property
    def models(self) -> tuple[MeterModel, ...]:
        """Of every meter."""
        return tuple(map(self.model_of, self.numbers))

    def model_of(self, number: int) -> MeterModel:
        profiles = PREPAID_PROFILES if number <= self.settings.prepaid else PROFILES
        return meter_model(profiles[(number - self.settings.first_number) % len(profiles)])

    @property
    def prepaid(self) -> tuple[int, ...]:
        """Numbers of its prepayment meters."""
        return tuple(number for number in self.numbers if number <= self.settings.prepaid)

    def display(self, number: int) -> Display | None:
        """What a prepayment meter shows; None when it shows nothing."""
        shown = self._at_the_meter("keypad_display", number)
        if shown is None or shown["credit_wh"] is None:
            return None
        return Display(shown["credit_wh"], shown["supplied"])

    def type(self, number: int, digits: str) -> str:
        """A token at a keypad; what the meter says to it."""
        outcome = self._at_the_meter("enter_token", number, digits)
        return NOBODY if outcome is None else str(outcome.result)

    def taken(self) -> dict[str, TakenTokens] | None:
        """What its prepayment meters remember of tokens; None while it does not run."""
        if self._memory is None or not self.alive:
            return None
        rows = self._memory.payment
        accepted, refused, credited = (
            rows.column(name).tolist() for name in ("tokens_accepted", "tokens_refused", "credited")
        )
        first = self.settings.first_number
        return {
            decoder_reference_number(number): TakenTokens(
                accepted[number - first], refused[number - first], credited[number - first] // MILLION
            )
            for number in self.prepaid
        }

    def _at_the_meter(self, act: str, *what: Any) -> Any:
        """Do something at a meter, as a part of the process, which may die of it; None when it has died."""
        if self.service is None or not self.alive or self.life is None:
            return None
        try:
            return self.life.process.run(getattr(self.service, act), *what)
        except ProcessDiedError:
            return None

    async def stop(self) -> None:
        """End in order."""
        self._stopping = True
        if self.service is not None and self.alive:
            await self.service.aclose()
        await self.bury()

    async def switch_off(self, number: int) -> None:
        """The supply of one meter fails."""
        self._outages[number] += 1
        self._around.log.record("supply", f"meter{number}", on=0)
        self._around.network.switch_off([Identity(number).host])
        if self._outages[number] == 1 and self.service is not None and self.alive:
            await self._as_process(self.service.switch_off(number - self.settings.first_number))

    async def switch_on(self, number: int) -> None:
        """The supply of one meter is back, unless it failed twice."""
        self._outages[number] -= 1
        if self._outages[number]:
            return
        self._around.log.record("supply", f"meter{number}", on=1)
        self._around.network.switch_on([Identity(number).host])
        if self.service is not None and self.alive:
            await self._as_process(self.service.switch_on(number - self.settings.first_number))

    # Its own

    async def _start(self, life: Life) -> None:
        around, process = self._around, life.process
        now_ms = around.clock.now_ms()
        memory = self._memory = MortalMemory(self._directory, life, self._witness)
        truth = around.auditor.truth
        first_number = self.settings.first_number
        if self._new:
            truth.add_fleet(first_number, memory, [self.model_of(number).profile.phases for number in self.numbers])
            self._new = False
        elif not truth.remembered(first_number, memory):
            around.auditor.fail("a meter has forgotten what it had committed", self.name, self.name)
        fleet = Fleet(memory, self._surroundings)
        if self.deaths:
            fleet.supply.restart(now_ms)
        for number, outages in self._outages.items():
            if outages:
                fleet.meters[number - first_number].power_down(now_ms)
        self.service = process.run(self._serve, fleet)
        await process.start(self.service.start())
        process.start(self.service.run()).add_done_callback(self._ended)

    def _serve(self, fleet: Fleet) -> FleetService:
        around = self._around
        network = around.network
        connect = network.datagram_connector if self.settings.datagram_pushes else network.connector
        return FleetService(
            fleet,
            self.models,
            self.settings.seed,
            around.clock,
            self._entropy.fork(f"life {self.deaths}"),
            together(network.listen, network.listen_datagrams),
            connect(self.gateway),
            ServiceSettings(push_host=around.push_host, push_port=around.push_port, heartbeat_s=HEARTBEAT_S),
        )

    async def _as_process(self, coroutine: object) -> None:
        """Run something as a part of the process, which may die of it."""
        assert self.life is not None
        assert asyncio.iscoroutine(coroutine)
        task = self.life.process.start(coroutine)
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None and self.life.alive:
            raise error

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ProcessDiedError):
            self._around.auditor.fail("a fleet's service ends by itself", f"{self.name}: {error!r}", self.name)

    def _close(self) -> None:
        if self._memory is not None:
            self._memory.close()
        self.service = self._memory = None

    def _witness(self, memory: FleetMemory, meters: Indices) -> None:
        del meters
        self._around.auditor.truth.committed(self.settings.first_number, memory, self._around.clock.now_ms())
