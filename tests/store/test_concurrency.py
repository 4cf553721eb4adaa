"""Readers while the writer appends: the console asks from threads, and sees each batch whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store import (
    AlarmSeverity,
    Appended,
    CollectionGroupRow,
    CommandState,
    IntervalStore,
    MeterEventRow,
    MeterStateRow,
    Readings,
    RecordStore,
    open_duckdb,
    open_records,
)
from tests.store.test_records_sqlite import meter_row

METERS, PERIOD_S = 20, 900
READERS = 4
Ask = Callable[[IntervalStore], bool]


@pytest.fixture
def intervals(tmp_path: Path) -> Iterator[IntervalStore]:
    store = open_duckdb(tmp_path / "intervals.duckdb", threads=2)
    yield store
    store.close()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[RecordStore]:
    store = open_records(tmp_path / "records.sqlite")
    store.save_group(CollectionGroupRow(name="street", plan="{}"))
    store.add_meters(meter_row(number) for number in range(1, 4))
    yield store
    store.close()


def batch(slot: int, value: int = 0) -> Readings:
    """One slot of every meter, on two channels."""
    meters = np.repeat(np.arange(1, METERS + 1, dtype=np.int32), 2)
    channels = np.tile(np.array([1, 2], dtype=np.int16), METERS)
    return Readings.of(meters, channels, slot * PERIOD_S, slot * 1_000 + value)


def _whole_batches_counted(store: IntervalStore) -> bool:
    return store.count() % (METERS * 2) == 0


def _all_meters_equally_far(store: IntervalStore) -> bool:
    return len(set(store.latest(1).values())) <= 1


def _no_holes(store: IntervalStore) -> bool:
    """A meter's slots have no gap up to its newest one, whenever they are read."""
    times = store.read(7, [1], 0, 2**40).time_s.tolist()
    return bool(times == [PERIOD_S * slot for slot in range(1, len(times) + 1)])


def _channels_together(store: IntervalStore) -> bool:
    shown = store.last_values(3)
    return len({reading.time_s for reading in shown}) <= 1 and len(shown) in (0, 2)


def _coverage_is_even(store: IntervalStore) -> bool:
    return len(set(store.coverage(2, 0, 2**40).values())) <= 1


def _gaps_of_nobody(store: IntervalStore) -> bool:
    newest = min(store.latest(1).values(), default=0)
    return not store.gaps(1, 0, newest, PERIOD_S)


QUESTIONS: list[Ask] = [
    _whole_batches_counted,
    _all_meters_equally_far,
    _no_holes,
    _channels_together,
    _coverage_is_even,
    _gaps_of_nobody,
]


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda ask: ask.__name__.strip("_"))
def test_a_question_is_answered_rightly_whenever_it_is_asked(intervals: IntervalStore, ask: Ask) -> None:
    """One writer, four readers with one question: each answer is that of a moment between two batches."""
    written = threading.Event()
    answers: list[bool] = []

    def read() -> int:
        asked = 0
        while not written.is_set() or asked == 0:
            answers.append(ask(intervals))
            asked += 1
        return asked

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read) for _ in range(READERS)]
        for slot in range(1, 25):
            assert intervals.append(batch(slot), slot) == Appended(METERS * 2, 0, 0)
        written.set()
        assert all(future.result(timeout=30) > 0 for future in reading)
    assert all(answers)


def test_all_questions_at_once_while_values_are_revised(intervals: IntervalStore) -> None:
    """Revisions make versions, and a reader sees one of them, never a mixture of two for one batch."""
    intervals.append(batch(1), 0)
    written = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not written.is_set():
            rows = intervals.read(5, [1, 2], 0, PERIOD_S)
            values = set(rows.value.tolist())
            assert len(values) == 1
            seen.update(values)

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read) for _ in range(READERS)]
        for value in range(1, 21):
            assert intervals.append(batch(1, value), value) == Appended(0, 0, METERS * 2)
        written.set()
        for future in reading:
            future.result(timeout=30)
    assert seen <= set(range(1_000, 1_021))
    assert len(intervals.versions(5, 1, PERIOD_S)) == 21


