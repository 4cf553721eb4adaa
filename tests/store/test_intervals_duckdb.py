"""The interval store: versions, spans, gaps, counts and export, case by case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import INTERVAL_BATCH_ROWS_MAX, INTERVAL_BUCKETS_MAX
from ferraris.store import Appended, BucketCount, Gap, IntervalStore, Reading, Readings, ReadingVersion, open_duckdb

IMPORT, EXPORT = 1, 2
DAY_S, QUARTER_S = 86_400, 900
T0 = 1_700_006_400
"""2023-11-15 00:00 UTC."""


@pytest.fixture
def store() -> Iterator[IntervalStore]:
    opened = open_duckdb(None, threads=1)
    yield opened
    opened.close()


def profile(meter: int, slots: range | list[int], channel: int = IMPORT) -> Readings:
    """A reading for each of the day's quarter hours numbered `slots`, slot 1 being captured at 00:15."""
    numbers = np.array(slots, dtype=np.int64)
    return Readings.of(meter, channel, T0 + numbers * QUARTER_S, meter * 1000 + numbers)


# Appending


def test_what_is_appended_is_read_back(store: IntervalStore) -> None:
    batch = Readings.of([5, 5], [IMPORT, EXPORT], [T0, T0], [123, 456], [0, 8])
    assert store.append(batch, received_ms=1) == Appended(stored=2, duplicates=0, revised=0)
    assert list(store.read(5, [IMPORT, EXPORT], T0 - 1, T0).rows()) == [
        Reading(5, IMPORT, T0, 123, 0),
        Reading(5, EXPORT, T0, 456, 8),
    ]


def test_the_extremes_of_every_column_survive(store: IntervalStore) -> None:
    for meter, channel, time_s, value, status in (
        (2**31 - 1, 2**15 - 1, 2**40, 2**63 - 1, 2**31 - 1),
        (-(2**31), -(2**15), -(2**40), -(2**63), -(2**31)),
    ):
        store.append(Readings.of(meter, channel, time_s, value, status), 2**50)
        assert list(store.read(meter, [channel], time_s - 1, time_s).rows()) == [
            Reading(meter, channel, time_s, value, status)
        ]
        assert store.versions(meter, channel, time_s) == [ReadingVersion(1, value, status, 2**50)]


def test_the_same_batch_again_changes_nothing(store: IntervalStore) -> None:
    assert store.append(profile(1, range(1, 97)), 1) == Appended(96, 0, 0)
    assert store.append(profile(1, range(1, 97)), 2) == Appended(0, 96, 0)
    assert store.append(profile(1, range(90, 101)), 3) == Appended(4, 7, 0)
    assert store.count() == 100
    assert store.versions(1, IMPORT, T0 + QUARTER_S) == [ReadingVersion(1, 1001, 0, received_ms=1)]


# value status pairs sent for one slot, batches apart by |    counts of the last batch    versions afterwards
VERSIONS = """
5.0                          1 0 0    5.0
5.0 | 5.0                    0 1 0    5.0
5.0 | 6.0                    0 0 1    5.0 6.0
5.0 | 5.1                    0 0 1    5.0 5.1
5.0 5.0                      1 1 0    5.0
5.0 6.0                      1 0 1    5.0 6.0
5.0 6.0 5.0                  1 1 1    5.0 6.0
5.0 6.0 | 5.0 6.0            0 2 0    5.0 6.0
5.0 | 6.0 | 5.0              0 1 0    5.0 6.0
5.0 | 6.0 | 6.0              0 1 0    5.0 6.0
5.0 | 6.0 7.0 6.0 5.0 8.0    0 2 3    5.0 6.0 7.0 8.0
0.0 | 0.1                    0 0 1    0.0 0.1
-1.0 | 1.0                   0 0 1    -1.0 1.0
"""


@pytest.mark.parametrize("row", VERSIONS.strip().splitlines())
def test_versions(store: IntervalStore, row: str) -> None:
    sent, counts, versions = (part.strip() for part in row.split("  ") if part.strip())
    appended = Appended(0, 0, 0)
    for batch in sent.split("|"):
        pairs = [tuple(map(int, pair.split("."))) for pair in batch.split()]
        appended = store.append(Readings.from_rows((9, IMPORT, T0, value, status) for value, status in pairs), 1)
    stored, duplicates, revised = map(int, counts.split())
    assert appended == Appended(stored, duplicates, revised)
    expected = [tuple(map(int, pair.split("."))) for pair in versions.split()]
    kept = store.versions(9, IMPORT, T0)
    assert [(version.value, version.status) for version in kept] == expected
    assert [version.version for version in kept] == list(range(1, len(expected) + 1))
    assert [(row.value, row.status) for row in store.read(9, [IMPORT], T0 - 1, T0).rows()] == expected[-1:]
    assert store.count() == 1


