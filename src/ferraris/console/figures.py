"""The overview's figures: what the head-end knows of itself, and how much of what was due is in the store.

They are computed at most once a second, whoever asks and how many ask: every open page and every caller shares them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ferraris.console.port import System, speed_of
from ferraris.headend import Alarm, HeadEndConfig, HeadEndState, Overview, open_alarms, overview

LOAD_PROFILE = "LOAD_PROFILE"
HOUR_S = 3_600
HOURS_SHOWN = 24
REFRESH_S = 1.0
MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class Collected:
    """Of the intervals that were due in a span, how many are stored. `rate` is 1.0 when none was due yet."""

    start_s: int
    end_s: int
    expected: int
    stored: int
    rate: float

    @classmethod
    def of(cls, start_s: int, end_s: int, expected: int, stored: int) -> Collected:
        # A row captured off the grid, after a change of the clock, is stored and was never due.
        stored = min(stored, expected)
        return cls(start_s, end_s, expected, stored, stored / expected if expected else 1.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """The system at a glance. Times are of the system's clock, which may run `speed` times as fast as ours.

    An interval is due when its meter's plan has had time to read it: until then nobody is late. So `last_24_h` ends at
    `due_until_s`, a full hour, and the `hours` after it may still be filling.
    """

    now_ms: int
    speed: float
    overview: Overview
    due_until_s: int
    last_24_h: Collected
    today: Collected
    hours: tuple[Collected, ...]


class FigureBoard:
    """The current figures, for everybody."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = asyncio.Lock()
        self._figures: Figures | None = None
        self._computed_s = 0.0
        self.alarms: tuple[Alarm, ...] = ()
        """The alarms that the figures count, the newest first."""

    async def current(self) -> Figures:
        """The figures, at most `REFRESH_S` old."""
        async with self._lock:
            if self._figures is None or time.monotonic() - self._computed_s >= REFRESH_S:
                self.alarms = tuple(open_alarms(self._system.head_end.state))
                self._figures = await compute(self._system)
                self._computed_s = time.monotonic()
            return self._figures


async def compute(system: System) -> Figures:
    """The figures now. The store is asked in a thread: collecting goes on meanwhile."""
    state, now_ms = system.head_end.state, system.clock.now_ms()
    now_s = now_ms // MS_PER_S
    due_until_s = (now_s - time_to_read_s(system.head_end.config)) // HOUR_S * HOUR_S
    first_s, day_s = due_until_s - HOURS_SHOWN * HOUR_S, start_of_day(now_s)
    slots, glance = DueSlots(state), overview(state)
    counts: Counter[int] = Counter()
    for channel in slots.channels:
        for bucket in await asyncio.to_thread(system.stores.intervals.counts, channel, first_s, now_s, HOUR_S):
            counts[bucket.start_s] += bucket.readings
    spans = [(start_s, min(start_s + HOUR_S, now_s)) for start_s in range(first_s, now_s, HOUR_S)]
    hours = tuple(Collected.of(*span, slots.between(*span), counts[span[0]]) for span in spans)
    due = [hour for hour in hours if hour.start_s < due_until_s]
    return Figures(
        now_ms=now_ms,
        speed=speed_of(system.clock),
        overview=glance,
        due_until_s=due_until_s,
        last_24_h=_total(first_s, due_until_s, due),
        today=_total(day_s, max(day_s, due_until_s), [hour for hour in due if hour.start_s >= day_s]),
        hours=hours,
    )


def time_to_read_s(config: HeadEndConfig) -> int:
    """How long after its capture the slowest plan has read an interval, when all goes well."""
    slowest = max((plan.period_s + plan.offset_s + plan.spread_s for plan in config.plans), default=0)
    return slowest + config.limits.settle_s


class DueSlots:
    """How many slots of the load profile were due in a span: meters registered later owe less."""

    def __init__(self, state: HeadEndState, tag: str = LOAD_PROFILE) -> None:
        self._registered: Counter[tuple[int, int]] = Counter()
        channels: set[int] = set()
        for meter in state.meters.values():
            for coverage in meter.coverage:
                if coverage.profile.tag == tag:
                    created_s = meter.row.created_ms // MS_PER_S
                    self._registered[coverage.profile.capture_period_s, created_s] += 1
                    channels.add(coverage.profile.channel)
        self.channels = sorted(channels)

    def between(self, start_s: int, end_s: int) -> int:
        """Slots in (start_s, end_s]."""
        return sum(
            meters * max(0, end_s // period_s - max(start_s, created_s) // period_s)
            for (period_s, created_s), meters in self._registered.items()
        )


def start_of_day(now_s: int) -> int:
    """The midnight before, where this process lives."""
    local = datetime.fromtimestamp(now_s).astimezone()
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def _total(start_s: int, end_s: int, parts: list[Collected]) -> Collected:
    return Collected.of(start_s, end_s, sum(part.expected for part in parts), sum(part.stored for part in parts))