def test_writers_of_the_same_rows_keep_each_once(intervals: IntervalStore) -> None:
    """A batch sent twice because its first answer was lost, both under way at once."""
    with ThreadPoolExecutor(READERS) as pool:
        appended = list(pool.map(lambda slot: intervals.append(batch(slot % 5 + 1), slot), range(20)))
    assert sum(done.stored for done in appended) == 5 * METERS * 2
    assert sum(done.duplicates for done in appended) == 15 * METERS * 2
    assert sum(done.revised for done in appended) == 0
    assert intervals.count() == 5 * METERS * 2


def test_a_writer_that_fails_half_way_shows_readers_nothing(tmp_path: Path) -> None:
    """The disk is full at every second commit; what readers see is what was kept."""
    commits = 0

    def hook(moment: str) -> None:
        nonlocal commits
        if moment == "append:commit":
            commits += 1
            if commits % 2:
                raise StoreError("no space left on the device")

    store = open_duckdb(tmp_path / "x.duckdb", hook, threads=1)
    written = threading.Event()
    counts: list[int] = []

    def read() -> None:
        while not written.is_set():
            counts.append(store.count())

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        kept = 0
        for slot in range(1, 21):
            try:
                kept += store.append(batch(slot), 1).stored
            except StoreError:
                continue
        written.set()
        for future in reading:
            future.result(timeout=30)
    assert kept == 10 * METERS * 2
    assert all(count % (METERS * 2) == 0 for count in counts)
    assert store.count() == kept
    store.close()


def test_an_export_beside_appends_holds_whole_batches(intervals: IntervalStore, tmp_path: Path) -> None:
    for slot in range(1, 6):
        intervals.append(batch(slot), 1)
    with ThreadPoolExecutor(2) as pool:
        exports = [pool.submit(intervals.export_parquet, tmp_path / f"{n}.parquet") for n in range(4)]
        for slot in range(6, 16):
            intervals.append(batch(slot), 1)
        counts = [future.result(timeout=30) for future in exports]
    assert all(count % (METERS * 2) == 0 and count >= 5 * METERS * 2 for count in counts)
    assert [path.suffix for path in tmp_path.glob("*.unfinished")] == []


def test_closing_beside_readers_ends_them_with_a_clear_error(tmp_path: Path) -> None:
    store = open_duckdb(tmp_path / "x.duckdb", threads=1)
    store.append(batch(1), 1)
    begun = threading.Barrier(READERS + 1)

    def read() -> str:
        begun.wait()
        try:
            while True:
                store.latest(1)
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read) for _ in range(READERS)]
        begun.wait()
        store.close()
        assert {future.result(timeout=30) for future in reading} == {"the interval store is closed"}


# Records


def test_readers_of_records_see_each_write_whole(records: RecordStore) -> None:
    """The states of a street are replaced in one go: nobody sees half of them new."""
    records.save_states(MeterStateRow(meter=meter, communication="ok", failures=0) for meter in (1, 2, 3))
    written = threading.Event()

    def read() -> None:
        while not written.is_set():
            assert len({state.failures for state in records.states()}) == 1

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read) for _ in range(READERS)]
        for failures in range(40):
            records.save_states(MeterStateRow(meter=m, communication="ok", failures=failures) for m in (1, 2, 3))
        written.set()
        for future in reading:
            future.result(timeout=30)


def test_a_command_is_sent_by_one_of_many_who_try(records: RecordStore) -> None:
    """At most once: of eight that move a command from pending to sent at one moment, one succeeds."""
    command = records.add_command(1, "disconnect", "", 1, "ann")

    def send(now_ms: int) -> bool:
        try:
            return records.advance_command(command.id, CommandState.SENT, now_ms).sent_ms == now_ms
        except StoreError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(1, 9))) == 1


def test_an_alarm_is_opened_by_one_of_many_who_try(records: RecordStore) -> None:
    def open_one(now_ms: int) -> bool:
        return records.open_alarm(1, "x", AlarmSeverity.WARNING, now_ms, "")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(open_one, range(8))) == 1
        assert sum(pool.map(lambda now_ms: records.close_alarm(1, "x", now_ms), range(8))) == 1


def test_one_event_told_by_many_is_one_event(records: RecordStore) -> None:
    events = [MeterEventRow(meter=1, log="0.0.99.98.0.255", time_s=second, code=1) for second in range(20)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(records.add_events, [events] * 8)) == 20
    assert len(records.events(1)) == 20


def test_numbers_of_commands_are_given_once(records: RecordStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: records.add_command(n % 3 + 1, "read_now", "", n, "ann"), range(40)))
    assert sorted(row.id for row in rows) == list(range(1, 41))
