"""What a meter is to do at set times, worked out from its schedules: what is due now, and when to look again.

Each line of a timetable says on which moments of a local day something is to be done, and what becomes of a moment that was
missed, because the meter had no power or its clock was set over it. Then a line makes up for the last of its missed moments
alone, if that lies no further back than its patience; lines follow each other in the order of those moments. A line that
holds a state (the tariff) makes up for the last moment of all, however long ago: the state is what matters.

Nothing here knows what is done, and nothing remembers: up to when all was done is told, and the answer is a function of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from ferraris.cosem import ScriptAction
from ferraris.kernel.clock import S_PER_DAY
from ferraris.meter.clock import Zone
from ferraris.meter.open_dates import local_day

PUNCTUAL_S: Final = 9
"""What is done so late is not missed: a clock that is synchronised moves by no more."""
LOOK_AHEAD_DAYS: Final = 8
"""A timetable is looked at at least so often: a week holds every day of the week."""
LOOK_BACK_DAYS: Final = 40
"""A moment that was missed longer ago is forgotten."""
STATE_DAYS: Final = 400
"""How far back the last moment of a line that holds a state is searched: a year and more."""


class Planned(NamedTuple):
    """Something to do at a moment (UTC by the meter's own clock)."""

    time_s: int
    action: ScriptAction


OnDay = Callable[[date], Sequence[Planned]]


@dataclass(frozen=True, slots=True)
class Line:
    """Moments of days, rising. `patience_s`: how late a missed one is still done; `holds_state`: see above."""

    on_day: OnDay
    patience_s: float = 0
    holds_state: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """All lines of a meter, at its place."""

    lines: tuple[Line, ...]
    zone: Zone

    def due(self, done_s: int, clock_s: int, disturbed: bool = False) -> list[ScriptAction]:
        """What is to be done when the clock shows `clock_s`, in order, all up to `done_s` being done.

        `disturbed`: the clock was set, power was away or the lines have changed, so states must be put right.
        """
        found: list[tuple[int, int, ScriptAction]] = []
        for place, line in enumerate(self.lines):
            planned = self._state(line, clock_s) if disturbed and line.holds_state else self._new(line, done_s, clock_s)
            found += [(time_s, place, action) for time_s, action in planned]
        return [action for _, _, action in sorted(found, key=lambda one: one[:2])]

    def next_s(self, after_s: int) -> int | None:
        """When to look again after `after_s`; None for a timetable without lines."""
        if not self.lines:
            return None
        first = local_day(self.zone, after_s)
        for day in (first + timedelta(ahead) for ahead in range(LOOK_AHEAD_DAYS)):
            times = [time_s for line in self.lines for time_s, _ in line.on_day(day) if time_s > after_s]
            if times:
                return min(times)
        return after_s + (LOOK_AHEAD_DAYS - 2) * S_PER_DAY

    def _new(self, line: Line, done_s: int, clock_s: int) -> list[Planned]:
        """Those not done yet: all that are in time, and the last of the missed."""
        first_s = max(done_s, clock_s - LOOK_BACK_DAYS * S_PER_DAY)
        days = list(self._days_back(clock_s, first_s))
        moments = [planned for day in reversed(days) for planned in line.on_day(day)]
        moments = [planned for planned in moments if first_s < planned.time_s <= clock_s]
        in_time = [planned for planned in moments if clock_s - planned.time_s <= PUNCTUAL_S]
        missed = moments[: len(moments) - len(in_time)][-1:]
        return [planned for planned in missed if clock_s - planned.time_s <= line.patience_s] + in_time

    def _state(self, line: Line, clock_s: int) -> list[Planned]:
        """The last of all."""
        for day in self._days_back(clock_s, clock_s - STATE_DAYS * S_PER_DAY):
            past = [planned for planned in line.on_day(day) if planned.time_s <= clock_s]
            if past:
                return past[-1:]
        return []

    def _days_back(self, clock_s: int, first_s: int) -> Iterator[date]:
        day, first = local_day(self.zone, clock_s), local_day(self.zone, first_s)
        while day >= first:
            yield day
            day -= timedelta(1)
