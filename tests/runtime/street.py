"""A street in a bottle: real virtual meters, the real runtime and real stores, on a simulated network in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ferraris.headend import Limits
from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys import MasterKey
from ferraris.link import Connector, together
from ferraris.meter.fleet import Fleet, Manufacture
from ferraris.meter.model import meter_model
from ferraris.meter.serving import FleetService, ServiceSettings
from ferraris.runtime import Runtime, RuntimeSettings, World
from ferraris.simulation import Conditions, EventLog, Medium, Network, VirtualClock, run_virtual
from ferraris.store import MeterRow, Stores, WriteHook, open_stores
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

COLLECTOR = "10.0.0.1"
PUSH_PORT = 4060
HOUR_S = 3_600
FLEET_SEED = 11
QUICK = RuntimeSettings(
    limits=Limits(start_spread_ms=10_000),
    connect_timeout_s=5,
    response_timeout_s=5,
    association_timeout_s=60,
    push_idle_timeout_s=30,
)


@dataclass
class Street:
    """Meters and a head-end that can be started and ended. Make it in a running virtual loop."""

    directory: Path
    meters: int = 3
    settings: RuntimeSettings = QUICK
    made: Manufacture = PERFECT
    before_write: WriteHook | None = None
    wrong_key: frozenset[int] = frozenset()
    registered: int | None = None
    """How many of the meters the head-end knows from the beginning; None for all."""
    link: str = "tcp"
    models: tuple[str, ...] = ("smr5_three_phase", "smr5_single_phase")
    """Companion profiles of the meters, dealt out in turn."""
    network: Network = field(init=False)
    clock: VirtualClock = field(init=False)
    fleet: Fleet = field(init=False)
    service: FleetService = field(init=False)
    stores: Stores = field(init=False)
    runtime: Runtime = field(init=False)
    _running: asyncio.Task[None] | None = None

    async def open(self) -> Street:
        self.clock = VirtualClock(asyncio.get_running_loop(), MONDAY_MS)
        medium = Medium(SeededEntropy(1), EventLog(self.clock))
        medium.conditions = Conditions(latency_min_ms=10, latency_max_ms=20)
        self.network = Network(medium)
        made = replace(self.made, count=self.meters)
        self.fleet = Fleet.create(self.directory / "fleet", made, STEADY, SeededEntropy(5), self.clock.now_ms())
        self.service = FleetService(
            self.fleet,
            [meter_model(name) for name in self.models],
            FLEET_SEED,
            self.clock,
            SeededEntropy(3),
            together(self.network.listen, self.network.listen_datagrams),
            self.network.connector("127.20.0.1"),
            ServiceSettings(push_host=COLLECTOR, push_port=PUSH_PORT, heartbeat_s=60),
        )
        await self.service.start()
        self.master_key = MasterKey(bytes(range(32)))
        self.open_head_end()
        known = self.meters if self.registered is None else self.registered
        self.runtime.register([self.row(index) for index in range(known)])
        return self

    def open_head_end(self) -> None:
        """Open the stores and start the head-end over them."""
        self.stores = open_stores(self.directory, self.before_write, threads=1)
        others = {"udp": self.network.datagram_connector(COLLECTOR), "hdlc+tcp": self.connector()}
        world = World(self.clock, SeededEntropy(9), self.connector(), other_connectors=others)
        self.runtime = Runtime(self.stores, self.master_key, world, self.settings)
        self._running = asyncio.create_task(self.runtime.run(), name="runtime")

    def connector(self) -> Connector:
        """What the head-end opens links with."""
        return self.network.connector(COLLECTOR)

    def row(self, index: int) -> MeterRow:
        device = self.service.devices[index]
        wrapped = device.keys.wrapped(self.master_key)
        encryption_key = bytes(16) if index in self.wrong_key else None
        return MeterRow(
            id=index + 1,
            serial=device.identity.serial,
            profile=device.model.profile.name,
            host=device.identity.host,
            port=4059,
            group="default",
            client_sap=1,
            server_sap=1,
            system_title=device.identity.system_title,
            created_ms=self.clock.now_ms(),
            wrapped_encryption_key=self.master_key.wrap(encryption_key) if encryption_key else wrapped.encryption_key,
            wrapped_authentication_key=wrapped.authentication_key,
            wrapped_lls_secret=wrapped.lls_secret,
            link=self.link,
        )

    async def live_until(self, hours: float) -> None:
        """Let time pass until so many hours after the beginning; what ends the runtime comes out here."""
        delay_s = self.clock.delay_s(MONDAY_MS + int(hours * HOUR_S * 1_000))
        if self._running is None:
            await asyncio.sleep(delay_s)
        else:
            await asyncio.wait([self._running], timeout=delay_s)
            if self._running.done():
                self._running.result()

    async def until(self, reached: Callable[[], object], within_s: float = 7_200, poll_s: float = 0.5) -> None:
        """Let time pass until `reached()` holds."""
        for _ in range(int(within_s / poll_s)):
            if reached():
                return
            await asyncio.sleep(poll_s)
        raise AssertionError("not reached in time")

    async def kill_head_end(self) -> None:
        """The process dies: its tasks end, its links break, what is not in the stores is gone."""
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait([self._running])
        self._running = None
        self.stores.close()

    async def close_head_end(self) -> None:
        """The process is asked to end, and does so in good order."""
        assert self._running is not None
        self.runtime.stop()
        await self._running
        self._running = None
        self.stores.close()

    async def close(self) -> None:
        if self._running is not None:
            await self.close_head_end()
        await self.service.aclose()
        self.fleet.close()

    # What a test asks

    def hours(self) -> float:
        """Since the beginning."""
        return (self.clock.now_ms() - MONDAY_MS) / 1_000 / HOUR_S

    def stored_slots(self, meter: int) -> list[int]:
        readings = self.stores.intervals.read(meter, [1], MONDAY_MS // 1000, self.clock.now_ms() // 1000)
        return [time_s // 900 for time_s in readings.time_s.tolist()]

    def slots(self, first_hour: float, last_hour: float) -> list[int]:
        """The slots after `first_hour` up to `last_hour`."""
        begin = MONDAY_MS // 900_000
        return list(range(begin + int(first_hour * 4) + 1, begin + int(last_hour * 4) + 1))

    def communication(self, meter: int) -> str:
        return self.runtime.head_end.state.meters[meter].communication.value

    def alarm_kinds(self) -> set[tuple[int | None, str]]:
        return {(alarm.meter, alarm.kind) for alarm in self.stores.records.alarms()}


Story = Callable[[Street], Coroutine[Any, Any, None]]


def tell(place: Path, story: Story, *, listening: bool = False, **what: Any) -> None:
    """Play a story on a street of its own, in virtual time. `listening`: its head-end takes pushes."""

    async def whole() -> None:
        street = await Street(place, **what).open()
        server = await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT) if listening else None
        try:
            await story(street)
        finally:
            if server is not None:
                await server.aclose()
            await street.close()

    run_virtual(whole())
