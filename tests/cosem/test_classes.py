"""The interface classes: numbers as in the standard, octets of real objects, and round trips of every attribute and method."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import BitString, Data, Tag
from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AssociatedPartners,
    AssociationLn,
    Attribute,
    AttributeAccess,
    CaptureObject,
    Clock,
    ControlState,
    CosemDate,
    CosemTime,
    DisconnectControl,
    EntryDescriptor,
    ExecutedScript,
    ExecutionTime,
    ExtendedRegister,
    KeyData,
    KeyId,
    MethodAccess,
    Obis,
    ObjectListElement,
    ProfileGeneric,
    PushMessage,
    PushObject,
    PushSetupV0,
    Register,
    SapAssignment,
    SapAssignmentElement,
    ScalerUnit,
    Script,
    ScriptAction,
    ScriptService,
    ScriptTable,
    SecurityPolicy,
    SecuritySetup,
    SecuritySetupV0,
    SendDestinationAndMethod,
    SingleActionSchedule,
    SortMethod,
    TransportService,
    XdlmsContextInfo,
    interface_class,
    interface_classes,
    obis,
)
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.units import Unit
from tests.cosem.strategies import values_of

STANDARD = [
    # class  version  attributes behind the logical name, from 2 on; methods, from 1 on
    (1,      0,  "value", ""),
    (3,      0,  "value scaler_unit", "reset"),
    (4,      0,  "value scaler_unit status capture_time", "reset"),
    (5,      0,  ("current_average_value last_average_value scaler_unit status capture_time start_time_current period "
                 "number_of_periods"), "reset next_period"),
    (7,      1,  "buffer capture_objects capture_period sort_method sort_object entries_in_use profile_entries",
                 "reset capture"),
    (8,      0,  ("time time_zone status daylight_savings_begin daylight_savings_end daylight_savings_deviation "
                 "daylight_savings_enabled clock_base"),
                 ("adjust_to_quarter adjust_to_measuring_period adjust_to_minute adjust_to_preset_time "
                 "preset_adjusting_time shift_time")),
    (9,      0,  "scripts", "execute"),
    (15,     1,  ("object_list associated_partners_id application_context_name xdlms_context_info "
                 "authentication_mechanism_name secret association_status security_setup_reference"),
                 "reply_to_hls_authentication change_hls_secret add_object remove_object"),
    (15,     3,  ("object_list associated_partners_id application_context_name xdlms_context_info "
                 "authentication_mechanism_name secret association_status security_setup_reference user_list current_user"),
                 "reply_to_hls_authentication change_hls_secret add_object remove_object add_user remove_user"),
    (17,     0,  "sap_assignment_list", "connect_logical_device"),
    (22,     0,  "executed_script type execution_time", ""),
    (40,     0,  ("push_object_list send_destination_and_method communication_window randomisation_start_interval "
                 "number_of_retries repetition_delay"), "push"),
    (40,     2,  ("push_object_list send_destination_and_method communication_window randomisation_start_interval "
                 "number_of_retries repetition_delay port_reference push_client_sap push_protection_parameters "
                 "push_operation_method confirmation_parameters last_confirmation_date_time"), "push reset"),
    (64,     0,  "security_policy security_suite client_system_title server_system_title", "security_activate key_transfer"),
    (64,     1,  "security_policy security_suite client_system_title server_system_title certificates",
                 ("security_activate key_transfer key_agreement generate_key_pair generate_certificate_request "
                 "import_certificate export_certificate remove_certificate")),
    (70,     0,  "output_state control_state control_mode", "remote_disconnect remote_reconnect"),
]  # fmt: skip


@pytest.mark.parametrize(("class_id", "version", "attributes", "methods"), STANDARD)
def test_numbers_are_those_of_the_standard(class_id: int, version: int, attributes: str, methods: str) -> None:
    interface = interface_class(class_id, version)
    assert interface is not None
    expected = ["logical_name", *attributes.split()]
    assert [(attribute.number, attribute.name) for attribute in interface.attributes()] == list(enumerate(expected, 1))
    assert [(method.number, method.name) for method in interface.methods()] == list(enumerate(methods.split(), 1))


LOAD_PROFILE_COLUMN = "020412000809060000010000ff0f02120000"

KNOWN = [
    # attribute                              octets, value
    (Register.value,                         "060000 04d2", Data(Tag.DOUBLE_LONG_UNSIGNED, 1234)),
    (Register.value,                         "00", Data(Tag.NULL_DATA, None)),
    (Register.scaler_unit,                   "0202 0fff 1623", ScalerUnit(-1, Unit.VOLT)),
    (Register.scaler_unit,                   "0202 0f00 161e", ScalerUnit(0, Unit.WATT_HOUR)),
    (ExtendedRegister.status,                "1100", Data(Tag.UNSIGNED, 0)),
    (Clock.time_zone,                        "10ffc4", -60),
    (Clock.daylight_savings_enabled,         "0301", True),
    (ProfileGeneric.capture_objects,         "0101" + LOAD_PROFILE_COLUMN, (CaptureObject(8, Obis.parse("0.0.1.0.0.255"), 2),)),
    (ProfileGeneric.capture_period,          "0600000384", 900),
    (ProfileGeneric.sort_method,             "1601", SortMethod.FIFO),
    (ProfileGeneric.buffer,                  "0101 0202 1100 06000004d2",
                                             ((Data(Tag.UNSIGNED, 0), Data(Tag.DOUBLE_LONG_UNSIGNED, 1234)),)),
    (SapAssignment.sap_assignment_list,      "0101 0202 120001 0903464552", (SapAssignmentElement(1, b"FER"),)),
    (ScriptTable.scripts,                    "0101 0202 120001 0101 0205 1602 120046 0906000060030aff 0f01 0f00",
                                             (Script(1, (ScriptAction(ScriptService.EXECUTE_METHOD, 70, Obis.parse("0.0.96.3.10.255"), 1,
                                                                      Data(Tag.INTEGER, 0)),)),)),
    (SingleActionSchedule.executed_script,   "0202 090600000a006aff 120001", ExecutedScript(Obis.parse("0.0.10.0.106.255"), 1)),
    (SingleActionSchedule.execution_time,    "0101 0202 0904 00000000 0905 ffffffffff",
                                             (ExecutionTime(CosemTime(0, 0, 0, 0), CosemDate()),)),
    (DisconnectControl.control_state,        "1602", ControlState.READY_FOR_RECONNECTION),
    (AssociationLn.associated_partners_id,   "0202 0f10 120001", AssociatedPartners(16, 1)),
    (AssociationLn.xdlms_context_info,       "0206 0418001c1f 12ffff 12ffff 1106 0f00 0900",
                                             XdlmsContextInfo(BitString(24, b"\x00\x1c\x1f"), 65535, 65535, 6, 0, b"")),
    (AssociationLn.application_context_name, "0907 60857405080101", Data(Tag.OCTET_STRING, bytes.fromhex("60857405080101"))),
    (AssociationLn.object_list,              ("0101 0204 120003 1100 09060100010800ff 0202 0102 0203 0f01 1601 00"
                                             "0203 0f02 1603 01020f010f02 0101 0202 0f01 1600"),
                                             (ObjectListElement(3, 0, Obis.parse("1.0.1.8.0.255"), AccessRight(
                                                 (AttributeAccess(1, AccessMode.READ), AttributeAccess(2, AccessMode.READ_WRITE, (1, 2))),
                                                 (MethodAccess(1, AccessMode.NONE),))),)),
    (PushSetupV0.push_object_list,           "0101" + LOAD_PROFILE_COLUMN, (PushObject(8, Obis.parse("0.0.1.0.0.255"), 2),)),
    (PushSetupV0.send_destination_and_method, "0203 1600 0904 7f000001 1600",
                                             SendDestinationAndMethod(TransportService.TCP, b"\x7f\x00\x00\x01", PushMessage.A_XDR_APDU)),
    (SecuritySetupV0.security_policy,        "1603", 3),
    (SecuritySetup.security_policy,          "166c", SecurityPolicy(0x6C)),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "value"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, value: Any) -> None:
    assert attribute.datatype.decode(bytes.fromhex(octets)) == value
    assert attribute.datatype.encode(value) == bytes.fromhex(octets)


def test_selectors_of_a_profile_have_the_shape_of_the_standard() -> None:
    _, by_entry = ProfileGeneric.buffer.selectors
    assert by_entry.datatype.encode(EntryDescriptor(1, 96)).hex() == "020406000000010600000060120001120000"


def test_keys_are_not_shown() -> None:
    wrapped = KeyData(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, b"\x01wrapped key")
    assert "wrapped key" not in repr(wrapped)
    assert SecuritySetup.key_transfer.argument.decode(SecuritySetup.key_transfer.argument.encode((wrapped,))) == (
        wrapped,
    )


def every_type() -> list[Any]:
    """The types of all attributes, arguments, results and selectors, each once, with the name of a place where it stands."""
    found: list[tuple[str, DataType[Any]]] = []
    for interface in interface_classes():
        for attribute in interface.attributes():
            found.append((repr(attribute), attribute.datatype))
            found += [(f"{attribute!r} selector {s.number}", s.datatype) for s in attribute.selectors]
        for method in interface.methods():
            found.append((f"{method!r} argument", method.argument))
            found += [(f"{method!r} result", method.result)] if method.result is not None else []
    once = {id(datatype): (name, datatype) for name, datatype in reversed(found)}
    return [pytest.param(datatype, id=name.replace(" ", "_")) for name, datatype in once.values()]


EVERY_TYPE = every_type()


@pytest.mark.parametrize("datatype", EVERY_TYPE)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_attribute_and_method_survives_the_way_there_and_back(
    datatype: DataType[Any], data: st.DataObject
) -> None:
    octets = datatype.encode(data.draw(values_of(datatype)))
    assert datatype.encode(datatype.decode(octets)) == octets


@pytest.mark.parametrize("datatype", EVERY_TYPE)
def test_every_attribute_and_method_has_a_blank_value(datatype: DataType[Any]) -> None:
    assert datatype.decode(datatype.encode(datatype.blank())) == datatype.blank()


@settings(deadline=None)
@given(octets=st.binary(max_size=40), datatype=st.sampled_from([parameter.values[0] for parameter in EVERY_TYPE]))
def test_any_octets_are_read_or_refused(octets: bytes, datatype: DataType[Any]) -> None:
    try:
        value = datatype.decode(octets)
    except DecodeError:
        return
    assert repr(datatype.decode(datatype.encode(value))) == repr(value)


def test_the_clock_of_a_profile_is_the_clock() -> None:
    assert Obis.parse("0.0.1.0.0.255") == obis.CLOCK
    assert ProfileGeneric.capture_objects.datatype.item.dataclass is CaptureObject  # type: ignore[attr-defined]
