"""The ports of storage: what the floors above may ask of an interval store and of a record store.

Every method either does its work in one durable transaction or raises `StoreError` and leaves the store as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from ferraris.store.readings import Appended, BucketCount, Gap, Reading, Readings, ReadingVersion
from ferraris.store.rows import (
    AlarmRow,
    AlarmSeverity,
    AuditRow,
    CollectionGroupRow,
    CommandRow,
    CommandState,
    InvocationCounterRow,
    MeterEventRow,
    MeterRow,
    MeterStateRow,
)

WriteHook = Callable[[str], None]
"""Called with "<operation>:commit" just before a transaction commits and "<operation>:committed" just after.

What it raises comes out of the operation: before the commit nothing is written, after it everything is.
"""


class IntervalStore(Protocol):
    """Readings, keyed (meter, channel, capture time, version). Spans are (start_s, end_s]."""

    def append(self, readings: Readings, received_ms: int) -> Appended:
        """Keep `readings` in one transaction. A repeated reading is ignored, a different one becomes a new version."""
        ...

    def read(self, meter: int, channels: Collection[int], start_s: int, end_s: int) -> Readings:
        """The latest versions, by time, then channel."""
        ...

    def versions(self, meter: int, channel: int, time_s: int) -> list[ReadingVersion]:
        """Every value that the slot has had, the first first."""
        ...

    def gaps(
        self,
        channel: int,
        start_s: int,
        end_s: int,
        period_s: int,
        meters: Collection[int] | None = None,
        *,
        on_grid: bool = True,
    ) -> list[Gap]:
        """Runs of missing slots among the multiples of `period_s`, by meter, then time.

        `on_grid`: a slot is filled by a reading of its own second; else by one anywhere in the period that ends with it.
        Without `meters`: of the meters that have ever had a reading on the channel. A meter named in `meters` with no
        reading at all is one gap.
        """
        ...

    def latest(self, channel: int) -> dict[int, int]:
        """The newest capture time in seconds, by meter."""
        ...

    def last_values(self, meter: int) -> list[Reading]:
        """The newest reading of each of the meter's channels, by channel."""
        ...

    def coverage(self, channel: int, start_s: int, end_s: int) -> dict[int, int]:
        """The number of filled slots, by meter; a meter without any is absent."""
        ...

    def counts(self, channel: int, start_s: int, end_s: int, bucket_s: int) -> list[BucketCount]:
        """Filled slots per `bucket_s` seconds counted from `start_s`, empty buckets included."""
        ...

    def count(self) -> int:
        """The number of filled slots."""
        ...

    def export_parquet(self, path: Path, start_s: int | None = None, end_s: int | None = None) -> int:
        """Write the latest versions to a Parquet file, by meter, channel and time, and return how many."""
        ...

    def close(self) -> None: ...


class RecordStore(Protocol):
    """The head-end's records: registry, counters, commands, alarms, events, states, audit."""

    # Registry
    def add_meters(self, meters: Iterable[MeterRow]) -> None: ...
    def update_meter(self, meter: MeterRow) -> None: ...
    def next_meter(self) -> int: ...
    def meter(self, meter: int) -> MeterRow | None: ...
    def meter_by_serial(self, serial: str) -> MeterRow | None: ...
    def meters(self, group: str | None = None) -> list[MeterRow]: ...
    def save_group(self, group: CollectionGroupRow) -> None: ...
    def groups(self) -> list[CollectionGroupRow]: ...

    # Invocation counters
    def reserve_invocation_counter(self, meter: int, name: str, up_to: int) -> None:
        """Durably raise the counter's mark to `up_to`; a mark that is already higher stays."""
        ...

    def reserve_invocation_counters(self, counters: Iterable[InvocationCounterRow]) -> None:
        """The same for many counters in one transaction."""
        ...

    def reserved_invocation_counter(self, meter: int, name: str) -> int | None:
        """The counter's mark, None if it never had one."""
        ...

    def invocation_counters(self) -> list[InvocationCounterRow]: ...

    # Commands
    def add_command(self, meter: int, kind: str, argument: str, requested_ms: int, requested_by: str) -> CommandRow: ...
    def advance_command(self, command: int, state: CommandState, now_ms: int, detail: str = "") -> CommandRow:
        """Move a command on; raises `StoreError` unless `COMMAND_TRANSITIONS` allows it."""
        ...

    def command(self, command: int) -> CommandRow | None: ...
    def commands(
        self, meter: int | None = None, states: Collection[CommandState] | None = None, limit: int | None = None
    ) -> list[CommandRow]:
        """The newest first."""
        ...

    # Alarms
    def open_alarm(self, meter: int | None, kind: str, severity: AlarmSeverity, now_ms: int, text: str) -> bool:
        """Open an alarm; False, and nothing changed, if one of that meter and kind is open."""
        ...

    def close_alarm(self, meter: int | None, kind: str, now_ms: int) -> bool:
        """Close the open alarm of that meter and kind; False if there is none."""
        ...

    def alarms(self, open_only: bool = True, meter: int | None = None, limit: int | None = None) -> list[AlarmRow]:
        """The newest first."""
        ...

    # Events and states of meters
    def add_events(self, events: Iterable[MeterEventRow]) -> int:
        """Keep the events that are not known yet, and return how many were new."""
        ...

    def events(self, meter: int | None = None, log: str | None = None, limit: int | None = None) -> list[MeterEventRow]:
        """The newest first."""
        ...

    def save_states(self, states: Iterable[MeterStateRow]) -> None:
        """Replace the states of these meters in one transaction."""
        ...

    def state(self, meter: int) -> MeterStateRow | None: ...
    def states(self) -> list[MeterStateRow]: ...

    # Audit
    def add_audit(self, entries: Sequence[AuditRow]) -> None: ...
    def audit(self, limit: int | None = None) -> list[AuditRow]:
        """The newest first."""
        ...

    def close(self) -> None: ...
