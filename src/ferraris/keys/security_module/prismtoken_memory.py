"""What a PrismToken service must not forget: each meter's token identifiers, and results whose answer may have been lost.

One SQLite file, every change durable before it is acted upon. A token identifier is taken before the token is made: after a
crash in between it is lost, never given out twice. A file that cannot be read or written is a StoreError, and no token is made.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import PRISMTOKEN_RESULTS_MAX, TOKEN_IDENTIFIERS_PER_METER_MAX
from ferraris.keys.security_module.errors import SecurityModuleError
from ferraris.sts import IDENTIFIERS, is_special_reserved

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS identifiers (pan TEXT, base_date INTEGER, identifier INTEGER,
    PRIMARY KEY (pan, base_date, identifier)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (number INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT, message TEXT, request BLOB,
    reply BLOB, UNIQUE (who, message));
"""


def _failed(path: Path | str, error: sqlite3.Error) -> StoreError:
    return StoreError(f"the memory of a PrismToken service at {path}: {error}")


class PrismTokenMemory:
    """The memory in the file at `path`; in this process alone, for tests, at ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        except sqlite3.Error as error:
            raise _failed(path, error) from None
        self._path = path

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nobody else is in the memory meanwhile. Raises StoreError."""
        try:
            with self._lock, self._database as database:
                yield database
        except sqlite3.Error as error:
            raise _failed(self._path, error) from None

    def take_identifier(self, pan: str, base_date: int, wanted: int) -> int:
        """The first identifier from `wanted` on that the meter was not given yet and that is not reserved; taken."""
        with self._writing() as database:
            rows = database.execute(
                "SELECT identifier FROM identifiers WHERE pan = ? AND base_date = ? ORDER BY identifier",
                (pan, base_date),
            )
            taken = [row[0] for row in rows]
            if len(taken) >= TOKEN_IDENTIFIERS_PER_METER_MAX and wanted < taken[0]:
                raise SecurityModuleError(
                    "a token time before everything that is remembered of this meter", result="EParamRange"
                )
            identifier, known = wanted, frozenset(taken)
            while identifier in known or is_special_reserved(identifier):
                identifier += 1
            if identifier >= IDENTIFIERS:
                raise SecurityModuleError("the base date has run out of token identifiers", result="EParamRange")
            self._keep(database, pan, base_date, identifier)
        return identifier

    def note_identifier(self, pan: str, base_date: int, identifier: int) -> None:
        """Remember an identifier that the caller chose, so that it is not chosen here."""
        with self._writing() as database:
            self._keep(database, pan, base_date, identifier)

    def reset(self, pattern: str) -> list[str]:
        """Forget the identifiers of every meter whose PAN matches (`?` one digit, `*` any); their PANs."""
        with self._writing() as database:
            pans = [row[0] for row in database.execute("SELECT DISTINCT pan FROM identifiers ORDER BY pan")]
            matching = [pan for pan in pans if fnmatchcase(pan, pattern)]
            database.executemany("DELETE FROM identifiers WHERE pan = ?", [(pan,) for pan in matching])
        return matching

    def result(self, who: str, message: str) -> tuple[bytes, bytes] | None:
        """The request and the reply that are remembered for a message id, None if there are none."""
        with self._writing() as database:
            row = database.execute(
                "SELECT request, reply FROM results WHERE who = ? AND message = ?", (who, message)
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def keep_result(self, who: str, message: str, request: bytes, reply: bytes) -> None:
        """Remember a reply; the oldest ones go."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO results (who, message, request, reply) VALUES (?, ?, ?, ?)", (who, message, request, reply)
            )
            database.execute(
                "DELETE FROM results WHERE number <= (SELECT MAX(number) FROM results) - ?", (PRISMTOKEN_RESULTS_MAX,)
            )

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @staticmethod
    def _keep(database: sqlite3.Connection, pan: str, base_date: int, identifier: int) -> None:
        """Remember `identifier`; of more than TOKEN_IDENTIFIERS_PER_METER_MAX the lowest go."""
        meter = (pan, base_date)
        database.execute("INSERT OR IGNORE INTO identifiers VALUES (?, ?, ?)", (*meter, identifier))
        database.execute(
            "DELETE FROM identifiers WHERE pan = ? AND base_date = ? AND identifier <= (SELECT identifier FROM identifiers"
            " WHERE pan = ? AND base_date = ? ORDER BY identifier DESC LIMIT 1 OFFSET ?)",
            (*meter, *meter, TOKEN_IDENTIFIERS_PER_METER_MAX),
        )
