"""The vending store on SQLite and on PostgreSQL, through SQLAlchemy Core.

Both databases keep one promise: one transaction writes at a time, and its commit is on the disk. SQLite does it with BEGIN
IMMEDIATE, write-ahead logging and synchronous=FULL, for any number of processes at one file; PostgreSQL with an advisory lock
that a writing transaction takes first and its commit releases. Work for many tills shares a commit by being done in one
transaction: that is all the concurrency a hash-chained ledger can have.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import VENDING_LOCK_WAIT_S
from ferraris.store.ports import WriteHook
from ferraris.store.sqlite_engine import sqlite_engine
from ferraris.store.vending_migration import migrate_vending
from ferraris.store.vending_reading import SqlVendingReader
from ferraris.store.vending_writing import SqlVendingWriter

_PRAGMAS = (
    f"busy_timeout={VENDING_LOCK_WAIT_S * 1000}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
)
_ONE_WRITER = sa.text("SELECT pg_advisory_xact_lock(625520)")


class SqlVendingStore:
    """The adapter; `store.open_vending_store` makes it. Threads of one process wait for one another."""

    def __init__(self, place: Path | str, before_write: WriteHook | None) -> None:
        self._before_write = before_write
        self._lock = threading.RLock()
        self._closed = False
        self._kept: sa.Connection | None = None
        if str(place).startswith("postgresql"):
            url = sa.engine.make_url(str(place))
            self._place = url.render_as_string(hide_password=True)
            self._engine = sa.create_engine(url, pool_size=1, max_overflow=0)
        else:
            self._place = str(place)
            self._engine = _sqlite_engine(place)
        self._driver: Any = self._engine.dialect.loaded_dbapi

    def open(self) -> None:
        """Bring the database to the newest migration."""
        with self._transaction("migrate", writes=True) as connection, _as_one(connection):
            migrate_vending(connection, self._place)
            self._tell("migrate:commit")
        self._tell("migrate:committed")

    def close(self) -> None:
        """Let go of the database. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            if self._kept is not None:
                self._kept.close()
            self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqlVendingReader]:
        """Reads of one state of the store."""
        with self._transaction("reading", writes=False) as connection:
            yield SqlVendingReader(connection)

    @contextlib.contextmanager
    def writing(self, operation: str) -> Iterator[SqlVendingWriter]:
        """One writing transaction, committed when the block ends; the write hook sees each statement and the commit."""
        with self._transaction(operation, writes=True) as connection:
            yield SqlVendingWriter(connection, lambda what: self._tell(f"{operation}:{what}"))
            self._tell(f"{operation}:commit")
        self._tell(f"{operation}:committed")

    @contextlib.contextmanager
    def _transaction(self, operation: str, *, writes: bool) -> Iterator[sa.Connection]:
        with self._lock:
            if self._closed:
                raise StoreError("the vending store is closed")
            try:
                if self._engine.dialect.name == "sqlite":
                    yield from self._sqlite_transaction("BEGIN IMMEDIATE" if writes else "BEGIN")
                    return
                with self._engine.connect() as connection, connection.begin():
                    if writes:
                        connection.execute(_ONE_WRITER)
                    yield connection
            except (sa.exc.SQLAlchemyError, self._driver.Error) as error:
                raise self._failure(operation, error) from None

    def _sqlite_transaction(self, begin: str) -> Iterator[sa.Connection]:
        """One transaction on the connection that the store keeps; SQLAlchemy's own way to one costs ten times as much.

        SQLAlchemy takes part only where a statement went through it: it then believes that it began a transaction.
        """
        if self._kept is None:
            self._kept = self._engine.connect()
        connection = self._kept
        driver: Any = connection.connection.driver_connection
        driver.execute(begin)
        try:
            yield connection
            connection.commit()
            driver.commit()
        except BaseException:
            connection.rollback()
            driver.rollback()
            raise

    def _tell(self, moment: str) -> None:
        if self._before_write is not None:
            self._before_write(moment)

    def _failure(self, operation: str, error: Exception) -> StoreError:
        """The database's error as StoreError; statements and parameters stay out of its text: tokens are in them."""
        if isinstance(error, sa.exc.DBAPIError):
            return self._store_error(operation, error.orig)
        if isinstance(error, sa.exc.SQLAlchemyError):
            return StoreError(f"the vending store {self._place} failed in {operation}: {type(error).__name__}")
        return self._store_error(operation, error)

    def _store_error(self, operation: str, error: BaseException | None) -> StoreError:
        where = f"the vending store {self._place}"
        cause = (str(error).splitlines() or ["unknown"])[0]  # without the row that PostgreSQL adds in a second line
        if isinstance(error, self._driver.IntegrityError):
            return StoreError(f"{where} refused a row of {operation}: {cause}")
        if "full" in cause or "No space" in cause:
            return StoreError(f"the disk under {where} is full: {cause}")
        return StoreError(f"{where} failed in {operation}: {cause}")


def _sqlite_engine(place: Path | str) -> sa.Engine:
    """An engine of a connection for each transaction; the folder is made where it is missing."""
    if str(place) != ":memory:":
        with contextlib.suppress(OSError):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
    return sqlite_engine(place, NullPool, _PRAGMAS)


def _as_one(connection: sa.Connection) -> contextlib.AbstractContextManager[object]:
    """For those who ask SQLAlchemy whether a transaction is under way, and would end one that they began: Alembic does."""
    return contextlib.nullcontext() if connection.in_transaction() else connection.begin()
