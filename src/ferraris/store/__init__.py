"""Storage: the interval store (readings, on DuckDB) and the record store (registry, counters, commands, on SQLite).

The floors above see the ports and the rows; DuckDB and SQLAlchemy stay in one adapter file each. One process owns a
store's files at a time. `open_stores(directory)` opens both.
"""

from __future__ import annotations

from ferraris.store.intervals_duckdb import open_duckdb
from ferraris.store.ports import IntervalStore, RecordStore, WriteHook
from ferraris.store.readings import Appended, BucketCount, Gap, Reading, Readings, ReadingVersion
from ferraris.store.records_sqlite import open_records
from ferraris.store.rows import (
    COMMAND_TRANSITIONS,
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
from ferraris.store.stores import Stores, open_stores

__all__ = [
    "COMMAND_TRANSITIONS",
    "AlarmRow",
    "AlarmSeverity",
    "Appended",
    "AuditRow",
    "BucketCount",
    "CollectionGroupRow",
    "CommandRow",
    "CommandState",
    "Gap",
    "IntervalStore",
    "InvocationCounterRow",
    "MeterEventRow",
    "MeterRow",
    "MeterStateRow",
    "Reading",
    "ReadingVersion",
    "Readings",
    "RecordStore",
    "Stores",
    "WriteHook",
    "open_duckdb",
    "open_records",
    "open_stores",
]
