"""The mark on a meter's import: the energy at which its credit must be looked at, and the moment at which it is reached.

The register that metering keeps is the sum over whole load periods and a share, rounded down, of the running one. So the
moment is known to the millisecond, the finest step of time there is: what flows beyond the mark is less than what flows in a
millisecond and 1/1000 Wh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from ferraris.meter.committed_rows import Indices
from ferraris.meter.load import Integers, Quantity
from ferraris.meter.mapped_file import Rows

FAR_MS: Final = int(np.iinfo(np.int64).max)


def mark_reached(rows: Rows) -> npt.NDArray[np.bool_]:
    """Whether each meter's import stands at its mark or behind it."""
    marks = rows["import_mark_mwh"]
    reached: npt.NDArray[np.bool_] = (marks != 0) & (rows["energy_mwh"][:, Quantity.ACTIVE_IMPORT] >= marks)
    return reached


def reached_ms(rows: Rows, flows: Integers, period_ms: int, until_ms: Integers) -> Integers:
    """True time at which each import reaches its mark, `FAR_MS` when it does not by `until_ms`.

    `flows` are the imports of the load periods from the one in which each meter stands, shape (meters, periods).
    """
    start_ms = rows["time_ms"]
    first = start_ms // period_ms
    before = np.zeros_like(flows)
    np.cumsum(flows[:, :-1], axis=1, out=before[:, 1:])
    gone = flows[:, 0] * (start_ms % period_ms) // period_ms
    wanted = rows["import_mark_mwh"] - rows["energy_mwh"][:, Quantity.ACTIVE_IMPORT] + gone
    enough = before + flows >= wanted[:, None]
    place = enough.argmax(axis=1)
    owner = np.arange(len(rows))
    rest = wanted - before[owner, place]
    within_ms = -(-rest * period_ms // np.maximum(flows[owner, place], 1))
    moments = np.where(wanted <= gone, start_ms, (first + place) * period_ms + within_ms)
    found: Integers = np.where((wanted <= gone) | enough.any(axis=1), moments, FAR_MS)
    return np.where(found <= until_ms, found, FAR_MS)


class Reached:
    """Moments that were worked out, each as of the sequence number of the row that it follows from."""

    def __init__(self) -> None:
        self._sequences = np.zeros(0, np.uint64)
        self._moments = np.zeros(0, np.int64)

    def of(self, meters: Indices, rows: Rows, work_out: Callable[[Indices], Integers]) -> Integers:
        """The moments of `meters`; those whose rows have changed since are worked out, by their places in `meters`."""
        missing = int(meters.max()) + 1 - len(self._sequences)
        if missing > 0:
            self._sequences = np.concatenate([self._sequences, np.zeros(missing, np.uint64)])
            self._moments = np.concatenate([self._moments, np.zeros(missing, np.int64)])
        stale = np.flatnonzero(self._sequences[meters] != rows["sequence"])
        if stale.size:
            self._moments[meters[stale]] = work_out(stale)
            self._sequences[meters[stale]] = rows["sequence"][stale]
        moments: Integers = self._moments[meters]
        return moments
