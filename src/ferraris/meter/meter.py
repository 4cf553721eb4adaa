"""One virtual meter: a view on its row of the fleet's memory, and everything that can be done with it.

Whatever changes the meter moves it on to that moment first, so that energy is metered under the conditions in which it
flowed, and then commits the change together with its event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ferraris.cosem import ControlMode, ControlState
from ferraris.kernel.clock import MS_PER_S
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.meter.clock import ProfileStatus, Zone, clock_fields, clock_time_ms, set_clock
from ferraris.meter.counters import counter_guard, forget_clients, sending_counter
from ferraris.meter.disconnector import Command, next_state
from ferraris.meter.events import EventCode, MeterEvent, append_events, read_events
from ferraris.meter.load import Integers, PhasedLoad, Quantity
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import LOAD_ENTRY, NEVER_S, RATES, FleetMemory
from ferraris.meter.metering import disturb, first_capture_s, registers_wh
from ferraris.meter.ring import Ring
from ferraris.meter.supply import Supply
from ferraris.meter.timetable import PUNCTUAL_S

CLOCK_SHIFT_LIMIT_MS: Final = 9_000
"""A smaller correction of the clock is a synchronisation: it repeats no capture and flags no interval."""

_EVENT_OF: Final = {
    (Command.REMOTE_DISCONNECT, ControlState.DISCONNECTED): EventCode.REMOTE_DISCONNECTION,
    (Command.MANUAL_DISCONNECT, ControlState.READY_FOR_RECONNECTION): EventCode.MANUAL_DISCONNECTION,
    (Command.LOCAL_DISCONNECT, ControlState.READY_FOR_RECONNECTION): EventCode.LOCAL_DISCONNECTION,
    (Command.REMOTE_RECONNECT, ControlState.READY_FOR_RECONNECTION): EventCode.REMOTE_CONNECTION,
    (Command.REMOTE_RECONNECT, ControlState.CONNECTED): EventCode.REMOTE_CONNECTION,
    (Command.MANUAL_RECONNECT, ControlState.CONNECTED): EventCode.MANUAL_CONNECTION,
    (Command.LOCAL_RECONNECT, ControlState.CONNECTED): EventCode.LOCAL_RECONNECTION,
}


class Meter:
    """Meter at place `index` of its fleet's memory."""

    def __init__(self, supply: Supply, index: int) -> None:
        self._supply = supply
        self._metering = supply.metering
        self._memory = supply.metering.memory
        self.index = index
        self._row = np.array([index])
        self._due = 0, 0
        """Next capture or action, true time, as of the sequence number of the row that it was worked out from."""
        self._shown = 0, 0, 0
        """What the clock showed, as of that number and a true time."""

    @property
    def number(self) -> int:
        """The meter's number, from which its serial number, address and keys follow."""
        return self._metering.first_number + self.index

    @property
    def powered(self) -> bool:
        return self._field("powered") != 0

    @property
    def output_state(self) -> bool:
        """Whether the disconnector is closed."""
        return self._field("output_state") != 0

    @property
    def control_state(self) -> ControlState:
        return ControlState(self._field("control_state"))

    @property
    def control_mode(self) -> ControlMode:
        return ControlMode(self._field("control_mode"))

    @property
    def commands_executed(self) -> int:
        """Remote disconnections and reconnections that the meter has carried out since manufacture."""
        return self._field("commands_executed")

    @property
    def power_failures(self) -> int:
        return self._field("power_failures")

    @property
    def long_power_failures(self) -> int:
        """Those of `power_failures` that lasted more than three minutes."""
        return self._field("long_power_failures")

    @property
    def clock_invalid(self) -> bool:
        return self._field("clock_invalid") != 0

    @property
    def zone(self) -> Zone:
        """Where the meter stands."""
        return self._metering.zone

    @property
    def memory(self) -> FleetMemory:
        return self._memory

    def profile_status(self, now_ms: int) -> int:
        """The status that an entry captured at `now_ms` would have."""
        entry = np.zeros((1, 1), LOAD_ENTRY)
        rows = self._memory.state.read(self._row)
        time_s = clock_time_ms(rows, now_ms)[:, None] // MS_PER_S
        clock_fields(entry, time_s, self.zone, rows["clock_invalid"][:, None])
        return int(entry["status"][0, 0]) | int(rows["load_flags"][0])

    def clock_ms(self, now_ms: int) -> int:
        """What the meter's clock shows."""
        sequence = self._field("sequence")
        if self._shown[:2] != (sequence, now_ms):
            self._shown = sequence, now_ms, int(clock_time_ms(self._memory.state.read(self._row), now_ms)[0])
        return self._shown[2]

    def registers_wh(self, now_ms: int) -> Integers:
        """The total registers, Wh and varh, by `Quantity`."""
        return registers_wh(self._metering.energy_mwh(self.index, now_ms))

    def rates_wh(self, now_ms: int) -> Integers:
        """The registers of the rates, Wh, shape (rates, 2): import and export."""
        return self._metering.rates_wh(self.index, now_ms)

    def power(self, now_ms: int) -> Integers:
        """What flows, W and var, by `Quantity`."""
        return self._metering.power(self.index, now_ms)

    def voltages_dv(self, now_ms: int) -> Integers:
        """Voltage of each phase in 1/10 V."""
        period = np.array([[now_ms // self._metering.load.period_ms]])
        voltages: Integers = self._metering.load.voltages(np.array([self.number]), period)[0, 0]
        return voltages

    def phase_weights(self, now_ms: int) -> list[int]:
        """How the load lies on the three phases, as weights of one another."""
        load = self._metering.load
        if not isinstance(load, PhasedLoad):
            return [1, 1, 1]
        period = np.array([[now_ms // load.period_ms]])
        weights: list[int] = load.phase_weights(np.array([self.number]), period)[0, 0].tolist()
        return weights

    def advance(self, now_ms: int) -> None:
        """Move on to `now_ms` if there is something to capture or to do before it."""
        sequence = self._field("sequence")
        if self._due[0] != sequence:
            self._due = sequence, int(self._metering.next_due_ms(self._row)[0])
        if self._due[1] <= now_ms:
            self._metering.advance(self._row, now_ms)

    def move_on(self, now_ms: int) -> None:
        """Move on to `now_ms` whether or not anything lies before it."""
        self._metering.advance(self._row, now_ms)

    @property
    def plan(self) -> tuple[int, int]:
        """By the meter's clock: when there is something to do next, and up to when all has been done."""
        return self._field("next_action_s"), self._field("acted_s")

    def set_plan(self, next_s: int, acted_s: int) -> None:
        rows = self._memory.state.read(self._row)
        rows["next_action_s"] = next_s
        rows["acted_s"] = acted_s
        self._memory.state.commit(self._row, rows)

    def act_through(self, act: Callable[[int], None]) -> None:
        """`act` does what is to be done at set times."""
        self._metering.actors[self.index] = act

    @property
    def import_mwh(self) -> int:
        """Active energy import since manufacture, 1/1000 Wh, at the time to which the meter has moved on."""
        return int(self._memory.state.read(self._row)["energy_mwh"][0, Quantity.ACTIVE_IMPORT])

    def import_mwh_at(self, now_ms: int) -> int:
        """The same at `now_ms`, at most a day ahead, without moving the meter on."""
        return int(self._metering.energy_mwh(self.index, now_ms)[Quantity.ACTIVE_IMPORT])

    @property
    def time_ms(self) -> int:
        """True time to which the meter has moved on."""
        return self._field("time_ms")

    @property
    def rate(self) -> int:
        """The rate whose import register counts; the first when none does."""
        counting = self._field("counting")
        return next((rate for rate in range(RATES) if counting >> 2 * rate & 1), 0)

    @property
    def marks(self) -> tuple[int, int]:
        """The import at which credit must be looked at, 0 for never; when charges by time are collected next."""
        return self._field("import_mark_mwh"), self._field("collect_s")

    def set_marks(self, import_mark_mwh: int, collect_s: int) -> None:
        if self.marks == (import_mark_mwh, collect_s):
            return
        rows = self._memory.state.read(self._row)
        rows["import_mark_mwh"] = import_mark_mwh
        rows["collect_s"] = collect_s
        self._memory.state.commit(self._row, rows)

    def collect_through(self, collect: Callable[[int], None]) -> None:
        """`collect` looks after credit at those marks."""
        self._metering.collectors[self.index] = collect

    @property
    def pushes_wanted(self) -> int:
        """A bit for each push setup that was set off and whose push is not over."""
        return self._field("pushes_wanted")

    def want_push(self, place: int) -> None:
        """The push setup at that place is set off: once more makes no difference until it is over."""
        rows = self._memory.state.read(self._row)
        rows["pushes_wanted"] |= np.uint8(1 << place)
        self._memory.state.commit(self._row, rows)

    def push_state(self, place: int) -> tuple[int, int]:
        """Tries of a push setup so far, and the true time of the next; 0 when that was not put off."""
        rows = self._memory.state.read(self._row)
        return int(rows["push_tries"][0, place]), int(rows["push_from_ms"][0, place])

    def set_push_state(self, place: int, tries: int, from_ms: int) -> None:
        rows = self._memory.state.read(self._row)
        rows["push_tries"][0, place] = tries
        rows["push_from_ms"][0, place] = from_ms
        self._memory.state.commit(self._row, rows)

    def push_over(self, place: int, *, asked: bool) -> None:
        """What a push setup had to send is sent, or given up; `asked`: also what it was set off for."""
        rows = self._memory.state.read(self._row)
        rows["pushes_wanted"] &= np.uint8(0xFF & ~(asked << place))
        rows["push_tries"][0, place] = rows["push_from_ms"][0, place] = 0
        self._memory.state.commit(self._row, rows)

    def count(self, counting: int, now_ms: int) -> None:
        """These registers of the rates count from `now_ms` on, a bit for each."""
        self._change(now_ms, "counting", counting)

    def load_entries(self, first: int = 0, count: int | None = None) -> Rows:
        """Entries of the load profile (`memory.LOAD_ENTRY`), oldest first."""
        return self._entries(self._memory.load_profile, "load", first, count)

    def daily_entries(self, first: int = 0, count: int | None = None) -> Rows:
        """Entries of the daily profile (`memory.DAILY_ENTRY`), oldest first."""
        return self._entries(self._memory.daily_profile, "daily", first, count)

    def event_entries(self, first: int = 0, count: int | None = None) -> Rows:
        """Entries of the event log (`memory.EVENT_ENTRY`), oldest first."""
        return self._entries(self._memory.event_log, "event", first, count)

    def newest_entries(self, ring: str, entries_max: int) -> Rows:
        """The newest entries of the `load`, `daily` or `event` ring, oldest first."""
        rings = {
            "load": self._memory.load_profile,
            "daily": self._memory.daily_profile,
            "event": self._memory.event_log,
        }
        head, cleared = self._field(f"{ring}_head"), self._field(f"{ring}_cleared")
        return rings[ring].read(self.index, head, max(cleared, head - entries_max))

    def events(self) -> list[MeterEvent]:
        return read_events(self._memory, self.index)

    def sending_counter(self) -> ReservedCounter:
        """The meter's own invocation counter; one such object per meter at a time."""
        return sending_counter(self._memory, self.index)

    def counter_guard(self) -> CounterGuard:
        """The marks of the clients' invocation counters; one such object per meter at a time."""
        return counter_guard(self._memory, self.index)

    def forget_clients(self) -> None:
        """The marks of all clients' invocation counters are gone: they counted under a key that is no longer used."""
        forget_clients(self._memory, self.index)

    def command(self, command: Command, now_ms: int) -> EventCode | None:
        """Carry out a command of the disconnector. The event it caused; None when it changed nothing."""
        self._metering.advance(self._row, now_ms)
        rows = self._memory.state.read(self._row)
        if command in (Command.REMOTE_DISCONNECT, Command.REMOTE_RECONNECT):
            rows["commands_executed"] += np.uint32(1)
        after = next_state(self.control_mode, command, self.control_state)
        event = None
        if after is not None:
            rows["control_state"] = after
            rows["output_state"] = after is ControlState.CONNECTED
            event = _EVENT_OF[command, after]
            self._log(rows, now_ms, event)
        self._memory.state.commit(self._row, rows)
        return event

    def set_control_mode(self, mode: ControlMode, now_ms: int) -> None:
        self._change(now_ms, "control_mode", mode)

    def set_clock(self, clock_ms: int, now_ms: int) -> None:
        """Let the clock show `clock_ms` from `now_ms` on.

        Both readings are logged. Set forward over captures, it captures the last of them at once, the others never
        were. Set back by more than `CLOCK_SHIFT_LIMIT_MS`, it captures again what it has captured already. The intervals
        that such a change cuts are flagged.
        """
        self._metering.advance(self._row, now_ms)
        rows = self._memory.state.read(self._row)
        before_ms = int(clock_time_ms(rows, now_ms)[0])
        self._log(rows, now_ms, EventCode.CLOCK_ADJUSTED_OLD_TIME)
        set_clock(rows, now_ms, np.array([clock_ms]))
        self._log(rows, now_ms, EventCode.CLOCK_ADJUSTED_NEW_TIME)
        clock_s = np.array([clock_ms // MS_PER_S])
        midnight_s = self._metering.zone.next_midnight_s(clock_s)
        if clock_ms < before_ms - CLOCK_SHIFT_LIMIT_MS:
            rows["next_load_s"] = first_capture_s(clock_s)
            rows["next_daily_s"] = midnight_s
        else:
            rows["next_load_s"] = np.maximum(rows["next_load_s"], first_capture_s(clock_s) - 900)
            rows["next_daily_s"] = np.maximum(rows["next_daily_s"], self._midnight_before(midnight_s))
        if clock_ms < before_ms - CLOCK_SHIFT_LIMIT_MS and rows["next_action_s"][0] < NEVER_S:
            # The time that comes again is lived through again.
            rows["acted_s"] = clock_s
            rows["next_action_s"] = clock_s - PUNCTUAL_S - 1
        if abs(clock_ms - before_ms) > CLOCK_SHIFT_LIMIT_MS:
            disturb(rows, ProfileStatus.CLOCK_ADJUSTED)
        self._memory.state.commit(self._row, rows)

    def log_event(self, code: EventCode, now_ms: int) -> None:
        """Write an event that the meter itself does not cause."""
        rows = self._memory.state.read(self._row)
        self._log(rows, now_ms, code)
        self._memory.state.commit(self._row, rows)

    def clear_event_log(self, now_ms: int) -> None:
        """Empty the event log; that it was emptied is its first entry."""
        rows = self._memory.state.read(self._row)
        rows["event_cleared"] = rows["event_head"]
        self._log(rows, now_ms, EventCode.EVENT_LOG_CLEARED)
        self._memory.state.commit(self._row, rows)

    def clear_load_profile(self, now_ms: int) -> None:
        self._metering.advance(self._row, now_ms)
        self._change(now_ms, "load_cleared", self._field("load_head"))

    def clear_daily_profile(self, now_ms: int) -> None:
        self._metering.advance(self._row, now_ms)
        self._change(now_ms, "daily_cleared", self._field("daily_head"))

    def power_down(self, now_ms: int) -> None:
        self._supply.power_down(self._row, now_ms)

    def power_up(self, now_ms: int) -> None:
        self._supply.power_up(self._row, now_ms)

    def _midnight_before(self, midnight_s: Integers) -> Integers:
        """The local midnight before the one given; days have 23 to 25 hours."""
        return self._metering.zone.next_midnight_s(midnight_s - 26 * 3600)

    def _field(self, name: str) -> int:
        return self._memory.state.field(name, self.index)

    def _change(self, now_ms: int, name: str, value: Any) -> None:
        self._metering.advance(self._row, now_ms)
        rows = self._memory.state.read(self._row)
        rows[name] = value
        self._memory.state.commit(self._row, rows)

    def _log(self, rows: Rows, now_ms: int, code: EventCode) -> None:
        append_events(self._memory, self._row, rows, self._metering.zone, clock_time_ms(rows, now_ms), code)

    def _entries(self, ring: Ring, name: str, first: int, count: int | None) -> Rows:
        head, cleared = self._field(f"{name}_head"), self._field(f"{name}_cleared")
        return ring.read(self.index, head, cleared, first, count)
