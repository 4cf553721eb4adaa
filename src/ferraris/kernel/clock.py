"""Time as an argument.

Every core takes `now_ms`, the milliseconds since 1970-01-01 UTC. A `Clock` is where drivers get it from: the machine's
clock, a clock that runs faster than the machine's (the demonstration), or one that a simulator turns by hand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

MS_PER_S = 1000
S_PER_DAY = 86_400


class Clock(Protocol):
    """Tells the time that the system lives in, and how long its event loop must wait for a moment of it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def delay_s(self, until_ms: int) -> float:
        """Seconds of the event loop's own time from now to `until_ms`; 0.0 when that moment has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def delay_s(self, until_ms: int) -> float:
        return max(0.0, (until_ms - self.now_ms()) / MS_PER_S)


@dataclass(frozen=True)
class ScaledClock:
    """Virtual time that passes `speed` times as fast as real time.

    `origin_monotonic_s` is a reading of the machine's monotonic clock at which virtual time was `origin_ms`. The
    monotonic clock is one for the whole machine, so processes that share these three numbers share the virtual time.
    """

    origin_ms: int
    origin_monotonic_s: float
    speed: float

    @classmethod
    def starting_at(cls, origin_ms: int, speed: float) -> ScaledClock:
        """A clock that shows `origin_ms` now."""
        return cls(origin_ms, time.monotonic(), speed)

    def now_ms(self) -> int:
        return self.origin_ms + int((time.monotonic() - self.origin_monotonic_s) * self.speed * MS_PER_S)

    def delay_s(self, until_ms: int) -> float:
        return max(0.0, (until_ms - self.now_ms()) / MS_PER_S / self.speed)


@dataclass
class ManualClock:
    """A clock that stands still until `advance` moves it: for tests and for cores driven by hand."""

    time_ms: int = field(default=0)

    def now_ms(self) -> int:
        return self.time_ms

    def delay_s(self, until_ms: int) -> float:
        return max(0.0, (until_ms - self.time_ms) / MS_PER_S)

    def advance(self, step_ms: int) -> int:
        """Move on by `step_ms` and return the new time."""
        self.time_ms += step_ms
        return self.time_ms
