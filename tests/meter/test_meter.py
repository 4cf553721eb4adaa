"""One meter: clock, disconnector, logs, each change with its event and through a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cosem import ControlMode, ControlState
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.meter import CLOCK_SHIFT_LIMIT_MS, Meter
from tests.meter.steady import MONDAY_MS, STEADY, Maker

MONDAY_S = MONDAY_MS // 1000
MINUTE_MS = 60_000


@pytest.fixture
def meter(fleet: Fleet) -> Meter:
    return fleet.meters[1]


def codes(meter: Meter) -> list[int]:
    return [event.code for event in meter.events()]


def captured(meter: Meter) -> list[tuple[int, int, int]]:
    """Minutes after Monday midnight, Wh, status."""
    return [
        ((int(e["time_s"]) - MONDAY_S) // 60, int(e["energy_wh"][0]), int(e["status"])) for e in meter.load_entries()
    ]


def test_a_new_meter(meter: Meter) -> None:
    assert (meter.number, meter.index) == (2, 1)
    assert meter.powered
    assert meter.output_state
    assert meter.control_state is ControlState.CONNECTED
    assert (meter.control_mode, meter.commands_executed, meter.power_failures) == (4, 0, 0)
    assert meter.clock_ms(MONDAY_MS + 17) == MONDAY_MS + 17
    assert meter.voltages_dv(MONDAY_MS).tolist() == [2301, 2302, 2303]
    assert codes(meter) == []


def test_disconnect_and_reconnect(meter: Meter) -> None:
    assert meter.command(Command.REMOTE_DISCONNECT, MONDAY_MS + 1000) is EventCode.REMOTE_DISCONNECTION
    assert (meter.output_state, meter.control_state) == (False, ControlState.DISCONNECTED)
    assert meter.command(Command.REMOTE_RECONNECT, MONDAY_MS + 2000) is EventCode.REMOTE_CONNECTION
    assert (meter.output_state, meter.control_state) == (True, ControlState.CONNECTED)
    assert [(e.time_s - MONDAY_S, e.code) for e in meter.events()] == [(1, 62), (2, 63)]
    assert meter.commands_executed == 2


def test_a_command_without_effect_is_counted_but_no_event(meter: Meter) -> None:
    assert meter.command(Command.REMOTE_RECONNECT, MONDAY_MS) is None
    assert (meter.commands_executed, codes(meter)) == (1, [])


def test_the_button_needs_the_permission_of_mode_5(meter: Meter) -> None:
    assert meter.command(Command.MANUAL_DISCONNECT, MONDAY_MS) is None
    meter.set_control_mode(ControlMode.MODE_5, MONDAY_MS)
    assert meter.command(Command.MANUAL_DISCONNECT, MONDAY_MS) is EventCode.MANUAL_DISCONNECTION
    assert meter.command(Command.MANUAL_RECONNECT, MONDAY_MS) is EventCode.MANUAL_CONNECTION
    assert meter.command(Command.REMOTE_DISCONNECT, MONDAY_MS) is EventCode.REMOTE_DISCONNECTION
    assert meter.command(Command.REMOTE_RECONNECT, MONDAY_MS) is EventCode.REMOTE_CONNECTION
    assert not meter.output_state
    assert meter.command(Command.LOCAL_RECONNECT, MONDAY_MS) is EventCode.LOCAL_RECONNECTION
    assert meter.commands_executed == 2


def test_disconnector_and_counts_outlive_a_restart(tmp_path: Path, make_fleet: Maker) -> None:
    fleet = make_fleet()
    fleet.meters[2].command(Command.REMOTE_DISCONNECT, MONDAY_MS + 5000)
    fleet.close()
    again = Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS + 9000)
    meter = again.meters[2]
    assert (meter.control_state, meter.commands_executed) == (ControlState.DISCONNECTED, 1)
    assert codes(meter) == [EventCode.REMOTE_DISCONNECTION, EventCode.POWER_DOWN, EventCode.POWER_UP]
    again.close()


def test_a_synchronised_clock_flags_nothing_and_loses_nothing(fleet: Fleet, meter: Meter) -> None:
    now = MONDAY_MS + 15 * MINUTE_MS + 2_000
    fleet.advance(now)
    meter.set_clock(now - 5_000, now)  # back over the capture: it is not repeated
    fleet.advance(now + 10_000)
    assert captured(meter) == [(15, 100, 0)]
    later = MONDAY_MS + 30 * MINUTE_MS + 1_000  # 4 s before the capture by the meter's clock
    meter.set_clock(later - 5_000 + CLOCK_SHIFT_LIMIT_MS, later)  # forward over the capture: it is made up for
    fleet.advance(MONDAY_MS + 45 * MINUTE_MS)
    assert [minute for minute, _, _ in captured(meter)] == [15, 30, 45]
    assert {status for _, _, status in captured(meter)} == {0}


def test_both_readings_of_a_clock_that_is_set_are_logged(meter: Meter) -> None:
    meter.set_clock(MONDAY_MS + 500_000, MONDAY_MS + 100_000)
    assert [(e.time_s - MONDAY_S, e.code) for e in meter.events()] == [
        (100, EventCode.CLOCK_ADJUSTED_OLD_TIME),
        (500, EventCode.CLOCK_ADJUSTED_NEW_TIME),
    ]
    assert meter.clock_ms(MONDAY_MS + 100_007) == MONDAY_MS + 500_007


def test_a_clock_set_far_ahead_captures_the_last_moment_it_passed(fleet: Fleet, meter: Meter) -> None:
    now = MONDAY_MS + 20 * MINUTE_MS
    meter.set_clock(now + 62 * MINUTE_MS, now)
    fleet.advance(now + 10 * MINUTE_MS)
    assert captured(meter) == [(15, 100, 0), (75, 133, 0x20), (90, 186, 0)]


def test_a_clock_set_far_back_captures_again(fleet: Fleet, meter: Meter) -> None:
    now = MONDAY_MS + 40 * MINUTE_MS
    meter.set_clock(MONDAY_MS + 10 * MINUTE_MS, now)
    fleet.advance(now + 21 * MINUTE_MS)
    assert captured(meter) == [(15, 100, 0), (30, 200, 0), (15, 300, 0x20), (30, 400, 0)]


def test_a_clock_set_over_midnights_captures_the_last(fleet: Fleet, meter: Meter) -> None:
    meter.set_clock(MONDAY_MS + 3 * 86_400_000, MONDAY_MS + 3_600_000)
    fleet.advance(MONDAY_MS + 3_600_001)
    entries = meter.daily_entries()
    assert ((entries["time_s"].astype(int) - MONDAY_S) // 3600).tolist() == [71]
    assert entries["status"].tolist() == [0x20]
    assert entries["energy_wh"].tolist() == [[400, 40]]


def test_logs_and_profiles_can_be_cleared(fleet: Fleet, meter: Meter) -> None:
    fleet.advance(MONDAY_MS + 86_400_000)
    meter.command(Command.REMOTE_DISCONNECT, MONDAY_MS + 86_400_000)
    meter.clear_event_log(MONDAY_MS + 86_401_000)
    assert codes(meter) == [EventCode.EVENT_LOG_CLEARED]
    meter.clear_load_profile(MONDAY_MS + 86_401_000)
    meter.clear_daily_profile(MONDAY_MS + 86_401_000)
    assert (len(meter.load_entries()), len(meter.daily_entries())) == (0, 0)
    fleet.advance(MONDAY_MS + 86_400_000 + 15 * MINUTE_MS)
    assert len(meter.load_entries()) == 1
    assert len(fleet.meters[0].load_entries()) == 97


def test_moving_one_meter_on_captures_what_is_due(fleet: Fleet, meter: Meter) -> None:
    meter.advance(MONDAY_MS + 15 * MINUTE_MS - 1)
    assert meter._field("time_ms") == MONDAY_MS
    meter.advance(MONDAY_MS + 15 * MINUTE_MS)
    assert captured(meter) == [(15, 100, 0)]
    assert captured(fleet.meters[0]) == []


def test_parts_of_a_profile_can_be_read(fleet: Fleet, meter: Meter) -> None:
    fleet.advance(MONDAY_MS + 2 * 3_600_000)
    assert meter.load_entries(2, 3)["energy_wh"][:, 0].tolist() == [300, 400, 500]


def test_counters_belong_to_the_meter(fleet: Fleet, meter: Meter) -> None:
    assert (meter.sending_counter().take(), fleet.meters[0].sending_counter().take()) == (1, 1)
    meter.counter_guard().accept(b"FERHES01", 12)
    assert meter.counter_guard().last_accepted(b"FERHES01") == 12
    assert fleet.meters[0].counter_guard().last_accepted(b"FERHES01") == -1
