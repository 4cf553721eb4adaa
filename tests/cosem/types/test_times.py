"""Dates and times as data types: the forms in which they are met, each written as it came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import CosemDate, CosemDateTime, CosemTime, types
from ferraris.cosem.types import DATE, DATE_STRING, DATE_TIME, DATE_TIME_STRING, TIME, TIME_STRING, DataType
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.strategies import values_of

MOMENT = CosemDateTime(2024, 2, 29, 4, 13, 30, 0, None, -60, 0)
DAY = CosemDate(2024, 2, 29, 4)
HOUR = CosemTime(13, 30, 0)

KNOWN = [
    # data type           octets                          value
    (DATE_TIME,           "1907e8021d040d1e00ffffc400",   MOMENT),
    (DATE_TIME_STRING,    "090c07e8021d040d1e00ffffc400", MOMENT),
    (DATE,                "1a07e8021d04",                 DAY),
    (DATE_STRING,         "090507e8021d04",               DAY),
    (TIME,                "1b0d1e00ff",                   HOUR),
    (TIME_STRING,         "09040d1e00ff",                 HOUR),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "value"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, value: Any) -> None:
    assert datatype.decode(bytes.fromhex(octets)) == value
    assert datatype.encode(value).hex() == octets


REFUSED = [
    # data type           octets                              words
    (DATE_TIME,           "1907e8021d040d1e00ffffc4",      "cut short"),
    (DATE_TIME,           "090c07e8021d040d1e00ffffc400",  "expected date-time, got octet-string"),
    (DATE_TIME,           "1907e80d1d040d1e00ffffc400",    "no such month"),
    (DATE_TIME_STRING,    "1907e8021d040d1e00ffffc4",      "cut short"),
    (DATE_TIME_STRING,    "0900",                             "expected 12, got 0 octets"),
    (DATE_TIME_STRING,    "1a07e8021d04",                  "expected octet-string, got date"),
    (DATE,                "1a07e80220ff",                  "no such day of month"),
    (DATE_STRING,         "090407e8021d",                  "expected 5 octets, got 4"),
    (TIME,                "1b181e00ff",                    "no such hour"),
    (TIME_STRING,         "09040d3c00ff",                  "no such minute"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "words"), REFUSED)
def test_octets_that_are_no_time_are_refused(datatype: DataType[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        datatype.decode(bytes.fromhex(octets))


def test_a_date_time_is_written_in_the_form_in_which_it_came() -> None:
    as_string = bytes.fromhex("090c07e8021d040d1e00ffffc400")
    under_its_tag = bytes.fromhex("1907e8021d040d1e00ffffc400")
    assert DATE_TIME_STRING.encode(DATE_TIME_STRING.decode(as_string)) == as_string
    assert DATE_TIME_STRING.encode(DATE_TIME_STRING.decode(under_its_tag)) == under_its_tag
    assert DATE_TIME_STRING.decode(as_string) == DATE_TIME_STRING.decode(under_its_tag) == MOMENT


@pytest.mark.parametrize("datatype", [DATE_TIME, DATE_TIME_STRING, DATE, DATE_STRING, TIME, TIME_STRING])
def test_a_value_of_another_kind_is_our_own_fault(datatype: DataType[Any]) -> None:
    with pytest.raises(LocalProtocolError, match="expected Cosem"):
        datatype.encode("2024-02-29")


ALL = [DATE_TIME, DATE_TIME_STRING, DATE, DATE_STRING, TIME, TIME_STRING]


@pytest.mark.parametrize("datatype", ALL, ids=repr)
@settings(deadline=None)
@given(data=st.data())
def test_every_value_survives_the_way_there_and_back(datatype: DataType[Any], data: st.DataObject) -> None:
    octets = datatype.encode(data.draw(values_of(datatype)))
    assert datatype.encode(datatype.decode(octets)) == octets


@settings(deadline=None)
@given(
    tag=st.sampled_from([b"\x19", b"\x09\x0c", b"\x1a", b"\x09\x05", b"\x1b", b"\x09\x04"]),
    octets=st.binary(max_size=13),
)
def test_any_octets_are_read_or_refused(tag: bytes, octets: bytes) -> None:
    for datatype in ALL:
        try:
            value = datatype.decode(tag + octets)
        except DecodeError:
            continue
        assert datatype.encode(value) == tag + octets


def test_a_blank_time_has_every_field_open() -> None:
    assert DATE_TIME_STRING.encode(DATE_TIME_STRING.blank()).hex() == "090cffffffffffffffffff8000ff"
    assert DATE_STRING.encode(DATE_STRING.blank()).hex() == "0905ffffffffff"
    assert TIME.encode(TIME.blank()).hex() == "1bffffffff"


def test_times_are_among_the_simple_types_by_name() -> None:
    assert (DATE_TIME.name, DATE.name, TIME.name) == ("date-time", "date", "time")
    assert types.DATE_TIME is DATE_TIME
