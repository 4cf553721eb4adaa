"""Rows that change as a whole or not at all: two slots per meter, a sequence number and a checksum in each.

A change is written into the slot that does not hold the current row; the checksum goes with it, so that a row cut off
in the middle is found invalid and the other slot, untouched, is the meter's state. Every quantity that must stay
consistent with the others (registers, time, heads of the rings) belongs into one such row: the commit is the one moment
at which the meter's state moves on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ferraris.kernel.errors import StoreError
from ferraris.meter.mapped_file import MappedFile, Rows

SLOTS = 2
ROWS_CHECKED_TOGETHER = 256
"""Rows whose checksums are worked out in one go: large ones, too, stay in the processor's cache."""
CHECKSUM_SEED = np.uint64(0x9E37_79B9_7F4A_7C15)
CHECKSUM_STEP = np.uint64(0xBF58_476D_1CE4_E5B9)

Indices = npt.NDArray[np.int64]


def committed_dtype(fields: list[Any]) -> np.dtype[np.void]:
    """A row type with `sequence` before and `checksum` behind the given fields, in whole 8-octet words."""
    body = np.dtype(fields)
    padding = -body.itemsize % 8
    filled = [*fields, ("padding", f"V{padding}")] if padding else fields
    return np.dtype([("sequence", "<u8"), *filled, ("checksum", "<u8")])


def checksums(rows: Rows) -> npt.NDArray[np.uint64]:
    """A 64-bit sum over each row's words but the last, every word weighted by an odd number of its own."""
    words = np.ascontiguousarray(rows).view(np.uint64).reshape(*rows.shape, rows.dtype.itemsize // 8)[..., :-1]
    weights = (np.arange(words.shape[-1], dtype=np.uint64) * CHECKSUM_STEP) | np.uint64(1)
    mixed = (words ^ (words >> np.uint64(29))) * weights
    total: npt.NDArray[np.uint64] = mixed.sum(axis=-1, dtype=np.uint64) + CHECKSUM_SEED
    return total


class CommittedRows:
    """The current row of every meter, and the commit of new ones."""

    def __init__(self, file: MappedFile) -> None:
        """Find each meter's valid slot with the higher sequence number; StoreError if a meter has none."""
        self._file = file
        self._slots = file.rows
        sequences = self._slots["sequence"].copy()
        for start in range(0, len(sequences), ROWS_CHECKED_TOGETHER):
            some = self._slots[start : start + ROWS_CHECKED_TOGETHER]
            sequences[start : start + len(some)][checksums(some) != some["checksum"]] = 0
        self._current: npt.NDArray[np.int8] = np.argmax(sequences, axis=1).astype(np.int8)
        damaged = np.flatnonzero(sequences.max(axis=1) == 0)
        if damaged.size:
            raise StoreError(f"{file.path}: no valid copy of the row of {damaged.size} meters", got=int(damaged[0]))

    @classmethod
    def create(cls, file: MappedFile, rows: Rows) -> CommittedRows:
        """Commit each meter's first row, sequence 1."""
        rows["sequence"] = 1
        rows["checksum"] = checksums(rows)
        file.rows[:, 0] = rows
        file.flush()
        return cls(file)

    def __len__(self) -> int:
        return len(self._slots)

    def read(self, meters: Indices) -> Rows:
        """Copies of the current rows, shape (len(meters),)."""
        rows: Rows = self._slots[meters, self._current[meters]]
        return rows

    def field(self, name: str, meter: int) -> int:
        """One number of one meter's current row."""
        return int(self._slots[name][meter, self._current[meter]])

    def column(self, name: str) -> npt.NDArray[Any]:
        """One field of every meter's current row."""
        column: npt.NDArray[Any] = self._slots[name][np.arange(len(self._slots)), self._current]
        return column

    def commit(self, meters: Indices, rows: Rows) -> None:
        """Make `rows`, which came from `read` and were changed, the current rows of `meters` (each at most once)."""
        rows["sequence"] += np.uint64(1)
        rows["checksum"] = checksums(rows)
        other = np.int8(1) - self._current[meters]
        self._slots[meters, other] = rows
        self._current[meters] = other

    def flush(self, meter: int | None = None) -> None:
        self._file.flush(meter)
