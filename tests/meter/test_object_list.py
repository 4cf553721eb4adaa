"""Selective access to an association's object_list: each selector gives its part, decodable as the attribute is declared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import AccessMode, AccessRight, AssociationLn, Obis, load_profile, obis, profile_from_text
from ferraris.cosem.classes.object_references import ObjectId
from ferraris.dlms.apdu import AttributeDescriptor, DataAccessResult, SelectiveAccess
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from ferraris.meter.object_list import selected

ELEMENTS = load_profile("smr5_three_phase").object_list("management")
SELECTORS = {selector.number: selector.datatype for selector in AssociationLn.object_list.selectors}
CLOCK = b"\x02\x02\x12\x00\x08\x09\x06" + bytes(obis.CLOCK)
NOTHING = b"\x02\x02\x12\x00\x08\x09\x06" + bytes(Obis.parse("0.0.1.0.9.255"))


def part(selector: int, parameters: bytes) -> tuple[object, ...]:
    octets = selected(ELEMENTS, SelectiveAccess(selector, parameters))
    assert isinstance(octets, bytes)
    return tuple(AssociationLn.object_list.datatype.decode(octets))


def test_the_whole_list_without_rights() -> None:
    everything = part(1, b"\x00")
    assert len(everything) == len(ELEMENTS)
    assert {element.access_rights for element in everything} == {AccessRight((), ())}  # type: ignore[attr-defined]
    assert [element.logical_name for element in everything] == [element.logical_name for element in ELEMENTS]  # type: ignore[attr-defined]


def test_the_objects_of_some_classes() -> None:
    some = part(2, b"\x01\x02\x12\x00\x08\x12\x00\x46")
    assert {element.class_id for element in some} == {8, 70}  # type: ignore[attr-defined]
    assert len(some) == sum(element.class_id in (8, 70) for element in ELEMENTS)
    assert part(2, b"\x01\x00") == ()


def test_some_objects_with_their_rights() -> None:
    (clock,) = part(3, b"\x01\x02" + CLOCK + NOTHING)
    assert clock in ELEMENTS
    assert clock.logical_name == obis.CLOCK  # type: ignore[attr-defined]


def test_one_object_with_its_rights_or_a_refusal() -> None:
    assert part(4, CLOCK) == part(3, b"\x01\x01" + CLOCK)
    assert selected(ELEMENTS, SelectiveAccess(4, NOTHING)) is DataAccessResult.OBJECT_UNDEFINED


@pytest.mark.parametrize("selector", SELECTORS)
@given(octets=st.binary(max_size=30))
def test_any_parameters_are_served_or_refused(selector: int, octets: bytes) -> None:
    answer = selected(ELEMENTS, SelectiveAccess(selector, octets))
    assert isinstance(answer, bytes) or answer in (DataAccessResult.TYPE_UNMATCHED, DataAccessResult.OBJECT_UNDEFINED)


# Rights by numbers

OLD = """
name = "old"
title = "O"
inherit = "smr5_single_phase"

[source]
document = "d"
edition = "e"
licence = "l"

[objects]
ASSOCIATION = {{ version = {version} }}
SERIAL_NUMBER = {{ protect.value = ["encrypted_response"] }}
DISCONNECT_CONTROL = {{ protect.remote_disconnect = ["authenticated_request"], protect.control_mode = ["authenticated_request"] }}
"""


@pytest.mark.parametrize(("version", "told"), [(1, (4, 6, 2)), (2, (4, 6, 2)), (3, (0x41, 0x07, 0x05))])
def test_an_old_association_tells_its_rights_by_numbers(fleet: Fleet, version: int, told: tuple[int, ...]) -> None:
    """The meter's own judgement stays with the bits; a client of ours reads them out of either."""
    profile = profile_from_text(OLD.format(version=version), "old")
    device = LogicalDevice(fleet.meters[0], MeterModel(profile), 1, "")
    octets = device.model.object_list("management")
    elements = {element.logical_name: element for element in AssociationLn.object_list.datatype.decode(octets)}
    serial, disconnector = (elements[name].access_rights for name in (obis.SERIAL_NUMBER, obis.DISCONNECT_CONTROL))
    assert (
        serial.attribute_access[1].access_mode,
        disconnector.attribute_access[3].access_mode,
        disconnector.method_access[0].access_mode,
    ) == told
    one = SelectiveAccess(4, AssociationLn.object_list.selectors[3].datatype.encode(ObjectId(1, obis.SERIAL_NUMBER)))
    assert selected(device.model.elements("management"), one) == AssociationLn.object_list.datatype.encode(
        (elements[obis.SERIAL_NUMBER],)
    )
    right = profile.access("management", AttributeDescriptor(1, obis.SERIAL_NUMBER, 2))
    assert right == AccessMode.READ | AccessMode.ENCRYPTED_RESPONSE
