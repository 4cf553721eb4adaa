"""The words of the state."""

from __future__ import annotations

from ferraris.headend import CommandKind, Communication
from ferraris.headend.slots import SlotRanges
from ferraris.headend.state import Alarm, Command, Coverage, Meter
from ferraris.store import AlarmRow, AlarmSeverity, CommandState
from tests.headend.world import LOAD, meter_row


def test_the_circuit_is_open_where_attempts_are_few() -> None:
    assert {state.value for state in Communication if state.circuit_open} == {"unreachable", "wrong_key", "quarantined"}


def test_a_command_is_in_doubt_once_it_may_have_left() -> None:
    command = Command(1, 1, CommandKind.DISCONNECT, "", 0)
    assert not command.in_doubt
    for state in (CommandState.SENT, CommandState.UNKNOWN):
        command.state = state
        assert command.in_doubt


def test_a_meters_missing_rows_are_those_of_all_its_profiles() -> None:
    coverage = [Coverage(LOAD, 10, SlotRanges([(1, 3)])), Coverage(LOAD, 10, SlotRanges([(5, 5), (9, 10)]))]
    meter = Meter(meter_row(4), coverage)
    assert (meter.id, meter.missing) == (4, 6)


def test_an_alarm_comes_back_from_its_row() -> None:
    row = AlarmRow(id=9, meter=3, kind="k", severity=AlarmSeverity.CRITICAL, opened_ms=5, closed_ms=None, text="t")
    assert Alarm.of_row(row) == Alarm(3, "k", AlarmSeverity.CRITICAL, 5, "t")
