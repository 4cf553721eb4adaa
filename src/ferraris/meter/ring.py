"""The ring that holds a profile's buffer: entries behind the head are kept, the oldest ones make room.

A head counts every entry a meter ever captured and lies in its committed row, not here. New entries are written behind
the head first and count only once the row with the new head is committed. The ring holds `batch_max` more slots than it
shows, so that what is written but not yet committed never overwrites an entry that is still shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ferraris.meter.committed_rows import Indices
from ferraris.meter.mapped_file import MappedFile, Rows


class Ring:
    """The entries of one profile, of every meter."""

    def __init__(self, file: MappedFile, batch_max: int) -> None:
        self._file = file
        self._rows = file.rows
        self.batch_max = batch_max
        self.entries_max: int = file.rows.shape[1] - batch_max

    @property
    def dtype(self) -> np.dtype[np.void]:
        return self._rows.dtype

    def write(self, meters: Indices, heads: npt.NDArray[np.int64], entries: Rows, counts: Indices) -> None:
        """Write the first `counts[i]` of `entries[i]` (shape (meters, k), k at most `batch_max`) behind `heads[i]`."""
        width = entries.shape[1]
        if width > self.batch_max:
            raise ValueError(f"{width} entries in one batch, at most {self.batch_max}")
        steps = np.arange(width)
        slots = (heads[:, None] + steps) % self._rows.shape[1]
        if int(counts.min(initial=width)) == width:
            self._rows[meters[:, None], slots] = entries
            return
        wanted = steps < counts[:, None]
        owners = np.broadcast_to(meters[:, None], slots.shape)
        self._rows[owners[wanted], slots[wanted]] = entries[wanted]

    def entries_in_use(self, head: int, cleared: int) -> int:
        """Entries shown: those since the head stood at `cleared`, as far as the ring holds them."""
        return min(head - cleared, self.entries_max)

    def read(self, meter: int, head: int, cleared: int, first: int = 0, count: int | None = None) -> Rows:
        """Copy of `count` entries from the `first` on (0 is the oldest shown), oldest first."""
        in_use = self.entries_in_use(head, cleared)
        first = min(max(first, 0), in_use)
        count = in_use - first if count is None else min(count, in_use - first)
        size = self._rows.shape[1]
        start = (head - in_use + first) % size
        if start + count <= size:
            return self._rows[meter, start : start + count].copy()
        parts: Sequence[Rows] = (self._rows[meter, start:], self._rows[meter, : start + count - size])
        joined: Rows = np.concatenate(parts)
        return joined

    def flush(self, meter: int | None = None) -> None:
        self._file.flush(meter)
