"""A-XDR: every data type to octets and back, and nothing but DecodeError for octets that are no value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import (
    BitString,
    CompactArray,
    Data,
    Tag,
    decode_data,
    decode_whole,
    encode_data,
    read_length,
    skip_data,
    write_length,
)
from ferraris.codec.axdr import FIXED_OCTETS, NUMBER_FORMATS, STRING_TAGS
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_DEPTH_MAX

TABLE = [
    # octets                       tag                        value
    ("00", Tag.NULL_DATA, None),
    ("0301", Tag.BOOLEAN, 1),
    ("03ff", Tag.BOOLEAN, 255),
    ("0405a8", Tag.BIT_STRING, BitString(5, b"\xa8")),
    ("05fffffffe", Tag.DOUBLE_LONG, -2),
    ("06fffffffe", Tag.DOUBLE_LONG_UNSIGNED, 4294967294),
    ("090401020304", Tag.OCTET_STRING, b"\x01\x02\x03\x04"),
    ("0900", Tag.OCTET_STRING, b""),
    ("0a03414243", Tag.VISIBLE_STRING, b"ABC"),
    ("0c02c3a9", Tag.UTF8_STRING, "é".encode()),
    ("0d42", Tag.BCD, 0x42),
    ("0ffe", Tag.INTEGER, -2),
    ("10fffe", Tag.LONG, -2),
    ("11fe", Tag.UNSIGNED, 254),
    ("12fffe", Tag.LONG_UNSIGNED, 65534),
    ("14fffffffffffffffe", Tag.LONG64, -2),
    ("15fffffffffffffffe", Tag.LONG64_UNSIGNED, 18446744073709551614),
    ("161e", Tag.ENUM, 30),
    ("173f800000", Tag.FLOAT32, 1.0),
    ("183ff0000000000000", Tag.FLOAT64, 1.0),
    ("1907e1090f05052128ff800000", Tag.DATE_TIME, bytes.fromhex("07e1090f05052128ff800000")),
    ("1a07e1090f05", Tag.DATE, bytes.fromhex("07e1090f05")),
    ("1b052128ff", Tag.TIME, bytes.fromhex("052128ff")),
    ("1cff", Tag.DELTA_INTEGER, -1),
    ("1dffff", Tag.DELTA_LONG, -1),
    ("1effffffff", Tag.DELTA_DOUBLE_LONG, -1),
    ("1fff", Tag.DELTA_UNSIGNED, 255),
    ("20ffff", Tag.DELTA_LONG_UNSIGNED, 65535),
    ("21ffffffff", Tag.DELTA_DOUBLE_LONG_UNSIGNED, 4294967295),
    ("ff", Tag.DONT_CARE, None),
    ("0100", Tag.ARRAY, ()),
    ("0202110c0a0141", Tag.STRUCTURE, (Data(Tag.UNSIGNED, 12), Data(Tag.VISIBLE_STRING, b"A"))),
]


@pytest.mark.parametrize(("octets", "tag", "value"), TABLE)
def test_each_type_decodes_to_its_value_and_back(octets: str, tag: Tag, value: object) -> None:
    data = decode_whole(bytes.fromhex(octets))
    assert data == Data(tag, value)
    assert encode_data(data).hex() == octets
    assert skip_data(bytes.fromhex(octets), 0) == len(octets) // 2


@pytest.mark.parametrize(
    ("octets", "description", "contents"),
    [
        ("13120400010002", "12", "00010002"),
        ("130202121106000101000202", "02021211", "000101000202"),
        ("130100021103aabbcc", "01000211", "aabbcc"),
    ],
)
def test_a_compact_array_keeps_description_and_contents(octets: str, description: str, contents: str) -> None:
    data = decode_whole(bytes.fromhex(octets))
    assert data.value == CompactArray(bytes.fromhex(description), bytes.fromhex(contents))
    assert encode_data(data).hex() == octets
    assert skip_data(bytes.fromhex(octets), 0) == len(octets) // 2


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("", "a value is missing", 0),
        ("06000000", "a number is cut short", 1),
        ("0904010203", "octets are missing", 2),
        ("0985000000000001", "a length has a wrong form", 1),
        ("098400", "a length is cut short", 1),
        ("0980", "a length has a wrong form", 1),
        ("09", "a length is missing", 1),
        ("0107", "a count lies", 1),
        ("01847fffffff00", "a count lies", 1),
        ("02021101", "a value is missing", 4),
        ("07", "no such data type", 0),
        ("130d", "a length is missing", 2),
        ("1307", "no such type in a description", 1),
        ("130205", "a count lies", 1),
        ("1100aa", "octets follow the value", 2),
    ],
)
def test_octets_that_are_no_value_are_refused(octets: str, summary: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_whole(bytes.fromhex(octets))
    assert (caught.value.summary, caught.value.offset) == (summary, offset)


def test_nesting_is_bounded() -> None:
    assert decode_whole(b"\x01\x01" * (DATA_DEPTH_MAX - 1) + b"\x01\x00").tag == Tag.ARRAY
    with pytest.raises(DecodeError, match="nested too deep"):
        decode_whole(b"\x01\x01" * DATA_DEPTH_MAX + b"\x01\x00")


@pytest.mark.parametrize(
    "data",
    [
        Data(Tag.UNSIGNED, 256),
        Data(Tag.UNSIGNED, None),
        Data(Tag.NULL_DATA, 0),
        Data(Tag.OCTET_STRING, "text"),
        Data(Tag.DATE_TIME, b"short"),
        Data(Tag.BIT_STRING, BitString(9, b"\x00")),
        Data(Tag.BIT_STRING, b"\x00"),
        Data(Tag.COMPACT_ARRAY, b""),
        Data(Tag.ARRAY, 5),
        Data(7, 5),
    ],
)
def test_a_value_that_its_tag_cannot_carry_is_our_own_defect(data: Data) -> None:
    with pytest.raises(LocalProtocolError):
        encode_data(data)


@given(st.integers(0, 2**32 - 1))
def test_lengths_round_trip_in_the_shortest_form(length: int) -> None:
    out = bytearray()
    write_length(length, out)
    assert read_length(bytes(out), 0) == (length, len(out))
    assert len(out) == (1 if length < 128 else 2 if length < 256 else 3 if length < 65536 else 5)


def test_a_length_above_32_bits_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        write_length(2**32, bytearray())


def test_a_longer_form_of_a_length_is_accepted() -> None:
    assert decode_whole(bytes.fromhex("09820002abcd")) == Data(Tag.OCTET_STRING, b"\xab\xcd")


def _numbers() -> st.SearchStrategy[Data]:
    choices = [
        st.binary(min_size=packing.size, max_size=packing.size)
        .map(lambda octets, packing=packing: packing.unpack(octets)[0])  # type: ignore[misc]
        .filter(lambda number: number == number)  # NaN payloads do not survive a float
        .map(lambda number, tag=tag: Data(tag, number))  # type: ignore[misc]
        for tag, packing in NUMBER_FORMATS.items()
    ]
    return st.one_of(choices)


LEAVES = st.one_of(
    _numbers(),
    st.builds(Data, st.sampled_from(sorted(STRING_TAGS)), st.binary(max_size=300)),
    *[st.builds(Data, st.just(tag), st.binary(min_size=size, max_size=size)) for tag, size in FIXED_OCTETS.items()],
    st.builds(Data, st.sampled_from([Tag.NULL_DATA, Tag.DONT_CARE]), st.none()),
    st.binary(max_size=20).map(lambda octets: Data(Tag.BIT_STRING, BitString(8 * len(octets), octets))),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=6).map(tuple)),
    max_leaves=40,
)


@given(TREES)
def test_trees_round_trip_octet_for_octet(data: Data) -> None:
    octets = encode_data(data)
    assert decode_whole(octets) == data
    assert encode_data(decode_whole(octets)) == octets
    assert skip_data(octets + b"\x00", 0) == len(octets)


@given(TREES, st.data())
def test_a_truncated_value_is_refused(data: Data, draw: st.DataObject) -> None:
    octets = encode_data(data)
    cut = draw.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(DecodeError):
        decode_whole(octets[:cut])
    with pytest.raises(DecodeError):
        skip_data(octets[:cut], 0)


@given(st.binary(max_size=200))
def test_any_octets_decode_or_raise_decode_error(octets: bytes) -> None:
    try:
        _, end = decode_data(octets)
    except DecodeError:
        return
    assert skip_data(octets, 0) == end


def test_skipping_deep_nesting_takes_no_stack() -> None:
    assert skip_data(b"\x01\x01" * 30_000 + b"\x00", 0) == 60_001
