"""The clock of a meter against ours: leave it, set it, wait for a better moment, or refuse and call an operator.

What we see of a meter's clock has passed a network: the answer was made at some moment between our question and its
arrival. So the offset is known to ± half the round trip, and only what exceeds that doubt counts.

Setting a clock across the end of a capture period spoils data: forwards the meter skips a capture, backwards it captures
twice. So a clock is only set while the meter's time and ours lie in the same period, and otherwise a little later. An
offset beyond the guard is never corrected: it means a broken clock, a manipulated meter or a wrong time on our side, and
the interval data around it needs a person.
"""

from __future__ import annotations

from enum import StrEnum

MS_PER_S = 1_000


class ClockVerdict(StrEnum):
    """What to do about an offset."""

    LEAVE = "leave"
    SET = "set"
    DEFER = "defer"
    REFUSE = "refuse"


def clock_verdict(
    *, meter_ms: int, asked_ms: int, answered_ms: int, tolerance_ms: int, guard_ms: int, capture_period_s: int
) -> ClockVerdict:
    """What to do when the meter said `meter_ms` to a question sent at `asked_ms`, whose answer came at `answered_ms`."""
    offset_ms, uncertainty_ms = clock_offset(meter_ms=meter_ms, asked_ms=asked_ms, answered_ms=answered_ms)
    if abs(offset_ms) - uncertainty_ms > guard_ms:
        return ClockVerdict.REFUSE
    if abs(offset_ms) <= tolerance_ms + uncertainty_ms:
        return ClockVerdict.LEAVE
    period_ms = capture_period_s * MS_PER_S
    earliest_ms = min(answered_ms, answered_ms + offset_ms) - tolerance_ms - uncertainty_ms
    latest_ms = max(answered_ms, answered_ms + offset_ms) + tolerance_ms + uncertainty_ms
    if earliest_ms // period_ms != latest_ms // period_ms:
        return ClockVerdict.DEFER
    return ClockVerdict.SET


def clock_offset(*, meter_ms: int, asked_ms: int, answered_ms: int) -> tuple[int, int]:
    """The meter's clock minus ours in ms, and by how many ms either way that may be wrong."""
    return meter_ms - (asked_ms + answered_ms) // 2, (answered_ms - asked_ms + 1) // 2
