"""Engines over SQLite: every connection begins as it is told, and no transaction begins or ends by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool, StaticPool

from ferraris.store.sqlite_engine import sqlite_engine

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=1234", "foreign_keys=ON")
SHOWN = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 1234, "foreign_keys": 1}


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_every_connection_begins_with_the_pragmas(tmp_path: Path, pool: type[sa.Pool]) -> None:
    engine = sqlite_engine(tmp_path / "store.sqlite", pool, PRAGMAS)
    for _ in range(2):
        with engine.connect() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in SHOWN}
            assert found == SHOWN
    engine.dispose()


def test_the_driver_begins_and_ends_nothing(tmp_path: Path) -> None:
    """What is written outside a transaction is there at once: whoever wants one says so."""
    engine = sqlite_engine(tmp_path / "store.sqlite", NullPool, ())
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        connection.exec_driver_sql("ROLLBACK")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalars().all() == [1]
    engine.dispose()


def test_memory_is_a_place_too() -> None:
    engine = sqlite_engine(":memory:", StaticPool, ("foreign_keys=ON",))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
    engine.dispose()
