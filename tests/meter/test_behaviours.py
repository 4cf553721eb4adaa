"""Behaviours: pure functions of the object, the argument and the time to changes and an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ferraris.cosem import (
    Attribute,
    Clock,
    ControlMode,
    CosemDateTime,
    DisconnectControl,
    Obis,
    ProfileGeneric,
    PushSetupV0,
    Script,
    ScriptTable,
    obis,
)
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.behaviours import method_behaviour, write_behaviour
from ferraris.meter.changes import ClearEventLog, Operate, Perform, Push, SetClock, SetControlMode
from ferraris.meter.disconnector import Command
from tests.meter.steady import MONDAY_MS

NOW_MS = MONDAY_MS + 7 * 60_000 + 31_000


@dataclass
class Seen:
    """An object with the values given."""

    logical_name: Obis = obis.CLOCK
    deviation_min: int = -60
    values: dict[Attribute[Any], Any] = field(default_factory=dict)

    def read(self, attribute: Attribute[Any]) -> Any:
        return self.values[attribute]


def invoke(method: Any, seen: Seen, argument: Any = 0) -> tuple[object, object]:
    behave = method_behaviour(method.owner.class_id, method.number)
    assert behave is not None
    return behave(seen, argument, NOW_MS)


def write(attribute: Attribute[Any], seen: Seen, value: Any) -> tuple[object, object]:
    behave = write_behaviour(attribute.owner.class_id, attribute.number)
    assert behave is not None
    return behave(seen, value, NOW_MS)


@pytest.mark.parametrize(
    ("method", "command"),
    [
        (DisconnectControl.remote_disconnect, Command.REMOTE_DISCONNECT),
        (DisconnectControl.remote_reconnect, Command.REMOTE_RECONNECT),
    ],
)
def test_the_disconnector_is_operated_unless_mode_0_forbids(method: Any, command: Command) -> None:
    mode = DisconnectControl.control_mode
    assert invoke(method, Seen(values={mode: ControlMode.MODE_4})) == ((Operate(command),), ActionResult.SUCCESS)
    assert invoke(method, Seen(values={mode: ControlMode.MODE_0})) == ((), ActionResult.READ_WRITE_DENIED)


def test_the_control_mode_can_be_written() -> None:
    changes = (SetControlMode(ControlMode.MODE_2),)
    assert write(DisconnectControl.control_mode, Seen(), ControlMode.MODE_2) == (changes, DataAccessResult.SUCCESS)


@pytest.mark.parametrize("deviation_min", [None, -60])
def test_a_time_is_set_local_unless_it_says_otherwise(deviation_min: int | None) -> None:
    time = CosemDateTime(2026, 3, 2, None, 1, 0, 5, 0, deviation_min)
    changes = (SetClock(MONDAY_MS + 5_000),)
    assert write(Clock.time, Seen(), time) == (changes, DataAccessResult.SUCCESS)


@pytest.mark.parametrize(
    "time",
    [
        CosemDateTime(),
        CosemDateTime(2026, 3, 2, None, 1, None, 5, 0, -60),
        CosemDateTime(1999, 12, 31, None, 23, 59, 59, 0, 0),
        CosemDateTime(2100, 1, 1, None, 0, 0, 0, 0, 0),
    ],
)
def test_a_time_that_is_no_instant_or_far_off_is_refused(time: CosemDateTime) -> None:
    assert write(Clock.time, Seen(), time) == ((), DataAccessResult.OTHER_REASON)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [(Clock.time_zone, -60), (Clock.daylight_savings_enabled, False), (Clock.daylight_savings_begin, CosemDateTime())],
)
def test_no_client_moves_the_meter_to_another_zone(attribute: Attribute[Any], value: object) -> None:
    assert write(attribute, Seen(values={attribute: "another"}), value) == ((), DataAccessResult.OTHER_REASON)
    assert write(attribute, Seen(values={attribute: value}), value) == ((), DataAccessResult.SUCCESS)


@pytest.mark.parametrize(
    ("method", "argument", "shown_ms", "set_ms"),
    [
        (Clock.adjust_to_quarter, 0, NOW_MS, MONDAY_MS + 15 * 60_000),
        (Clock.adjust_to_quarter, 0, MONDAY_MS + 60_000, MONDAY_MS),
        (Clock.adjust_to_minute, 0, NOW_MS, MONDAY_MS + 8 * 60_000),
        (Clock.shift_time, -31, NOW_MS, MONDAY_MS + 7 * 60_000),
        (Clock.shift_time, 900, NOW_MS, NOW_MS + 900_000),
    ],
)
def test_clocks_are_adjusted_from_what_they_show(method: Any, argument: int, shown_ms: int, set_ms: int) -> None:
    seen = Seen(values={Clock.time: CosemDateTime.from_epoch_ms(shown_ms, -60)})
    assert invoke(method, seen, argument) == ((SetClock(set_ms),), ActionResult.SUCCESS)


@pytest.mark.parametrize("shift_s", [-901, 901])
def test_a_shift_has_limits(shift_s: int) -> None:
    assert invoke(Clock.shift_time, Seen(), shift_s) == ((), ActionResult.OTHER_REASON)


def test_the_event_log_can_be_emptied_measured_values_cannot() -> None:
    log, load = Seen(obis.STANDARD_EVENT_LOG), Seen(obis.LOAD_PROFILE)
    assert invoke(ProfileGeneric.reset, log) == ((ClearEventLog(),), ActionResult.SUCCESS)
    assert invoke(ProfileGeneric.reset, load) == ((), ActionResult.READ_WRITE_DENIED)


def test_a_script_is_carried_out_by_its_number() -> None:
    seen = Seen(values={ScriptTable.scripts: (Script(1, ()), Script(2, ("action",)))})  # type: ignore[arg-type]
    assert invoke(ScriptTable.execute, seen, 2) == ((Perform(("action",)),), ActionResult.SUCCESS)  # type: ignore[arg-type]
    assert invoke(ScriptTable.execute, seen, 0) == ((), ActionResult.SUCCESS)
    assert invoke(ScriptTable.execute, seen, 3) == ((), ActionResult.OBJECT_UNDEFINED)


def test_a_push_is_asked_for() -> None:
    changes = (Push(obis.PUSH_SETUP_ALARM),)
    assert invoke(PushSetupV0.push, Seen(obis.PUSH_SETUP_ALARM)) == (changes, ActionResult.SUCCESS)


def test_what_has_no_behaviour_has_none() -> None:
    assert method_behaviour(3, 1) is None
    assert write_behaviour(1, 2) is None
