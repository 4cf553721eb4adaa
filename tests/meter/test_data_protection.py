"""Data protection objects, asked through the meter's dispatch: what lies behind them, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.cosem import ControlMode, DisconnectControl, Obis, ProfileGeneric, Register, SecuritySuite, obis
from ferraris.cosem.classes.data_protection import (
    DataProtection,
    GetProtectedRequest,
    InvokeProtectedRequest,
    ObjectMethod,
    SetProtectedRequest,
)
from ferraris.cosem.classes.protection_parameters import ProtectionType
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute, Restriction, RestrictionType
from ferraris.dlms import DataLayer, DataProtector, parameters_for
from ferraris.dlms.apdu import ActionResult, AttributeDescriptor, DataAccessResult, MethodDescriptor
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import act, get, set_value
from ferraris.meter.fleet import Fleet
from ferraris.meter.live_values import Moment
from tests.meter.clients import HEADEND_TITLE
from tests.meter.laboratory import client_security, profile_of
from tests.meter.steady import MONDAY_MS, device_of, partner

NAME = Obis.parse("0.0.43.2.0.255")
LAYERS = (DataLayer(ProtectionType.AUTHENTICATION_AND_ENCRYPTION),)
NONE = Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))
ENERGY = RestrictedAttribute(Register.class_id, obis.ACTIVE_ENERGY_IMPORT, 2, 0, NONE)
MODE = RestrictedAttribute(DisconnectControl.class_id, obis.DISCONNECT_CONTROL, 4, 0, NONE)
PROFILE = RestrictedAttribute(ProfileGeneric.class_id, Obis.parse("1.0.99.1.0.255"), 2, 0, NONE)
NUMBER = b"\x00\x00\x00\x05"


@pytest.fixture
def device(fleet: Fleet) -> LogicalDevice:
    return device_of(fleet, profile=profile_of(SecuritySuite.SUITE_0))


def moment_of(device: LogicalDevice, name: str = "management") -> Moment:
    return device.moment(MONDAY_MS + 3 * 3_600_000, partner(name))


def head_end(device: LogicalDevice) -> DataProtector:
    return DataProtector(client_security(device), SeededEntropy(1))


def call(device: LogicalDevice, method, request, name: str = "management"):  # noqa: ANN001, ANN201 - any method
    """The action result, and the decoded answer."""
    moment = moment_of(device, name)
    descriptor = MethodDescriptor(DataProtection.class_id, NAME, method.number)
    result = act(device, moment, descriptor, method.argument.encode(request))
    answer = moment.take_answer()
    return result, None if answer is None else method.result.decode(answer)


def read(device: LogicalDevice, *wanted: RestrictedAttribute, name: str = "management"):  # noqa: ANN201 - as call
    """What comes of a protected read: the result, and the values."""
    request = GetProtectedRequest(wanted, parameters_for(LAYERS, HEADEND_TITLE, NUMBER))
    result, answer = call(device, DataProtection.get_protected_attributes, request, name)
    if answer is None:
        return result, None
    octets = head_end(device).open_answer(
        answer.protection_parameters, answer.protected_data, device.identity.system_title, NUMBER
    )
    return result, decode_whole(octets).value


def write(device: LogicalDevice, data: Data, *wanted: RestrictedAttribute) -> ActionResult:
    protected = head_end(device).protect(encode_data(data), LAYERS, device.identity.system_title, NUMBER)
    request = SetProtectedRequest(wanted, protected.parameters, protected.octets)
    return call(device, DataProtection.set_protected_attributes, request)[0]


def structure(*members: Data) -> Data:
    return Data(Tag.STRUCTURE, members)


def test_several_values_and_none(device: LogicalDevice) -> None:
    assert read(device, ENERGY, MODE) == (
        ActionResult.SUCCESS,
        (Data(Tag.DOUBLE_LONG_UNSIGNED, 1_200), Data(Tag.ENUM, 4)),
    )
    assert read(device) == (ActionResult.SUCCESS, ())


def test_a_restriction_takes_some_of_the_rows(device: LogicalDevice) -> None:
    def rows(wanted: RestrictedAttribute) -> int:
        result, values = read(device, wanted)
        assert result is ActionResult.SUCCESS
        return len(values[0].value)

    limits = structure(Data(Tag.DOUBLE_LONG_UNSIGNED, 1), Data(Tag.DOUBLE_LONG_UNSIGNED, 3))
    assert rows(PROFILE) > 3
    assert rows(replace(PROFILE, restriction=Restriction(RestrictionType.ENTRY, limits))) == 3
    nonsense = replace(PROFILE, restriction=Restriction(RestrictionType.ENTRY, structure()))
    assert read(device, nonsense) == (ActionResult.OTHER_REASON, None)


def test_a_listed_restriction_gives_no_more(device: LogicalDevice) -> None:
    limits = structure(Data(Tag.DOUBLE_LONG_UNSIGNED, 1), Data(Tag.DOUBLE_LONG_UNSIGNED, 2))
    part = replace(PROFILE, restriction=Restriction(RestrictionType.ENTRY, limits))
    listed = DataProtection.protection_object_list
    descriptor = AttributeDescriptor(DataProtection.class_id, NAME, listed.number)
    result = set_value(device, moment_of(device), descriptor, None, listed.datatype.encode((part,)))
    assert result is DataAccessResult.SUCCESS
    assert read(device, part)[0] is ActionResult.SUCCESS
    assert read(device, PROFILE)[0] is ActionResult.READ_WRITE_DENIED


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        (replace(ENERGY, data_index=1), ActionResult.SCOPE_OF_ACCESS_VIOLATED),
        (replace(ENERGY, attribute_index=3), ActionResult.READ_WRITE_DENIED),
        (replace(ENERGY, logical_name=obis.ACTIVE_ENERGY_EXPORT), ActionResult.READ_WRITE_DENIED),
        (RestrictedAttribute(DataProtection.class_id, NAME, 2, 0, NONE), ActionResult.READ_WRITE_DENIED),
    ],
)
def test_what_cannot_be_had(device: LogicalDevice, wanted: RestrictedAttribute, result: ActionResult) -> None:
    assert read(device, wanted) == (result, None)


def test_as_many_attributes_as_in_a_list(device: LogicalDevice) -> None:
    assert read(device, *[MODE] * ATTRIBUTE_DESCRIPTORS_MAX)[0] is ActionResult.SUCCESS
    assert read(device, *[MODE] * (ATTRIBUTE_DESCRIPTORS_MAX + 1)) == (ActionResult.SCOPE_OF_ACCESS_VIOLATED, None)


def test_rights_of_the_association_hold(device: LogicalDevice) -> None:
    """Whoever may only read can't invoke, and whoever does not see the object finds nothing."""
    assert read(device, ENERGY, name="reading") == (ActionResult.READ_WRITE_DENIED, None)
    assert read(device, ENERGY, name="public") == (ActionResult.OBJECT_UNDEFINED, None)


