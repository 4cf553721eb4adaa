"""Metering: moves meters on from one time to another, all of them at once.

Within a round (at most a day) the energy that flowed since the round's start is a function of true time: the sum over
whole load periods and a share, rounded down, of the running one. Register and profile values are differences of that
function, so the result does not depend on the steps in which a meter is moved on. What happens within the round, in the
meter's own time: captures of the load profile at every full quarter of an hour, of the daily profile at local midnight,
a change of daylight saving. All of it is written behind the heads of the rings, and one commit makes it count.

No round passes the moment at which a timed object of the meter has something to do, charges are to be collected, or the
import reaches a mark that was set (credit used up): whoever acts for the meter is asked first, at that very moment, to the
millisecond. Without anybody to act the meter's life stops there, as if its power had gone.

The registers of the rates count whole Wh of the totals, each under the rate in force when it became whole: so they always
add up to the totals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ferraris.kernel.clock import MS_PER_S, S_PER_DAY
from ferraris.meter.clock import ProfileStatus, Zone, clock_fields, clock_time_ms, true_time_ms
from ferraris.meter.committed_rows import Indices
from ferraris.meter.events import EventCode, append_events
from ferraris.meter.import_mark import Reached, mark_reached, reached_ms
from ferraris.meter.load import Integers, LoadModel, Quantity
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import DAILY_ENTRY, LOAD_ENTRY, NEVER_S, RATES, FleetMemory

CAPTURE_PERIOD_S: Final = 900
MWH_PER_WH: Final = 1_000
REGISTER_MODULUS: Final = 2**32
ROUND_MS: Final = S_PER_DAY * MS_PER_S
METERS_PER_ROUND: Final = 1_000
"""Meters moved on together: their arrays fit into the processor's cache."""


RATE_1: Final = 0b11
"""The registers of the first rate in `counting`: import and export."""
COUNTED: Final[Integers] = (np.arange(256)[:, None] >> np.arange(2 * RATES) & 1).reshape(256, RATES, 2)
"""1 for each of `rates_wh` that counts, by `counting`."""


def registers_wh(energy_mwh: Integers) -> Integers:
    """What a register of 32 bits shows: whole Wh (varh), rolling over."""
    return energy_mwh // MWH_PER_WH % REGISTER_MODULUS


