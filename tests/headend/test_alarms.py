"""Alarms open once and close once, however often there is a reason."""

from __future__ import annotations

import pytest

from ferraris.headend import AlarmKind, CloseAlarm, HeadEndConfig, HeadEndState, OpenAlarm
from ferraris.headend.alarms import CONTACT_ALARMS, SEVERITIES, close_alarm, open_alarm, raise_alarm
from ferraris.headend.turn import Turn
from ferraris.kernel.entropy import SeededEntropy
from ferraris.store import AlarmSeverity


@pytest.fixture
def turn() -> Turn:
    return Turn(1_000, HeadEndConfig(), HeadEndState(), SeededEntropy(1))


def test_opening_twice_and_closing_twice_are_once_each(turn: Turn) -> None:
    for _ in range(3):
        raise_alarm(turn, 7, AlarmKind.CLOCK, "ten minutes off")
    for _ in range(3):
        close_alarm(turn, 7, AlarmKind.CLOCK)
    assert turn.effects == [
        OpenAlarm(7, "clock_offset", AlarmSeverity.WARNING, 1_000, "ten minutes off"),
        CloseAlarm(7, "clock_offset", 1_000),
    ]
    assert turn.state.alarms == {}


def test_meters_kinds_and_the_system_are_told_apart(turn: Turn) -> None:
    open_alarm(turn, 1, "a", AlarmSeverity.WARNING, "x")
    open_alarm(turn, 2, "a", AlarmSeverity.WARNING, "x")
    open_alarm(turn, 1, "b", AlarmSeverity.WARNING, "x")
    open_alarm(turn, None, "a", AlarmSeverity.WARNING, "x")
    assert len(turn.state.alarms) == len(turn.effects) == 4
    close_alarm(turn, None, "a")
    assert set(turn.state.alarms) == {(1, "a"), (2, "a"), (1, "b")}


def test_every_kind_has_its_severity() -> None:
    assert set(SEVERITIES) == set(AlarmKind)
    assert set(CONTACT_ALARMS) < set(AlarmKind)
