"""Every octet has its field: without a gap, without an overlap, whatever the octets are."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.inspect.octet_map import OctetField, data_fields, hdlc_fields, outline, wrapper_fields
from ferraris.kernel.limits import DATA_DEPTH_MAX


def assert_gapless(fields: list[OctetField], octets: bytes) -> None:
    """The fields of one layer are its octets, in order."""
    assert b"".join(field.octets for field in fields) == octets
    offset = 0
    for field in fields:
        assert field.offset == offset
        assert field.octets
        assert field.name
        offset += len(field.octets)


def names(fields: list[OctetField]) -> list[str]:
    return [field.name for field in fields]


def test_the_wrapper() -> None:
    fields = wrapper_fields(bytes.fromhex("0001001000010003c00102"))
    assert [(field.offset, field.name, field.value) for field in fields] == [
        (0, "version", "1"),
        (2, "source", "16"),
        (4, "destination", "1"),
        (6, "length", "3"),
        (8, "apdu", ""),
    ]


def test_a_frame_of_hdlc() -> None:
    octets = bytes.fromhex("7ea01e030373 40cc 8180120501800601800704000000010804000000 01 533b 7e".replace(" ", ""))
    fields = hdlc_fields(octets)
    assert_gapless(fields, octets)
    assert names(fields) == [
        "flag",
        "format",
        "destination address",
        "source address",
        "control",
        "header check sequence",
        "information",
        "frame check sequence",
        "flag",
    ]
    assert fields[4].value == "UA"


def test_values_of_values() -> None:
    octets = bytes.fromhex("0102 02020906 0100010800ff 1203e8 0202 0a0361626316 1e".replace(" ", ""))
    fields = outline("data", octets, lambda o: data_fields(o, "value"))
    assert_gapless(fields, octets)
    assert [(field.name, field.value) for field in fields] == [
        ("value", "array of 2"),
        ("value[1]", "structure of 2"),
        ("value[1][1]", "octet-string 1.0.1.8.0.255"),
        ("value[1][2]", "long-unsigned 1000"),
        ("value[2]", "structure of 2"),
        ("value[2][1]", "visible-string 'abc'"),
        ("value[2][2]", "enum 30"),
    ]


def test_nesting_ends() -> None:
    octets = b"\x01\x01" * (DATA_DEPTH_MAX + 5) + b"\x00"
    fields = outline("data", octets, lambda o: data_fields(o, "value"))
    assert_gapless(fields, octets)
    assert fields[-1].name == "cannot be read further"


@pytest.mark.parametrize("octets", [b"\x09\x05ab", b"\x01\x84\xff\xff\xff\xff", b"\x63", b"\x02", b"\x13\x00"])
def test_what_is_broken_is_one_field_to_the_end(octets: bytes) -> None:
    assert_gapless(outline("data", octets, lambda o: data_fields(o, "value")), octets)


@given(st.binary(min_size=1, max_size=80))
def test_any_octets_are_outlined(octets: bytes) -> None:
    for fields in (
        wrapper_fields(octets),
        hdlc_fields(octets),
        hdlc_fields(b"\x7e" + octets),
        outline("data", octets, lambda o: data_fields(o, "value")),
    ):
        for _, layer in groupby(fields, key=lambda field: field.layer):
            listed = list(layer)
            assert listed[0].offset == 0
            assert_gapless(listed, b"".join(field.octets for field in listed))
