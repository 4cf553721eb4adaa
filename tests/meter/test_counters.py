"""Invocation counters in the memory: no value twice, no value accepted twice, through any restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import InvocationCounterError, SecurityError
from ferraris.kernel.limits import CLIENTS_PER_METER_MAX, INVOCATION_COUNTER_BLOCK, INVOCATION_COUNTER_MAX
from ferraris.meter.counters import counter_guard, sending_counter
from ferraris.meter.memory import STATE, FleetMemory

HEADEND = b"FERHES01"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[FleetMemory]:
    memory = FleetMemory.create(tmp_path, np.zeros(2, STATE))
    yield memory
    memory.close()


def restarted(memory: FleetMemory) -> FleetMemory:
    """What the process finds after it was killed: the same files, and what lay in working memory gone."""
    memory.close()
    memory.__init__(memory.directory.parent)  # type: ignore[misc]
    return memory


def test_values_rise_by_one_within_a_life(memory: FleetMemory) -> None:
    counter = sending_counter(memory, 0)
    assert [counter.take() for _ in range(3000)] == list(range(1, 3001))


@pytest.mark.parametrize("restart", [True, False])
def test_no_value_is_used_again(memory: FleetMemory, restart: bool) -> None:
    """By a counter made after a restart, or by a second one made in the same life."""
    used: list[int] = []
    for taken in (1, INVOCATION_COUNTER_BLOCK, 3, 0, INVOCATION_COUNTER_BLOCK + 1, 2):
        counter = sending_counter(memory, 1)
        for _ in range(taken):
            used.append(counter.take())
            assert used[-1] <= int(memory.counters["reserved"][1])
        if restart:
            memory = restarted(memory)
    assert used == sorted(set(used))


def test_the_first_block_of_all_meters_is_reserved_with_one_flush(
    memory: FleetMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(memory, "flush_counters", flushed.append)
    assert memory.counters["reserved"].tolist() == [INVOCATION_COUNTER_BLOCK] * 2
    counter = sending_counter(memory, 1)
    for _ in range(INVOCATION_COUNTER_BLOCK):
        counter.take()
    assert flushed == []
    counter.take()
    assert flushed == [1]


def test_of_two_counters_only_the_newer_goes_on(memory: FleetMemory) -> None:
    older = sending_counter(memory, 0)
    newer = sending_counter(memory, 0)
    used = [newer.take() for _ in range(INVOCATION_COUNTER_BLOCK + 1)]
    used += [older.take() for _ in range(INVOCATION_COUNTER_BLOCK)]
    assert len(set(used)) == len(used)
    with pytest.raises(SecurityError, match="newer sending counter"):
        older.take()


def test_a_counter_at_its_end_is_used_up_for_ever(memory: FleetMemory) -> None:
    memory.counters["reserved"][0] = INVOCATION_COUNTER_MAX - 2
    memory = restarted(memory)
    counter = sending_counter(memory, 0)
    assert [counter.take(), counter.take()] == [INVOCATION_COUNTER_MAX - 1, INVOCATION_COUNTER_MAX]
    for again in (counter, sending_counter(memory, 0), sending_counter(restarted(memory), 0)):
        with pytest.raises(InvocationCounterError, match="used up"):
            again.take()


def test_accepted_values_only_rise_through_restarts(memory: FleetMemory) -> None:
    guard = counter_guard(memory, 0)
    guard.accept(HEADEND, 0)
    guard.accept(HEADEND, 41)
    guard.accept(b"OTHER\0\0\0", 7)
    for again in (guard, counter_guard(memory, 0)):
        for replayed in (0, 7, 41):
            with pytest.raises(InvocationCounterError):
                again.accept(HEADEND, replayed)
        assert again.last_accepted(b"OTHER\0\0\0") == 7
    counter_guard(memory, 0).accept(HEADEND, 42)
    counter_guard(memory, 1).accept(HEADEND, 3)


def test_a_meter_remembers_a_limited_number_of_clients(memory: FleetMemory) -> None:
    guard = counter_guard(memory, 0)
    for client in range(CLIENTS_PER_METER_MAX):
        guard.accept(b"CLIENT0%d" % client, 5)
    with pytest.raises(SecurityError, match="no place"):
        guard.accept(b"CLIENT99", 5)
    guard.accept(b"CLIENT00", 6)
    assert counter_guard(memory, 0).last_accepted(b"CLIENT07") == 5


@pytest.mark.parametrize("title", [b"", b"SHORT", bytes(8), b"TOO LONG!"])
def test_a_system_title_has_eight_octets(memory: FleetMemory, title: bytes) -> None:
    with pytest.raises(SecurityError, match="8 octets"):
        counter_guard(memory, 0).accept(title, 1)
    assert not memory.counters["clients"]["accepted"].any()
