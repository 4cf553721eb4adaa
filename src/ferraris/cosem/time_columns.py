"""Date-times by the column: many date-times of twelve octets to seconds since 1970-01-01 UTC and back, without a loop.

What `CosemDateTime` does for one value, for an array of n x 12 octets. Hundredths are dropped; a date-time that is no one
instant (open fields, a special month or day, a date that no calendar has, no such deviation), or outside the years 1792 to
2303, becomes `NOT_A_TIME`. Weekday and hundredths are not looked at: a wrong one leaves the instant what it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ferraris.cosem.date_time import DATE_TIME_OCTETS, DEVIATION_MIN_MAX

NOT_A_TIME: Final = np.iinfo(np.int64).min
"""In a column of seconds: this date-time is no one instant."""

SECONDS_PER_DAY: Final = 86_400
_FIRST_YEAR: Final = 0x0700
_YEARS: Final = 0x0200

# For each octet, the least value and how far above it the greatest lies; an octet below the least wraps round to far above.
# The deviation's first octet counts from 0xFD on, so that the minutes after the shift are the deviation + 768; the few time
# zones farther away take another way.
_LEAST: Final = np.array((0x07, 0, 1, 1, 0, 0, 0, 0, 0, 0xFD, 0, 0), np.uint8)
_SPAN: Final = np.array((0x01, 255, 11, 30, 255, 23, 59, 59, 255, 5, 255, 255), np.uint8)
_DEVIATION_SHIFT_S: Final = 768 * 60
_DEVIATION: Final = slice(9, 11)

# One product gives two sums of a shifted octet row: its months since the first, and its seconds since that month began.
_WEIGHTS: Final = np.array(
    (
        (12 * 256, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (0, 0, 0, SECONDS_PER_DAY, 0, 3600, 60, 1, 0, 256 * 60, 60, 0),
    ),
    np.float64,
).T.copy()

_MONTHS: Final = np.datetime64(f"{_FIRST_YEAR}-01") + np.arange(12 * _YEARS)
_MONTH_START_S: Final = _MONTHS.astype("datetime64[s]").astype(np.int64).astype(np.float64) - _DEVIATION_SHIFT_S
_LAST_DAY: Final = ((_MONTHS + 1).astype("datetime64[D]") - _MONTHS.astype("datetime64[D]")).astype(np.uint8) - 1


def epoch_s_from_octets(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Seconds since 1970-01-01 UTC, shape (n,), of date-times of shape (n, 12); `NOT_A_TIME` where there is no instant."""
    shifted = octets - _LEAST
    legal: npt.NDArray[np.bool_] = np.less_equal(shifted, _SPAN)
    if not legal.all():
        return _far_away(octets, _where(np.asarray(legal.all(axis=1)), octets))
    sums = shifted @ _WEIGHTS
    month = sums[:, 0].astype(np.intp)
    exists: npt.NDArray[np.bool_] = np.less_equal(shifted[:, 3], _LAST_DAY[month])
    if not exists.all():
        return _where(exists, octets)
    return (sums[:, 1] + _MONTH_START_S[month]).astype(np.int64)


def with_deviations_reversed(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The same date-times with their deviations' signs turned; open ones stay open."""
    turned = octets.copy()
    deviations = octets[:, _DEVIATION].copy().view(">i2")[:, 0]
    # The open deviation, -0x8000, is its own negative.
    turned[:, _DEVIATION] = (-deviations.astype(np.int32)).astype(">i2").view(np.uint8).reshape(-1, 2)
    return turned


def _where(whole: npt.NDArray[np.bool_], octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The seconds of the rows that are `whole` so far, `NOT_A_TIME` for the others."""
    seconds = np.full(len(octets), NOT_A_TIME, np.int64)
    if whole.any():
        seconds[whole] = epoch_s_from_octets(octets[whole])
    return seconds


def _far_away(octets: npt.NDArray[np.uint8], seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`seconds`, with those of the rows whose deviation is legal and beyond 768 minutes: read at none, then moved."""
    deviation_min = octets[:, _DEVIATION].copy().view(">i2")[:, 0].astype(np.int64)
    far = (abs(deviation_min) >= _DEVIATION_SHIFT_S // 60) & (abs(deviation_min) <= DEVIATION_MIN_MAX)
    if far.any():
        near = octets[far]
        near[:, _DEVIATION] = 0
        moved = epoch_s_from_octets(near)
        moved[moved != NOT_A_TIME] += 60 * deviation_min[far][moved != NOT_A_TIME]
        seconds[far] = moved
    return seconds


def octets_from_epoch_s(
    epoch_s: npt.NDArray[np.int64],
    deviation_min: int | npt.NDArray[np.integer] = 0,
    clock_status: int | npt.NDArray[np.integer] = 0,
    hundredths: int = 0,
) -> npt.NDArray[np.uint8]:
    """Date-times of shape (n, 12) for instants of shape (n,); deviations and status for all of them or one for each."""
    deviation = np.asarray(deviation_min, np.int64)
    local = epoch_s - 60 * deviation
    days, second = np.divmod(local, SECONDS_PER_DAY)
    day = days.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    months = month.astype(np.int64)
    year = 1970 + months // 12
    octets = np.empty((len(epoch_s), DATE_TIME_OCTETS), np.uint8)
    octets[:, 0] = year >> 8
    octets[:, 1] = year & 0xFF
    octets[:, 2] = months % 12 + 1
    octets[:, 3] = (day - month).astype(np.int64) + 1
    octets[:, 4] = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday
    octets[:, 5] = second // 3600
    octets[:, 6] = second // 60 % 60
    octets[:, 7] = second % 60
    octets[:, 8] = hundredths
    octets[:, 9] = (deviation >> 8) & 0xFF
    octets[:, 10] = deviation & 0xFF
    octets[:, 11] = clock_status
    return octets
