"""A-XDR: every data type to octets and back, and nothing but DecodeError for octets that are no value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import (
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    BitString,
    CompactArray,
    Data,
    Tag,
    decode_data,
    decode_whole,
    encode_data,
    read_length,
    skip_data,
    write_data,
    write_length,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_DEPTH_MAX, DATA_ELEMENTS_MAX

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


# Lengths

LENGTHS = [
    # octets        length    octets read
    ("00",          0,        1),
    ("7f",          127,      1),
    ("8100",        0,        2),
    ("8180",        128,      2),
    ("81ff",        255,      2),
    ("820100",      256,      3),
    ("82ffff",      65535,    3),
    ("83010000",    65536,    4),
    ("8400010000",  65536,    5),
    ("84ffffffff",  2**32 - 1, 5),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "length", "read"), LENGTHS)
def test_lengths_in_every_form_that_a_peer_may_send(octets: str, length: int, read: int) -> None:
    assert read_length(bytes.fromhex(octets), 0) == (length, read)
    assert read_length(b"\xaa\xbb" + bytes.fromhex(octets) + b"\xcc", 2) == (length, read + 2)


@pytest.mark.parametrize("octets", ["80", "85", "850000000001", "88", "ff"])
def test_lengths_of_a_wrong_form_are_refused(octets: str) -> None:
    with pytest.raises(DecodeError, match="wrong form"):
        read_length(bytes.fromhex(octets) + bytes(300), 0)


@pytest.mark.parametrize("octets", ["81", "82", "8200", "83ffff", "84ffffff"])
def test_lengths_cut_short_are_refused(octets: str) -> None:
    with pytest.raises(DecodeError, match="cut short"):
        read_length(bytes.fromhex(octets), 0)


@pytest.mark.parametrize("offset", [0, 1, 5])
def test_a_length_beyond_the_end_is_missing(offset: int) -> None:
    with pytest.raises(DecodeError, match="missing") as caught:
        read_length(b"", offset)
    assert caught.value.offset == offset


# The tables that say how each type is laid out


def test_every_type_is_in_one_table_of_layouts_or_has_a_form_of_its_own() -> None:
    tables = [set(NUMBER_FORMATS), set(FIXED_OCTETS), set(STRING_TAGS), set(EMPTY_TAGS)]
    own = {Tag.ARRAY, Tag.STRUCTURE, Tag.BIT_STRING, Tag.COMPACT_ARRAY}
    assert sum(map(len, tables)) + len(own) == len(Tag)
    assert set.union(*tables) | own == set(Tag)


@pytest.mark.parametrize("tag", sorted(NUMBER_FORMATS))
def test_numbers_are_big_endian_at_their_limits(tag: int) -> None:
    packing = NUMBER_FORMATS[tag]
    assert packing.format.startswith(">")
    if packing.format[1] in "fd":
        return
    bits = 8 * packing.size
    low, high = (0, 2**bits - 1) if packing.format[1].isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for number in (low, high):
        octets = encode_data(Data(tag, number))
        assert octets == bytes((tag,)) + (number % 2**bits).to_bytes(packing.size, "big")
        assert decode_whole(octets) == Data(tag, number)
    for number in (low - 1, high + 1):
        with pytest.raises(LocalProtocolError):
            encode_data(Data(tag, number))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (Tag.NULL_DATA, "null-data"),
        (Tag.DOUBLE_LONG_UNSIGNED, "double-long-unsigned"),
        (Tag.UTF8_STRING, "utf8-string"),
        (Tag.LONG64, "long64"),
        (Tag.DONT_CARE, "dont-care"),
    ],
)
def test_types_are_named_as_in_the_standard(tag: Tag, name: str) -> None:
    assert tag.standard_name == name


# Lossless beside the common case


@given(st.integers(0, 70), st.binary(min_size=9, max_size=9))
def test_unused_bits_of_a_bit_string_are_kept(length: int, octets: bytes) -> None:
    value = BitString(length, octets[: (length + 7) // 8])
    encoded = encode_data(Data(Tag.BIT_STRING, value))
    assert decode_whole(encoded) == Data(Tag.BIT_STRING, value)
    assert encode_data(decode_whole(encoded)) == encoded


@given(st.integers(0, 255))
def test_a_booleans_octet_is_kept(octet: int) -> None:
    assert decode_whole(bytes((3, octet))) == Data(Tag.BOOLEAN, octet)
    assert encode_data(Data(Tag.BOOLEAN, octet)) == bytes((3, octet))


DESCRIPTIONS = st.recursive(
    st.sampled_from([bytes((tag,)) for tag in (0, 3, 5, 6, 9, 15, 16, 17, 18, 20, 21, 22, 25)]),
    lambda inner: st.one_of(
        st.tuples(st.integers(0, 65535), inner).map(lambda pair: b"\x01" + pair[0].to_bytes(2, "big") + pair[1]),
        st.lists(inner, max_size=5).map(lambda types: bytes((2, len(types))) + b"".join(types)),
    ),
    max_leaves=12,
)


@given(DESCRIPTIONS, st.binary(max_size=300))
def test_any_compact_array_is_kept_octet_for_octet(description: bytes, contents: bytes) -> None:
    data = Data(Tag.COMPACT_ARRAY, CompactArray(description, contents))
    octets = encode_data(data)
    assert decode_whole(octets) == data
    assert skip_data(octets + b"\xff", 0) == len(octets)


@given(DESCRIPTIONS, st.data())
def test_a_truncated_compact_array_is_refused(description: bytes, draw: st.DataObject) -> None:
    octets = encode_data(Data(Tag.COMPACT_ARRAY, CompactArray(description, b"\x01\x02\x03")))
    cut = draw.draw(st.integers(0, len(octets) - 1))
    for decode in (decode_whole, lambda octets: skip_data(octets, 0)):
        with pytest.raises(DecodeError):
            decode(octets[:cut])


def test_types_in_a_description_nest_no_deeper_than_values() -> None:
    deep = b"\x13" + b"\x02\x01" * (DATA_DEPTH_MAX - 1) + b"\x11\x00"
    assert decode_whole(deep).tag == Tag.COMPACT_ARRAY
    with pytest.raises(DecodeError, match="type is nested too deep"):
        decode_whole(b"\x13" + b"\x02\x01" * DATA_DEPTH_MAX + b"\x11\x00")


# Bounds


def test_the_elements_of_one_value_are_counted_together() -> None:
    half = DATA_ELEMENTS_MAX // 2
    inner = b"\x01\x84" + half.to_bytes(4, "big") + bytes(half)
    with pytest.raises(DecodeError, match="too many elements") as caught:
        decode_whole(b"\x02\x02" + inner * 2)
    assert caught.value.got == 2 + 2 * half


def test_a_value_is_read_where_it_stands() -> None:
    octets = b"\xaa" * 7 + encode_data(Data(Tag.LONG_UNSIGNED, 513)) + b"\xbb" * 3
    assert decode_data(octets, 7) == (Data(Tag.LONG_UNSIGNED, 513), 10)
    assert skip_data(octets, 7) == 10


@given(TREES, st.data())
def test_a_changed_octet_decodes_or_raises_and_skipping_agrees(data: Data, draw: st.DataObject) -> None:
    octets = bytearray(encode_data(data))
    octets[draw.draw(st.integers(0, len(octets) - 1))] = draw.draw(st.integers(0, 255))
    try:
        decoded, end = decode_data(bytes(octets))
    except DecodeError:
        return
    assert skip_data(bytes(octets), 0) == end
    assert decode_data(encode_data(decoded))[0] == decoded or "nan" in repr(decoded)


@given(st.lists(TREES, max_size=5))
def test_values_follow_one_another_without_a_gap(values: list[Data]) -> None:
    out = bytearray()
    for value in values:
        write_data(value, out)
    offset, read = 0, []
    while offset < len(out):
        value, offset = decode_data(bytes(out), offset)
        read.append(value)
    assert read == values


def test_an_error_shows_the_type_and_never_the_value() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        encode_data(Data(Tag.OCTET_STRING, "a secret text"))
    assert (caught.value.expected, caught.value.got) == ("octet-string", "str")
    assert "secret" not in str(caught.value)
