"""The truth of a run, gathered at the meters and nowhere else: what each captured, logged and carried out.

It is read from the meters' memory at the moment of each commit, so it does not depend on what anybody asks of a meter
later, or believes to have got from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from ferraris.cosem import ControlState
from ferraris.meter.committed_rows import Indices
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import FleetMemory
from ferraris.simulation.events import EventLog

ENERGY_CHANNELS: Final = 4
"""Channels 1 to 4: A+, A-, R+, R-; the voltages of the phases follow."""
DAILY_CHANNELS: Final = range(17, 19)
"""A+ and A- at local midnight."""

HEADS: Final = {
    "load": "load_head",
    "daily": "daily_head",
    "events": "event_head",
    "executed": "commands_executed",
    "states": "control_state",
}
"""What tells that something happened, and its column in the meters' memory."""


class Row(NamedTuple):
    """One entry of a profile: its status, and its values in the order of their channels."""

    status: int
    values: tuple[int, ...]


class Switching(NamedTuple):
    """The disconnector was told something, at a moment, and stood so afterwards."""

    at_ms: int
    state: ControlState
    executed: bool
    """A remote command did it, not a hand at the meter."""


@dataclass(slots=True)
class ProfileTruth:
    """What one meter captured into one profile."""

    name: str
    channels: range
    rows: dict[int, list[Row]] = field(default_factory=dict)
    """By capture time: more than one row where the clock was set back, in the order captured."""

    def holds(self, time_s: int, channel: int, value: int, status: int) -> bool:
        """Whether the meter captured this reading; `channel` is one of this profile's."""
        place = channel - self.channels.start
        return any(row.status == status and row.values[place] == value for row in self.rows.get(time_s, ()))


@dataclass(slots=True)
class MeterTruth:
    """What one meter did."""

    number: int
    load: ProfileTruth
    daily: ProfileTruth
    events: list[tuple[int, int]] = field(default_factory=list)
    """(time_s, code) in the log's order."""
    switchings: list[Switching] = field(default_factory=list)

    @classmethod
    def new(cls, number: int, phases: int) -> MeterTruth:
        """A meter that has done nothing yet."""
        load = ProfileTruth("load", range(1, 1 + ENERGY_CHANNELS + phases))
        return cls(number, load, ProfileTruth("daily", DAILY_CHANNELS))

    @property
    def profiles(self) -> tuple[ProfileTruth, ProfileTruth]:
        return self.load, self.daily

    def profile_of(self, channel: int) -> ProfileTruth | None:
        """The profile that a channel belongs to."""
        return next((profile for profile in self.profiles if channel in profile.channels), None)

    def state_at(self, at_ms: int) -> ControlState:
        """How the disconnector stood."""
        state = ControlState.CONNECTED
        for switching in self.switchings:
            if switching.at_ms <= at_ms:
                state = switching.state
        return state


@dataclass(slots=True)
class _Heads:
    """How far a fleet's rings and counts had come when they were looked at last."""

    load: Indices
    daily: Indices
    events: Indices
    executed: Indices
    states: Indices


class Truth:
    """All meters of a run. `executed` is told of every remote command that a meter carries out."""

    def __init__(self, log: EventLog, executed: Callable[[int, Switching], None]) -> None:
        self.meters: dict[int, MeterTruth] = {}
        self.captured = 0
        """Rows of load profiles."""
        self._log = log
        self._executed = executed
        self._heads: dict[int, _Heads] = {}

    def add_fleet(self, first_number: int, memory: FleetMemory, phases: list[int]) -> None:
        """Meters new from the works; nothing of what is in their memory yet counts."""
        self._heads[first_number] = _heads_of(memory)
        for place, count in enumerate(phases):
            number = first_number + place
            self.meters[number] = MeterTruth.new(number, count)

    def remembered(self, first_number: int, memory: FleetMemory) -> bool:
        """Whether a fleet that has been opened again knows all that it knew, and nothing else."""
        before, now = self._heads[first_number], _heads_of(memory)
        return all(np.array_equal(getattr(before, name), getattr(now, name)) for name in HEADS)

    def committed(self, first_number: int, memory: FleetMemory, now_ms: int) -> None:
        """Some rows of the fleet's memory have just been committed."""
        before, now = self._heads[first_number], _heads_of(memory)
        self._heads[first_number] = now
        for place in np.flatnonzero(now.load != before.load).tolist():
            entries = memory.load_profile.read(place, int(now.load[place]), int(before.load[place]))
            columns = [*entries["energy_wh"].T.tolist(), *entries["voltage_dv"].T.tolist()]
            self._take_rows(first_number + place, self.meters[first_number + place].load, entries, columns)
        for place in np.flatnonzero(now.daily != before.daily).tolist():
            entries = memory.daily_profile.read(place, int(now.daily[place]), int(before.daily[place]))
            columns = entries["energy_wh"].T.tolist()
            self._take_rows(first_number + place, self.meters[first_number + place].daily, entries, columns)
        for place in np.flatnonzero(now.events != before.events).tolist():
            entries = memory.event_log.read(place, int(now.events[place]), int(before.events[place]))
            self._take_events(self.meters[first_number + place], entries)
        for place in np.flatnonzero((now.executed != before.executed) | (now.states != before.states)).tolist():
            executed = bool(now.executed[place] != before.executed[place])
            switching = Switching(now_ms, ControlState(int(now.states[place])), executed)
            self._take_switching(self.meters[first_number + place], switching)

    def _take_rows(self, number: int, profile: ProfileTruth, entries: Rows, columns: list[list[int]]) -> None:
        columns = columns[: len(profile.channels)]
        for place, time_s in enumerate(entries["time_s"].tolist()):
            row = Row(int(entries["status"][place]), tuple(column[place] for column in columns))
            rows = profile.rows.setdefault(time_s, [])
            if row not in rows:
                rows.append(row)
            self.captured += profile.name == "load"
            fields = {"profile": profile.name, "time": time_s, "status": row.status, "value": row.values[0]}
            self._log.record("captured", f"meter{number}", **fields)

    def _take_events(self, meter: MeterTruth, entries: Rows) -> None:
        for time_s, code in zip(entries["time_s"].tolist(), entries["code"].tolist(), strict=True):
            meter.events.append((time_s, code))
            self._log.record("logged", f"meter{meter.number}", time=time_s, code=code)

    def _take_switching(self, meter: MeterTruth, switching: Switching) -> None:
        meter.switchings.append(switching)
        self._log.record("switched", f"meter{meter.number}", state=switching.state.name.lower())
        if switching.executed:
            self._executed(meter.number, switching)


def _heads_of(memory: FleetMemory) -> _Heads:
    state = memory.state
    return _Heads(*(state.column(name).astype(np.int64) for name in HEADS.values()))
