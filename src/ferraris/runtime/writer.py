"""Writes what the head-end wants kept: readings in batches, records in batches, each told of when it is durable.

Everything that comes within one flush interval is written together, since a flush of the disk costs the same for one row
as for a thousand. Nothing is acknowledged before it is written; what could not be written is told as such (readings, which
the meter still has) or tried again (records). Both kinds of backlog are bounded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ferraris.headend import (
    CloseAlarm,
    Event,
    EventsStored,
    OpenAlarm,
    ReadingsNotStored,
    ReadingsStored,
    RecordCommandState,
    RecordMeterState,
    RecordsNotStored,
    RecordsStored,
    StoreEvents,
    StoreReadings,
)
from ferraris.kernel.errors import StoreError
from ferraris.runtime.key_ring import KeyRing
from ferraris.runtime.settings import RuntimeSettings
from ferraris.store import COMMAND_TRANSITIONS, CommandRow, MeterStateRow, Readings, Stores

Offload = Callable[[Callable[[], object]], Awaitable[object]]
"""Runs a blocking call somewhere; the default runs it at once, on the event loop."""
Ordered = OpenAlarm | CloseAlarm | RecordCommandState


async def run_inline(call: Callable[[], object]) -> object:
    """The `Offload` of the simulator, and of small systems: no thread."""
    return call()


class Writer:
    """The one writer of both stores, apart from what must be durable before octets leave."""

    def __init__(
        self,
        stores: Stores,
        key_ring: KeyRing,
        settings: RuntimeSettings,
        tell: Callable[[Event], None],
        offload: Offload = run_inline,
    ) -> None:
        self._stores = stores
        self._key_ring = key_ring
        self._settings = settings
        self._tell = tell
        self._offload = offload
        self._readings: deque[StoreReadings] = deque()
        self._events: list[StoreEvents] = []
        self._states: dict[int, MeterStateRow] = {}
        self._ordered: deque[Ordered] = deque()
        self._work = asyncio.Event()
        self._records_fail = False
        self.dropped = 0
        """Records that did not fit into the backlog of a failing record store."""

    def add(self, effect: StoreReadings | StoreEvents | RecordMeterState | Ordered) -> None:
        """Take a thing to be written."""
        match effect:
            case StoreReadings():
                self._readings.append(effect)
            case StoreEvents():
                self._events.append(effect)
            case RecordMeterState(row):
                self._states[row.meter] = row
            case _:
                self._ordered.append(effect)
                if len(self._ordered) > self._settings.backlog_records_max:
                    self._ordered.popleft()
                    self.dropped += 1
        self._work.set()

    def wake(self) -> None:
        """There is something to write that did not come by `add`: the mark of a push that changed nothing else."""
        self._work.set()

    @property
    def idle(self) -> bool:
        return not (self._readings or self._events or self._states or self._ordered)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._work.wait()
            await asyncio.sleep(self._settings.flush_interval_s)
            self._work.clear()
            if not await self.flush():
                await asyncio.sleep(self._settings.write_retry_s)
                self._work.set()

    async def flush(self) -> bool:
        """Write everything once; False when something failed and is worth another attempt."""
        records_kept = await self._flush_records()
        while self._readings:
            await self._flush_readings()
        return records_kept

    async def _flush_readings(self) -> None:
        batches: list[StoreReadings] = []
        count = 0
        while self._readings and (not batches or count < self._settings.batch_readings_max):
            batches.append(self._readings.popleft())
            count += len(batches[-1].readings)
        readings = Readings.concatenate([batch.readings for batch in batches])
        received_ms = max(batch.received_ms for batch in batches)
        try:
            await self._offload(lambda: self._stores.intervals.append(readings, received_ms))
        except StoreError as error:
            for batch in batches:
                self._tell(ReadingsNotStored(batch, str(error)))
            return
        for batch in batches:
            self._tell(ReadingsStored(batch))

    async def _flush_records(self) -> bool:
        """Marks of counters before what was received under them; then events, states, alarms and fates.

        A fate is the last word on a command: what the read-back showed must be kept before it, or nobody looks again.
        """
        marks = self._key_ring.take_marks()
        events, self._events = self._events, []
        states, self._states = self._states, {}
        records = self._stores.records
        try:
            if marks:
                await self._offload(lambda: records.reserve_invocation_counters(marks))
                marks = []
            rows = [row for effect in events for row in effect.rows]
            if rows:
                await self._offload(lambda: records.add_events(rows))
            for effect in events:
                if effect.until_s is not None:
                    self._tell(EventsStored(effect.meter, effect.until_s))
            if states:
                await self._offload(lambda: records.save_states(list(states.values())))
                states = {}
            while self._ordered:
                await self._offload(lambda: self._write_ordered(self._ordered[0]))
                self._ordered.popleft()
        except StoreError as error:
            # Events that were not kept are read again: the meter still has them in its log.
            self._key_ring.keep_marks(marks)
            self._states = states | self._states
            self._records_fail = True
            self._tell(RecordsNotStored(str(error)))
            return False
        if self._records_fail:
            self._records_fail = False
            self._tell(RecordsStored())
        return True

    def _write_ordered(self, effect: Ordered) -> None:
        records = self._stores.records
        match effect:
            case OpenAlarm():
                records.open_alarm(effect.meter, effect.kind, effect.severity, effect.at_ms, effect.text)
            case CloseAlarm():
                records.close_alarm(effect.meter, effect.kind, effect.at_ms)
            case RecordCommandState():
                if _is_news(records.command(effect.command), effect):
                    records.advance_command(effect.command, effect.state, effect.at_ms, effect.detail)


def _is_news(row: CommandRow | None, effect: RecordCommandState) -> bool:
    """Whether the row does not show it yet: a write that was reported as failed may have been done."""
    return row is not None and effect.state in COMMAND_TRANSITIONS[row.state]
