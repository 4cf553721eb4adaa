"""A meter's life in any order of events, beside a model of a few lines that knows what the meter must show.

Time passes, the supply fails, the process is killed, the disconnector is operated, the clock is synchronised, clients send:
after every step registers, profile, event log, counters and disconnector are those of the model.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ferraris.cosem import ControlState
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import InvocationCounterError
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.meter import CLOCK_SHIFT_LIMIT_MS
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

PERIOD_MS = 900_000  # 400 W are 1/1000 Wh in 9 ms, of which the period holds a whole number


class LifeOfAMeter(RuleBasedStateMachine):
    """The first meter of a fleet of three; the two others show that nothing spills over."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.fleet = Fleet.create(self.folder, PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
        self.now_ms = MONDAY_MS
        self.shift_ms = 0
        self.powered = True
        self.closed = True
        self.energy_mwh = 0
        self.metered_ms = MONDAY_MS
        self.captured: list[tuple[int, int]] = []
        """Time in s by the meter's clock, and Wh."""
        self.next_capture_ms = MONDAY_MS + PERIOD_MS
        self.events: list[int] = []
        self.commands = self.failures = self.sent = 0
        self.accepted = -1
        self.new_sender()

    def teardown(self) -> None:
        if hasattr(self, "fleet"):
            self.fleet.close()
            shutil.rmtree(self.folder)

    def new_sender(self) -> None:
        self.meter = self.fleet.meters[0]
        self.sender = self.meter.sending_counter()
        self.guard = self.meter.counter_guard()

    # The model

    def live_until(self, now_ms: int) -> None:
        """Energy flows and captures happen up to `now_ms`."""
        while self.powered and self.next_capture_ms <= now_ms + self.shift_ms:
            # A capture that the clock was set over happens at once.
            at_ms = max(self.next_capture_ms - self.shift_ms, self.metered_ms)
            self.meter_until(at_ms)
            self.captured.append((self.next_capture_ms // 1000, self.energy_mwh // 1000))
            self.next_capture_ms += PERIOD_MS
        if self.powered:
            self.meter_until(now_ms)
        self.now_ms = now_ms

    def meter_until(self, now_ms: int) -> None:
        if self.closed:
            self.energy_mwh += now_ms // 9 - self.metered_ms // 9
        self.metered_ms = now_ms

    def power_lost(self) -> None:
        self.powered = False
        self.events.append(EventCode.POWER_DOWN)

    def power_back(self, now_ms: int) -> None:
        self.powered = True
        self.now_ms = self.metered_ms = now_ms
        self.failures += 1
        self.events.append(EventCode.POWER_UP)
        while self.next_capture_ms // 1000 <= (now_ms + self.shift_ms) // 1000:
            self.next_capture_ms += PERIOD_MS

    # What happens

    @rule(passes_ms=st.one_of(st.integers(1, 100_000), st.integers(1, 6 * 3_600_000)), together=st.booleans())
    def time_passes(self, passes_ms: int, together: bool) -> None:
        self.live_until(self.now_ms + passes_ms)
        if together:
            self.fleet.advance(self.now_ms)
        else:
            self.fleet.metering.advance(np.array([0]), self.now_ms)

    @precondition(lambda self: self.powered)
    @rule(command=st.sampled_from([Command.REMOTE_DISCONNECT, Command.REMOTE_RECONNECT]))
    def disconnector_is_operated(self, command: Command) -> None:
        self.live_until(self.now_ms)
        self.commands += 1
        closes = command is Command.REMOTE_RECONNECT
        if closes != self.closed:
            self.closed = closes
            self.events.append(EventCode.REMOTE_CONNECTION if closes else EventCode.REMOTE_DISCONNECTION)
        self.meter.command(command, self.now_ms)

    @precondition(lambda self: self.powered)
    @rule(by_ms=st.integers(-CLOCK_SHIFT_LIMIT_MS, CLOCK_SHIFT_LIMIT_MS))
    def clock_is_synchronised(self, by_ms: int) -> None:
        self.live_until(self.now_ms)
        self.shift_ms += by_ms
        self.events += [EventCode.CLOCK_ADJUSTED_OLD_TIME, EventCode.CLOCK_ADJUSTED_NEW_TIME]
        self.meter.set_clock(self.now_ms + self.shift_ms, self.now_ms)

    @precondition(lambda self: self.powered)
    @rule()
    def supply_fails(self) -> None:
        self.live_until(self.now_ms)
        self.power_lost()
        self.meter.power_down(self.now_ms)

    @precondition(lambda self: not self.powered)
    @rule(after_ms=st.integers(0, 3 * 3_600_000))
    def supply_returns(self, after_ms: int) -> None:
        self.power_back(self.now_ms + after_ms)
        self.meter.power_up(self.now_ms)

    @rule(after_ms=st.integers(0, 3 * 3_600_000))
    def process_is_killed(self, after_ms: int) -> None:
        self.fleet.memory.mark_alive(self.now_ms)
        self.fleet.close()
        if self.powered:
            self.live_until(self.now_ms)
            self.power_lost()
        self.power_back(self.now_ms + after_ms)
        self.fleet = Fleet.open(self.folder, STEADY, self.now_ms)
        self.new_sender()

    @rule(count=st.integers(1, 40))
    def meter_sends(self, count: int) -> None:
        for _ in range(count):
            taken = self.sender.take()
            assert taken > self.sent
            self.sent = taken

    @rule(value=st.integers(0, 50))
    def client_sends(self, value: int) -> None:
        try:
            self.guard.accept(b"FERHES01", value)
        except InvocationCounterError:
            assert value <= self.accepted
        else:
            assert value > self.accepted
            self.accepted = value

    # What the meter must show

    @invariant()
    def registers_are_those_of_the_model(self) -> None:
        if hasattr(self, "meter") and self.powered:
            energy_mwh = self.energy_mwh + (self.now_ms // 9 - self.metered_ms // 9 if self.closed else 0)
            assert int(self.meter.registers_wh(self.now_ms)[0]) == energy_mwh // 1000

    @invariant()
    def every_capture_is_there_once(self) -> None:
        if hasattr(self, "meter"):
            entries = self.meter.load_entries()
            shown = list(zip(entries["time_s"].tolist(), entries["energy_wh"][:, 0].tolist(), strict=True))
            # A capture that is due at this very moment may be made with the next step.
            assert shown == self.captured[: len(shown)]
            assert len(self.captured) - len(shown) <= 1

    @invariant()
    def events_and_counts_are_those_of_the_model(self) -> None:
        if hasattr(self, "meter"):
            codes = [event.code for event in self.meter.events()]
            assert codes == self.events[-len(codes) :]
            assert len(codes) == min(len(self.events), self.fleet.memory.event_log.entries_max)
            assert (self.meter.powered, self.meter.output_state) == (self.powered, self.closed)
            assert self.meter.control_state is (ControlState.CONNECTED if self.closed else ControlState.DISCONNECTED)
            assert (self.meter.commands_executed, self.meter.power_failures) == (self.commands, self.failures)
            assert self.guard.last_accepted(b"FERHES01") == self.accepted

    @invariant()
    def the_others_are_not_touched(self) -> None:
        if hasattr(self, "meter"):
            other = self.fleet.meters[1]
            assert other.commands_executed == 0
            assert {event.code for event in other.events()} <= {EventCode.POWER_DOWN, EventCode.POWER_UP}


TestLifeOfAMeter = LifeOfAMeter.TestCase
TestLifeOfAMeter.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