@dataclass(frozen=True)
class Metering:
    """Load, place and wiring of the meters of one fleet. Row n of the memory is meter number `first_number` + n."""

    memory: FleetMemory
    load: LoadModel
    zone: Zone
    first_number: int = 1
    export_when_disconnected: bool = False
    """Whether the plant behind the meter feeds in past the open disconnector."""
    actors: dict[int, Callable[[int], None]] = field(default_factory=dict)
    """By place of the meter: who does what its timed objects order, called with the true time."""
    collectors: dict[int, Callable[[int], None]] = field(default_factory=dict)
    """By place of the meter: who looks after its credit."""
    _known: Reached = field(default_factory=Reached, init=False, repr=False)

    def advance(self, meters: Indices, to_ms: int) -> None:
        """Move those of `meters` that have power on to `to_ms`; a meter that is there already stays as it is."""
        state = self.memory.state
        lagging = meters[(state.column("time_ms")[meters] < to_ms) & (state.column("powered")[meters] != 0)]
        while lagging.size:
            for start in range(0, lagging.size, METERS_PER_ROUND):
                self._advance_round(lagging[start : start + METERS_PER_ROUND], to_ms)
            stopped = self._act(lagging)
            lagging = lagging[(state.column("time_ms")[lagging] < to_ms) & (state.column("powered")[lagging] != 0)]
            if stopped:
                lagging = lagging[~np.isin(lagging, stopped)]

    def _act(self, meters: Indices) -> list[int]:
        """Let those act that stand at the moment of an action. The others of them: they have nobody to act for them."""
        state = self.memory.state
        charged = (state.column("collect_s")[meters] < NEVER_S) | (state.column("import_mark_mwh")[meters] != 0)
        planned = state.column("next_action_s")[meters] < NEVER_S
        collecting = self._called(meters[charged], "collect_s", self.collectors)
        return collecting + self._called(meters[planned], "next_action_s", self.actors)

    def _called(self, meters: Indices, planned: str, who: dict[int, Callable[[int], None]]) -> list[int]:
        """Call for each of `meters` whose time has come the one who acts for it; those that have nobody."""
        if not meters.size:
            return []
        rows = self.memory.state.read(meters)
        there = true_time_ms(rows, rows[planned] * MS_PER_S) <= rows["time_ms"]
        if who is self.collectors:
            there |= mark_reached(rows)
        stopped = []
        for meter, time_ms in zip(meters[there].tolist(), rows["time_ms"][there].tolist(), strict=True):
            if meter in who:
                who[meter](time_ms)
            else:
                stopped.append(meter)
        return stopped

    def energy_mwh(self, meter: int, now_ms: int) -> Integers:
        """The meter's energies at `now_ms`, by `Quantity`, without moving it on. `now_ms` is at most a day ahead."""
        rows = self.memory.state.read(np.array([meter]))
        ahead = now_ms if rows["powered"][0] else 0
        now = np.maximum(rows["time_ms"], ahead)
        flows = self._flows(np.array([meter]), rows, now)
        energies: Integers = (rows["energy_mwh"] + self._since(flows, rows, now[:, None])[:, 0])[0]
        return energies

    def rates_wh(self, meter: int, now_ms: int) -> Integers:
        """The registers of the rates at `now_ms`, shape (rates, 2), without moving the meter on."""
        rows = self.memory.state.read(np.array([meter]))
        _count(rows, self.energy_mwh(meter, now_ms)[None])
        rates: Integers = rows["rates_wh"][0] % REGISTER_MODULUS
        return rates

    def power(self, meter: int, now_ms: int) -> Integers:
        """What flows at `now_ms`, W and var by `Quantity`; nothing in a meter without power."""
        rows = self.memory.state.read(np.array([meter]))
        period = np.array([[now_ms // self.load.period_ms]])
        flows = self.load.energies(np.array([meter + self.first_number]), period) * self._wiring(rows)
        flowing: Integers = flows[0, 0] * 3_600 // self.load.period_ms * int(rows["powered"][0])
        return flowing

    def next_due_ms(self, meters: Indices) -> Integers:
        """True time at which each meter has something to capture or to do; far in the future for one without power."""
        rows = self.memory.state.read(meters)
        planned_s = np.minimum(rows["next_action_s"], rows["collect_s"])
        due = true_time_ms(rows, np.minimum(rows["next_load_s"], planned_s) * MS_PER_S)
        marked = np.flatnonzero(rows["import_mark_mwh"])
        if marked.size:
            some = rows[marked]
            reached = self._known.of(
                meters[marked],
                some,
                lambda stale: self._mark_ms(meters[marked[stale]], some[stale], due[marked[stale]]),
            )
            due[marked] = np.minimum(due[marked], reached)
        return np.where(rows["powered"] != 0, due, np.iinfo(np.int64).max)

    def _advance_round(self, meters: Indices, to_ms: int) -> None:
        rows = self.memory.state.read(meters)
        action_ms = true_time_ms(rows, np.minimum(rows["next_action_s"], rows["collect_s"]) * MS_PER_S)
        end_ms = np.minimum(np.minimum(to_ms, rows["time_ms"] + ROUND_MS), np.maximum(action_ms, rows["time_ms"]))
        flows = self._flows(meters, rows, end_ms)
        marked = np.flatnonzero(rows["import_mark_mwh"])
        if marked.size:
            imports = flows[marked][..., Quantity.ACTIVE_IMPORT]
            reached = reached_ms(rows[marked], imports, self.load.period_ms, end_ms[marked])
            end_ms[marked] = np.minimum(end_ms[marked], reached)
        end_s = clock_time_ms(rows, end_ms) // MS_PER_S
        self._record_saving_change(meters, rows, end_s)
        load_s, load_counts = _captures(rows["next_load_s"], CAPTURE_PERIOD_S, end_s)
        daily_s, daily_counts = self._midnights(rows["next_daily_s"], end_s)
        # A capture that a clock set forward has passed over is due at the start.
        load_ms, daily_ms = (
            np.clip(true_time_ms(rows, time_s * MS_PER_S), rows["time_ms"][:, None], end_ms[:, None])
            for time_s in (load_s, daily_s)
        )
        times = np.concatenate([end_ms[:, None], load_ms, daily_ms], axis=1)
        energies = rows["energy_mwh"][:, None] + self._since(flows, rows, times)
        width = load_s.shape[1]
        self._capture_load(meters, rows, load_s, load_ms, energies[:, 1 : 1 + width], load_counts)
        self._capture_daily(meters, rows, daily_s, energies[:, 1 + width :], daily_counts)
        _count(rows, energies[:, 0])
        rows["energy_mwh"] = energies[:, 0]
        rows["time_ms"] = end_ms
        self.memory.state.commit(meters, rows)

    def _flows(self, meters: Indices, rows: Rows, until_ms: Integers) -> Integers:
        """What flows in each load period, from that in which each meter stands to that of the last of `until_ms`."""
        first = rows["time_ms"] // self.load.period_ms
        count = max(int((until_ms // self.load.period_ms - first).max(initial=0)), 0) + 1
        flows: Integers = self.load.energies(meters + self.first_number, first[:, None] + np.arange(count))
        return flows * self._wiring(rows)

    def _since(self, flows: Integers, rows: Rows, times_ms: Integers) -> Integers:
        """Energies since each meter's time at each of `times_ms` (shape (meters, n)), shape (meters, n, 4)."""
        period_ms = self.load.period_ms
        start_ms = rows["time_ms"][:, None]
        first = start_ms // period_ms
        before = np.zeros_like(flows)
        np.cumsum(flows[:, :-1], axis=1, out=before[:, 1:])
        owner = np.arange(len(rows))[:, None]

        def since_period(moments_ms: Integers) -> Integers:
            place = moments_ms // period_ms - first
            share = flows[owner, place] * (moments_ms % period_ms)[..., None] // period_ms
            total: Integers = before[owner, place] + share
            return total

        return since_period(times_ms) - since_period(start_ms)

    def _mark_ms(self, meters: Indices, rows: Rows, until_ms: Integers) -> Integers:
        """True time at which each meter's import reaches its mark, `FAR_MS` when it does not by `until_ms`."""
        flows = self._flows(meters, rows, until_ms)
        return reached_ms(rows, flows[..., Quantity.ACTIVE_IMPORT], self.load.period_ms, until_ms)

    def _wiring(self, rows: Rows) -> Integers:
        """1 where a quantity can flow, 0 where the open disconnector cuts it off; shape (meters, 1, 4)."""
        closed = rows["output_state"].astype(np.int64)
        passes = np.repeat(closed[:, None], len(Quantity), axis=1)
        if self.export_when_disconnected:
            passes[:, [Quantity.ACTIVE_EXPORT, Quantity.REACTIVE_EXPORT]] = 1
        return passes[:, None, :]

    def _midnights(self, next_s: Integers, end_s: Integers) -> tuple[Integers, Indices]:
        """The local midnights of a round, at most two, and how many of them lie within it."""
        second = self.zone.next_midnight_s(next_s)
        midnights = np.stack([next_s, second], axis=1)
        return midnights, (midnights <= end_s[:, None]).sum(axis=1)

    def _record_saving_change(self, meters: Indices, rows: Rows, end_s: Integers) -> None:
        """Log a change of daylight saving at the moment it took place; a round sees at most one."""
        before = self.zone.changes_before(clock_time_ms(rows, rows["time_ms"]) // MS_PER_S)
        changed = np.flatnonzero(self.zone.changes_before(end_s) > before)
        if changed.size:
            moments_ms = self.zone.changes_s[before[changed]] * MS_PER_S
            some = rows[changed]
            append_events(self.memory, meters[changed], some, self.zone, moments_ms, EventCode.DAYLIGHT_SAVING_CHANGED)
            rows[changed] = some

    def _capture_load(
        self, meters: Indices, rows: Rows, time_s: Integers, true_ms: Integers, energy_mwh: Integers, counts: Indices
    ) -> None:
        if not counts.any():
            return
        entries = np.zeros(time_s.shape, LOAD_ENTRY)
        clock_fields(entries, time_s, self.zone, rows["clock_invalid"][:, None])
        entries["energy_wh"] = registers_wh(energy_mwh)
        # The voltage of the period that ends here: a capture at its last moment, not in the next one.
        entries["voltage_dv"] = self.load.voltages(meters + self.first_number, (true_ms - 1) // self.load.period_ms)
        entries["status"][:, 0] |= rows["load_flags"]
        rows["load_flags"][counts > 0] = 0
        self.memory.load_profile.write(meters, rows["load_head"], entries, counts)
        rows["load_head"] += counts
        rows["next_load_s"] += counts * CAPTURE_PERIOD_S

    def _capture_daily(
        self, meters: Indices, rows: Rows, time_s: Integers, energy_mwh: Integers, counts: Indices
    ) -> None:
        if not counts.any():
            return
        entries = np.zeros(time_s.shape, DAILY_ENTRY)
        clock_fields(entries, time_s, self.zone, rows["clock_invalid"][:, None])
        entries["energy_wh"] = registers_wh(energy_mwh)[..., :2]
        entries["status"][:, 0] |= rows["daily_flags"]
        rows["daily_flags"][counts > 0] = 0
        self.memory.daily_profile.write(meters, rows["daily_head"], entries, counts)
        rows["daily_head"] += counts
        for place in range(time_s.shape[1]):
            past = counts > place
            rows["next_daily_s"][past] = self.zone.next_midnight_s(time_s[past, place])


def _captures(next_s: Integers, period_s: int, end_s: Integers) -> tuple[Integers, Indices]:
    """Capture times from `next_s` on, as many columns as any meter has up to `end_s`, and how many each has."""
    counts = np.maximum((end_s - next_s) // period_s + 1, 0)
    steps = np.arange(int(counts.max(initial=0)))
    return next_s[:, None] + steps * period_s, counts


def _count(rows: Rows, energy_mwh: Integers) -> None:
    """Let the registers of the active mask count what became whole since the rows' energies."""
    whole = energy_mwh[:, :2] // MWH_PER_WH - rows["energy_mwh"][:, :2] // MWH_PER_WH
    rows["rates_wh"] += COUNTED[rows["counting"]] * whole[:, None, :]


def first_capture_s(clock_s: Integers) -> Integers:
    """The first full quarter of an hour after `clock_s`."""
    return (clock_s // CAPTURE_PERIOD_S + 1) * CAPTURE_PERIOD_S


def disturb(rows: Rows, flag: ProfileStatus) -> None:
    """The next entry of either profile must carry `flag`."""
    rows["load_flags"] |= np.uint8(flag)
    rows["daily_flags"] |= np.uint8(flag)
