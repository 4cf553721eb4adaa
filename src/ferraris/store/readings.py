"""Readings as columns: what a meter captured on a channel at a moment, and what the interval store says about them.

A reading is one slot (meter, channel, capture time) with the register's raw integer and the meter's status. The capture
time is the end of the interval it closes, so every span of time here is half open the metering way: (start_s, end_s].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

_COLUMN_TYPES: dict[str, np.dtype[Any]] = {
    "meter": np.dtype(np.int32),
    "channel": np.dtype(np.int16),
    "time_s": np.dtype(np.int64),
    "value": np.dtype(np.int64),
    "status": np.dtype(np.int32),
}


class Reading(NamedTuple):
    """One row of `Readings`."""

    meter: int
    channel: int
    time_s: int
    value: int
    status: int


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Columns of equal length, one element a reading.

    `time_s`: capture time in seconds since 1970-01-01 UTC, the end of the interval. `value`: the register's raw integer,
    before scaler and unit (both belong to the channel). `status`: the meter's status word, bits as the meter sent them.
    """

    meter: Int32s
    channel: Int16s
    time_s: Int64s
    value: Int64s
    status: Int32s

    def __post_init__(self) -> None:
        for name, column_type in _COLUMN_TYPES.items():
            column = getattr(self, name)
            if column.dtype != column_type or column.shape != self.meter.shape or column.ndim != 1:
                raise ValueError(
                    f"column {name}: expected {column_type} of shape {self.meter.shape}, "
                    f"got {column.dtype} of shape {column.shape}"
                )

    @classmethod
    def of(
        cls,
        meter: npt.ArrayLike,
        channel: npt.ArrayLike,
        time_s: npt.ArrayLike,
        value: npt.ArrayLike,
        status: npt.ArrayLike = 0,
    ) -> Readings:
        """Columns from anything NumPy takes; a single number stands for a column of it."""
        given = dict(zip(_COLUMN_TYPES, (meter, channel, time_s, value, status), strict=True))
        exact = [_exact(name, column, _COLUMN_TYPES[name]) for name, column in given.items()]
        return cls(*(np.ascontiguousarray(column) for column in np.broadcast_arrays(*exact)))

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[int]]) -> Readings:
        """Columns from rows of (meter, channel, time_s, value, status)."""
        columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMN_TYPES)
        return cls.of(*columns)

    @classmethod
    def concatenate(cls, parts: Sequence[Readings]) -> Readings:
        """One batch of several, in their order."""
        if not parts:
            return cls.from_rows(())
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMN_TYPES))

    def __len__(self) -> int:
        return len(self.meter)

    def rows(self) -> Iterator[Reading]:
        """The readings one by one, as Python integers."""
        columns = (getattr(self, field.name).tolist() for field in fields(self))
        return map(Reading._make, zip(*columns, strict=True))


def _exact(name: str, column: npt.ArrayLike, column_type: np.dtype[Any]) -> npt.NDArray[Any]:
    """`column` in its type, at least one-dimensional; an integer that does not fit raises instead of wrapping."""
    given = np.atleast_1d(np.asarray(column))
    exact = given.astype(column_type)
    if given.size and not np.array_equal(given, exact):
        raise ValueError(f"column {name}: a value does not fit {column_type}")
    return exact


class Appended(NamedTuple):
    """What became of a batch: `stored + revised + duplicates` is its length."""

    stored: int
    """Readings of slots that were empty."""
    duplicates: int
    """Readings that the store already held, as some version of their slot: ignored."""
    revised: int
    """Readings that differ from what their slot held: kept beside it, as a new version."""


class ReadingVersion(NamedTuple):
    """One of the values that a slot has had; version 1 came first, the highest counts."""

    version: int
    value: int
    status: int
    received_ms: int


class Gap(NamedTuple):
    """A run of missing slots of one meter: `missing` slots, the first captured at `first_s`, the last at `last_s`."""

    meter: int
    first_s: int
    last_s: int
    missing: int


class BucketCount(NamedTuple):
    """How many slots captured in (start_s, end_s] are filled, and by how many meters."""

    start_s: int
    end_s: int
    readings: int
    meters: int
