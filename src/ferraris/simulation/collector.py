"""A collector: head-end, runtime and both stores in one process, which may die at any write and starts again from its files.

It is the product's own runtime, with the simulated network for its links and DuckDB and SQLite in real files for its
stores. The auditor looks at every batch that the interval store takes, and at all of it whenever it is opened again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from ferraris.headend import CollectionPlan, CommandKind, meter_view
from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError
from ferraris.keys import MasterKey
from ferraris.link import LinkServer
from ferraris.runtime import DeliverySettings, Runtime, RuntimeSettings, TokenDelivery, save_plan
from ferraris.runtime import World as Outside
from ferraris.simulation.auditor import Auditor, Ledger
from ferraris.simulation.events import EventLog
from ferraris.simulation.households import Bought
from ferraris.simulation.life import Life, ProcessDiedError
from ferraris.simulation.mortal import Mortal
from ferraris.simulation.network import Network
from ferraris.simulation.till import opened_till
from ferraris.store import (
    Appended,
    CommandRow,
    IntervalStore,
    MeterRow,
    Readings,
    SaleFilter,
    Stores,
    open_stores,
)
from ferraris.vending import Delivery, LedgerError, Sale, SalePendingError, SaleRequest, Vending

T = TypeVar("T")

PUSH_PORT: Final = 4059
LOAD_PROFILE: Final = "LOAD_PROFILE"
OPEN_DELIVERIES: Final = (Delivery.NONE, Delivery.SENT)
DELIVERY_LOOK_S: Final = 30.0
STOP_S: Final = 300.0
"""An orderly end takes no longer."""


@dataclass(frozen=True)
class CollectorSettings:
    """Who the collector is, and which meters it has."""

    name: str
    host: str
    system_title: bytes
    rows: tuple[MeterRow, ...]
    plan: CollectionPlan
    flush_interval_s: float
    unkeyed: frozenset[int] = frozenset()
    """Meters that are registered with a wrong key: it cannot read them, and must not suffer for it."""
    prepaid: int = 0
    """It sells tokens for the meters with numbers up to this one."""
    fleet_seed: int = 0


class Collector(Mortal):
    """One collector, its process and its files."""

    def __init__(
        self,
        settings: CollectorSettings,
        clock: Clock,
        log: EventLog,
        network: Network,
        auditor: Auditor,
        directory: Path,
        master_key: MasterKey,
        entropy: SeededEntropy,
    ) -> None:
        super().__init__(settings.name, log, network)
        self.settings = settings
        self.runtime: Runtime | None = None
        self._clock = clock
        self._auditor = auditor
        self._directory = directory
        self._master_key = master_key
        self._entropy = entropy
        self._stores: Stores | None = None
        self._till = ExitStack()
        self._listeners: list[LinkServer] = []
        self._task: asyncio.Task[None] | None = None
        self._last_commands: dict[int, list[CommandRow]] = {}
        meters = tuple(row.id for row in settings.rows if row.id not in settings.unkeyed)
        auditor.add_ledger(Ledger(settings.name, clock.now_ms() // 1000, meters, self.commands))

    @property
    def running(self) -> bool:
        return self.runtime is not None and self.alive

    async def stop(self) -> Stores:
        """End in order, and hand over the stores as they are then. The caller closes them."""
        assert self.runtime is not None
        assert self._task is not None
        self._stopping = True
        self.runtime.stop()
        for listener in self._listeners:
            await listener.aclose()
        await asyncio.wait([self._task], timeout=STOP_S)
        if not self._task.done():
            self._auditor.fail("an orderly stop hangs", self.name, self.name)
        assert self.life is not None
        self.life.end("stop")
        await self.life.process.kill()
        assert self._stores is not None
        return self._stores

    def post(self, meter: int, kind: CommandKind, requested_by: str) -> CommandRow | None:
        """An operator asks for something; None when it could not be taken."""
        if not self.running:
            return None
        assert self.life is not None
        assert self.runtime is not None
        try:
            return self.life.process.run(self.runtime.post_command, meter, kind, "", requested_by)
        except (StoreError, ProcessDiedError):
            return None

    def sell(self, message_id: str, meter: str, amount: Decimal) -> Bought | None:
        """A customer at the till; None when it cannot be served now."""
        request = SaleRequest(message_id=message_id, till=self.name, operator=self.name, meter=meter, amount=amount)
        sale = self._at_the_till(lambda vending: vending.sell(request, self._clock.now_ms()))
        return None if sale is None else _bought(sale)

    def drawer(self, meter: str) -> tuple[int, list[Bought]] | None:
        """How many orders were made for a meter, and those whose delivery is open; None when nobody can look now."""
        sales = self._at_the_till(lambda vending: vending.sales(SaleFilter(meter=meter)))
        if sales is None:
            return None
        return len(sales), [_bought(sale) for sale in sales if sale.delivery in OPEN_DELIVERIES and sale.tokens]

    def sold(self) -> list[Sale] | None:
        """All sales; None when nobody can look now."""
        return self._at_the_till(lambda vending: vending.sales(SaleFilter()))

    def ledger_fault(self) -> str:
        """What is wrong with the ledger; nothing when it holds, and is looked at."""
        try:
            state = self._at_the_till(lambda vending: vending.verify_ledger())
        except LedgerError as error:
            return str(error)
        return "orders are pending" if state is None or state.pending else ""

    def _at_the_till(self, act: Callable[[Vending], T]) -> T | None:
        """Do something at the till, as a part of the process, which may die of it."""
        if not self.running or self.runtime is None or self.runtime.vending is None or self.life is None:
            return None
        try:
            return self.life.process.run(act, self.runtime.vending)
        except (StoreError, SalePendingError, ProcessDiedError):
            return None

    def commands(self, meter: int) -> list[CommandRow]:
        """The commands on record for a meter; those last seen, while the stores are closed."""
        if self._stores is None:
            return self._last_commands.get(meter, [])
        return self._stores.records.commands(meter)

    def awaited(self, until_s: int) -> list[tuple[int, int]]:
        """(meter, capture time) of load profile rows up to `until_s` that the head-end itself has on its list as missing.

        The daily profile is left to the truth: a midnight without supply is known to have no row only after the next one.
        """
        assert self.runtime is not None
        state = self.runtime.head_end.state
        return [
            (number, first_s)
            for number in state.meters
            if number not in self.settings.unkeyed and (view := meter_view(state, number)) is not None
            for profile in view.profiles
            if profile.tag == LOAD_PROFILE
            for first_s, _ in profile.missing_ranges_s
            if first_s <= until_s
        ]

    def unread_events(self, meter: int) -> Counter[tuple[int, int]]:
        """Events from before the calm that the collector still lacks."""
        assert self._stores is not None
        return self._auditor.unread_events(meter, self._stores)

    # Its own

    async def _start(self, life: Life) -> None:
        process = life.process
        stores = self._stores = open_stores(self._directory, life.check, threads=1)
        self._auditor.reopened(self.name, stores)
        self.runtime = process.run(self._prepare, stores)
        self._listeners = [
            await process.start(self._listen(self.runtime, datagrams=datagrams)) for datagrams in (False, True)
        ]
        self._task = process.start(self.runtime.run())
        self._task.add_done_callback(self._ended)
        if self.settings.prepaid:
            self._open_till(life)

    def _open_till(self, life: Life) -> None:
        settings, runtime = self.settings, self.runtime
        assert runtime is not None
        entropy = self._entropy.fork(f"till {self.deaths}")
        numbers = range(1, settings.prepaid + 1)
        till = opened_till(self._directory, settings.fleet_seed, numbers, entropy, self._clock.now_ms(), life.check)
        runtime.vending = self._till.enter_context(till)
        delivery = TokenDelivery(runtime.vending, runtime, DeliverySettings(look_s=DELIVERY_LOOK_S))
        life.process.start(delivery.run(), "delivery").add_done_callback(self._ended)

    def _prepare(self, stores: Stores) -> Runtime:
        save_plan(stores.records, self.settings.plan)
        known = {row.id for row in stores.records.meters()}
        watched = Stores(cast(IntervalStore, _Watched(stores.intervals, self._on_append)), stores.records)
        settings = RuntimeSettings(
            system_title=self.settings.system_title, flush_interval_s=self.settings.flush_interval_s
        )
        entropy = self._entropy.fork(f"life {self.deaths}")
        connect, connect_datagrams = (
            make(self.settings.host) for make in (self._network.connector, self._network.datagram_connector)
        )
        outside = Outside(self._clock, entropy, connect, other_connectors={"udp": connect_datagrams})
        runtime = Runtime(watched, self._master_key, outside, settings)
        new = [row for row in self.settings.rows if row.id not in known]
        if new:
            runtime.register(new)
        return runtime

    async def _listen(self, runtime: Runtime, *, datagrams: bool) -> LinkServer:
        listen = self._network.listen_datagrams if datagrams else self._network.listen
        return await runtime.listen(listen, self.settings.host, PUSH_PORT)

    def _on_append(self, readings: Readings, appended: Appended) -> None:
        self._log.record("stored", self.name, new=appended.stored, known=appended.duplicates, revised=appended.revised)
        self._auditor.appended(self.name, readings)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ProcessDiedError) and self.running:
            self._auditor.fail("a runtime ends by itself", f"{self.name}: {error!r}", self.name)

    def _close(self) -> None:
        self._till.close()
        if self._stores is not None:
            rows = self._stores.records.commands()
            self._last_commands = {row.id: [] for row in self.settings.rows}
            for row in rows:
                self._last_commands[row.meter].append(row)
            self._stores.close()
        self.runtime = self._stores = self._task = None


def _bought(sale: Sale) -> Bought:
    return Bought(tuple(token.digits for token in sale.tokens), Decimal(sale.units_tenths) / 10)


class _Watched:
    """An interval store whose appends are seen."""

    def __init__(self, store: IntervalStore, on_append: Callable[[Readings, Appended], None]) -> None:
        self._store = store
        self._on_append = on_append

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, readings: Readings, received_ms: int) -> Appended:
        """As the store's own, which has taken the readings when it returns."""
        appended = self._store.append(readings, received_ms)
        self._on_append(readings, appended)
        return appended


def wrong_keys(rows: Sequence[MeterRow], unkeyed: frozenset[int]) -> tuple[MeterRow, ...]:
    """The rows, with the two keys of each unkeyed meter mixed up."""
    return tuple(
        replace(
            row,
            wrapped_encryption_key=row.wrapped_authentication_key,
            wrapped_authentication_key=row.wrapped_encryption_key,
        )
        if row.id in unkeyed
        else row
        for row in rows
    )
