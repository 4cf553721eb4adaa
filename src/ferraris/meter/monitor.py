"""The register monitor: which thresholds a value has crossed since it was looked at last. Blue Book 4.5.6.

A value is above a threshold when it is greater. Rising, it crosses the lowest threshold first; falling, the highest. The
first value after an outage crosses nothing: there is none to compare it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Crossing(NamedTuple):
    """A threshold, by its place in the list, was crossed."""

    place: int
    up: bool


def crossings(thresholds: Sequence[int], before: int | None, value: int) -> list[Crossing]:
    """In the order in which they happened."""
    if before is None:
        return []
    order = sorted(range(len(thresholds)), key=lambda place: thresholds[place])
    up = [Crossing(place, True) for place in order if before <= thresholds[place] < value]
    down = [Crossing(place, False) for place in reversed(order) if value <= thresholds[place] < before]
    return up + down
