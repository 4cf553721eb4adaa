"""Ranges of capture times: which intervals of a meter are missing, kept as few numbers however long the outage.

A profile with capture period `period_s` captures at the multiples of its period. Such a moment is a slot, and slot k
lies at k × period_s seconds since 1970-01-01 UTC. A `SlotRanges` holds ascending, disjoint, non-touching ranges of
slots, both ends included: a meter that was away for a month costs one range, not three thousand numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class SlotRanges:
    """A set of slots, as ranges."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._firsts, self._lasts, strict=True))

    def __len__(self) -> int:
        """How many slots (not how many ranges)."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __contains__(self, slot: int) -> bool:
        at = bisect_right(self._firsts, slot) - 1
        return at >= 0 and slot <= self._lasts[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SlotRanges) and self._firsts == other._firsts and self._lasts == other._lasts

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"SlotRanges({list(self)})"

    @property
    def range_count(self) -> int:
        return len(self._firsts)

    @property
    def oldest(self) -> int | None:
        return self._firsts[0] if self._firsts else None

    @property
    def newest(self) -> int | None:
        return self._lasts[-1] if self._lasts else None

    def add(self, first: int, last: int) -> None:
        """Put the slots first … last in; nothing when last < first."""
        if last < first:
            return
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def remove(self, first: int, last: int) -> int:
        """Take the slots first … last out and return how many of them were in."""
        if last < first:
            return 0
        low = bisect_left(self._lasts, first)
        high = bisect_right(self._firsts, last)
        if low >= high:
            return 0
        kept: list[tuple[int, int]] = []
        removed = 0
        for old_first, old_last in zip(self._firsts[low:high], self._lasts[low:high], strict=True):
            removed += min(old_last, last) - max(old_first, first) + 1
            if old_first < first:
                kept.append((old_first, first - 1))
            if old_last > last:
                kept.append((last + 1, old_last))
        self._firsts[low:high] = [kept_first for kept_first, _ in kept]
        self._lasts[low:high] = [kept_last for _, kept_last in kept]
        return removed

    def count_until(self, last: int) -> int:
        """How many slots lie at or before `last`."""
        return sum(min(range_last, last) - first + 1 for first, range_last in self if first <= last)

    def spans(self, *, rows_max: int, spans_max: int, join_slots: int) -> list[tuple[int, int]]:
        """The oldest missing slots as at most `spans_max` ranges of together at most `rows_max` slots, to ask for.

        Ranges that lie at most `join_slots` slots apart are asked for as one: a few rows read twice cost less than one
        more request.
        """
        spans: list[tuple[int, int]] = []
        for first, last in self:
            if spans and first - spans[-1][1] - 1 <= join_slots:
                first = spans.pop()[0]
            room = rows_max - sum(span_last - span_first + 1 for span_first, span_last in spans)
            if room <= 0 or len(spans) == spans_max:
                break
            spans.append((first, min(last, first + room - 1)))
        return spans


def runs(slots: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending slots as ranges of consecutive ones; repeated slots count once."""
    first = last = None
    for slot in slots:
        if first is None or last is None:
            first = last = slot
        elif slot <= last + 1:
            last = max(last, slot)
        else:
            yield first, last
            first = last = slot
    if first is not None and last is not None:
        yield first, last
