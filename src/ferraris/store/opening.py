"""Opens the stores. An adapter, with the library under it, is loaded when the first store of its kind is opened: whoever only
knows ports and rows waits for neither DuckDB nor SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from ferraris.kernel.limits import INTERVAL_STORE_MEMORY_MIB
from ferraris.store.ownership import Ownership
from ferraris.store.ports import IntervalStore, RecordStore, WriteHook
from ferraris.store.vending_ports import VendingStore

VENDING_FILE = "vending.sqlite"


def open_duckdb(
    path: Path | None,
    before_write: WriteHook | None = None,
    *,
    threads: int | None = None,
    memory_mib: int = INTERVAL_STORE_MEMORY_MIB,
) -> IntervalStore:
    """Open or create the interval store at `path`, or one in memory. Raises StoreError if another process owns it."""
    from ferraris.store.intervals_duckdb import DuckDbIntervalStore

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mib}MiB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads is not None:
        settings["threads"] = threads
    ownership = None if path is None else Ownership(path)
    store = DuckDbIntervalStore(path, settings, ownership, before_write)
    return _begun(store, store.count)


def open_records(path: Path, before_write: WriteHook | None = None) -> RecordStore:
    """Open or create the record store at `path`, brought to the newest migration.

    Raises StoreError if another process owns it, or if a newer Ferraris wrote it.
    """
    from ferraris.store.records_sqlite import SqliteRecordStore

    store = SqliteRecordStore(path, Ownership(path), before_write)
    return _begun(store, store.open)


def open_vending_store(place: Path | str, before_write: WriteHook | None = None) -> VendingStore:
    """Open or create the vending store, brought to the newest migration.

    `place`: the path of a SQLite file, ":memory:", or the URL of a PostgreSQL database (postgresql+psycopg://...).
    """
    from ferraris.store.vending_sql import SqlVendingStore

    store = SqlVendingStore(place, before_write)
    return _begun(store, store.open)


class _Closable(Protocol):
    def close(self) -> None: ...


S = TypeVar("S", bound=_Closable)


def _begun(store: S, begin: Callable[[], object]) -> S:
    """The store once it has begun; one that cannot is closed, so that nothing holds its file."""
    try:
        begin()
    except BaseException:
        store.close()
        raise
    return store
