"""Data, class 1: a value of any type, as meters use it for identifiers, counters, statuses and settings."""

from __future__ import annotations

import pytest

from ferraris.codec import Data as Tree
from ferraris.codec import Tag
from ferraris.cosem import Data, load_profile
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.known_octets import assert_holds

VALUES = [
    # octets                               type                      plain                     as in
    ("00",                                 Tag.NULL_DATA,            None,                     "an event code before the first event"),
    ("03 01",                              Tag.BOOLEAN,              1,                        "a switch"),
    ("04 08 a5",                           Tag.BIT_STRING,           "10100101",               "a configuration object"),
    ("04 0b a5e0",                         Tag.BIT_STRING,           "10100101111",            "bits that fill no octet"),
    ("05 fffffffe",                        Tag.DOUBLE_LONG,          -2,                       "a signed counter"),
    ("06 00000190",                        Tag.DOUBLE_LONG_UNSIGNED, 400,                      "an invocation counter"),
    ("06 ffffffff",                        Tag.DOUBLE_LONG_UNSIGNED, 4_294_967_295,            "an invocation counter used up"),
    ("09 0d 46455230303030303030303031",   Tag.OCTET_STRING,         "0x46455230303030303030303031", "a serial number"),
    ("09 00",                              Tag.OCTET_STRING,         "0x",                     "an identifier that was never set"),
    ("0a 05 4c47 5a31 32",                 Tag.VISIBLE_STRING,       "0x4c475a3132",           "a manufacturer's name"),
    ("0c 03 e282ac",                       Tag.UTF8_STRING,          "0xe282ac",               "a currency"),
    ("0d 99",                              Tag.BCD,                  0x99,                     "two decimal digits"),
    ("0f 9c",                              Tag.INTEGER,              -100,                     "a signal strength"),
    ("10 fc18",                            Tag.LONG,                 -1000,                    "a temperature in tenths"),
    ("11 08",                              Tag.UNSIGNED,             8,                        "the status of a captured period"),
    ("12 0007",                            Tag.LONG_UNSIGNED,        7,                        "a number of power failures"),
    ("14 ffffffffffffff9c",                Tag.LONG64,               -100,                     "a balance of credit"),
    ("15 00000000000f4240",                Tag.LONG64_UNSIGNED,      1_000_000,                "a large counter"),
    ("16 02",                              Tag.ENUM,                 2,                        "an administrative status"),
    ("17 43660000",                        Tag.FLOAT32,              230.0,                    "a voltage computed by a gateway"),
    ("18 406cc00000000000",                Tag.FLOAT64,              230.0,                    "the same in full length"),
    ("19 07e8010f010c1e2d32ffc400",        Tag.DATE_TIME,            "0x07e8010f010c1e2d32ffc400", "a time under its own tag"),
    ("1a 07e8010f01",                      Tag.DATE,                 "0x07e8010f01",           "a day of installation"),
    ("1b 0c1e2d32",                        Tag.TIME,                 "0x0c1e2d32",             "a time of day"),
    ("1c ff",                              Tag.DELTA_INTEGER,        -1,                       "a difference to the row before"),
    ("1d ff00",                            Tag.DELTA_LONG,           -256,                     "a larger one"),
    ("1e ffff0000",                        Tag.DELTA_DOUBLE_LONG,    -65_536,                  "a still larger one"),
    ("1f ff",                              Tag.DELTA_UNSIGNED,       255,                      "a difference that is never negative"),
    ("20 0100",                            Tag.DELTA_LONG_UNSIGNED,  256,                      "the same, larger"),
    ("21 00010000",                        Tag.DELTA_DOUBLE_LONG_UNSIGNED, 65_536,             "the same, still larger"),
    ("01 02 1101 1102",                    Tag.ARRAY,                [1, 2],                   "a list of channels"),
    ("02 02 120384 0900",                  Tag.STRUCTURE,            [900, "0x"],              "randomisation settings"),
    ("02 00",                              Tag.STRUCTURE,            [],                       "settings that are none"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "tag", "plain", "place"), VALUES)
def test_a_value_of_every_type(octets: str, tag: Tag, plain: object, place: str) -> None:
    assert_holds(Data.value.datatype, octets, plain)
    assert Data.value.datatype.decode(bytes.fromhex(octets)).tag == tag, place


def test_the_table_leaves_out_no_type_but_those_of_the_wire_alone() -> None:
    """A compact array is a way of writing an array, `dont-care` a gap in one; no attribute is of these types."""
    assert set(Tag) - {tag for _, tag, _, _ in VALUES} == {Tag.COMPACT_ARRAY, Tag.DONT_CARE}


REFUSED = [
    # octets                 words
    ("",                     "missing"),
    ("07 00",                "tag"),
    ("1c",                   "cut short"),
    ("22",                   "tag"),
    ("fe",                   "tag"),
    ("06 0000",              "cut short"),
    ("09 05 00",             "cut short|octets"),
    ("09 85 0000000001 00",  "length"),
    ("01 02 11 01",          "missing|count|cut|octets"),
    ("11 01 02",             "octets follow"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "words"), REFUSED)
def test_octets_that_are_no_value(octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        Data.value.datatype.decode(bytes.fromhex(octets))


UNFIT = [
    Tree(Tag.UNSIGNED, 256),
    Tree(Tag.UNSIGNED, "1"),
    Tree(Tag.INTEGER, 128),
    Tree(Tag.STRUCTURE, (1, 2)),
    Tree(Tag.ARRAY, 5),
    Tree(Tag.DATE_TIME, b"short"),
    Tree(Tag.NULL_DATA, 0),
    Tree(99, 1),
]


@pytest.mark.parametrize("value", UNFIT, ids=str)
def test_a_tree_whose_value_does_not_fit_its_tag_is_not_sent(value: Tree) -> None:
    with pytest.raises(LocalProtocolError):
        Data.value.datatype.encode(value)


NARROWED = [
    # object                   type in the profile      blank, in octets
    ("SERIAL_NUMBER",          "octet-string",          "0900"),
    ("INVOCATION_COUNTER",     "double-long-unsigned",  "0600000000"),
    ("POWER_FAILURES",         "long-unsigned",         "120000"),
    ("ADMINISTRATIVE_STATUS",  "enum",                  "1600"),
    ("CONFIGURATION_OBJECT",   "bit-string",            "0400"),
    ("PROFILE_STATUS",         "unsigned",              "1100"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "name", "blank"), NARROWED)
def test_a_profile_chooses_the_type(tag: str, name: str, blank: str) -> None:
    rule = load_profile("smr5_three_phase").object(tag).attributes[Data.value.number]
    assert (rule.datatype.name, rule.initial.hex()) == (name, blank)
