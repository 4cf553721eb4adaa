"""Both stores open together or not at all, and close together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store import (
    CollectionGroupRow,
    IntervalStore,
    Readings,
    RecordStore,
    open_duckdb,
    open_records,
    open_stores,
)


def test_both_keep_what_they_are_given(tmp_path: Path) -> None:
    with open_stores(tmp_path / "data", threads=1) as stores:
        stores.intervals.append(Readings.of(1, 1, 900, 5), 1)
        stores.records.save_group(CollectionGroupRow(name="all", plan="{}"))
    with open_stores(tmp_path / "data") as stores:
        assert stores.intervals.count() == 1
        assert stores.records.groups() == [CollectionGroupRow(name="all", plan="{}")]


def test_the_adapters_are_what_the_ports_say(tmp_path: Path) -> None:
    with open_stores(tmp_path) as stores:
        for port, adapter in ((IntervalStore, stores.intervals), (RecordStore, stores.records)):
            asked = {name for name in vars(port) if not name.startswith("_")}
            assert asked
            assert all(callable(getattr(adapter, name)) for name in asked)


def test_if_one_cannot_be_had_the_other_is_let_go(tmp_path: Path) -> None:
    records = open_records(tmp_path / "records.sqlite")
    with pytest.raises(StoreError, match="in use by this process"):
        open_stores(tmp_path)
    records.close()
    intervals = open_duckdb(tmp_path / "intervals.duckdb")
    with pytest.raises(StoreError, match="in use by this process"):
        open_stores(tmp_path)
    intervals.close()
    open_stores(tmp_path).close()


def test_an_error_inside_closes_both(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_stores(tmp_path):
        raise ZeroDivisionError
    open_stores(tmp_path).close()


def test_the_interval_stores_failure_to_close_does_not_keep_the_records_open(tmp_path: Path) -> None:
    stores = open_stores(tmp_path)
    stores.intervals.close()
    stores.close()
    open_records(tmp_path / "records.sqlite").close()
