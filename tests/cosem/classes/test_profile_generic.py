"""Profile generic: buffers, columns and the two ways to ask for a part of the buffer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    CLOCK_TIME,
    ENTRY_DESCRIPTOR,
    RANGE_DESCRIPTOR,
    CaptureObject,
    Clock,
    CosemDateTime,
    EntryDescriptor,
    ProfileGeneric,
    RangeDescriptor,
    obis,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.cosem.strategies import date_times, values_of

VERSIONS = [(7, (0, 1), """
    number  name                 v0                    v1
    1       logical_name         logical name          =
    2       buffer               array of row          =
    3       capture_objects      array of CaptureObject  =
    4       capture_period       double-long-unsigned  =
    5       sort_method          enum SortMethod       =
    6       sort_object          CaptureObject         =
    7       entries_in_use       double-long-unsigned  =
    8       profile_entries      double-long-unsigned  =
    -1      reset                integer               =
    -2      capture              integer               =
    -3      get_buffer_by_range  any type>any type     -
    -4      get_buffer_by_index  any type>any type     -
""")]  # fmt: skip

COLUMN = "020412000809060000010000ff0f02120000"
MIDNIGHT = CosemDateTime.from_epoch_ms(1_705_276_800_000, 0, 0)
NOON = CosemDateTime.from_epoch_ms(1_705_320_000_000, 0, 0)


def test_the_usual_column_of_time_is_the_clock() -> None:
    assert (CLOCK_TIME.class_id, CLOCK_TIME.logical_name) == (Clock.class_id, obis.CLOCK)
    assert CLOCK_TIME.attribute_index == Clock.time.number


def test_a_range_by_time_names_the_clock_and_both_ends() -> None:
    octets = RANGE_DESCRIPTOR.datatype.encode(RangeDescriptor.by_time(MIDNIGHT, NOON))
    assert octets.hex() == f"0204{COLUMN}090c{MIDNIGHT.hex()}090c{NOON.hex()}0100"


def test_a_range_can_be_limited_to_columns() -> None:
    energy = CaptureObject(3, obis.ACTIVE_ENERGY_IMPORT, 2)
    octets = RANGE_DESCRIPTOR.datatype.encode(RangeDescriptor.by_time(MIDNIGHT, NOON, (CLOCK_TIME, energy)))
    assert octets.hex().endswith(f"0102{COLUMN}020412000309060100010800ff0f02120000")
    assert RANGE_DESCRIPTOR.datatype.decode(octets).selected_values == (CLOCK_TIME, energy)


ENTRIES = [
    # asked for                          octets
    (EntryDescriptor(),                  "06000000010600000000120001120000"),
    (EntryDescriptor(1, 96),             "06000000010600000060120001120000"),
    (EntryDescriptor(97, 192, 2, 3),     "060000006106000000c0120002120003"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "octets"), ENTRIES)
def test_a_range_by_entries(entries: EntryDescriptor, octets: str) -> None:
    assert ENTRY_DESCRIPTOR.datatype.encode(entries).hex() == f"0204{octets}"
    assert ENTRY_DESCRIPTOR.datatype.decode(bytes.fromhex(f"0204{octets}")) == entries


@pytest.mark.parametrize(
    "descriptor", [EntryDescriptor(-1), EntryDescriptor(1, 1 << 32), EntryDescriptor(1, 0, 1 << 16)]
)
def test_numbers_of_entries_have_a_range(descriptor: EntryDescriptor) -> None:
    with pytest.raises(LocalProtocolError):
        ENTRY_DESCRIPTOR.datatype.encode(descriptor)


def test_a_buffer_keeps_the_type_of_every_cell() -> None:
    row = (Data(Tag.OCTET_STRING, bytes(NOON)), Data(Tag.UNSIGNED, 8), Data(Tag.NULL_DATA, None))
    octets = ProfileGeneric.buffer.datatype.encode((row, row))
    assert octets.hex() == "0102" + 2 * f"0203090c{NOON.hex()}110800"
    assert ProfileGeneric.buffer.datatype.decode(octets) == (row, row)


@pytest.mark.parametrize(
    ("octets", "words"),
    [("0101", "count lies"), ("01011100", "expected structure, got unsigned"), ("0200", "expected array")],
)
def test_a_buffer_that_is_none_is_refused(octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        ProfileGeneric.buffer.datatype.decode(bytes.fromhex(octets))


@settings(deadline=None)
@given(date_times, date_times, st.lists(values_of(ProfileGeneric.sort_object.datatype), max_size=3))
def test_ranges_survive_the_way_there_and_back(
    first: CosemDateTime, last: CosemDateTime, columns: list[CaptureObject]
) -> None:
    asked = RangeDescriptor.by_time(first, last, tuple(columns))
    assert RANGE_DESCRIPTOR.datatype.decode(RANGE_DESCRIPTOR.datatype.encode(asked)) == asked
