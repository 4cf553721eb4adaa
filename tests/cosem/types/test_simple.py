"""Simple data types: known octets, the limits of each type, and what is refused with which words."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import BitString, Tag
from ferraris.cosem import Obis, types
from ferraris.cosem.plain import SIMPLE_TYPES
from ferraris.cosem.types import DataType, OctetString
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.units import Unit
from tests.cosem.strategies import values_of


class Colour(IntEnum):
    """A closed enumeration."""

    RED = 1
    BLUE = 2


class Bit(IntFlag):
    """Bits with names, and some without."""

    FIRST = 1
    SECOND = 2


COLOUR = types.Enumerated(Colour)
UNIT = types.Enumerated(Unit)
BITS = types.Flags(Bit)
UNSIGNED_BITS = types.Flags(Bit, Tag.UNSIGNED)
SIXTEEN_BITS = types.Flags(Bit, Tag.LONG_UNSIGNED)
BIT_BY_BIT = types.NamedBits(Bit, 3)
NINE_BITS = types.NamedBits(Bit, 9)

KNOWN = [
    # data type                     octets                         value
    (types.NULL_DATA,               "00",                          None),
    (types.BOOLEAN,                 "0301",                        True),
    (types.BOOLEAN,                 "0300",                        False),
    (types.INTEGER,                 "0f80",                        -128),
    (types.INTEGER,                 "0f7f",                        127),
    (types.UNSIGNED,                "11ff",                        255),
    (types.LONG,                    "108000",                      -32768),
    (types.LONG,                    "10ffc4",                      -60),
    (types.LONG_UNSIGNED,           "12ffff",                      65535),
    (types.DOUBLE_LONG,             "0580000000",                  -(1 << 31)),
    (types.DOUBLE_LONG_UNSIGNED,    "06ffffffff",                  (1 << 32) - 1),
    (types.LONG64,                  "148000000000000000",          -(1 << 63)),
    (types.LONG64_UNSIGNED,         "15ffffffffffffffff",          (1 << 64) - 1),
    (types.ENUM,                    "161e",                        30),
    (types.BCD,                     "0d42",                        0x42),
    (types.FLOAT32,                 "173fc00000",                  1.5),
    (types.FLOAT64,                 "183ff8000000000000",          1.5),
    (types.OCTET_STRING,            "0903010203",                  b"\x01\x02\x03"),
    (types.OCTET_STRING,            "0900",                        b""),
    (types.OctetString(2),          "0902aabb",                    b"\xaa\xbb"),
    (types.VISIBLE_STRING,          "0a03464552",                  "FER"),
    (types.VISIBLE_STRING,          "0a01e9",                      "é"),
    (types.UTF8_STRING,             "0c02c3a9",                    "é"),
    (types.UTF8_STRING,             "0c01e9",                      "\udce9"),
    (types.BIT_STRING,              "040580",                      BitString(5, b"\x80")),
    (types.BIT_STRING,              "04059f",                      BitString(5, b"\x9f")),
    (types.Bits(24),                "0418001c1f",                  BitString(24, b"\x00\x1c\x1f")),
    (types.LOGICAL_NAME,            "09060100010800ff",            Obis.of(1, 0, 1, 8, 0)),
    (COLOUR,                        "1602",                        Colour.BLUE),
    (UNIT,                          "161e",                        Unit.WATT_HOUR),
    (BITS,                          "1603",                        Bit.FIRST | Bit.SECOND),
    (UNSIGNED_BITS,                 "1180",                        Bit(0x80)),
    (SIXTEEN_BITS,                  "128002",                      Bit(0x8002)),
    (BIT_BY_BIT,                    "040340",                      Bit.SECOND),
    (BIT_BY_BIT,                    "0403a0",                      Bit(0b101)),
    (NINE_BITS,                     "04098080",                    Bit(0b1_0000_0001)),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "value"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, value: Any) -> None:
    assert datatype.decode(bytes.fromhex(octets)) == value
    assert datatype.encode(value).hex() == octets


REFUSED_OCTETS = [
    # data type                     octets              expected                got                      offset
    (types.NULL_DATA,               "",                 "null-data",            "no octets",             0),
    (types.NULL_DATA,               "0000",             1,                      2,                       1),
    (types.BOOLEAN,                 "03",               "1 octets",             0,                       1),
    (types.LONG_UNSIGNED,           "1101",             "long-unsigned",        "unsigned",              0),
    (types.LONG_UNSIGNED,           "ee01",             "long-unsigned",        "tag 238",               0),
    (types.LONG_UNSIGNED,           "1201",             "2 octets",             1,                       1),
    (types.LONG_UNSIGNED,           "12010203",         3,                      4,                       3),
    (types.FLOAT32,                 "173f",             "4 octets",             1,                       1),
    (types.OCTET_STRING,            "090501",           "5 octets",             1,                       2),
    (types.OCTET_STRING,            "0984ffffffff",     "4294967295 octets",    0,                       6),
    (types.OctetString(2),          "090301020f",       2,                      "3 octets",              0),
    (types.LOGICAL_NAME,            "09050100010800",   6,                      "5 octets",              0),
    (types.BIT_STRING,              "041000",           "2 octets",             1,                       2),
    (types.Bits(24),                "041000ff",         24,                     "16 bits",               0),
    (COLOUR,                        "1609",             "red (1), blue (2)",    9,                       1),
    (COLOUR,                        "16",               "1 octets",             0,                       1),
    (BITS,                          "1101",             "enum",                 "unsigned",              0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "expected", "got", "offset"), REFUSED_OCTETS)
def test_octets_of_another_kind_are_refused(
    datatype: DataType[Any], octets: str, expected: object, got: object, offset: int
) -> None:
    with pytest.raises(DecodeError) as caught:
        datatype.decode(bytes.fromhex(octets))
    error = caught.value
    assert (error.expected, error.got, error.offset) == (expected, got, offset)


REFUSED_VALUES = [
    # data type                     value                       expected                        got
    (types.NULL_DATA,               0,                          None,                           "int"),
    (types.BOOLEAN,                 2,                          "True or False",                "int"),
    (types.BOOLEAN,                 1.0,                        "True or False",                "float"),
    (types.UNSIGNED,                256,                        "0..255",                       256),
    (types.UNSIGNED,                -1,                         "0..255",                       -1),
    (types.UNSIGNED,                "1",                        "a whole number",               "str"),
    (types.UNSIGNED,                1.5,                        "a whole number",               "float"),
    (types.INTEGER,                 128,                        "-128..127",                    128),
    (types.FLOAT32,                 1e300,                      "32 bits",                      1e300),
    (types.FLOAT32,                 "1",                        "a number",                     "str"),
    (types.OctetString(16),         b"0123456789abcde",         "octet-string(16)",             "15 octets"),
    (types.OCTET_STRING,            "text",                     "octet-string",                 "str"),
    (types.VISIBLE_STRING,          b"octets",                  "text",                         "6 octets"),
    (types.VISIBLE_STRING,          "Σ",                        "characters of latin-1",        "others"),
    (types.UTF8_STRING,             "\ud800",                   "characters of utf-8",          "others"),
    (types.LOGICAL_NAME,            b"12345",                   "6 octets",                     "5 octets"),
    (types.Bits(24),                BitString(16, b"ab"),       24,                             "16 bits"),
    (COLOUR,                        3,                          "red (1), blue (2)",            "int"),
    (BITS,                          0x100,                      "8 bits",                       "int"),
    (SIXTEEN_BITS,                  0x10000,                    "16 bits",                      "int"),
    (BIT_BY_BIT,                    8,                          "3 bits",                       "int"),
    (BIT_BY_BIT,                    -1,                         "3 bits",                       "int"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "value", "expected", "got"), REFUSED_VALUES)
def test_values_that_do_not_fit_are_our_own_fault(
    datatype: DataType[Any], value: Any, expected: object, got: object
) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        datatype.encode(value)
    assert (caught.value.expected, caught.value.got) == (expected, got)


def test_no_error_repeats_the_content_of_a_string() -> None:
    key = b"\xd0\xd1\xd2\xd3 a secret key"
    for datatype in (OctetString(16), types.VISIBLE_STRING, types.LOGICAL_NAME, types.UNSIGNED):
        with pytest.raises(LocalProtocolError) as caught:
            datatype.encode(key)
        assert "secret" not in str(caught.value)


def test_true_is_any_octet_but_zero_and_is_written_as_one() -> None:
    assert types.BOOLEAN.decode(b"\x03\xff") is True
    assert types.BOOLEAN.encode(True) == b"\x03\x01"


NAMED_BITS = [
    # data type   octets      value
    (BIT_BY_BIT,  "04039f",   Bit.FIRST),
    (BIT_BY_BIT,  "0408a0",   Bit(0b101)),
    (BIT_BY_BIT,  "0404f0",   Bit(0b111)),
    (BIT_BY_BIT,  "0410400f", Bit.SECOND),
    (BIT_BY_BIT,  "0401c0",   Bit.FIRST),
    (BIT_BY_BIT,  "0400",     Bit(0)),
    (NINE_BITS,   "0408ff",   Bit(0xFF)),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "value"), NAMED_BITS)
def test_named_bits_are_read_from_strings_of_any_length(
    datatype: types.NamedBits[Bit], octets: str, value: Bit
) -> None:
    assert datatype.decode(bytes.fromhex(octets)) == value
    assert datatype.decode(datatype.encode(value)) == value


def test_named_bits_are_written_in_the_standards_length() -> None:
    assert BIT_BY_BIT.encode(BIT_BY_BIT.decode(bytes.fromhex("0408a0"))).hex() == "0403a0"


def test_a_bit_string_needs_an_octet_for_every_eight_bits() -> None:
    with pytest.raises(LocalProtocolError, match="an octet for every eight bits"):
        types.BIT_STRING.encode(BitString(9, b"\x00"))


def test_a_number_of_an_open_enumeration_keeps_its_number() -> None:
    unit = UNIT.decode(b"\x16\xc8")
    assert (int(unit), unit.name, UNIT.encode(unit)) == (200, "CODE_200", b"\x16\xc8")


def test_an_open_enumeration_of_our_own_names_what_it_does_not_know() -> None:
    class Transport(types.OpenEnum):
        TCP = 0

    datatype = types.Enumerated(Transport)
    assert datatype.decode(b"\x16\x00") is Transport.TCP
    assert datatype.decode(b"\x16\xc8").name == "CODE_200"
    with pytest.raises(LocalProtocolError):
        datatype.encode(256)  # type: ignore[arg-type]


@pytest.mark.parametrize("datatype", [*SIMPLE_TYPES.values(), types.LOGICAL_NAME, COLOUR, BITS, BIT_BY_BIT])
def test_the_blank_value_of_every_type_can_be_written(datatype: DataType[Any]) -> None:
    assert datatype.decode(datatype.encode(datatype.blank())) == datatype.blank()


@pytest.mark.parametrize(
    "datatype",
    [*SIMPLE_TYPES.values(), types.LOGICAL_NAME, COLOUR, UNIT, BITS, SIXTEEN_BITS, BIT_BY_BIT, NINE_BITS],
    ids=repr,
)
@settings(deadline=None)
@given(data=st.data())
def test_every_value_survives_the_way_there_and_back(datatype: DataType[Any], data: st.DataObject) -> None:
    octets = datatype.encode(data.draw(values_of(datatype)))
    assert datatype.encode(datatype.decode(octets)) == octets
    before, behind = b"\x00\x00", b"\x12"
    assert datatype.read(before + octets + behind, 2) == (datatype.decode(octets), 2 + len(octets))


@settings(deadline=None)
@given(
    octets=st.binary(max_size=24),
    datatype=st.sampled_from(
        [*SIMPLE_TYPES.values(), types.LOGICAL_NAME, COLOUR, UNIT, BITS, SIXTEEN_BITS, BIT_BY_BIT, NINE_BITS]
    ),
)
def test_any_octets_are_read_or_refused(octets: bytes, datatype: DataType[Any]) -> None:
    try:
        value = datatype.decode(octets)
    except DecodeError:
        return
    assert repr(datatype.decode(datatype.encode(value))) == repr(value)