def test_a_slot_is_meter_channel_and_time(store: IntervalStore) -> None:
    first = Readings.of([1, 2, 1, 1], [1, 1, 2, 1], [T0, T0, T0, T0 + 1], 7)
    assert store.append(first, 1) == Appended(4, 0, 0)
    assert store.append(Readings.of(2, 1, T0, 8), 1) == Appended(0, 0, 1)
    assert [len(store.versions(*slot)) for slot in ((1, 1, T0), (2, 1, T0), (1, 2, T0), (1, 1, T0 + 1))] == [1, 2, 1, 1]


def test_an_empty_batch_is_no_work(store: IntervalStore) -> None:
    assert store.append(Readings.from_rows([]), 1) == Appended(0, 0, 0)
    assert store.count() == 0


def test_a_batch_beyond_the_limit_is_refused_whole(store: IntervalStore) -> None:
    too_many = Readings.of(1, IMPORT, np.arange(INTERVAL_BATCH_ROWS_MAX + 1), 5)
    with pytest.raises(StoreError, match="too many readings"):
        store.append(too_many, 1)
    assert store.count() == 0


def test_a_large_batch_in_any_order_with_duplicates_inside(store: IntervalStore) -> None:
    times = np.repeat(np.arange(1, 20_001, dtype=np.int64), 2) * QUARTER_S
    order = np.random.default_rng(1).permutation(len(times))
    assert store.append(Readings.of(3, IMPORT, times[order], 5), 1) == Appended(20_000, 20_000, 0)
    read = store.read(3, [IMPORT], 0, 20_000 * QUARTER_S)
    assert np.array_equal(read.time_s, np.arange(1, 20_001) * QUARTER_S)


# Reading


def test_spans_are_open_at_the_start_and_closed_at_the_end(store: IntervalStore) -> None:
    store.append(profile(1, range(98)), 1)
    day = store.read(1, [IMPORT], T0, T0 + DAY_S)
    assert (len(day), day.time_s[0], day.time_s[-1]) == (96, T0 + QUARTER_S, T0 + DAY_S)
    assert len(store.read(1, [IMPORT], T0, T0)) == 0
    assert store.coverage(IMPORT, T0, T0 + DAY_S) == {1: 96}


