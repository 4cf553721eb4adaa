"""The truth is what the meters did: every capture, event and switching, once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.cosem import ControlState
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import Command, EventCode, Fleet
from ferraris.simulation import EventLog, Process
from ferraris.simulation.life import Life
from ferraris.simulation.memory import MortalMemory
from ferraris.simulation.truth import MeterTruth, Row, Switching, Truth
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

PERIOD_S = 900
MONDAY_S = MONDAY_MS // 1000


class Watched:
    """Two meters and their truth."""

    def __init__(self, directory: Path) -> None:
        self.now_ms = MONDAY_MS
        self.executed: list[tuple[int, Switching]] = []
        self.log = EventLog(ManualClock())
        self.truth = Truth(self.log, lambda meter, switching: self.executed.append((meter, switching)))
        Fleet.create(directory, replace(PERFECT, count=2), STEADY, SeededEntropy(1), MONDAY_MS).close()
        self.directory = directory
        self.fleet = self.open()
        self.truth.add_fleet(1, self.fleet.memory, [3, 1])

    def open(self) -> Fleet:
        life = Life(Process("street"), self.log, lambda process: None)
        memory = MortalMemory(self.directory, life, lambda memory, _: self.truth.committed(1, memory, self.now_ms))
        return Fleet(memory, STEADY)

    def advance(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)
        self.fleet.advance(self.now_ms)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.fleet.close()


def test_captures_are_seen_with_their_values(watched: Watched) -> None:
    watched.advance(3 * PERIOD_S + 1)
    three_phase, single_phase = watched.truth.meters[1].load, watched.truth.meters[2].load
    assert list(three_phase.rows) == [MONDAY_S + PERIOD_S * number for number in (1, 2, 3)]
    (row,) = three_phase.rows[MONDAY_S + PERIOD_S]
    assert len(row.values) == 7
    assert len(single_phase.rows[MONDAY_S + PERIOD_S][0].values) == 5
    shown = watched.fleet.meters[0].load_entries()[0]
    assert row.values[:4] == tuple(shown["energy_wh"].tolist())
    assert watched.truth.captured == 6


def test_a_slot_captured_again_has_both_rows(watched: Watched) -> None:
    watched.advance(PERIOD_S + 60)
    watched.fleet.meters[0].set_clock(watched.now_ms - 120_000, watched.now_ms)
    watched.advance(PERIOD_S)
    rows = watched.truth.meters[1].load.rows[MONDAY_S + PERIOD_S]
    assert len(rows) == 2
    assert rows[0] != rows[1]


def test_events_and_remote_commands_are_seen(watched: Watched) -> None:
    watched.advance(10)
    meter = watched.fleet.meters[1]
    meter.command(Command.REMOTE_DISCONNECT, watched.now_ms)
    watched.advance(10)
    meter.command(Command.REMOTE_DISCONNECT, watched.now_ms)
    watched.advance(10)
    meter.command(Command.REMOTE_RECONNECT, watched.now_ms)
    truth = watched.truth.meters[2]
    assert [code for _, code in truth.events] == [EventCode.REMOTE_DISCONNECTION, EventCode.REMOTE_CONNECTION]
    assert [(number, switching.state) for number, switching in watched.executed] == [
        (2, ControlState.DISCONNECTED),
        (2, ControlState.DISCONNECTED),
        (2, ControlState.CONNECTED),
    ]
    for seconds, state in ((5, ControlState.CONNECTED), (15, ControlState.DISCONNECTED), (35, ControlState.CONNECTED)):
        assert truth.state_at(MONDAY_MS + seconds * 1000) is state


def test_a_hand_at_the_meter_is_no_remote_command(watched: Watched) -> None:
    watched.advance(10)
    watched.fleet.meters[0].command(Command.LOCAL_DISCONNECT, watched.now_ms)
    assert watched.executed == []
    assert watched.truth.meters[1].switchings[-1].state is ControlState.READY_FOR_RECONNECTION


def test_a_memory_opened_again_is_known_by_its_heads(watched: Watched) -> None:
    watched.advance(PERIOD_S + 1)
    watched.fleet.close()
    watched.fleet = watched.open()
    assert watched.truth.remembered(1, watched.fleet.memory)
    watched.fleet.memory.state._slots["load_head"] -= 1
    assert not watched.truth.remembered(1, watched.fleet.memory)


def test_local_midnight_is_captured_into_the_daily_profile(watched: Watched) -> None:
    watched.advance(25 * 3600)
    daily = watched.truth.meters[1].daily
    (midnight_s,) = daily.rows
    assert MONDAY_S < midnight_s <= MONDAY_S + 86_400
    (row,) = daily.rows[midnight_s]
    assert row.values == watched.truth.meters[1].load.rows[midnight_s][0].values[:2]
    assert watched.truth.captured == 2 * 100


def test_only_what_was_captured_holds() -> None:
    truth = MeterTruth.new(1, phases=3)
    truth.load.rows[900] = [Row(8, (1, 2, 3, 4, 5, 6, 7)), Row(0, (7, 8, 9, 10, 11, 12, 13))]
    assert truth.load.holds(900, 1, 1, 8)
    assert truth.load.holds(900, 2, 8, 0)
    wrong = [(900, 1, 1, 0), (900, 1, 7, 8), (900, 2, 1, 8), (1800, 1, 1, 8)]
    assert not any(truth.load.holds(*reading) for reading in wrong)


def test_a_channel_belongs_to_one_profile() -> None:
    truth = MeterTruth.new(1, phases=1)
    names = {channel: profile.name for channel in range(30) if (profile := truth.profile_of(channel)) is not None}
    assert names == dict.fromkeys(range(1, 6), "load") | {17: "daily", 18: "daily"}
