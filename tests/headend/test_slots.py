"""Ranges of missing capture times behave as the sets of slots that they stand for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.headend.slots import SlotRanges, runs

SLOTS = st.integers(min_value=0, max_value=60)
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "remove"]), SLOTS, SLOTS), max_size=30)


def as_set(ranges: SlotRanges) -> set[int]:
    return {slot for first, last in ranges for slot in range(first, last + 1)}


@given(CHANGES)
def test_ranges_are_the_set_they_stand_for(changes: list[tuple[str, int, int]]) -> None:
    ranges, truth = SlotRanges(), set[int]()
    for change, first, last in changes:
        slots = set(range(first, last + 1))
        if change == "add":
            ranges.add(first, last)
            truth |= slots
        else:
            assert ranges.remove(first, last) == len(truth & slots)
            truth -= slots
        assert as_set(ranges) == truth
        assert len(ranges) == len(truth)
        assert bool(ranges) == bool(truth)
    for slot in range(62):
        assert (slot in ranges) == (slot in truth)
        assert ranges.count_until(slot) == len([other for other in truth if other <= slot])


@given(CHANGES)
def test_ranges_are_disjoint_ascending_and_do_not_touch(changes: list[tuple[str, int, int]]) -> None:
    ranges = SlotRanges()
    for change, first, last in changes:
        getattr(ranges, change)(first, last)
    ordered = list(ranges)
    assert all(first <= last for first, last in ordered)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ordered))


@given(CHANGES, st.integers(1, 40), st.integers(1, 5), st.integers(0, 6))
def test_spans_ask_oldest_first_within_their_bounds(
    changes: list[tuple[str, int, int]], rows_max: int, spans_max: int, join_slots: int
) -> None:
    ranges = SlotRanges()
    for change, first, last in changes:
        getattr(ranges, change)(first, last)
    spans = ranges.spans(rows_max=rows_max, spans_max=spans_max, join_slots=join_slots)
    asked = [slot for first, last in spans for slot in range(first, last + 1)]
    assert len(asked) <= rows_max
    assert len(spans) <= spans_max
    assert asked == sorted(set(asked))
    assert bool(asked) == bool(ranges)
    if asked:
        assert asked[0] == ranges.oldest
        wanted = sorted(as_set(ranges))
        assert wanted[: len(as_set(ranges) & set(asked))] == sorted(as_set(ranges) & set(asked))


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], []),
        ([7], [(7, 7)]),
        ([1, 2, 3, 5, 6, 9], [(1, 3), (5, 6), (9, 9)]),
        ([1, 1, 2, 2, 4], [(1, 2), (4, 4)]),
    ],
)
def test_runs(slots: list[int], expected: list[tuple[int, int]]) -> None:
    assert list(runs(slots)) == expected


def test_joined_ranges_cost_one_request() -> None:
    ranges = SlotRanges([(10, 11), (14, 15), (40, 40)])
    assert ranges.spans(rows_max=100, spans_max=4, join_slots=2) == [(10, 15), (40, 40)]
    assert ranges.spans(rows_max=100, spans_max=4, join_slots=1) == [(10, 11), (14, 15), (40, 40)]
    assert ranges.spans(rows_max=3, spans_max=4, join_slots=1) == [(10, 11), (14, 14)]


def test_oldest_and_newest() -> None:
    assert SlotRanges().oldest is None
    assert SlotRanges().newest is None
    assert (SlotRanges([(3, 5), (9, 9)]).oldest, SlotRanges([(3, 5), (9, 9)]).newest) == (3, 9)
    assert repr(SlotRanges([(3, 5)])) == "SlotRanges([(3, 5)])"
