"""The logical device: what is read, written and invoked, and what remains of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    AssociationLn,
    Attribute,
    Clock,
    ControlMode,
    ControlState,
    CosemDateTime,
    DisconnectControl,
    EntryDescriptor,
    Method,
    Obis,
    ProfileGeneric,
    PushSetupV0,
    RangeDescriptor,
    Register,
    Script,
    ScriptAction,
    ScriptService,
    ScriptTable,
    obis,
)
from ferraris.cosem.classes.ntp_setup import AuthenticationKey, NtpSetup
from ferraris.cosem.classes.profile_generic import ENTRY_DESCRIPTOR, RANGE_DESCRIPTOR
from ferraris.dlms.apdu import ActionResult, DataAccessResult, SelectiveAccess
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, STEADY, Maker, device_of, partner

NOW_MS = MONDAY_MS + 3_600_000
NTP = Obis.of(0, 0, 25, 10, 0)


def read(
    device: LogicalDevice, attribute: Attribute[Any], name: Any, selection: SelectiveAccess | None = None
) -> bytes | DataAccessResult:
    entry = device.model.find(attribute.owner.class_id, name)
    assert entry is not None
    return device.read(entry, attribute.number, device.moment(NOW_MS, partner()), selection)


def value(device: LogicalDevice, attribute: Attribute[Any], name: Any) -> Any:
    octets = read(device, attribute, name)
    assert isinstance(octets, bytes)
    return attribute.datatype.decode(octets)


def write(device: LogicalDevice, attribute: Attribute[Any], name: Any, octets: bytes) -> DataAccessResult:
    entry = device.model.find(attribute.owner.class_id, name)
    assert entry is not None
    return device.write(entry, attribute.number, octets, device.moment(NOW_MS))


def invoke(device: LogicalDevice, method: Method[Any, Any], name: Any, octets: bytes = b"\x0f\x00") -> ActionResult:
    entry = device.model.find(method.owner.class_id, name)
    assert entry is not None
    return device.invoke(entry, method.number, octets, device.moment(NOW_MS))


def test_reading_captures_what_was_due(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert len(value(device, ProfileGeneric.buffer, obis.LOAD_PROFILE)) == 4
    assert value(device, ProfileGeneric.entries_in_use, obis.LOAD_PROFILE) == 4
    assert value(device, ProfileGeneric.entries_in_use, obis.DAILY_PROFILE) == 0
    assert len(fleet.meters[1].load_entries()) == 0


def test_registers_statics_and_unkept_profiles(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert read(device, Register.value, obis.ACTIVE_ENERGY_IMPORT) == b"\x06" + (400).to_bytes(4, "big")
    assert value(device, Register.scaler_unit, obis.VOLTAGE_L1).scaler == -1
    assert value(device, ProfileGeneric.buffer, obis.COMMUNICATION_EVENT_LOG) == ()


def test_no_more_entries_are_shown_than_the_profile_says(fleet: Fleet) -> None:
    device = device_of(fleet)
    fleet.advance(MONDAY_MS + 45 * 86_400_000)
    shown = value(device, ProfileGeneric.profile_entries, obis.DAILY_PROFILE)
    buffer = value(device, ProfileGeneric.buffer, obis.DAILY_PROFILE)
    assert len(buffer) == min(shown, 45) == value(device, ProfileGeneric.entries_in_use, obis.DAILY_PROFILE)
    last = CosemDateTime.from_octets(buffer[-1][0].value)
    assert last.to_epoch_ms() == int(fleet.meters[0].daily_entries()["time_s"][-1]) * 1000


def test_selective_access(fleet: Fleet) -> None:
    device = device_of(fleet)
    whole = value(device, ProfileGeneric.buffer, obis.LOAD_PROFILE)
    times = (CosemDateTime.from_epoch_ms(MONDAY_MS + minutes * 60_000) for minutes in (30, 45))
    ranged = SelectiveAccess(1, RANGE_DESCRIPTOR.datatype.encode(RangeDescriptor.by_time(*times)))
    entered = SelectiveAccess(2, ENTRY_DESCRIPTOR.datatype.encode(EntryDescriptor(2, 3)))
    for selection in (ranged, entered):
        octets = read(device, ProfileGeneric.buffer, obis.LOAD_PROFILE, selection)
        assert isinstance(octets, bytes)
        assert ProfileGeneric.buffer.datatype.decode(octets) == whole[1:3]


@pytest.mark.parametrize(
    ("selector", "parameters", "refusal"),
    [
        (1, b"\x00", DataAccessResult.TYPE_UNMATCHED),
        (2, b"\x02\x04\x06", DataAccessResult.TYPE_UNMATCHED),
        (2, ENTRY_DESCRIPTOR.datatype.encode(EntryDescriptor(1, 0, 1, 99)), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
    ],
)
def test_a_selection_that_means_nothing_is_refused(
    fleet: Fleet, selector: int, parameters: bytes, refusal: DataAccessResult
) -> None:
    selection = SelectiveAccess(selector, parameters)
    assert read(device_of(fleet), ProfileGeneric.buffer, obis.LOAD_PROFILE, selection) is refusal


def test_the_object_list_is_the_associations(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert value(device, AssociationLn.object_list, obis.ASSOCIATION) == device.model.profile.object_list("management")


def test_the_disconnector_is_operated_with_its_event(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert invoke(device, DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL) is ActionResult.SUCCESS
    assert value(device, DisconnectControl.control_state, obis.DISCONNECT_CONTROL) is ControlState.DISCONNECTED
    assert [event.code for event in device.meter.events()] == [EventCode.REMOTE_DISCONNECTION]
    assert (
        write(device, DisconnectControl.control_mode, obis.DISCONNECT_CONTROL, b"\x16\x00") is DataAccessResult.SUCCESS
    )
    assert device.meter.control_mode is ControlMode.MODE_0
    refused = invoke(device, DisconnectControl.remote_reconnect, obis.DISCONNECT_CONTROL)
    assert refused is ActionResult.READ_WRITE_DENIED


def test_the_clock_is_set(fleet: Fleet) -> None:
    device = device_of(fleet)
    new = CosemDateTime.from_epoch_ms(NOW_MS + 120_000, -60)
    assert write(device, Clock.time, obis.CLOCK, Clock.time.datatype.encode(new)) is DataAccessResult.SUCCESS
    assert device.meter.clock_ms(NOW_MS) == NOW_MS + 120_000
    shift = Clock.shift_time.argument.encode(-120)
    assert invoke(device, Clock.shift_time, obis.CLOCK, shift) is ActionResult.SUCCESS
    assert device.meter.clock_ms(NOW_MS) == NOW_MS


def test_scripts_disconnect_and_reconnect(fleet: Fleet) -> None:
    device = device_of(fleet)
    for number, closed in ((1, False), (2, True)):
        octets = ScriptTable.execute.argument.encode(number)
        assert invoke(device, ScriptTable.execute, obis.DISCONNECT_SCRIPTS, octets) is ActionResult.SUCCESS
        assert device.meter.output_state is closed
    unknown = ScriptTable.execute.argument.encode(9)
    assert invoke(device, ScriptTable.execute, obis.DISCONNECT_SCRIPTS, unknown) is ActionResult.OBJECT_UNDEFINED


def action(service: ScriptService, class_id: int, name: Any, index: int, parameter: Data) -> ScriptAction:
    return ScriptAction(service, class_id, name, index, parameter)


EXECUTE, WRITE = ScriptService.EXECUTE_METHOD, ScriptService.WRITE_ATTRIBUTE


@pytest.mark.parametrize(
    ("step", "result"),
    [
        (action(WRITE, 70, obis.DISCONNECT_CONTROL, 4, Data(Tag.ENUM, 2)), ActionResult.SUCCESS),
        (action(WRITE, 70, obis.DISCONNECT_CONTROL, 4, Data(Tag.ENUM, 9)), ActionResult.TYPE_UNMATCHED),
        (action(WRITE, 70, obis.DISCONNECT_CONTROL, 5, Data(Tag.ENUM, 2)), ActionResult.OBJECT_UNDEFINED),
        (action(EXECUTE, 65, obis.PARAMETER_MONITOR, 1, Data(Tag.INTEGER, 0)), ActionResult.OBJECT_UNDEFINED),
        (action(EXECUTE, 9, obis.DISCONNECT_SCRIPTS, 1, Data(Tag.LONG_UNSIGNED, 1)), ActionResult.OTHER_REASON),
    ],
)
def test_steps_of_a_script(fleet: Fleet, step: ScriptAction, result: ActionResult) -> None:
    """The last one executes itself for ever, and is stopped."""
    device = device_of(fleet)
    scripts = ScriptTable.scripts.datatype.encode((Script(1, (step,)),))
    assert write(device, ScriptTable.scripts, obis.DISCONNECT_SCRIPTS, scripts) is DataAccessResult.SUCCESS
    octets = ScriptTable.execute.argument.encode(1)
    assert invoke(device, ScriptTable.execute, obis.DISCONNECT_SCRIPTS, octets) is result


def test_settings_outlive_a_restart(tmp_path: Path, make_fleet: Maker) -> None:
    fleet = make_fleet()
    octets = PushSetupV0.number_of_retries.datatype.encode(7)
    assert (
        write(device_of(fleet), PushSetupV0.number_of_retries, obis.PUSH_SETUP_ALARM, octets)
        is DataAccessResult.SUCCESS
    )
    fleet.close()
    again = Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS)
    assert value(device_of(again), PushSetupV0.number_of_retries, obis.PUSH_SETUP_ALARM) == 7
    assert value(device_of(again, 1), PushSetupV0.number_of_retries, obis.PUSH_SETUP_ALARM) == 3
    again.close()


@pytest.mark.parametrize("octets", [b"", b"\x11", b"\x12\x00\x07", b"\x11\x07\x00"])
def test_octets_of_another_type_are_not_written(fleet: Fleet, octets: bytes) -> None:
    device = device_of(fleet)
    refused = write(device, PushSetupV0.number_of_retries, obis.PUSH_SETUP_ALARM, octets)
    assert refused is DataAccessResult.TYPE_UNMATCHED


def test_too_much_is_not_kept(fleet: Fleet) -> None:
    device = device_of(fleet)
    entry = device.model.find(1, obis.CONFIGURATION_OBJECT)
    assert entry is not None
    assert (
        device.write(entry, 2, b"\x04\x82\x80\x00" + bytes(4096), device.moment(NOW_MS))
        is DataAccessResult.OTHER_REASON
    )


@pytest.mark.parametrize("octets", [b"\x10\x00\x00", b"\x0f"])
def test_an_argument_of_another_type_is_refused(fleet: Fleet, octets: bytes) -> None:
    refused = invoke(device_of(fleet), DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, octets)
    assert refused is ActionResult.TYPE_UNMATCHED


def test_a_method_without_behaviour_is_refused(fleet: Fleet) -> None:
    assert invoke(device_of(fleet), Register.reset, obis.ACTIVE_ENERGY_IMPORT) is ActionResult.OTHER_REASON


def test_a_push_waits_for_the_driver(fleet: Fleet) -> None:
    device = device_of(fleet)
    assert invoke(device, PushSetupV0.push, obis.PUSH_SETUP_ALARM) is ActionResult.SUCCESS
    assert device.meter.pushes_wanted == 1


def test_the_time_server_sets_the_clock_of_a_meter_that_follows_one(fleet: Fleet) -> None:
    device = device_of(fleet)
    device.meter.set_clock(NOW_MS - 5_000, NOW_MS)
    for activated, result in ((False, ActionResult.READ_WRITE_DENIED), (True, ActionResult.SUCCESS)):
        octets = NtpSetup.activated.datatype.encode(activated)
        assert write(device, NtpSetup.activated, NTP, octets) is DataAccessResult.SUCCESS
        zero = NtpSetup.synchronize.argument.encode(0)
        assert invoke(device, NtpSetup.synchronize, NTP, zero) is result
        assert device.meter.clock_ms(NOW_MS) == NOW_MS - 5_000 * (not activated)


def test_keys_of_the_time_server(fleet: Fleet) -> None:
    device = device_of(fleet)
    add, delete = NtpSetup.add_authentication_key, NtpSetup.delete_authentication_key
    for key in (b"old", b"new"):
        octets = add.argument.encode(AuthenticationKey(7, key))
        assert invoke(device, add, NTP, octets) is ActionResult.SUCCESS
    assert value(device, NtpSetup.authentication_keys, NTP) == (AuthenticationKey(7, b"new"),)
    for result in (ActionResult.SUCCESS, ActionResult.OTHER_REASON):
        assert invoke(device, delete, NTP, delete.argument.encode(7)) is result
