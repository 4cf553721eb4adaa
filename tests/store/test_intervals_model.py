"""The interval store against a dictionary: any batches, in any order, again and again, and every question answered alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.store import Appended, BucketCount, Gap, IntervalStore, Reading, Readings, open_duckdb

PERIOD_S = 900
Slot = tuple[int, int, int]


class Model:
    """What an interval store is, said plainly: for each slot the list of its values, each in the list once."""

    def __init__(self) -> None:
        self.slots: dict[Slot, list[tuple[int, int]]] = {}

    def append(self, rows: list[Reading]) -> Appended:
        stored = duplicates = revised = 0
        for row in rows:
            versions = self.slots.setdefault((row.meter, row.channel, row.time_s), [])
            if (row.value, row.status) in versions:
                duplicates += 1
                continue
            revised, stored = revised + bool(versions), stored + (not versions)
            versions.append((row.value, row.status))
        return Appended(stored, duplicates, revised)

    def read(self, meter: int, channels: set[int], start_s: int, end_s: int) -> list[Reading]:
        found = [
            Reading(*slot, *versions[-1])
            for slot, versions in self.slots.items()
            if slot[0] == meter and slot[1] in channels and start_s < slot[2] <= end_s
        ]
        return sorted(found, key=lambda reading: (reading.time_s, reading.channel))

    def times(self, meter: int, channel: int) -> set[int]:
        return {time_s for of, on, time_s in self.slots if (of, on) == (meter, channel)}

    def meters(self, channel: int) -> list[int]:
        return sorted({meter for meter, on, _ in self.slots if on == channel})

    def gaps(self, channel: int, start_s: int, end_s: int, meters: list[int]) -> list[Gap]:
        """By brute force: walk over every second that could be a slot, slot by slot."""
        gaps = []
        for meter in sorted(set(meters)):
            expected = [time_s for time_s in range(start_s + 1, end_s + 1) if time_s % PERIOD_S == 0]
            for missing, run in itertools.groupby(expected, self._is_missing(meter, channel)):
                if missing:
                    times = list(run)
                    gaps.append(Gap(meter, times[0], times[-1], len(times)))
        return gaps

    def _is_missing(self, meter: int, channel: int) -> Callable[[int], bool]:
        filled = self.times(meter, channel)
        return lambda time_s: time_s not in filled

    def counts(self, channel: int, start_s: int, end_s: int, bucket_s: int) -> list[BucketCount]:
        buckets = []
        for since_s in range(start_s, end_s, bucket_s):
            until_s = min(since_s + bucket_s, end_s)
            within = [slot for slot in self.slots if slot[1] == channel and since_s < slot[2] <= until_s]
            buckets.append(BucketCount(since_s, until_s, len(within), len({slot[0] for slot in within})))
        return buckets


METERS = st.integers(1, 3)
CHANNELS = st.integers(1, 2)
# Few slots and few values, so that they meet again; some captures off the grid.
TIMES = st.integers(-2, 12).map(lambda slot: slot * PERIOD_S) | st.integers(-1000, 11_000)
ROWS = st.builds(Reading, METERS, CHANNELS, TIMES, value=st.integers(0, 2), status=st.integers(0, 1))
BATCHES = st.lists(st.lists(ROWS, max_size=25), min_size=1, max_size=4)
BOUNDS = st.integers(-3, 14).map(lambda slot: slot * PERIOD_S) | st.integers(-3000, 13_000)


@pytest.fixture(scope="module")
def store() -> Iterator[IntervalStore]:
    opened = open_duckdb(None, threads=1)
    yield opened
    opened.close()


_fresh_channels = itertools.count(0, 2)


@settings(max_examples=80, deadline=None)
@given(BATCHES, st.data())
def test_the_store_is_the_dictionary(store: IntervalStore, batches: list[list[Reading]], data: st.DataObject) -> None:
    base = next(_fresh_channels)  # every example has two channels of the one store to itself
    model = Model()
    for batch in batches:
        rows = [row._replace(channel=row.channel + base) for row in batch]
        assert store.append(Readings.from_rows(rows), 1) == model.append(rows)
        if data.draw(st.booleans(), label="again"):
            assert store.append(Readings.from_rows(rows), 2) == Appended(0, len(rows), 0)

    channel = base + 1
    start_s, end_s = sorted((data.draw(BOUNDS, label="start_s"), data.draw(BOUNDS, label="end_s")))
    for meter in (1, 2, 3):
        found = list(store.read(meter, {base + 1, base + 2}, start_s, end_s).rows())
        assert found == model.read(meter, {base + 1, base + 2}, start_s, end_s)
    for slot, versions in itertools.islice(model.slots.items(), 5):
        assert [(kept.value, kept.status) for kept in store.versions(*slot)] == versions

    assert store.gaps(channel, start_s, end_s, PERIOD_S) == model.gaps(channel, start_s, end_s, model.meters(channel))
    wanted = data.draw(st.lists(st.integers(1, 5), max_size=4), label="meters")
    assert store.gaps(channel, start_s, end_s, PERIOD_S, wanted) == model.gaps(channel, start_s, end_s, wanted)

    bucket_s = data.draw(st.sampled_from([700, 900, 3600]), label="bucket_s")
    assert store.counts(channel, start_s, end_s, bucket_s) == model.counts(channel, start_s, end_s, bucket_s)
    assert store.latest(channel) == {meter: max(model.times(meter, channel)) for meter in model.meters(channel)}
    covered = {meter: len([t for t in model.times(meter, channel) if start_s < t <= end_s]) for meter in (1, 2, 3)}
    assert store.coverage(channel, start_s, end_s) == {meter: count for meter, count in covered.items() if count}


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_batches_without_revisions_give_one_result_in_any_order(
    store: IntervalStore, order: list[int], again: list[int]
) -> None:
    """Four overlapping deliveries of one truth, shuffled and repeated: each slot is stored once, none is revised."""
    channel = next(_fresh_channels) + 1
    results = []
    for delivery in [*order, *again]:
        times = [slot * PERIOD_S for slot in range(delivery * 10, delivery * 10 + 15)]
        results.append(store.append(Readings.of(1, channel, times, [time_s * 7 for time_s in times]), 1))
    assert sum(result.stored for result in results) == 45
    assert sum(result.revised for result in results) == 0
    read = store.read(1, [channel], -1, 10**9)
    assert (read.value == read.time_s * 7).all()
    assert store.gaps(channel, -1, 44 * PERIOD_S, PERIOD_S) == []
