"""Supply of the meters: what happens when power goes and when it comes back, one by one or to the whole fleet.

A meter without power measures nothing and captures nothing. When power is back it logs both moments, and its next entry
of either profile says that there was an outage. A process that dies takes the power of all its meters; the last moment
at which it was known to run is when their power went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.errors import ConfigError
from ferraris.meter.clock import ProfileStatus, clock_time_ms
from ferraris.meter.committed_rows import Indices
from ferraris.meter.events import EventCode, append_events
from ferraris.meter.memory import NEVER_S
from ferraris.meter.metering import Metering, disturb, first_capture_s
from ferraris.meter.timetable import PUNCTUAL_S

CLOCK_STEP_BACK_MAX_MS: Final = 60_000
"""How far the world's clock may have been set back while the process was away."""
LONG_POWER_FAILURE_MS: Final = 180_000
"""An outage that lasts longer is counted as a long one too."""


@dataclass(frozen=True)
class Supply:
    """Switches meters off and on. A clock runs on for `clock_reserve_ms` of an outage, then stands still and is invalid
    until it is set; None: it never stops."""

    metering: Metering
    clock_reserve_ms: int | None = None

    def power_down(self, meters: Indices, now_ms: int) -> None:
        """Power of those of `meters` that have it goes at `now_ms`."""
        memory, zone = self.metering.memory, self.metering.zone
        self.metering.advance(meters, now_ms)
        meters = meters[memory.state.column("powered")[meters] != 0]
        rows = memory.state.read(meters)
        rows["powered"] = 0
        append_events(memory, meters, rows, zone, clock_time_ms(rows, rows["time_ms"]), EventCode.POWER_DOWN)
        memory.state.commit(meters, rows)

    def power_up(self, meters: Indices, now_ms: int) -> None:
        """Power of those of `meters` that have none comes back at `now_ms`."""
        memory, zone = self.metering.memory, self.metering.zone
        meters = meters[memory.state.column("powered")[meters] == 0]
        rows = memory.state.read(meters)
        down_ms = rows["time_ms"].copy()
        now = np.maximum(down_ms, now_ms)
        stopped = np.zeros(len(meters), np.bool_)
        if self.clock_reserve_ms is not None:
            stopped = now - down_ms > self.clock_reserve_ms
            rows["clock_offset_ms"][stopped] = (clock_time_ms(rows, down_ms) - now)[stopped]
            rows["clock_reference_ms"][stopped] = now[stopped]
            rows["clock_invalid"][stopped] = 1
        rows["time_ms"] = now
        rows["powered"] = 1
        rows["power_failures"] += np.uint32(1)
        rows["long_power_failures"] += (now - down_ms > LONG_POWER_FAILURE_MS).astype(np.uint32)
        disturb(rows, ProfileStatus.POWER_DOWN)
        clock_ms = clock_time_ms(rows, now)
        clock_s = clock_ms // MS_PER_S
        missed = rows["next_load_s"] <= clock_s
        rows["next_load_s"] = np.where(missed, first_capture_s(clock_s), rows["next_load_s"])
        missed = rows["next_daily_s"] <= clock_s
        rows["next_daily_s"] = np.where(missed, zone.next_midnight_s(clock_s), rows["next_daily_s"])
        # Whoever has something to do at set times sees to it first that all is as it should be now.
        planned = rows["next_action_s"] < NEVER_S
        overdue_s = np.minimum(rows["next_action_s"], clock_s - PUNCTUAL_S - 1)
        rows["next_action_s"] = np.where(planned, overdue_s, NEVER_S)
        append_events(memory, meters, rows, zone, clock_ms, EventCode.POWER_UP)
        if stopped.any():
            some = rows[stopped]
            append_events(memory, meters[stopped], some, zone, clock_ms[stopped], EventCode.CLOCK_INVALID)
            rows[stopped] = some
        memory.state.commit(meters, rows)

    def restart(self, now_ms: int) -> None:
        """The process is back at `now_ms`: every meter has lost power when the process was last alive, has it now.

        ConfigError when the world's time lies before that moment: time does not go back for a meter.
        """
        memory = self.metering.memory
        alive_ms = memory.alive_ms
        if now_ms < alive_ms - CLOCK_STEP_BACK_MAX_MS:
            raise ConfigError(
                f"the meters in {memory.directory.parent} have lived on already",
                expected=f"time from {alive_ms} ms",
                got=f"{now_ms} ms",
            )
        everyone = memory.everyone()
        self.power_down(everyone, alive_ms)
        self.power_up(everyone, max(now_ms, alive_ms))
        memory.mark_alive(now_ms)
