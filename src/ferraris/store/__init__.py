"""Storage: readings (interval store, DuckDB), records (registry, counters, commands; SQLite) and vending (its ledger).

The floors above see the ports and the rows; DuckDB and SQLAlchemy stay in one adapter file each. One process owns a
store's files at a time; only the vending store, on SQLite or PostgreSQL, is shared. `open_stores(directory)` opens the others.
"""

from __future__ import annotations

from ferraris.store.opening import VENDING_FILE, open_duckdb, open_records, open_vending_store
from ferraris.store.ports import IntervalStore, RecordStore, WriteHook
from ferraris.store.readings import Appended, BucketCount, Gap, Reading, Readings, ReadingVersion
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
from ferraris.store.vending_ports import Registered, SaleFilter, VendingReader, VendingRow, VendingStore, VendingWriter
from ferraris.store.vending_rows import (
    AccountRow,
    CampaignMeterRow,
    ConfigurationRow,
    CustomerRow,
    DebtRow,
    DepositRow,
    EngineeringRow,
    EntryRow,
    MonthTotals,
    PostingRow,
    SaleRow,
    ShiftRow,
    SoldTokenRow,
    VendingAuditRow,
    VendingCampaignRow,
    VendingMeterRow,
)

__all__ = [
    "COMMAND_TRANSITIONS",
    "VENDING_FILE",
    "AccountRow",
    "AlarmRow",
    "AlarmSeverity",
    "Appended",
    "AuditRow",
    "BucketCount",
    "CampaignMeterRow",
    "CollectionGroupRow",
    "CommandRow",
    "CommandState",
    "ConfigurationRow",
    "CustomerRow",
    "DebtRow",
    "DepositRow",
    "EngineeringRow",
    "EntryRow",
    "Gap",
    "IntervalStore",
    "InvocationCounterRow",
    "MeterEventRow",
    "MeterRow",
    "MeterStateRow",
    "MonthTotals",
    "PostingRow",
    "Reading",
    "ReadingVersion",
    "Readings",
    "RecordStore",
    "Registered",
    "SaleFilter",
    "SaleRow",
    "ShiftRow",
    "SoldTokenRow",
    "Stores",
    "VendingAuditRow",
    "VendingCampaignRow",
    "VendingMeterRow",
    "VendingReader",
    "VendingRow",
    "VendingStore",
    "VendingWriter",
    "WriteHook",
    "open_duckdb",
    "open_records",
    "open_stores",
    "open_vending_store",
]
