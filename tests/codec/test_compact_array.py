"""Compact arrays: octets worked out by hand, both ways over any values, and descriptions that lie."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import BitString, CompactArray, Data, Tag, decode_whole, encode_data
from ferraris.codec.compact_array import (
    ArrayType,
    SimpleType,
    StructureType,
    TypeDescription,
    count_empty,
    count_values,
    decode_compact_array,
    decode_contents,
    describe,
    encode_compact_array,
    encode_contents,
    encode_description,
    read_description,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_DEPTH_MAX

U8, U16, U32, STRING = (
    int(tag) for tag in (Tag.UNSIGNED, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.OCTET_STRING)
)


def structure(*members: Data) -> Data:
    return Data(int(Tag.STRUCTURE), members)


@pytest.mark.parametrize(
    ("octets", "elements"),
    [
        ("13 12 06 000100020003", [Data(U16, 1), Data(U16, 2), Data(U16, 3)]),
        ("13 11 00", []),
        ("13 09 05 026162 0163", [Data(STRING, b"ab"), Data(STRING, b"c")]),
        (
            "13 0202 12 09 09 0001 0161 0002 026263",
            [structure(Data(U16, 1), Data(STRING, b"a")), structure(Data(U16, 2), Data(STRING, b"bc"))],
        ),
        (
            "13 0202 11 01 0002 12 0a 01 0002 0003 04 0005 0006",
            [
                structure(Data(U8, 1), Data(int(Tag.ARRAY), (Data(U16, 2), Data(U16, 3)))),
                structure(Data(U8, 4), Data(int(Tag.ARRAY), (Data(U16, 5), Data(U16, 6)))),
            ],
        ),
        ("13 04 03 09 ff80", [Data(int(Tag.BIT_STRING), BitString(9, b"\xff\x80"))]),
        ("13 0202 00 11 02 0102", [structure(Data(0, None), Data(U8, 1)), structure(Data(0, None), Data(U8, 2))]),
    ],
)
def test_known_octets(octets: str, elements: list[Data]) -> None:
    value = decode_whole(bytes.fromhex(octets))
    assert isinstance(value.value, CompactArray)
    assert list(decode_compact_array(value.value)) == elements
    if elements:
        compact = encode_compact_array(elements)
        assert encode_data(Data(int(Tag.COMPACT_ARRAY), compact)) == bytes.fromhex(octets)


simple_types = st.sampled_from([tag for tag in Tag if tag not in (Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY)])
descriptions = st.recursive(
    simple_types.map(lambda tag: SimpleType(int(tag))),
    lambda inner: st.one_of(
        st.builds(ArrayType, st.integers(0, 3), inner),
        st.lists(inner, max_size=4).map(lambda members: StructureType(tuple(members))),
    ),
    max_leaves=8,
)


@given(descriptions)
def test_descriptions_both_ways(description: TypeDescription) -> None:
    octets = encode_description(description)
    assert read_description(octets) == (description, len(octets))


SIZES = {int(tag): size for size, tags in {
    0: (Tag.NULL_DATA, Tag.DONT_CARE), 1: (Tag.INTEGER, Tag.UNSIGNED, Tag.ENUM, Tag.BOOLEAN, Tag.BCD), 2: (Tag.LONG, Tag.LONG_UNSIGNED),
    4: (Tag.DOUBLE_LONG, Tag.DOUBLE_LONG_UNSIGNED, Tag.TIME), 5: (Tag.DATE,), 8: (Tag.LONG64, Tag.LONG64_UNSIGNED), 12: (Tag.DATE_TIME,),
}.items() for tag in tags}  # fmt: skip


@st.composite
def values_of(draw: st.DrawFn, description: TypeDescription) -> Data:
    """A value of the type."""
    if isinstance(description, SimpleType):
        tag = description.tag
        if tag in SIZES:
            octets = bytes((tag,)) + draw(st.binary(min_size=SIZES[tag], max_size=SIZES[tag]))
            return decode_whole(octets)
        if tag == Tag.BIT_STRING:
            return Data(tag, BitString(8, draw(st.binary(min_size=1, max_size=1))))
        if tag in (Tag.FLOAT32, Tag.FLOAT64):
            return Data(tag, draw(st.floats(width=32, allow_nan=False)))
        if tag in (Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING):
            return Data(tag, draw(st.binary(max_size=5)))
        return Data(tag, draw(st.integers(0, 100)))  # the delta types
    if isinstance(description, ArrayType):
        parts = tuple(draw(values_of(description.item)) for _ in range(description.length))
        return Data(int(Tag.ARRAY), parts)
    return Data(int(Tag.STRUCTURE), tuple(draw(values_of(member)) for member in description.members))


@settings(max_examples=200)
@given(st.data(), descriptions)
def test_elements_both_ways(data: st.DataObject, description: TypeDescription) -> None:
    elements = data.draw(st.lists(values_of(description), min_size=1, max_size=4))
    contents = b"".join(map(encode_contents, elements))
    if len(contents) == 0:
        assert decode_contents(description, contents) == ()
    else:
        assert list(decode_contents(description, contents)) == elements
        with contextlib.suppress(LocalProtocolError):  # an array without elements does not tell their type
            assert decode_compact_array(encode_compact_array(elements)) == tuple(elements)


@given(st.binary(max_size=40))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        value = decode_whole(b"\x13" + octets).value
        assert isinstance(value, CompactArray)
        decode_compact_array(value)


@given(descriptions, st.binary(max_size=60))
def test_any_contents_only_raise_decode_error(description: TypeDescription, contents: bytes) -> None:
    with contextlib.suppress(DecodeError):
        elements = decode_contents(description, contents)
        assert b"".join(map(encode_contents, elements)) == contents


# Bombs


def nested(count: int, depth: int, leaf: str) -> str:
    return f"01{count:04x}" * depth + leaf


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(f"13 0202 11 {nested(0xFFFF, 3, '00')} 02 0102", id="billions of nothing behind one octet"),
        pytest.param(f"13 {nested(0xFFFF, 8, '00')} 01 00", id="an element of no octets, ever so often"),
        pytest.param(f"13 {nested(0xFFFF, 2, '11')} 04 00000000", id="more values than contents"),
        pytest.param("13 0200 01 00", id="a structure without members"),
        pytest.param("13 00 01 00", id="null-data with contents"),
        pytest.param("13 01 0000 11 02 0102", id="an array without elements"),
    ],
)
def test_a_description_that_names_more_than_there_is_is_refused_at_once(octets: str) -> None:
    value = decode_whole(bytes.fromhex(octets)).value
    assert isinstance(value, CompactArray)
    started = time.process_time()
    with pytest.raises(DecodeError):
        decode_compact_array(value)
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize("count", ["02 7f 11", "02 84ffffffff 11"])
def test_a_lying_count_of_members_is_refused(count: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_whole(bytes.fromhex(f"13 {count} 00"))
    assert caught.value.summary == "a count lies"


def test_a_description_nested_too_deep_is_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        read_description(bytes.fromhex(nested(1, DATA_DEPTH_MAX, "11")))
    assert caught.value.summary == "a type is nested too deep"


def test_octets_behind_a_description_are_refused() -> None:
    with pytest.raises(DecodeError, match="follow a type description"):
        decode_compact_array(CompactArray(b"\x11\x11", b"\x01"))


def test_values_are_counted_with_their_parts() -> None:
    assert count_values(SimpleType(U8)) == 1
    assert count_values(ArrayType(3, StructureType((SimpleType(U8), SimpleType(U8))))) == 10


# What cannot be encoded


@pytest.mark.parametrize(
    "elements",
    [
        pytest.param([], id="none"),
        pytest.param([Data(U8, 1), Data(U16, 1)], id="two types"),
        pytest.param([Data(int(Tag.ARRAY), (Data(U8, 1), Data(U16, 1)))], id="an array of two types"),
        pytest.param([Data(int(Tag.COMPACT_ARRAY), CompactArray(b"\x11", b"\x01"))], id="a compact array"),
    ],
)
def test_what_has_no_one_type_is_refused(elements: list[Data]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_compact_array(elements)


def test_values_nested_too_deep_are_refused() -> None:
    value = Data(U8, 1)
    for _ in range(DATA_DEPTH_MAX + 1):
        value = structure(value)
    with pytest.raises(LocalProtocolError, match="nested too deep"):
        describe(value)


def test_an_array_too_long_for_a_description_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="array is too long"):
        encode_description(ArrayType(0x1_0000, SimpleType(U8)))


def test_values_without_octets_are_not_many_more_than_the_octets() -> None:
    """64 octets that name half a million values, almost all of which take nothing of the contents."""
    half = StructureType((ArrayType(1_000, ArrayType(400, SimpleType(int(Tag.NULL_DATA)))), SimpleType(U8)))
    with pytest.raises(DecodeError, match="without octets") as caught:
        decode_contents(half, bytes(40))
    assert caught.value.got == count_empty(half) == 1 + 1 + 1_000 * 401
    nothing = StructureType((ArrayType(60_000, StructureType(())), SimpleType(U8)))
    assert len(decode_contents(nothing, bytes(1))) == 1  # few enough for one element, too many for two
    with pytest.raises(DecodeError, match="without octets"):
        decode_contents(nothing, bytes(2))


def test_a_table_of_rows_is_no_bomb() -> None:
    row = StructureType((SimpleType(int(Tag.NULL_DATA)), SimpleType(U8), SimpleType(int(Tag.NULL_DATA))))
    assert len(decode_contents(row, bytes(20_000))) == 20_000
