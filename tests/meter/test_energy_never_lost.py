"""Energy is neither lost nor invented: whatever the order of advances, power cuts, switching, clocks and restarts.

Hypothesis lives two meters' lives beside a ledger of when current could flow, kept in Python's own integers. Only power and the
disconnector stop energy; clocks, drift, tariff and the steps in which a process looks never touch it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ferraris.cosem import ControlState
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.clock import Zone
from ferraris.meter.disconnector import Command
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.load import StochasticLoad
from tests.meter.steady import MONDAY_MS

BORN_MS = MONDAY_MS + 26 * 86_400_000
"""The eve of the change to daylight saving is within reach."""
PERIOD_MS = 900_000
METERS = 2
STREET = Surroundings(StochasticLoad(11), Zone.load("central_european"), clock_reserve_ms=3_600_000)
MADE = Manufacture(METERS, drift_ppm_max=300, clock_error_ms_max=90_000, index_wh_max=0)
STEPS_MS = st.one_of(st.integers(1, 5_000), st.integers(1, 3 * PERIOD_MS), st.sampled_from([PERIOD_MS, 5 * 3_600_000]))


class Ledger:
    """When current could flow through one meter, and what that comes to by the load."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.since_ms: int | None = BORN_MS
        self.flowed = [0, 0, 0, 0]

    def stop(self, now_ms: int) -> None:
        self.flowed, self.since_ms = self.at(now_ms), None

    def go(self, now_ms: int) -> None:
        if self.since_ms is None:
            self.since_ms = now_ms

    def at(self, now_ms: int) -> list[int]:
        """1/1000 Wh by quantity. The share of a period is rounded down at either end, so that pieces add up."""
        total = list(self.flowed)
        if self.since_ms is None:
            return total
        for period in range(self.since_ms // PERIOD_MS, now_ms // PERIOD_MS + 1):
            begin_ms = max(self.since_ms - period * PERIOD_MS, 0)
            end_ms = min(now_ms - period * PERIOD_MS, PERIOD_MS)
            flow = STREET.load.energies(np.array([self.number]), np.array([[period]]))[0, 0].tolist()
            for place, energy in enumerate(flow):
                total[place] += energy * end_ms // PERIOD_MS - energy * begin_ms // PERIOD_MS
        return total


class Life(RuleBasedStateMachine):
    """Two meters of one fleet; what befalls one leaves the other alone."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.fleet = Fleet.create(Path(self.folder.name) / "f", MADE, STREET, SeededEntropy(3), BORN_MS)
        self.now_ms = BORN_MS
        self.alive_ms = BORN_MS
        self.ledgers = [Ledger(index + 1) for index in range(METERS)]
        self.connected = [True] * METERS

    def teardown(self) -> None:
        self.fleet.close()
        self.folder.cleanup()

    @rule(step_ms=STEPS_MS)
    def time_passes_unseen(self, step_ms: int) -> None:
        self.now_ms += step_ms

    @rule(step_ms=STEPS_MS)
    def everyone_moves_on(self, step_ms: int) -> None:
        self.now_ms += step_ms
        self.alive_ms = self.now_ms
        self.fleet.advance(self.now_ms)

    @rule(step_ms=STEPS_MS)
    def only_those_that_are_due_move_on(self, step_ms: int) -> None:
        self.now_ms += step_ms
        self.alive_ms = self.now_ms
        assert self.fleet.capture_due(self.now_ms) > self.now_ms

    @rule(place=st.integers(0, METERS - 1))
    def one_is_asked_alone(self, place: int) -> None:
        self.fleet.meters[place].advance(self.now_ms)

    @rule(back_ms=STEPS_MS)
    def a_late_look_at_the_past_changes_nothing(self, back_ms: int) -> None:
        before = [meter.time_ms for meter in self.fleet.meters]
        for meter in self.fleet.meters:
            meter.advance(min(before) - back_ms)
        assert [meter.time_ms for meter in self.fleet.meters] == before

    @rule(place=st.integers(0, METERS - 1))
    def power_goes(self, place: int) -> None:
        self.fleet.meters[place].power_down(self.now_ms)
        self.ledgers[place].stop(self.now_ms)

    @rule(place=st.integers(0, METERS - 1))
    def power_comes(self, place: int) -> None:
        self.fleet.meters[place].power_up(self.now_ms)
        if self.connected[place]:
            self.ledgers[place].go(self.now_ms)

    @rule(place=st.integers(0, METERS - 1), command=st.sampled_from(list(Command)))
    def the_disconnector_is_told(self, place: int, command: Command) -> None:
        meter = self.fleet.meters[place]
        if not meter.powered:
            return
        meter.command(command, self.now_ms)
        self.connected[place] = meter.output_state
        assert meter.output_state is (meter.control_state is ControlState.CONNECTED)
        ledger = self.ledgers[place]
        if meter.output_state:
            ledger.go(self.now_ms)
        else:
            ledger.stop(self.now_ms)

    @rule(place=st.integers(0, METERS - 1), shift_ms=st.integers(-7_200_000, 7_200_000))
    def a_clock_is_set(self, place: int, shift_ms: int) -> None:
        meter = self.fleet.meters[place]
        if meter.powered:
            clock_ms = meter.clock_ms(self.now_ms) + shift_ms
            meter.set_clock(clock_ms, self.now_ms)
            assert meter.clock_ms(self.now_ms) == clock_ms
            assert not meter.clock_invalid

    @precondition(lambda self: all(ledger.since_ms is not None for ledger in self.ledgers))
    @rule(away_ms=STEPS_MS)
    def the_process_is_killed_and_comes_back(self, away_ms: int) -> None:
        """It was last known to run a while ago: from then on the meters were without power, unless they were asked later."""
        lived = [max(meter.time_ms, self.alive_ms) for meter in self.fleet.meters]
        self.now_ms += away_ms
        self.fleet.close()
        self.fleet = Fleet.open(Path(self.folder.name) / "f", STREET, self.now_ms)
        self.alive_ms = self.now_ms
        for ledger, until_ms in zip(self.ledgers, lived, strict=True):
            ledger.stop(until_ms)
            ledger.go(self.now_ms)

    # What holds at every step

    @invariant()
    def the_registers_are_the_ledgers(self) -> None:
        for meter, ledger in zip(self.fleet.meters, self.ledgers, strict=True):
            truth = ledger.at(self.now_ms)
            assert self.fleet.metering.energy_mwh(meter.index, self.now_ms).tolist() == truth
            assert meter.registers_wh(self.now_ms).tolist() == [energy // 1_000 for energy in truth]
            assert meter.import_mwh_at(self.now_ms) == truth[0]

    @invariant()
    def the_rates_share_the_total(self) -> None:
        for meter in self.fleet.meters:
            total = meter.registers_wh(self.now_ms)[:2]
            assert meter.rates_wh(self.now_ms).sum(axis=0).tolist() == total.tolist()

    @invariant()
    def profiles_never_run_backwards(self) -> None:
        """Times may, when a clock is set back; energy does not, and none is ahead of the register."""
        for meter in self.fleet.meters:
            for entries in (meter.load_entries(), meter.daily_entries()):
                energy = entries["energy_wh"].astype(np.int64)
                assert (np.diff(energy, axis=0) >= 0).all()
                if len(energy):
                    assert (energy[-1] <= meter.registers_wh(self.now_ms)[: energy.shape[1]]).all()
            assert not (meter.load_entries()["time_s"] % 900).any()

    @invariant()
    def power_failures_are_counted_by_those_who_had_them(self) -> None:
        for meter in self.fleet.meters:
            assert meter.long_power_failures <= meter.power_failures
            assert meter.powered or self.ledgers[meter.index].since_ms is None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
