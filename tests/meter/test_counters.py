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


def test_values_rise_by_one_within_a_life(memory: FleetMemory) -> None:
    counter = sending_counter(memory, 0)
    assert [counter.take() for _ in range(3000)] == list(range(1, 3001))


def test_no_value_is_used_again_after_a_restart(memory: FleetMemory) -> None:
    """A new counter over the same memory is what a restarted meter has."""
    used: list[int] = []
    for taken in (1, INVOCATION_COUNTER_BLOCK, 3, 0, INVOCATION_COUNTER_BLOCK + 1):
        counter = sending_counter(memory, 1)
        used += [counter.take() for _ in range(taken)]
    assert used == sorted(set(used))
    assert memory.counters["reserved"][0] == 0


def test_a_value_is_reserved_before_it_is_used(memory: FleetMemory) -> None:
    assert sending_counter(memory, 0).take() <= int(memory.counters["reserved"][0])


def test_a_counter_at_its_end_is_used_up_for_ever(memory: FleetMemory) -> None:
    memory.counters["reserved"][0] = INVOCATION_COUNTER_MAX - 2
    counter = sending_counter(memory, 0)
    assert [counter.take(), counter.take()] == [INVOCATION_COUNTER_MAX - 1, INVOCATION_COUNTER_MAX]
    for again in (counter, sending_counter(memory, 0)):
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
