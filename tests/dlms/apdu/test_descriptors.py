"""Attribute and method descriptors, selective access."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor, MethodDescriptor, SelectiveAccess
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.dlms.apdu.descriptors import (
    attribute_descriptor_at,
    encode_selection,
    method_descriptor_at,
    read_attribute_descriptor,
    read_method_descriptor,
    read_selection,
)
from ferraris.kernel.errors import DecodeError
from tests.dlms.apdu import strategies

CLOCK = Obis.parse("0.0.1.0.0.255")


def test_nine_octets() -> None:
    assert AttributeDescriptor(8, CLOCK, 2).encode().hex() == "00080000010000ff02"
    assert MethodDescriptor(8, CLOCK, -1).encode().hex() == "00080000010000ffff"


def test_as_people_write_it() -> None:
    assert str(AttributeDescriptor(8, CLOCK, 2)) == "8/0.0.1.0.0.255/2"
    assert str(MethodDescriptor(8, CLOCK, 6)) == "8/0.0.1.0.0.255/6"


@given(strategies.attributes, strategies.methods, st.binary(max_size=5))
def test_descriptors_are_read_where_they_stand(
    attribute: AttributeDescriptor, method: MethodDescriptor, before: bytes
) -> None:
    octets = before + attribute.encode() + method.encode()
    assert attribute_descriptor_at(octets, len(before)) == attribute
    assert method_descriptor_at(octets, len(before) + 9) == method
    cursor = Cursor(octets, len(before))
    assert (read_attribute_descriptor(cursor), read_method_descriptor(cursor)) == (attribute, method)
    cursor.finish()


def test_the_logical_name_is_an_obis_code() -> None:
    assert isinstance(attribute_descriptor_at(bytes(9), 0).logical_name, Obis)
    assert isinstance(method_descriptor_at(bytes(9), 0).logical_name, Obis)


@pytest.mark.parametrize("octets", [0, 1, 8])
def test_a_cut_descriptor_is_refused(octets: int) -> None:
    for read in (attribute_descriptor_at, method_descriptor_at):
        with pytest.raises(DecodeError) as caught:
            read(bytes(octets), 0)
        assert (caught.value.expected, caught.value.got) == ("9 octets", octets)


@given(st.none() | strategies.selections)
def test_a_selection_is_optional(selection: SelectiveAccess | None) -> None:
    cursor = Cursor(encode_selection(selection) + b"\xff")
    assert read_selection(cursor) == selection
    assert cursor.rest() == b"\xff"


@pytest.mark.parametrize("octets", ["", "01", "0101", "010112", "02"])
def test_a_cut_selection_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_selection(Cursor(bytes.fromhex(octets)))
