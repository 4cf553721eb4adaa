"""Disconnect control, class 70, and what drives it: script table (9), single action schedule (22), SAP assignment (17)."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import (
    Attribute,
    ControlMode,
    ControlState,
    DisconnectControl,
    SapAssignment,
    ScheduleType,
    ScriptService,
    ScriptTable,
    SingleActionSchedule,
    load_profile,
    to_plain,
)
from ferraris.cosem.classes.disconnect_control import DisconnectControlV1
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(70, (0, 1), """
    number  name               v0                 v1
    1       logical_name       logical name       =
    2       output_state       boolean            =
    3       control_state      enum ControlState  =
    4       control_mode       enum ControlMode   enum ControlModeV1
    -1      remote_disconnect  integer            =
    -2      remote_reconnect   integer            =
""")]  # fmt: skip

DISCONNECT = "0205 1602 120046 0906 000060030aff 0f01 0f00"
DISCONNECT_READ = {
    "service": "execute_method",
    "class_id": 70,
    "logical_name": "0.0.96.3.10.255",
    "index": 1,
    "parameter": 0,
}
LIMIT = "0205 1601 120047 0906 0000110000ff 0f04 0600000fa0"
LIMIT_READ = {
    "service": "write_attribute",
    "class_id": 71,
    "logical_name": "0.0.17.0.0.255",
    "index": 4,
    "parameter": 4000,
}

ATTRIBUTES = [
    # attribute                               octets                                           plain
    (DisconnectControl.logical_name,          "0906 000060030aff",                             "0.0.96.3.10.255"),
    (DisconnectControl.output_state,          "03 01",                                         True),
    (DisconnectControl.output_state,          "03 00",                                         False),
    (DisconnectControl.control_state,         "16 00",                                         "disconnected"),
    (DisconnectControl.control_state,         "16 01",                                         "connected"),
    (DisconnectControl.control_state,         "16 02",                                         "ready_for_reconnection"),
    (DisconnectControl.control_mode,          "16 00",                                         "mode_0"),
    (DisconnectControl.control_mode,          "16 04",                                         "mode_4"),
    (DisconnectControl.control_mode,          "16 06",                                         "mode_6"),
    (DisconnectControlV1.control_mode,        "16 07",                                         "mode_7"),
    (ScriptTable.scripts,                     "0100",                                          []),
    (ScriptTable.scripts,                     "0101 0202 120001 0100",                         [{"script_identifier": 1, "actions": []}]),
    (ScriptTable.scripts,                     f"0101 0202 120001 0102 {LIMIT} {DISCONNECT}",   [{"script_identifier": 1,
                                                                                                 "actions": [LIMIT_READ, DISCONNECT_READ]}]),
    (SingleActionSchedule.executed_script,    "0202 0906 00000a006aff 120002",                 {"script_logical_name": "0.0.10.0.106.255",
                                                                                                "script_selector": 2}),
    (SingleActionSchedule.type,               "16 01",                                         "one_time_open_date"),
    (SingleActionSchedule.type,               "16 05",                                         "many_open_dates"),
    (SingleActionSchedule.execution_time,     "0100",                                          []),
    (SingleActionSchedule.execution_time,     "0101 0202 0904 00000000 0905 ffffff01ff",       [{"time": "00:00:00", "date": "*-*-01"}]),
    (SingleActionSchedule.execution_time,     "0101 0202 0904 ff3b0000 0905 07e8feff07",       [{"time": "*:59:00", "date": "2024-254-*"}]),
    (SapAssignment.sap_assignment_list,       "0102 0202 120001 0903 464552 0202 120010 0900", [{"sap": 1, "logical_device_name": "0x464552"},
                                                                                                {"sap": 16, "logical_device_name": "0x"}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    # method                                 octets                     plain
    (DisconnectControl.remote_disconnect,    "0f 00",                   0),
    (DisconnectControl.remote_reconnect,     "0f 00",                   0),
    (ScriptTable.execute,                    "12 0001",                 1),
    (SapAssignment.connect_logical_device,   "0202 120002 0901 41",     {"sap": 2, "logical_device_name": "0x41"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Any, octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)
    assert method.result is None


REFUSED = [
    # attribute                               octets                                      words
    (DisconnectControl.output_state,          "16 01",                                    "expected boolean, got enum"),
    (DisconnectControl.control_state,         "16 03",                                    "connected .1., ready_for_reconnection .2., got 3"),
    (DisconnectControl.control_mode,          "16 07",                                    "no such enum ControlMode"),
    (ScriptTable.scripts,                     "0101 0202 1101 0100",                      "expected long-unsigned, got unsigned"),
    (ScriptTable.scripts,                     f"0101 0202 120001 0101 {DISCONNECT[:-5]}", "missing|cut short|count"),
    (SingleActionSchedule.type,               "16 00",                                    "no such enum ScheduleType"),
    (SingleActionSchedule.execution_time,     "0101 0202 1b 00000000 0905 ffffff01ff",    "expected octet-string, got time"),
    (SingleActionSchedule.execution_time,     "0101 0202 0904 18000000 0905 ffffff01ff",  "no such hour"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (ControlState, [0, 1, 2]),
    (ControlMode, [0, 1, 2, 3, 4, 5, 6]),
    (ScriptService, [1, 2]),
    (ScheduleType, [1, 2, 3, 4, 5]),
]


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers


@pytest.mark.parametrize("meter", ["smr5_single_phase", "smr5_three_phase"])
def test_the_schedule_of_the_meters_leads_to_the_disconnector(meter: str) -> None:
    """From schedule to script to method: every reference meets an object of the same profile."""
    profile = load_profile(meter)

    def value(tag: str, attribute: Attribute[Any]) -> Any:
        rule = profile.object(tag).attributes[attribute.number]
        return rule.datatype.decode(rule.initial)

    executed = value("DISCONNECT_SCHEDULE", SingleActionSchedule.executed_script)
    table = profile.find(ScriptTable.class_id, executed.script_logical_name)
    assert table is profile.object("DISCONNECT_SCRIPTS")
    scripts = {script.script_identifier: script for script in value("DISCONNECT_SCRIPTS", ScriptTable.scripts)}
    assert sorted(scripts) == [1, 2]
    assert to_plain(scripts[executed.script_selector].actions[0]) == DISCONNECT_READ
    for script in scripts.values():
        for action in script.actions:
            entry = profile.find(action.class_id, action.logical_name)
            assert entry is not None
            assert action.service is ScriptService.EXECUTE_METHOD
            assert action.index in entry.methods
    assert value("DISCONNECT_CONTROL", DisconnectControl.control_state) is ControlState.CONNECTED
    assert value("DISCONNECT_CONTROL", DisconnectControl.output_state) is True