@pytest.mark.parametrize(
    "data",
    [
        structure(),
        structure(Data(Tag.ENUM, 1), Data(Tag.ENUM, 2)),
        Data(Tag.ENUM, 1),
        structure(Data(Tag.BOOLEAN, True)),
    ],
)
def test_values_that_do_not_fit(device: LogicalDevice, data: Data) -> None:
    assert write(device, data, MODE) is ActionResult.TYPE_UNMATCHED
    assert device.value(DisconnectControl.control_mode, obis.DISCONNECT_CONTROL) is ControlMode.MODE_4


def test_protected_octets_that_are_no_value(device: LogicalDevice) -> None:
    for octets in (b"", b"\x02", b"\x02\x01\x16\x01\x00"):
        protected = head_end(device).protect(octets, LAYERS, device.identity.system_title, NUMBER)
        request = SetProtectedRequest((MODE,), protected.parameters, protected.octets)
        assert call(device, DataProtection.set_protected_attributes, request)[0] is ActionResult.OTHER_REASON


@pytest.mark.parametrize("octets", [None, b"", b"\x00", b"\x02\x02\x01\x00\x01\x00\x00"])
@pytest.mark.parametrize("method_id", [1, 2, 3])
def test_arguments_of_another_type(device: LogicalDevice, method_id: int, octets: bytes | None) -> None:
    descriptor = MethodDescriptor(DataProtection.class_id, NAME, method_id)
    assert act(device, moment_of(device), descriptor, octets) is ActionResult.TYPE_UNMATCHED


def invoked(device: LogicalDevice, method: ObjectMethod, argument: bytes = b"\x0f\x00") -> ActionResult:
    protected = head_end(device).protect(argument, LAYERS, device.identity.system_title, NUMBER)
    request = InvokeProtectedRequest(method, protected.parameters, protected.octets)
    return call(device, DataProtection.invoke_protected_method, request)[0]


def test_the_protection_of_the_data_is_what_a_right_asks_for(device: LogicalDevice) -> None:
    """`remote_disconnect` wants an encrypted and authenticated request; this one comes in the clear but for its data."""
    disconnect = ObjectMethod(DisconnectControl.class_id, obis.DISCONNECT_CONTROL, 1)
    plain = MethodDescriptor(DisconnectControl.class_id, obis.DISCONNECT_CONTROL, 1)
    assert act(device, moment_of(device), plain, b"\x0f\x00") is ActionResult.READ_WRITE_DENIED
    assert invoked(device, disconnect) is ActionResult.SUCCESS


@pytest.mark.parametrize("number", [1, 2, 3])
def test_protection_goes_round_in_no_circle(device: LogicalDevice, number: int) -> None:
    assert invoked(device, ObjectMethod(DataProtection.class_id, NAME, number)) is ActionResult.READ_WRITE_DENIED


def test_a_method_that_there_is_not(device: LogicalDevice) -> None:
    assert (
        invoked(device, ObjectMethod(Register.class_id, obis.ACTIVE_ENERGY_IMPORT, 9)) is ActionResult.OBJECT_UNDEFINED
    )


def test_a_buffer_without_parameters_is_not_read(device: LogicalDevice) -> None:
    descriptor = AttributeDescriptor(DataProtection.class_id, NAME, 2)
    assert get(device, moment_of(device), descriptor, None) is DataAccessResult.OTHER_REASON
    assert set_value(device, moment_of(device), descriptor, None, b"\x09\x01\x00") is DataAccessResult.OTHER_REASON
    assert set_value(device, moment_of(device), descriptor, None, b"\x00") is DataAccessResult.OTHER_REASON
