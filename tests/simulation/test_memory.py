"""Meters' memory that ends in the middle of a write: what was committed is there again, what was not is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import Fleet, Surroundings
from ferraris.meter.committed_rows import Indices
from ferraris.meter.memory import FleetMemory
from ferraris.simulation import EventLog, Process
from ferraris.simulation.life import Life, ProcessDiedError
from ferraris.simulation.memory import MortalMemory
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

METERS = 3
PERIOD_MS = 900_000


class Town:
    """A fleet that is opened again after each death."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.surroundings: Surroundings = STEADY
        self.committed: list[list[int]] = []
        Fleet.create(directory, replace(PERFECT, count=METERS), STEADY, SeededEntropy(1), MONDAY_MS).close()

    def open(self) -> tuple[Fleet, Life]:
        life = Life(Process("street"), EventLog(ManualClock()), lambda process: None)
        return Fleet(MortalMemory(self.directory, life, self._witness), self.surroundings), life

    def _witness(self, memory: FleetMemory, meters: Indices) -> None:
        self.committed.append(meters.tolist())


def heads(fleet: Fleet) -> list[int]:
    heads: list[int] = fleet.memory.state.column("load_head").tolist()
    return heads


def test_every_commit_is_seen(tmp_path: Path) -> None:
    town = Town(tmp_path)
    fleet, _ = town.open()
    fleet.advance(MONDAY_MS + PERIOD_MS + 1)
    assert town.committed == [[0, 1, 2]]
    assert heads(fleet) == [1, 1, 1]
    fleet.close()


@pytest.mark.parametrize("writes", range(12))
def test_after_death_at_any_write_the_memory_is_as_before_it_or_after_it(tmp_path: Path, writes: int) -> None:
    town = Town(tmp_path)
    fleet, life = town.open()
    life.end_after(writes)
    last = 0
    try:
        for last in range(1, 4):
            fleet.advance(MONDAY_MS + last * PERIOD_MS + 1)
    except ProcessDiedError:
        assert not life.alive
    seen = len(town.committed)
    fleet.close()
    again, _ = town.open()
    assert heads(again) == [seen] * METERS
    assert seen in {last, last - 1}
    again.advance(MONDAY_MS + 4 * PERIOD_MS + 1)
    assert heads(again) == [4] * METERS
    again.close()


def test_a_torn_row_does_not_count(tmp_path: Path) -> None:
    town = Town(tmp_path)
    fleet, life = town.open()
    fleet.advance(MONDAY_MS + PERIOD_MS + 1)
    memory = fleet.memory
    before = memory.state.read(memory.everyone())
    slots = memory.state._slots.copy()
    rows = memory.state.read(memory.everyone())
    rows["load_head"] += 1
    life.end_after(0)
    with pytest.raises(ProcessDiedError):
        memory.state.commit(memory.everyone(), rows)
    assert not np.array_equal(memory.state._slots, slots), "nothing was torn"
    memory.close()
    again, _ = town.open()
    assert np.array_equal(again.memory.state.read(again.memory.everyone()), before)
    again.close()


def test_a_dead_process_marks_no_life_and_reserves_no_counter(tmp_path: Path) -> None:
    town = Town(tmp_path)
    fleet, life = town.open()
    alive_ms = fleet.memory.alive_ms
    life.end("now")
    fleet.memory.mark_alive(alive_ms + 5_000)
    assert fleet.memory.alive_ms == alive_ms
    with pytest.raises(ProcessDiedError):
        fleet.memory.flush_counters(0)
    fleet.close()


def test_a_payment_row_is_torn_as_well_and_the_one_before_it_counts(tmp_path: Path) -> None:
    town = Town(tmp_path)
    fleet, life = town.open()
    place = np.array([1])
    row = fleet.memory.payment.read(place)
    row["balance"] = 7
    fleet.memory.payment.commit(place, row)
    life.end_after(0)
    row["balance"] = 8
    with pytest.raises(ProcessDiedError):
        fleet.memory.payment.commit(place, row)
    fleet.close()
    again, _ = town.open()
    assert again.memory.payment.column("balance").tolist() == [0, 7, 0]
    again.close()
