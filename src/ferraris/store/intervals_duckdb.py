"""The interval store on DuckDB, in one file (or in memory).

One table, to which rows are only ever added:

    reading(meter, channel, time_s, version, value, status, received_ms)

A slot (meter, channel, time_s) has version 1 from its first reading; a reading that differs from every version the slot
has becomes the next version, and the highest version counts. Two things follow, and the queries below live on them: the
rows of version 1 are exactly the filled slots, so counts and gaps need no grouping by version; and appending a batch once
more, or any part of it, or an older batch after a newer one, changes nothing. (A meter whose clock was set back delivers
two readings for one slot each time that span is read. Comparing with the latest version alone would then add two versions
at every read.)

Tables grow in order of arrival, thus nearly in order of time, and DuckDB skips the row groups outside a span by their
smallest and largest time. So every query bounds time_s where it can, and no index is kept: a unique index over the key
would cost more than all the rest of an append.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import INTERVAL_BATCH_ROWS_MAX, INTERVAL_BUCKETS_MAX
from ferraris.store.ownership import Ownership
from ferraris.store.ports import WriteHook
from ferraris.store.readings import Appended, BucketCount, Gap, Reading, Readings, ReadingVersion

_FORMAT = 1
_TIME_MIN_S, _TIME_MAX_S = -(2**63), 2**63 - 1

_CREATE = """
CREATE TABLE IF NOT EXISTS reading (
    meter INTEGER NOT NULL,
    channel SMALLINT NOT NULL,
    time_s BIGINT NOT NULL,
    version INTEGER NOT NULL,
    value BIGINT NOT NULL,
    status INTEGER NOT NULL,
    received_ms BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS store_format (format INTEGER NOT NULL);
INSERT INTO store_format SELECT $format WHERE NOT EXISTS (FROM store_format);
"""

# `arriving` is the batch as it came, with each row's position in it. Ranked together, what the slots have already stands
# before what arrives, so a row's number within its slot is its version, and what ranks at 0 or above is new.
_STAGE = """
CREATE OR REPLACE TEMP TABLE arrival AS
WITH candidate AS (
    SELECT r.meter, r.channel, r.time_s, r.value, r.status, r.version::BIGINT - 4294967296 AS rank
    FROM reading r
    SEMI JOIN arriving a ON r.meter = a.meter AND r.channel = a.channel AND r.time_s = a.time_s
    WHERE r.time_s BETWEEN $first_s AND $last_s AND r.meter BETWEEN $first_meter AND $last_meter
    UNION ALL
    SELECT meter, channel, time_s, value, status, position AS rank FROM arriving
),
distinct_candidate AS (
    SELECT meter, channel, time_s, value, status, min(rank) AS rank FROM candidate GROUP BY ALL
)
SELECT *, row_number() OVER (PARTITION BY meter, channel, time_s ORDER BY rank) AS version
FROM distinct_candidate
QUALIFY rank >= 0
"""

_KEEP = """
INSERT INTO reading (meter, channel, time_s, version, value, status, received_ms)
SELECT meter, channel, time_s, version, value, status, $received_ms FROM arrival ORDER BY rank
"""

_READ = """
SELECT channel, time_s, arg_max(value, version) AS value, arg_max(status, version) AS status
FROM reading
WHERE meter = $meter AND time_s > $start_s AND time_s <= $end_s AND list_contains($channels, channel)
GROUP BY channel, time_s
ORDER BY time_s, channel
"""

_VERSIONS = """
SELECT version, value, status, received_ms
FROM reading
WHERE meter = $meter AND channel = $channel AND time_s = $time_s
ORDER BY version
"""

# A meter's slots, framed by the slots just outside the span; wherever two neighbours lie further apart than one period
# there is a gap between them.
_GAPS = """
WITH present AS (
    {filled_slots}
),
complete AS (
    SELECT meter FROM present GROUP BY meter HAVING count(*) = $expected
),
wanting AS (
    FROM wanted ANTI JOIN complete USING (meter)
),
framed AS (
    SELECT meter, time_s FROM present SEMI JOIN wanting USING (meter)
    UNION ALL SELECT meter, $first_s - $period_s FROM wanting
    UNION ALL SELECT meter, $last_s + $period_s FROM wanting
),
neighbours AS (
    SELECT meter, time_s, lag(time_s) OVER (PARTITION BY meter ORDER BY time_s) AS previous_s FROM framed
)
SELECT meter, previous_s + $period_s, time_s - $period_s, (time_s - previous_s) // $period_s - 1
FROM neighbours
WHERE time_s - previous_s > $period_s
ORDER BY meter, time_s
"""

_GAPS_ON_GRID = _GAPS.format(
    filled_slots="""SELECT meter, time_s
    FROM reading
    SEMI JOIN wanted USING (meter)
    WHERE version = 1 AND channel = $channel AND time_s BETWEEN $first_s AND $last_s AND time_s % $period_s = 0"""
)
_GAPS_OFF_GRID = _GAPS.format(
    filled_slots="""SELECT DISTINCT meter, (time_s + $period_s - 1) // $period_s * $period_s AS time_s
    FROM reading
    SEMI JOIN wanted USING (meter)
    WHERE version = 1 AND channel = $channel AND time_s > $first_s - $period_s AND time_s <= $last_s"""
)

_METERS_OF_CHANNEL = "SELECT DISTINCT meter FROM reading WHERE version = 1 AND channel = $channel"

_LATEST = "SELECT meter, max(time_s) FROM reading WHERE channel = $channel GROUP BY meter ORDER BY meter"

_LAST_VALUES = """
SELECT meter, channel, max(time_s), arg_max(value, (time_s, version)), arg_max(status, (time_s, version))
FROM reading
WHERE meter = $meter
GROUP BY meter, channel
ORDER BY channel
"""

_COVERAGE = """
SELECT meter, count(*)
FROM reading
WHERE version = 1 AND channel = $channel AND time_s > $start_s AND time_s <= $end_s
GROUP BY meter
ORDER BY meter
"""

_COUNTS = """
SELECT (time_s - $start_s - 1) // $bucket_s AS bucket, count(*), count(DISTINCT meter)
FROM reading
WHERE version = 1 AND channel = $channel AND time_s > $start_s AND time_s <= $end_s
GROUP BY bucket
ORDER BY bucket
"""

# A row is superseded when its slot has the next version.
_LATEST_VERSIONS = """
WITH superseded AS (
    SELECT meter, channel, time_s, version - 1 AS version FROM reading WHERE version > 1
)
SELECT meter, channel, time_s, value, status, version, received_ms
FROM reading
ANTI JOIN superseded USING (meter, channel, time_s, version)
WHERE time_s > $start_s AND time_s <= $end_s
ORDER BY meter, channel, time_s
"""


class DuckDbIntervalStore:
    """The adapter; `open_duckdb` makes it. It may be called from several threads, which wait for one another."""

    def __init__(
        self,
        path: Path | None,
        settings: Mapping[str, str | bool | int | float | list[str]],
        ownership: Ownership | None,
        before_write: WriteHook | None,
    ) -> None:
        self._path = path
        self._settings = dict(settings)
        self._ownership = ownership
        self._before_write = before_write
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._closed = False

    # Writing

    def append(self, readings: Readings, received_ms: int) -> Appended:
        """Keep `readings` in one transaction; see IntervalStore. After a StoreError the same batch may be sent again."""
        if len(readings) > INTERVAL_BATCH_ROWS_MAX:
            raise StoreError("too many readings in one batch", expected=INTERVAL_BATCH_ROWS_MAX, got=len(readings))
        if len(readings) == 0:
            return Appended(0, 0, 0)
        with self._transaction("append") as connection, _registered(connection, "arriving", _columns(readings)):
            connection.execute(_STAGE, _bounds(readings))
            fresh, stored = _one(connection.execute("SELECT count(*), count(*) FILTER (version = 1) FROM arrival"))
            connection.execute(_KEEP, {"received_ms": received_ms})
            connection.execute("DROP TABLE arrival")
        return Appended(stored=stored, duplicates=len(readings) - fresh, revised=fresh - stored)

    # Reading

    def read(self, meter: int, channels: Collection[int], start_s: int, end_s: int) -> Readings:
        """The latest versions in (start_s, end_s], by time, then channel."""
        parameters = {"meter": meter, "channels": sorted(channels), "start_s": start_s, "end_s": end_s}
        with self._reading() as connection:
            found = connection.execute(_READ, parameters).fetchnumpy()
        meters = np.full(len(found["channel"]), meter, dtype=np.int32)
        return Readings(meters, found["channel"], found["time_s"], found["value"], found["status"])

    def versions(self, meter: int, channel: int, time_s: int) -> list[ReadingVersion]:
        """Every value that the slot has had, the first first."""
        rows = self._rows(_VERSIONS, {"meter": meter, "channel": channel, "time_s": time_s})
        return [ReadingVersion(*row) for row in rows]

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
        """Runs of missing slots in (start_s, end_s] among the multiples of `period_s`, by meter, then time."""
        if period_s <= 0:
            raise ValueError(f"a capture period lasts at least a second, got {period_s}")
        first_s, last_s = (start_s // period_s + 1) * period_s, end_s // period_s * period_s
        if first_s > last_s:
            return []
        span = {"channel": channel, "first_s": first_s, "last_s": last_s, "period_s": period_s}
        gaps = _GAPS_ON_GRID if on_grid else _GAPS_OFF_GRID
        span["expected"] = (last_s - first_s) // period_s + 1
        with self._reading() as connection:
            if meters is None:
                known = connection.execute(_METERS_OF_CHANNEL, {"channel": channel}).fetchnumpy()["meter"]
            else:
                known = np.array(sorted(set(meters)), dtype=np.int32)
            with _registered(connection, "wanted", {"meter": known}):
                return [Gap(*row) for row in connection.execute(gaps, span).fetchall()]

    def latest(self, channel: int) -> dict[int, int]:
        """The newest capture time in seconds, by meter."""
        return dict(self._rows(_LATEST, {"channel": channel}))

    def last_values(self, meter: int) -> list[Reading]:
        """The newest reading of each of the meter's channels, by channel."""
        return [Reading(*row) for row in self._rows(_LAST_VALUES, {"meter": meter})]

    def coverage(self, channel: int, start_s: int, end_s: int) -> dict[int, int]:
        """The number of filled slots in (start_s, end_s], by meter."""
        return dict(self._rows(_COVERAGE, {"channel": channel, "start_s": start_s, "end_s": end_s}))

    def counts(self, channel: int, start_s: int, end_s: int, bucket_s: int) -> list[BucketCount]:
        """Filled slots per `bucket_s` seconds from `start_s`, empty buckets included; the last one ends at `end_s`."""
        if bucket_s <= 0:
            raise ValueError(f"a bucket lasts at least a second, got {bucket_s}")
        buckets = max(0, -((start_s - end_s) // bucket_s))
        if buckets > INTERVAL_BUCKETS_MAX:
            raise StoreError("too many buckets", expected=f"at most {INTERVAL_BUCKETS_MAX}", got=buckets)
        span = {"channel": channel, "start_s": start_s, "end_s": end_s, "bucket_s": bucket_s}
        found = {bucket: (readings, meters) for bucket, readings, meters in self._rows(_COUNTS, span)}
        starts = (start_s + bucket * bucket_s for bucket in range(buckets))
        return [
            BucketCount(since_s, min(since_s + bucket_s, end_s), *found.get(bucket, (0, 0)))
            for bucket, since_s in enumerate(starts)
        ]

    def count(self) -> int:
        """The number of filled slots."""
        (filled,) = self._rows("SELECT count(*) FROM reading WHERE version = 1", {})[0]
        return int(filled)

    def export_parquet(self, path: Path, start_s: int | None = None, end_s: int | None = None) -> int:
        """Write the latest versions in (start_s, end_s] to a Parquet file, whole or not at all; returns their number."""
        unfinished = path.with_name(path.name + ".unfinished")
        span = {
            "start_s": _TIME_MIN_S if start_s is None else start_s,
            "end_s": _TIME_MAX_S if end_s is None else end_s,
        }
        try:
            with self._reading() as connection:
                latest = connection.sql(_LATEST_VERSIONS, params=span)
                latest.write_parquet(str(unfinished), compression="zstd")
                (written,) = _one(
                    connection.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(unfinished)})
                )
            unfinished.replace(path)
        except OSError as error:
            raise StoreError(f"cannot export to {path}: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):  # what went wrong before it matters more
                unfinished.unlink(missing_ok=True)
        return int(written)

    def close(self) -> None:
        """Close the file and let another process have it. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            self._disconnect()
            if self._ownership is not None:
                self._ownership.release()

    # The connection

    def _rows(self, statement: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            return connection.execute(statement, dict(parameters)).fetchall()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            try:
                yield self._connected()
            except duckdb.Error as error:
                raise self._failure(error) from error

    @contextlib.contextmanager
    def _transaction(self, operation: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            try:
                connection = self._connected()
                connection.begin()
                yield connection
                self._tell(f"{operation}:commit")
                connection.commit()
            except duckdb.Error as error:
                self._roll_back()
                raise self._failure(error) from error
            except BaseException:
                self._roll_back()
                raise
            self._tell(f"{operation}:committed")

    def _tell(self, moment: str) -> None:
        if self._before_write is not None:
            self._before_write(moment)

    def _roll_back(self) -> None:
        # The failed statement or commit may have ended the transaction already.
        with contextlib.suppress(duckdb.Error):
            if self._connection is not None:
                self._connection.rollback()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._closed:
            raise StoreError("the interval store is closed")
        if self._connection is None:
            self._connection = duckdb.connect(
                ":memory:" if self._path is None else str(self._path), config=self._settings
            )
            self._connection.execute(_CREATE, {"format": _FORMAT})
            (found,) = _one(self._connection.execute("SELECT format FROM store_format"))
            if found != _FORMAT:
                self._disconnect()
                raise StoreError(f"{self._path} is of another format", expected=_FORMAT, got=found)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(duckdb.Error):
                connection.close()

    def _failure(self, error: duckdb.Error) -> StoreError:
        """What to tell the caller. After a fatal error (a full disk at a checkpoint) the file is opened anew at next use."""
        if isinstance(error, duckdb.FatalException | duckdb.InternalException | duckdb.ConnectionException):
            self._disconnect()
        place = "in memory" if self._path is None else str(self._path)
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "No space left" in cause or "File too large" in cause:
            return StoreError(f"the disk under the interval store {place} is full: {cause}")
        return StoreError(f"the interval store {place} failed: {cause}")


def _one(result: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    """The only row of a result, fetched to its end: DuckDB does no other work while a result is half read."""
    (row,) = result.fetchall()
    return tuple(row)


def _columns(readings: Readings) -> dict[str, np.ndarray[Any, Any]]:
    return {
        "meter": readings.meter,
        "channel": readings.channel,
        "time_s": readings.time_s,
        "value": readings.value,
        "status": readings.status,
        "position": np.arange(len(readings), dtype=np.int32),
    }


def _bounds(readings: Readings) -> dict[str, int]:
    """The smallest and largest time and meter of a batch, for DuckDB to skip row groups by."""
    return {
        "first_s": int(readings.time_s.min()),
        "last_s": int(readings.time_s.max()),
        "first_meter": int(readings.meter.min()),
        "last_meter": int(readings.meter.max()),
    }


@contextlib.contextmanager
def _registered(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, np.ndarray[Any, Any]]
) -> Iterator[None]:
    """Let statements use `columns` as a table called `name`, without copying them."""
    connection.register(name, dict(columns))
    try:
        yield
    finally:
        with contextlib.suppress(duckdb.Error):
            connection.unregister(name)
