"""The meter's own clock: it drifts, it is set, and it knows the local time of its zone.

Drift is `drift_ppm` parts per million of the true time passed since the clock was set last, so the clock at any moment
follows from three numbers in the meter's memory and nothing has to tick. True time is `now_ms`, what the world's clock
says; the meter's own time is what everything that it records carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from ferraris.cosem import ClockStatus
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import load_csv
from ferraris.meter.mapped_file import Rows

PPM = 1_000_000
S_PER_DAY = 86_400

Times = npt.NDArray[np.int64]


class ProfileStatus(IntFlag):
    """Status column of the load profile and the daily profile, as the SMR 5 object list has it."""

    CRITICAL_ERROR = 0x01
    CLOCK_INVALID = 0x02
    DATA_NOT_VALID = 0x04
    DAYLIGHT_SAVING = 0x08
    CLOCK_ADJUSTED = 0x20
    POWER_DOWN = 0x80


@dataclass(frozen=True)
class _ZoneRow:
    """From `utc` on (empty: before the first change) local time is `offset_min` ahead of UTC."""

    zone: str
    utc: str | None
    offset_min: int
    daylight_saving: bool


@dataclass(frozen=True, eq=False)
class Zone:
    """Local time of a place: the offset from UTC before the first change, and the changes.

    `changes_s` (UTC, rising), `offsets_min` (local minus UTC, one more than changes), `saving` (daylight saving in
    force, one more than changes).
    """

    name: str
    changes_s: Times
    offsets_min: Times
    saving: npt.NDArray[np.bool_]

    @classmethod
    def fixed(cls, offset_min: int) -> Zone:
        """The same offset all the year."""
        return cls(f"{offset_min:+d} min", np.empty(0, np.int64), np.array([offset_min]), np.array([False]))

    @classmethod
    def load(cls, name: str) -> Zone:
        """A zone of the table `tables/zones.csv`; TableError if it is not there or its rows are out of order."""
        table = load_csv("ferraris.meter", "tables/zones.csv", _ZoneRow)
        rows = [row for row in table if row.zone == name]
        if not rows:
            raise TableError(
                "unknown time zone", expected=", ".join(dict.fromkeys(row.zone for row in table)), got=name
            )
        changes = np.array([row.utc for row in rows[1:]], "datetime64[s]").astype(np.int64)
        if rows[0].utc is not None or np.any(np.diff(changes) <= 0):
            raise TableError(f"changes of time zone {name} out of order")
        offsets = np.array([row.offset_min for row in rows])
        return cls(name, changes, offsets, np.array([row.daylight_saving for row in rows]))

    def offset_min(self, utc_s: Any) -> Any:
        """Local time minus UTC, in minutes."""
        return self.offsets_min[np.searchsorted(self.changes_s, utc_s, "right")]

    def local_offset_min(self, local_s: int) -> int:
        """Local time minus UTC when a clock on the wall shows `local_s` (seconds since 1970 as if it were UTC).

        In the hour that a change of daylight saving repeats, the first of the two moments is meant.
        """
        earliest = int(self.offset_min(local_s - 60 * int(self.offsets_min.max())))
        return int(self.offset_min(local_s - 60 * earliest))

    def daylight_saving(self, utc_s: Any) -> Any:
        return self.saving[np.searchsorted(self.changes_s, utc_s, "right")]

    def changes_before(self, utc_s: Any) -> Any:
        """How many changes had taken place."""
        return np.searchsorted(self.changes_s, utc_s, "right")

    def next_midnight_s(self, utc_s: Times) -> Times:
        """The first local midnight after each time, in UTC."""
        local = utc_s + 60 * self.offset_min(utc_s)
        midnight = (local // S_PER_DAY + 1) * S_PER_DAY
        near = midnight - 60 * self.offset_min(utc_s)
        there: Times = midnight - 60 * self.offset_min(near)
        return there


def clock_time_ms(states: Rows, true_ms: Any) -> Times:
    """What each meter's clock shows at `true_ms` (one for all, or one row of times for each meter)."""
    reference = _spread(states["clock_reference_ms"], true_ms)
    passed = true_ms - reference
    drift = passed * _spread(states["drift_ppm"].astype(np.int64), true_ms) // PPM
    shown: Times = true_ms + _spread(states["clock_offset_ms"], true_ms) + drift
    return shown


def true_time_ms(states: Rows, clock_ms: Any) -> Times:
    """The first true time at which each meter's clock shows `clock_ms`: the exact inverse of `clock_time_ms`."""
    reference = _spread(states["clock_reference_ms"], clock_ms)
    passed = clock_ms - _spread(states["clock_offset_ms"], clock_ms) - reference
    rate = PPM + _spread(states["drift_ppm"].astype(np.int64), clock_ms)
    first: Times = reference - (-passed * PPM // rate)
    return first


def set_clock(states: Rows, now_ms: int, clock_ms: Times) -> None:
    """From `now_ms` on the clocks show `clock_ms`, and are valid again."""
    states["clock_reference_ms"] = now_ms
    states["clock_offset_ms"] = clock_ms - now_ms
    states["clock_invalid"] = 0


def clock_fields(entries: Rows, time_s: Times, zone: Zone, clock_invalid: npt.NDArray[np.uint8]) -> None:
    """Fill in the clock of profile entries: time, deviation (UTC minus local time, as COSEM has it) and clock status."""
    entries["time_s"] = time_s
    place = zone.changes_before(time_s)
    entries["deviation_min"] = -zone.offsets_min[place]
    saving = zone.saving[place].astype(np.uint8)
    entries["clock_status"] = saving * ClockStatus.DAYLIGHT_SAVING | (clock_invalid != 0) * ClockStatus.INVALID
    status = saving * ProfileStatus.DAYLIGHT_SAVING | (clock_invalid != 0) * ProfileStatus.CLOCK_INVALID
    entries["status"] = status


def _spread(column: npt.NDArray[np.int64], like: Any) -> npt.NDArray[np.int64]:
    """A column of one number per meter, shaped so that it goes with one time for all or a row of times per meter."""
    return column[:, None] if np.ndim(like) == 2 else column
