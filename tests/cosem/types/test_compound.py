"""Arrays, structures, choices, absent values, rows, and values of any type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, assert_type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.cosem import types
from ferraris.cosem.types import (
    ANY,
    LONG_UNSIGNED,
    ROW,
    UNSIGNED,
    VISIBLE_STRING,
    Array,
    Choice,
    DataType,
    Nullable,
    Structure,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.strategies import values_of


@dataclass(frozen=True, slots=True)
class Point:
    """Two numbers."""

    x: Annotated[int, UNSIGNED]
    y: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class Shape:
    """A structure with an array of structures in it, and a member that may be absent."""

    name: Annotated[str, VISIBLE_STRING]
    points: Annotated[tuple[Point, ...], Array(Structure(Point))]
    weight: Annotated[int | None, Nullable(UNSIGNED)] = None


POINT = Structure(Point)
SHAPE = Structure(Shape)
NUMBER = Choice(Tag.UNSIGNED, Tag.LONG_UNSIGNED)

KNOWN = [
    # data type          octets                                    value
    (POINT,              "02021101120002",                         Point(1, 2)),
    (Array(UNSIGNED),    "0103110111021103",                    (1, 2, 3)),
    (Array(UNSIGNED),    "0100",                                   ()),
    (SHAPE,              "02030a016101010202110112000200",   Shape("a", (Point(1, 2),))),
    (SHAPE,              "02030a016101001107",               Shape("a", (), 7)),
    (Nullable(UNSIGNED), "00",                                     None),
    (Nullable(UNSIGNED), "1100",                                   0),
    (NUMBER,             "1105",                                   Data(Tag.UNSIGNED, 5)),
    (NUMBER,             "120005",                                 Data(Tag.LONG_UNSIGNED, 5)),
    (ANY,                "0202110500",                             Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 5), Data(Tag.NULL_DATA, None)))),
    (ROW,                "0202110500",                             (Data(Tag.UNSIGNED, 5), Data(Tag.NULL_DATA, None))),
    (ROW,                "0200",                                   ()),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "value"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, value: Any) -> None:
    assert datatype.decode(bytes.fromhex(octets)) == value
    assert datatype.encode(value).hex() == octets


REFUSED_OCTETS = [
    # data type          octets                  expected                got               offset
    (POINT,              "02011101",             "2 members",            1,                0),
    (POINT,              "0203110112000200",     "2 members",            3,                0),
    (POINT,              "0102",                 "structure",            "array",          0),
    (POINT,              "020211011202",         "2 octets",             1,                5),
    (Array(UNSIGNED),    "0184ffffffff11",       "4294967295 elements",  "1 octets",       0),
    (Array(UNSIGNED),    "01021101120002",       "unsigned",             "long-unsigned",  4),
    (NUMBER,             "1001ff",               "one of its types",     "long",           0),
    (ROW,                "0100",                 "structure",            "array",          0),
    (Nullable(UNSIGNED), "",                     "unsigned",             "no octets",      0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "expected", "got", "offset"), REFUSED_OCTETS)
def test_octets_of_another_shape_are_refused(
    datatype: DataType[Any], octets: str, expected: object, got: object, offset: int
) -> None:
    with pytest.raises(DecodeError) as caught:
        datatype.decode(bytes.fromhex(octets))
    assert (caught.value.expected, caught.value.got, caught.value.offset) == (expected, got, offset)


REFUSED_VALUES = [
    # data type          value                          expected                    got
    (POINT,              (1, 2),                        "Point",                    "tuple"),
    (POINT,              Point(256, 0),                 "0..255",                   256),
    (Array(UNSIGNED),    5,                             "a tuple",                  "int"),
    (Array(UNSIGNED),    (1, 256),                      "0..255",                   256),
    (NUMBER,             5,                             "Data(tag, value)",         "int"),
    (NUMBER,             Data(Tag.LONG, 5),             "one of its types",         "long"),
    (ANY,                5,                             "Data(tag, value)",         "int"),
    (ROW,                (1, 2),                        "a tuple of Data",          "tuple"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "value", "expected", "got"), REFUSED_VALUES)
def test_values_of_another_shape_are_our_own_fault(
    datatype: DataType[Any], value: Any, expected: object, got: object
) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        datatype.encode(value)
    assert (caught.value.expected, caught.value.got) == (expected, got)


def test_a_choice_is_written_as_it_came() -> None:
    for octets in (b"\x11\x05", b"\x12\x00\x05"):
        assert NUMBER.encode(NUMBER.decode(octets)) == octets


def test_a_blank_choice_is_null_where_it_may_be_and_zero_elsewhere() -> None:
    assert NUMBER.blank() == Data(Tag.UNSIGNED, 0)
    assert Choice(Tag.LONG, Tag.NULL_DATA).blank() == Data(Tag.NULL_DATA, None)
    assert Choice(Tag.OCTET_STRING).blank() == Data(Tag.OCTET_STRING, b"")


def test_a_structure_needs_a_dataclass_whose_members_have_types() -> None:
    with pytest.raises(TypeError, match="int is not a dataclass"):
        Structure(int)
    with pytest.raises(TypeError, match=r"Untyped\.x must be Annotated"):
        Structure(Untyped)


@dataclass
class Untyped:
    """A dataclass that says nothing of octets."""

    x: int


def test_nesting_is_bounded_in_values_of_any_type() -> None:
    with pytest.raises(DecodeError, match="nested too deep"):
        ANY.decode(b"\x02\x01" * 5000 + b"\x00")


def test_a_type_checker_knows_what_a_read_gives() -> None:
    assert_type(SHAPE.decode(SHAPE.encode(Shape("a", ()))), Shape)
    assert_type(Array(POINT).blank(), tuple[Point, ...])
    assert_type(Nullable(UNSIGNED).blank(), int | None)
    assert_type(NUMBER.blank(), Data)


COMPOUNDS = [
    POINT,
    SHAPE,
    Array(UNSIGNED),
    Array(SHAPE),
    NUMBER,
    ANY,
    ROW,
    Nullable(POINT),
    Array(Array(types.OCTET_STRING)),
]


@pytest.mark.parametrize("datatype", COMPOUNDS, ids=repr)
@settings(deadline=None)
@given(data=st.data())
def test_every_value_survives_the_way_there_and_back(datatype: DataType[Any], data: st.DataObject) -> None:
    value = data.draw(values_of(datatype))
    octets = datatype.encode(value)
    assert datatype.decode(octets) == value
    assert datatype.encode(datatype.decode(octets)) == octets


@settings(deadline=None)
@given(octets=st.binary(max_size=64), datatype=st.sampled_from(COMPOUNDS))
def test_any_octets_are_read_or_refused(octets: bytes, datatype: DataType[Any]) -> None:
    try:
        value = datatype.decode(octets)
    except DecodeError:
        return
    assert repr(datatype.decode(datatype.encode(value))) == repr(value)


@settings(deadline=None)
@given(data=st.data(), datatype=st.sampled_from(COMPOUNDS))
def test_a_value_cut_short_is_refused(data: st.DataObject, datatype: DataType[Any]) -> None:
    octets = datatype.encode(data.draw(values_of(datatype)))
    cut = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(DecodeError):
        datatype.decode(octets[:cut])
