"""Values as trees that JSON can carry, and the two deviations of the field."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import BitString, CompactArray, Data, Tag, decode_whole, encode_data
from ferraris.dlms.inspect.tree import to_json
from ferraris.dlms.untagged import read_value
from ferraris.kernel.errors import DecodeError
from tests.dlms.apdu.strategies import trees


@pytest.mark.parametrize(
    ("octets", "tree"),
    [
        ("00", {"null-data": None}),
        ("0301", {"boolean": 1}),
        ("04 0c a5f0", {"bit-string": "101001011111"}),
        ("05 ffffffff", {"double-long": -1}),
        ("06 ffffffff", {"double-long-unsigned": 4294967295}),
        ("09 03 AbCdEf", {"octet-string": "abcdef"}),
        ("09 00", {"octet-string": ""}),
        ("0a 03 4b464d", {"visible-string": "KFM"}),
        ("0a 01 ff", {"visible-string": "\\xff"}),
        ("0c 03 e282ac", {"utf8-string": "€"}),
        ("0f 80", {"integer": -128}),
        ("12 03e8", {"long-unsigned": 1000}),
        ("14 8000000000000000", {"long64": -(2**63)}),
        ("15 ffffffffffffffff", {"long64-unsigned": 2**64 - 1}),
        ("16 1b", {"enum": 27}),
        ("17 3fc00000", {"float32": 1.5}),
        ("18 7ff0000000000000", {"float64": "inf"}),
        ("17 7fc00000", {"float32": "nan"}),
        ("19 07e60111010c2c28ff800000", {"date-time": "07e60111010c2c28ff800000"}),
        ("1a 07e6011101", {"date": "07e6011101"}),
        ("1b 0c2c28ff", {"time": "0c2c28ff"}),
        ("ff", {"dont-care": None}),
        ("01 00", {"array": []}),
        ("02 02 0f01 0100", {"structure": [{"integer": 1}, {"array": []}]}),
        ("13 12 04 00010002", {"compact-array": {"description": "12", "contents": "00010002"}}),
    ],
)
def test_each_type_names_itself(octets: str, tree: Any) -> None:
    reading = read_value(bytes.fromhex(octets))
    assert to_json(reading.data) == tree
    assert reading.deviations == ()
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def from_json(tree: dict[str, Any]) -> Data:
    """A tree's data again, for the types that the strategy makes."""
    [(name, value)] = tree.items()
    tag = Tag[name.upper().replace("-", "_")]
    if isinstance(value, list):
        return Data(tag, tuple(map(from_json, value)))
    return Data(tag, bytes.fromhex(value) if isinstance(value, str) else value)


@given(trees)
def test_nothing_is_lost(data: Data) -> None:
    assert from_json(json.loads(json.dumps(to_json(data)))) == data
    assert read_value(encode_data(data)).data == data


def test_bit_strings_and_compact_arrays_keep_their_octets_apart() -> None:
    assert to_json(Data(Tag.BIT_STRING, BitString(3, b"\xa0"))) == {"bit-string": "101"}
    assert to_json(Data(Tag.COMPACT_ARRAY, CompactArray(b"\x12", b""))) == {
        "compact-array": {"description": "12", "contents": ""}
    }


UNTAGGED = "02 02 0001 0000600101ff 02 09 02 4142"
EXCHANGED = "02 03 06 09 0100330700ff 10 0000 02 02 0f fe 16 21"


def test_descriptors_without_tags() -> None:
    reading = read_value(bytes.fromhex("01 01" + UNTAGGED))
    assert reading.deviations == ("attribute descriptors stand without tags",)
    descriptor = {"class_id": 1, "logical_name": "0.0.96.1.1.255", "attribute_id": 2}
    assert to_json(reading.data) == {
        "array": [{"structure": [{"attribute-descriptor": descriptor}, {"octet-string": "4142"}]}]
    }


def test_a_logical_name_with_tag_and_length_exchanged() -> None:
    reading = read_value(bytes.fromhex(EXCHANGED))
    assert reading.deviations == ("a logical name has tag and length exchanged (06 09)",)
    assert to_json(reading.data)["structure"][0] == {"octet-string": "0100330700ff"}


def test_both_deviations_together() -> None:
    assert len(read_value(bytes.fromhex("01 02" + UNTAGGED + EXCHANGED)).deviations) == 2


def test_correct_octets_are_never_read_with_a_deviation() -> None:
    octets = bytes.fromhex("02 02 06 09010033 12 0001")
    assert read_value(octets) == (decode_whole(octets), ())


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "07",
        "1200",
        "02 02 0f01",
        "0f01 00",
        UNTAGGED + "00",
        "01 02" + UNTAGGED,
        EXCHANGED[:-2],
        "02 02 0001 0000600101fe 02 00",
    ],
)
def test_what_no_deviation_explains_is_refused_as_strictly_decoded(octets: str) -> None:
    with pytest.raises(DecodeError) as strict:
        decode_whole(bytes.fromhex(octets))
    with pytest.raises(DecodeError) as caught:
        read_value(bytes.fromhex(octets))
    assert str(caught.value) == str(strict.value)


def test_nesting_without_end_is_refused() -> None:
    for bomb in (b"\x01\x01" * 5000, b"\x02\x02" + bytes.fromhex("0001 0000600101ff 02") + b"\x02\x01" * 5000):
        with pytest.raises(DecodeError):
            read_value(bomb)


@settings(max_examples=300)
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", bytes.fromhex("0101"), bytes.fromhex("01020202000100006001"), b"\x02\x02\x06\x09"]),
)
def test_any_octets_only_raise_decode_error(octets: bytes, start: bytes) -> None:
    with contextlib.suppress(DecodeError):
        json.dumps(to_json(read_value(start + octets).data), allow_nan=False)
