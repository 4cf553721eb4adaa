"""Clocks that are far off: an alarm, no correction on our own, and nothing that the meter noted is lost by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.meter.events import EventCode
from ferraris.store import CommandState
from tests.robustness.hostile import HostileStreet, tell

YEAR_MS = 365 * 86_400_000
BEFORE, WHILE, AFTER = EventCode.MANUAL_DISCONNECTION, EventCode.MANUAL_CONNECTION, EventCode.LOCAL_DISCONNECTION


def codes(street: HostileStreet) -> list[int]:
    return sorted(event.code for event in street.stores.records.events(1))


@pytest.mark.parametrize("offset_ms", [10 * YEAR_MS, -10 * YEAR_MS, 20 * 3_600_000, -20 * 3_600_000, 400_000, -400_000])
def test_events_survive_a_clock_that_was_far_off(tmp_path: Path, offset_ms: int) -> None:
    """One is logged before, one while the clock is wrong, one after it was set right: all are kept, each once."""

    async def story(street: HostileStreet) -> None:
        meter = street.service.devices[0].meter
        await street.live_until(1.2)
        meter.log_event(BEFORE, street.clock.now_ms())
        await street.live_until(2.4)
        meter.set_clock(street.clock.now_ms() + offset_ms, street.clock.now_ms())
        meter.log_event(WHILE, street.clock.now_ms())
        await street.live_until(5.4)
        assert (1, "clock_offset") in street.alarm_kinds()
        assert abs(street.runtime.head_end.state.meters[1].clock_offset_ms - offset_ms) < 1_000
        command = street.runtime.post_command(1, CommandKind.SET_CLOCK)
        await street.live_until(7.4)
        row = street.stores.records.command(command.id)
        assert row is not None
        assert row.state is CommandState.CONFIRMED
        meter.log_event(AFTER, street.clock.now_ms())
        await street.live_until(10)
        assert (1, "clock_offset") not in street.alarm_kinds()
        kept = codes(street)
        for code in (BEFORE, WHILE, AFTER):
            assert kept.count(code) == 1
        log = sorted(int(event.code) for event in meter.events())
        assert kept == log
        assert street.communication(1) in {"ok", "late"}

    tell(tmp_path, story, meters=1)


@pytest.mark.parametrize("offset_ms", [10 * YEAR_MS, -10 * YEAR_MS])
def test_intervals_of_a_clock_far_off_do_not_spoil_those_of_the_right_time(tmp_path: Path, offset_ms: int) -> None:
    async def story(street: HostileStreet) -> None:
        wrong = street.service.devices[0].meter
        await street.live_until(3.2)
        wrong.set_clock(street.clock.now_ms() + offset_ms, street.clock.now_ms())
        await street.live_until(6.2)
        street.runtime.post_command(1, CommandKind.SET_CLOCK)
        await street.live_until(12)
        stored = street.stored_slots(1)
        assert stored[:12] == street.slots(0, 3)
        assert set(street.slots(8, 11)) <= set(stored)
        intervals = street.stores.intervals
        assert intervals.count() == sum(len(intervals.read(meter, range(1, 200), 0, 2**40)) for meter in (1, 2))
        street.check_truth(2, 11)

    tell(tmp_path, story, meters=2)
