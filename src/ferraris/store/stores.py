"""Both stores of a head-end, opened and closed together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ferraris.store.opening import open_duckdb, open_records
from ferraris.store.ports import IntervalStore, RecordStore, WriteHook

INTERVALS_FILE = "intervals.duckdb"
RECORDS_FILE = "records.sqlite"


@dataclass(frozen=True, slots=True)
class Stores:
    """What a head-end keeps: readings and records. A context manager, which closes both."""

    intervals: IntervalStore
    records: RecordStore

    def close(self) -> None:
        """Close both, the second even if the first fails."""
        try:
            self.intervals.close()
        finally:
            self.records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_stores(directory: Path, before_write: WriteHook | None = None, *, threads: int | None = None) -> Stores:
    """Open or create the stores in `directory`. Raises StoreError, with neither left open, if one cannot be had.

    `threads`: how many DuckDB may use; None leaves it one per core.
    """
    intervals = open_duckdb(directory / INTERVALS_FILE, before_write, threads=threads)
    try:
        return Stores(intervals, open_records(directory / RECORDS_FILE, before_write))
    except BaseException:
        intervals.close()
        raise
