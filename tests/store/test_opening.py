"""Stores are opened by the face; what is under them is loaded then, and not before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store import VENDING_FILE, Readings, open_duckdb, open_records, open_vending_store

HEAVY = ("duckdb", "sqlalchemy", "alembic")


def loaded_after(statement: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has after a statement."""
    program = f"import sys; {statement}; print(*(name for name in {HEAVY} if name in sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import ferraris.store", set()),
        ("import ferraris.vending", set()),
        ("from ferraris.store import open_duckdb; open_duckdb(None).close()", {"duckdb"}),
        (
            "from ferraris.store import open_vending_store; open_vending_store(':memory:').close()",
            {"sqlalchemy", "alembic"},
        ),
    ],
)
def test_a_store_loads_what_it_stands_on_when_it_is_opened(statement: str, loaded: set[str]) -> None:
    assert loaded_after(statement) == loaded


def test_each_is_made_where_it_is_missing_and_found_again(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(open_duckdb(tmp_path / "intervals.duckdb", threads=1)) as intervals:
            intervals.append(Readings.of(1, 1, 900, 5), 1)
            assert intervals.count() >= 1
        with closing(open_records(tmp_path / "records.sqlite")) as records:
            assert records.groups() == []
        with closing(open_vending_store(tmp_path / VENDING_FILE)) as vending, vending.reading() as reader:
            assert reader.meter("none") is None


def test_a_store_has_one_owner_but_that_of_vending(tmp_path: Path) -> None:
    with closing(open_records(tmp_path / "records.sqlite")), pytest.raises(StoreError, match="in use"):
        open_records(tmp_path / "records.sqlite")
    with closing(open_duckdb(tmp_path / "intervals.duckdb")), pytest.raises(StoreError, match="in use"):
        open_duckdb(tmp_path / "intervals.duckdb")
    with closing(open_vending_store(tmp_path / VENDING_FILE)), closing(open_vending_store(tmp_path / VENDING_FILE)):
        pass


@pytest.mark.parametrize("opened", [open_records, open_vending_store])
def test_what_is_no_store_is_refused_and_let_go(tmp_path: Path, opened: object) -> None:
    path = tmp_path / "store"
    path.write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(StoreError):
            opened(path)  # type: ignore[operator]
    path.unlink()
    opened(path).close()  # type: ignore[operator]


BEGINNINGS = [
    # what opens it       class                                                       what begins it
    (open_duckdb,         "ferraris.store.intervals_duckdb.DuckDbIntervalStore",      "count"),
    (open_records,        "ferraris.store.records_sqlite.SqliteRecordStore",          "open"),
    (open_vending_store,  "ferraris.store.vending_sql.SqlVendingStore",               "open"),
]  # fmt: skip


@pytest.mark.parametrize(("opened", "store", "begin"), BEGINNINGS)
def test_a_store_that_is_interrupted_as_it_begins_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[Path], Any], store: str, begin: str
) -> None:
    """Ctrl+C in the middle of a migration: whoever opens the store next in this process finds nobody in it."""

    def interrupt(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{store}.{begin}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            opened(tmp_path / "store")
    opened(tmp_path / "store").close()
