"""Thresholds crossed between two looks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.meter.monitor import Crossing, crossings


@pytest.mark.parametrize(
    ("before", "value", "crossed"),
    [
        (None, 9, []),
        (0, 9, [(1, True), (0, True)]),
        (9, 0, [(0, False), (1, False)]),
        (3, 4, []),
        (5, 6, [(0, True)]),
        (6, 5, [(0, False)]),
        (5, 5, []),
        (2, 3, [(1, True)]),
    ],
)
def test_two_thresholds(before: int | None, value: int, crossed: list[tuple[int, bool]]) -> None:
    assert crossings((5, 2), before, value) == [Crossing(*one) for one in crossed]


@given(st.lists(st.integers(0, 20), max_size=4), st.lists(st.integers(0, 20), min_size=2))
def test_step_by_step_every_way_there_crosses_the_same(thresholds: list[int], values: list[int]) -> None:
    """Up minus down of each threshold says on which side of it the value is in the end."""
    count = dict.fromkeys(range(len(thresholds)), 0)
    for before, value in pairwise(values):
        for place, up in crossings(thresholds, before, value):
            count[place] += 1 if up else -1
    for place, threshold in enumerate(thresholds):
        assert count[place] == (values[-1] > threshold) - (values[0] > threshold)
