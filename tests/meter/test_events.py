"""The event log: entries in order, with the meter's own time, numbered from manufacture."""

from __future__ import annotations

import numpy as np
import pytest

from ferraris.cosem.events import by_tag
from ferraris.meter.events import EventCode, MeterEvent, append_events, read_events
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, STEADY

MONDAY_S = MONDAY_MS // 1000


def append(fleet: Fleet, meters: list[int], second: int, codes: object) -> None:
    indices = np.array(meters)
    rows = fleet.memory.state.read(indices)
    times_ms = np.full(len(meters), MONDAY_MS + second * 1000 + 999)
    append_events(fleet.memory, indices, rows, STEADY.zone, times_ms, codes)
    fleet.memory.state.commit(indices, rows)


def test_a_new_meter_has_no_events(fleet: Fleet) -> None:
    assert read_events(fleet.memory, 0) == []


def test_events_of_several_meters_at_once(fleet: Fleet) -> None:
    append(fleet, [0, 2], 5, [EventCode.POWER_DOWN, EventCode.POWER_UP])
    append(fleet, [2], 6, EventCode.CLOCK_INVALID)
    assert read_events(fleet.memory, 0) == [MeterEvent(0, MONDAY_S + 5, 1)]
    assert read_events(fleet.memory, 1) == []
    assert read_events(fleet.memory, 2) == [MeterEvent(0, MONDAY_S + 5, 2), MeterEvent(1, MONDAY_S + 6, 6)]


def test_an_event_that_is_not_committed_does_not_count(fleet: Fleet) -> None:
    indices = np.array([1])
    rows = fleet.memory.state.read(indices)
    append_events(fleet.memory, indices, rows, STEADY.zone, np.array([MONDAY_MS]), EventCode.POWER_DOWN)
    assert read_events(fleet.memory, 1) == []


def test_the_log_keeps_the_newest_and_their_numbers(fleet: Fleet) -> None:
    for second in range(300):
        append(fleet, [1], second, EventCode.POWER_UP)
    kept = fleet.memory.event_log.entries_max
    events = read_events(fleet.memory, 1)
    assert [event.sequence for event in events] == list(range(300 - kept, 300))
    assert events[0].time_s == MONDAY_S + 300 - kept
    assert read_events(fleet.memory, 1, kept - 2) == events[-2:]
    assert read_events(fleet.memory, 1, 3, 1) == events[3:4]


@pytest.mark.parametrize("code", EventCode)
def test_codes_are_those_of_the_table(code: EventCode) -> None:
    assert by_tag(code.name).code == code
