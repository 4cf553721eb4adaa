"""The limiter: which threshold holds, and when a value has been over or under it for long enough. Blue Book 4.5.9.

The value is looked at at every full minute of the meter's clock. An action follows a crossing: a value that was never over
the threshold is not reported to be under it. What was done last is remembered over an outage, how long a value has been
where it is is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ferraris.cosem import CosemDateTime
from ferraris.cosem.classes.limiter import EmergencyProfile
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import instant_s


def emergency_holds(profile: EmergencyProfile, groups: tuple[int, ...], clock_s: int, zone: Zone) -> bool:
    """Whether the emergency has begun, is not over, and is meant for this meter."""
    start: CosemDateTime = profile.emergency_activation_time
    start_s = instant_s(start, zone)
    if start_s is None or profile.emergency_profile_id not in groups:
        return False
    return start_s <= clock_s < start_s + profile.emergency_duration_s


class Side(NamedTuple):
    """On which side of the threshold the value is, since when, and whether that was acted upon."""

    over: bool
    since_s: int
    acted: bool
    owes_under: bool = False
    """The action over the threshold was done, the one under it was not since."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds at one moment."""

    threshold: int
    min_over_s: int
    min_under_s: int

    def step(self, before: Side | None, value: int, clock_s: int) -> tuple[Side, bool | None]:
        """How it is now, and what is to be done: the action over (True) or under (False) the threshold, or nothing."""
        over = value > self.threshold
        if before is None:
            side = Side(over, clock_s, acted=not over)
        elif over is before.over:
            side = before
        else:  # a value that was not over for long enough is not back now
            side = Side(over, clock_s, acted=not over and not before.owes_under, owes_under=before.owes_under)
        patience_s = self.min_over_s if over else self.min_under_s
        if side.acted or clock_s - side.since_s < patience_s:
            return side, None
        return side._replace(acted=True, owes_under=over), over
