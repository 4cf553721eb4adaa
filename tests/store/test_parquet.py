"""Readings leave as Parquet and come back: the archive of a store is a store again, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import StoreError
from ferraris.store import Appended, IntervalStore, Readings, open_duckdb

INT16, INT32, INT64 = (st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (16, 32, 64))
ROWS = st.lists(st.tuples(INT32, INT16, INT64, INT64, INT32), max_size=40)
COLUMNS = {"meter": "INTEGER", "channel": "SMALLINT", "time_s": "BIGINT", "value": "BIGINT", "status": "INTEGER"}
T0 = 1_700_006_400


@pytest.fixture
def store() -> Iterator[IntervalStore]:
    opened = open_duckdb(None, threads=1)
    yield opened
    opened.close()


def imported(path: Path) -> Readings:
    """What any other tool would read from the file."""
    found = duckdb.execute(f"SELECT meter, channel, time_s, value, status FROM '{path}'").fetchnumpy()
    return Readings(*(np.asarray(found[name]) for name in COLUMNS))


def contents(store: IntervalStore, meters: set[int], channels: set[int]) -> list[tuple[int, ...]]:
    return [
        tuple(reading)
        for meter in sorted(meters)
        for reading in store.read(meter, channels, -(2**63), 2**63 - 1).rows()
    ]


@given(ROWS)
@settings(max_examples=25)
def test_a_store_made_of_an_export_answers_like_the_first(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]]
) -> None:
    path = tmp_path_factory.mktemp("export") / "x.parquet"
    first, second = open_duckdb(None, threads=1), open_duckdb(None, threads=1)
    first.append(Readings.from_rows(rows), 1)
    written = first.export_parquet(path)
    # Spans are open at their start, so a reading at the first second that there is lies outside of every span.
    assert written == len({row[:3] for row in rows if row[2] > -(2**63)})
    assert second.append(imported(path), 2) == Appended(written, 0, 0)
    meters, channels = {row[0] for row in rows}, {row[1] for row in rows}
    assert contents(second, meters, channels) == contents(first, meters, channels)
    first.close()
    second.close()


def test_the_columns_of_the_file_are_named_and_typed_for_other_tools(store: IntervalStore, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    store.append(Readings.of(1, 2, T0, 3, 4), 5)
    store.export_parquet(path)
    described = {name: kind for name, kind, *_ in duckdb.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    assert described.items() >= COLUMNS.items()
    assert described.keys() - COLUMNS.keys() == {"version", "received_ms"}


# first_s and last_s in slots of 900 s from T0; the file holds what lies in (first, last].
SPANS = """
first  last  slots in the file
-      -     1 2 3 4
-      2     1 2
2      -     3 4
1      3     2 3
0      1     1
4      9     none
3      1     none
0      0     none
"""


@pytest.mark.parametrize("row", SPANS.strip().splitlines()[1:])
def test_a_span_is_open_at_its_start_and_closed_at_its_end(store: IntervalStore, tmp_path: Path, row: str) -> None:
    first, last, *slots = row.split()
    store.append(Readings.of(1, 1, T0 + np.arange(1, 5) * 900, 7), 1)
    bounds = [None if text == "-" else T0 + int(text) * 900 for text in (first, last)]
    path = tmp_path / "x.parquet"
    expected = [] if slots == ["none"] else [T0 + int(slot) * 900 for slot in slots]
    assert store.export_parquet(path, *bounds) == len(expected)
    assert imported(path).time_s.tolist() == expected


def test_an_old_export_brought_back_revises_nothing_that_it_knows(store: IntervalStore, tmp_path: Path) -> None:
    """Import after the values were revised: the old ones are versions already, the new ones stay in force."""
    path = tmp_path / "x.parquet"
    times = T0 + np.arange(1, 97) * 900
    store.append(Readings.of(1, 1, times, 5), 1)
    store.export_parquet(path)
    store.append(Readings.of(1, 1, times, 6), 2)
    assert store.append(imported(path), 3) == Appended(0, 96, 0)
    assert set(store.read(1, [1], 0, 2**40).value.tolist()) == {6}


def test_an_export_replaces_the_one_before_whole(store: IntervalStore, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"something else, and longer than what comes" * 100)
    store.append(Readings.of(1, 1, T0, 5), 1)
    assert store.export_parquet(path) == 1
    assert len(imported(path)) == 1
    assert sorted(found.name for found in tmp_path.iterdir()) == ["x.parquet"]


def test_a_directory_that_may_not_be_written_is_an_error_and_leaves_nothing(
    store: IntervalStore, tmp_path: Path
) -> None:
    place = tmp_path / "is a file"
    place.write_bytes(b"")
    store.append(Readings.of(1, 1, T0, 5), 1)
    with pytest.raises(StoreError):
        store.export_parquet(place / "x.parquet")
    assert store.count() == 1


@pytest.mark.parametrize("name", ["it's.parquet", "a b.parquet", "ü.parquet", "x;y.parquet", "100%.parquet"])
def test_names_of_files_are_names_and_nothing_else(store: IntervalStore, tmp_path: Path, name: str) -> None:
    store.append(Readings.of(1, 1, T0, 5), 1)
    assert store.export_parquet(tmp_path / name) == 1
    assert [found.name for found in tmp_path.iterdir()] == [name]


# Odd values and large batches

EXTREMES = """
meter        channel  time_s                value                 status
1            1        0                     0                     0
1            1        -1                    -1                    -1
2147483647   32767    9223372036854775806   9223372036854775807   2147483647
-2147483648  -32768   -9223372036854775807  -9223372036854775808  -2147483648
1            1        253402300800          4294967295            255
1            1        4294967296            4294967296            256
"""


@pytest.mark.parametrize("row", EXTREMES.strip().splitlines()[1:])
def test_extremes_go_through_every_question(store: IntervalStore, tmp_path: Path, row: str) -> None:
    meter, channel, time_s, value, status = map(int, row.split())
    readings = Readings.of(meter, channel, time_s, value, status)
    assert store.append(readings, 2**62) == Appended(1, 0, 0)
    assert store.append(readings, 2**62) == Appended(0, 1, 0)
    assert store.latest(channel) == {meter: time_s}
    assert [tuple(reading) for reading in store.last_values(meter)] == [(meter, channel, time_s, value, status)]
    assert store.coverage(channel, time_s - 1, time_s) == {meter: 1}
    assert store.counts(channel, time_s - 1, time_s, 1)[0].readings == 1
    assert store.export_parquet(tmp_path / "x.parquet") == 1
    assert [tuple(reading) for reading in imported(tmp_path / "x.parquet").rows()] == [
        (meter, channel, time_s, value, status)
    ]


def test_a_year_of_one_meter_in_one_batch_and_its_gaps(store: IntervalStore) -> None:
    """35 040 quarter hours, every hundredth missing: 351 gaps of one slot, found in one question."""
    slots = np.arange(1, 35_041)
    present = slots[slots % 100 != 0]
    assert store.append(Readings.of(1, 1, T0 + present * 900, present), 1).stored == len(present)
    gaps = store.gaps(1, T0, T0 + 35_040 * 900, 900, [1])
    assert [(gap.first_s - T0) // 900 for gap in gaps] == list(range(100, 35_041, 100))
    assert {gap.missing for gap in gaps} == {1}


def test_a_day_of_ten_thousand_meters_in_one_batch(store: IntervalStore) -> None:
    meters = np.repeat(np.arange(1, 10_001, dtype=np.int32), 24)
    hours = np.tile(np.arange(1, 25) * 3_600, 10_000)
    batch = Readings.of(meters, 1, T0 + hours, meters.astype(np.int64) * 100)
    assert store.append(batch, 1) == Appended(240_000, 0, 0)
    assert store.append(batch, 2) == Appended(0, 240_000, 0)
    coverage = store.coverage(1, T0, T0 + 86_400)
    assert (len(coverage), set(coverage.values())) == (10_000, {24})
    assert store.gaps(1, T0, T0 + 86_400, 3_600) == []
    buckets = store.counts(1, T0, T0 + 86_400, 3_600)
    assert {(bucket.readings, bucket.meters) for bucket in buckets} == {(10_000, 10_000)}