def test_only_the_meters_own_channels_are_read_by_time_then_channel(store: IntervalStore) -> None:
    for channel in (3, EXPORT, IMPORT):
        store.append(profile(1, [2, 1], channel), 1)
    store.append(profile(2, [1]), 1)
    rows = store.read(1, [EXPORT, IMPORT], T0, T0 + DAY_S).rows()
    assert [((row.time_s - T0) // QUARTER_S, row.channel) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert len(store.read(1, [], T0, T0 + DAY_S)) == 0
    assert len(store.read(99, [IMPORT], T0, T0 + DAY_S)) == 0


def test_latest_and_last_values(store: IntervalStore) -> None:
    store.append(profile(1, [1, 5, 3]), 1)
    store.append(profile(1, [2], EXPORT), 1)
    store.append(profile(2, [4]), 1)
    store.append(Readings.of(1, IMPORT, T0 + 5 * QUARTER_S, 77, 3), 2)
    assert store.latest(IMPORT) == {1: T0 + 5 * QUARTER_S, 2: T0 + 4 * QUARTER_S}
    assert store.latest(99) == {}
    assert store.last_values(1) == [
        Reading(1, IMPORT, T0 + 5 * QUARTER_S, 77, 3),
        Reading(1, EXPORT, T0 + 2 * QUARTER_S, 1002, 0),
    ]
    assert store.last_values(99) == []


def test_revisions_do_not_count_twice(store: IntervalStore) -> None:
    store.append(profile(1, range(1, 5)), 1)
    for value in range(5):
        store.append(Readings.of(1, IMPORT, T0 + QUARTER_S, value), 2)
    assert store.coverage(IMPORT, T0, T0 + DAY_S) == {1: 4}
    assert store.count() == 4
    assert store.counts(IMPORT, T0, T0 + 3600, 3600) == [BucketCount(T0, T0 + 3600, 4, 1)]
    assert store.gaps(IMPORT, T0, T0 + 3600, QUARTER_S) == []
    five_rows_missing = Gap(1, T0 + 5 * QUARTER_S, T0 + 9 * QUARTER_S, 5)
    assert store.gaps(IMPORT, T0, T0 + 9 * QUARTER_S, QUARTER_S) == [five_rows_missing]


# Gaps: quarter hours of one day present    runs missing, as first-last
GAPS = """
1-96                  none
none                  1-96
2-96                  1-1
1-95                  96-96
1-10 12-96            11-11
1-10 21-96            11-20
5-10 20-30 96-96      1-4 11-19 31-95
96-96                 1-95
1-1                   2-96
0-0 97-97             1-96
-5-50 60-200          51-59
"""


def _numbers(text: str) -> list[int]:
    spans = [] if text == "none" else [span.rsplit("-", 1) for span in text.split()]
    return [number for first, last in spans for number in range(int(first), int(last) + 1)]


@pytest.mark.parametrize("row", GAPS.strip().splitlines())
def test_gaps(store: IntervalStore, row: str) -> None:
    present, missing = (part.strip() for part in row.split("   ") if part.strip())
    store.append(profile(1, _numbers(present)), 1)
    store.append(profile(2, range(1, 97)), 1)
    store.append(profile(1, range(1, 97), EXPORT), 1)
    expected = []
    for span in missing.split() if missing != "none" else []:
        first, last = map(int, span.split("-"))
        expected.append(Gap(1, T0 + first * QUARTER_S, T0 + last * QUARTER_S, last - first + 1))
    assert store.gaps(IMPORT, T0, T0 + DAY_S, QUARTER_S, [1, 2]) == expected


def test_gaps_of_all_meters_are_those_that_ever_had_a_reading(store: IntervalStore) -> None:
    store.append(profile(1, range(1, 97)), 1)
    store.append(profile(2, [500]), 1)
    store.append(profile(3, range(1, 97), EXPORT), 1)
    whole_day = Gap(2, T0 + QUARTER_S, T0 + DAY_S, 96)
    assert store.gaps(IMPORT, T0, T0 + DAY_S, QUARTER_S) == [whole_day]
    assert store.gaps(IMPORT, T0, T0 + DAY_S, QUARTER_S, [2, 2, 7]) == [whole_day, whole_day._replace(meter=7)]
    assert store.gaps(IMPORT, T0, T0 + DAY_S, QUARTER_S, []) == []


def test_gaps_look_only_at_multiples_of_the_period(store: IntervalStore) -> None:
    store.append(Readings.of(1, IMPORT, [T0 + 450, T0 + 901, T0 + 1800], 5), 1)
    assert store.gaps(IMPORT, T0, T0 + 1800, QUARTER_S) == [Gap(1, T0 + 900, T0 + 900, 1)]
    assert store.gaps(IMPORT, T0 + 1, T0 + 899, QUARTER_S) == []
    assert store.gaps(IMPORT, T0 + 899, T0 + 900, QUARTER_S) == [Gap(1, T0 + 900, T0 + 900, 1)]
    assert store.gaps(IMPORT, T0, T0, QUARTER_S) == []
    assert store.gaps(IMPORT, T0 + DAY_S, T0, QUARTER_S) == []


def test_gaps_off_the_grid_are_periods_without_any_reading(store: IntervalStore) -> None:
    midnights = [T0 - 3600, T0 + DAY_S - 3600, T0 + 3 * DAY_S - 7200, T0 + 4 * DAY_S]
    store.append(Readings.of(1, IMPORT, [*midnights, T0 + 3 * DAY_S - 3600], 5), 1)
    one, two = Gap(1, T0 + 2 * DAY_S, T0 + 2 * DAY_S, 1), Gap(2, T0, T0 + 4 * DAY_S, 5)
    assert store.gaps(IMPORT, T0 - DAY_S, T0 + 4 * DAY_S, DAY_S, [1, 2], on_grid=False) == [one, two]
    assert store.gaps(IMPORT, T0 - 1, T0 + DAY_S, DAY_S, on_grid=False) == []
    assert store.gaps(IMPORT, T0, T0 + DAY_S + 1, DAY_S) == [Gap(1, T0 + DAY_S, T0 + DAY_S, 1)]


@pytest.mark.parametrize("period_s", [0, -900])
def test_a_period_must_last(store: IntervalStore, period_s: int) -> None:
    with pytest.raises(ValueError, match="period"):
        store.gaps(IMPORT, T0, T0 + DAY_S, period_s)


# Counts


def test_counts_by_the_hour_with_empty_hours_and_a_short_last_one(store: IntervalStore) -> None:
    store.append(profile(1, range(1, 7)), 1)
    store.append(profile(2, [1, 2, 20]), 1)
    store.append(profile(2, range(1, 97), EXPORT), 1)
    hour = 3600
    assert store.counts(IMPORT, T0, T0 + 5 * hour + 60, hour) == [
        BucketCount(T0, T0 + hour, 6, 2),
        BucketCount(T0 + hour, T0 + 2 * hour, 2, 1),
        BucketCount(T0 + 2 * hour, T0 + 3 * hour, 0, 0),
        BucketCount(T0 + 3 * hour, T0 + 4 * hour, 0, 0),
        BucketCount(T0 + 4 * hour, T0 + 5 * hour, 1, 1),
        BucketCount(T0 + 5 * hour, T0 + 5 * hour + 60, 0, 0),
    ]
    assert store.counts(IMPORT, T0, T0, hour) == []


def test_counts_refuse_a_million_buckets(store: IntervalStore) -> None:
    with pytest.raises(StoreError, match="too many buckets"):
        store.counts(IMPORT, 0, INTERVAL_BUCKETS_MAX * 60 + 1, 60)


@pytest.mark.parametrize("bucket_s", [0, -60])
def test_a_bucket_must_last(store: IntervalStore, bucket_s: int) -> None:
    with pytest.raises(ValueError, match="bucket"):
        store.counts(IMPORT, 0, 3600, bucket_s)


# Export


def exported(path: Path) -> list[tuple[int, ...]]:
    return duckdb.sql(f"SELECT meter, channel, time_s, value, status, version, received_ms FROM '{path}'").fetchall()


def test_export_holds_the_latest_versions_in_order(store: IntervalStore, tmp_path: Path) -> None:
    store.append(Readings.of([2, 1, 1], [1, 2, 1], [T0, T0, T0], [7, 8, 9]), 1)
    store.append(Readings.of(1, 1, T0, [10, 11], 4), 2)
    assert store.export_parquet(tmp_path / "all.parquet") == 3
    assert exported(tmp_path / "all.parquet") == [
        (1, 1, T0, 11, 4, 3, 2),
        (1, 2, T0, 8, 0, 1, 1),
        (2, 1, T0, 7, 0, 1, 1),
    ]


def test_export_of_a_span(store: IntervalStore, tmp_path: Path) -> None:
    store.append(profile(1, range(200)), 1)
    path = tmp_path / "day.parquet"
    assert store.export_parquet(path, T0, T0 + DAY_S) == 96
    assert [row[2] for row in exported(path)] == [T0 + slot * QUARTER_S for slot in range(1, 97)]
    assert store.export_parquet(path, start_s=T0 + DAY_S) == 103
    assert store.export_parquet(path, end_s=T0 - 1) == 0
    assert exported(path) == []


def test_an_export_that_fails_leaves_no_file_and_the_store_usable(store: IntervalStore, tmp_path: Path) -> None:
    store.append(profile(1, [1]), 1)
    with pytest.raises(StoreError):
        store.export_parquet(tmp_path / "absent" / "x.parquet")
    (tmp_path / "x.parquet").mkdir()
    with pytest.raises(StoreError, match="cannot export"):
        store.export_parquet(tmp_path / "x.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]
    assert store.count() == 1


# The file


def test_what_was_appended_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    path = tmp_path / "intervals.duckdb"
    first = open_duckdb(path)
    first.append(profile(1, range(1, 97)), 1)
    first.close()
    second = open_duckdb(path)
    assert second.append(profile(1, range(1, 98)), 2) == Appended(1, 96, 0)
    second.close()
    second.close()


def test_a_closed_store_says_so(store: IntervalStore) -> None:
    store.close()
    for use in (store.count, lambda: store.append(profile(1, [1]), 1), lambda: store.latest(IMPORT)):
        with pytest.raises(StoreError, match="closed"):
            use()


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"\0" * 20_000, b"DUCK"])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "intervals.duckdb"
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"intervals\.duckdb failed"):
            open_duckdb(path)
    assert path.read_bytes() == content


def test_a_store_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "intervals.duckdb"
    open_duckdb(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE store_format SET format = 99")
    with pytest.raises(StoreError, match="another format, expected 1, got 99"):
        open_duckdb(path)


def test_the_order_of_results_does_not_depend_on_threads(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    rows = 30_000
    batch = Readings.of(
        random.integers(1, 50, rows),
        random.integers(1, 4, rows),
        random.integers(1, 400, rows) * QUARTER_S,
        random.integers(0, 3, rows),
    )
    seen = []
    for threads in (1, 4):
        store = open_duckdb(tmp_path / f"{threads}.duckdb", threads=threads)
        appended = store.append(batch, 1)
        read = [list(store.read(meter, [1, 2, 3], 0, DAY_S * 5).rows()) for meter in (1, 25, 49)]
        store.export_parquet(tmp_path / "x.parquet")
        seen.append(
            (
                appended,
                read,
                store.gaps(1, 0, DAY_S, 900),
                list(store.latest(2).items()),
                exported(tmp_path / "x.parquet"),
            )
        )
        store.close()
    assert seen[0] == seen[1]
