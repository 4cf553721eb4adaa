"""Buffers on the wire: octet for octet what the declarations say, and what selective access takes from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.client import decode_profile
from ferraris.codec import Data, Tag
from ferraris.cosem import (
    CLOCK_TIME,
    BufferEncoding,
    CaptureObject,
    CosemDateTime,
    EntryDescriptor,
    ProfileGeneric,
    RangeDescriptor,
    load_profile,
    obis,
)
from ferraris.kernel.errors import TableError
from ferraris.meter.clock import Zone
from ferraris.meter.memory import DAILY_ENTRY, EVENT_ENTRY, LOAD_ENTRY
from ferraris.meter.profile_buffer import ProfileBuffer, SelectionError

CET = Zone.load("central_european")
THREE = load_profile("smr5_three_phase")
BUFFER = ProfileBuffer(THREE, THREE.object("LOAD_PROFILE"))
MONDAY_S = 1_772_409_600
DAY = 96
ENERGY = CaptureObject(3, obis.ACTIVE_ENERGY_IMPORT, 2)


def entries(count: int = DAY) -> np.ndarray:
    rows = np.zeros(count, LOAD_ENTRY)
    rows["time_s"] = MONDAY_S + 900 * np.arange(count)
    rows["deviation_min"] = -60
    rows["status"] = np.arange(count) % 3
    rows["energy_wh"] = np.arange(count)[:, None] * [1, 2, 3, 4] + 1_000_000
    rows["voltage_dv"] = [2301, 2302, 2303]
    return rows


def decoded(octets: bytes) -> tuple[tuple[Data, ...], ...]:
    return ProfileGeneric.buffer.datatype.decode(octets)


def test_the_first_row_octet_for_octet() -> None:
    octets = BUFFER.encode(entries(1))
    assert octets.hex(" ") == (
        "01 01 02 09 "
        "09 0c 07 ea 03 02 01 01 00 00 00 ff c4 00 "
        "11 00 06 00 0f 42 40 06 00 0f 42 40 06 00 0f 42 40 06 00 0f 42 40 "
        "12 08 fd 12 08 fe 12 08 ff"
    )


def test_every_value_reads_back_by_the_declaration() -> None:
    rows = entries()
    rows["clock_status"][5] = 0x80
    rows["deviation_min"][5] = -120
    for row, entry in zip(decoded(BUFFER.encode(rows)), rows, strict=True):
        time, *numbers = row
        shown = CosemDateTime.from_octets(time.value)
        assert shown.to_epoch_ms() == int(entry["time_s"]) * 1000
        assert (shown.deviation_min, int(shown.clock_status)) == (entry["deviation_min"], entry["clock_status"])
        assert [n.value for n in numbers] == [entry["status"], *entry["energy_wh"], *entry["voltage_dv"]]


def test_no_entries_are_an_empty_array() -> None:
    assert BUFFER.encode(entries(0)) == b"\x01\x00"


def test_a_long_buffer_has_a_long_count() -> None:
    assert BUFFER.encode(entries(300))[:4].hex() == "01820 12c".replace(" ", "")


@pytest.mark.parametrize(
    ("profile", "tag", "dtype", "width"),
    [
        ("smr5_single_phase", "LOAD_PROFILE", LOAD_ENTRY, 7),
        ("smr5_single_phase", "DAILY_PROFILE", DAILY_ENTRY, 4),
        ("smr5_three_phase", "STANDARD_EVENT_LOG", EVENT_ENTRY, 2),
    ],
)
def test_other_profiles(profile: str, tag: str, dtype: np.dtype, width: int) -> None:
    model = load_profile(profile)
    rows = np.zeros(2, dtype)
    rows["time_s"] = MONDAY_S
    assert [len(row) for row in decoded(ProfileBuffer(model, model.object(tag)).encode(rows))] == [width] * 2


def test_a_column_that_the_memory_does_not_hold_is_refused_at_start() -> None:
    with pytest.raises(TableError, match="no virtual meter captures this"):
        ProfileBuffer(THREE, THREE.object("COMMUNICATION_EVENT_LOG"))


def by_time(first_s: int, last_s: int, columns: tuple[CaptureObject, ...] = ()) -> RangeDescriptor:
    times = (CosemDateTime.from_epoch_ms(second * 1000, -60) for second in (first_s, last_s))
    return RangeDescriptor.by_time(*times, columns)


@given(st.integers(-1000, DAY * 900), st.integers(-1000, DAY * 900))
def test_a_range_is_the_rows_between_both_limits_included(first: int, last: int) -> None:
    rows = entries()
    wanted = rows[(rows["time_s"] >= MONDAY_S + first) & (rows["time_s"] <= MONDAY_S + last)]
    assert BUFFER.by_range(rows, by_time(MONDAY_S + first, MONDAY_S + last), CET) == BUFFER.encode(wanted)


def test_a_range_of_some_columns_in_the_order_asked_for() -> None:
    octets = BUFFER.by_range(entries(), by_time(MONDAY_S + 900, MONDAY_S + 1800, (ENERGY, CLOCK_TIME)), CET)
    rows = decoded(octets)
    assert [row[0].value for row in rows] == [1_000_001, 1_000_002]
    assert [row[1].tag for row in rows] == [Tag.OCTET_STRING] * 2


def test_repeated_times_after_a_clock_was_set_back_are_all_in_range() -> None:
    rows = np.concatenate([entries(4), entries(4)])
    assert len(decoded(BUFFER.by_range(rows, by_time(MONDAY_S + 900, MONDAY_S + 1800), CET))) == 4


OPEN = Data(Tag.OCTET_STRING, bytes(CosemDateTime()))
NULL = Data(Tag.NULL_DATA, None)


@pytest.mark.parametrize("limit", [OPEN, NULL])
def test_an_open_limit_is_no_limit(limit: Data) -> None:
    rows = entries()
    selection = RangeDescriptor(CLOCK_TIME, limit, limit)
    assert BUFFER.by_range(rows, selection, CET) == BUFFER.encode(rows)


@pytest.mark.parametrize("tag", [Tag.OCTET_STRING, Tag.DATE_TIME])
def test_a_time_without_deviation_is_local(tag: Tag) -> None:
    local = Data(tag, bytes(CosemDateTime(2026, 3, 2, None, 2, 0, 0)))
    octets = BUFFER.by_range(entries(), RangeDescriptor(CLOCK_TIME, local, local), CET)
    shown = CosemDateTime.from_octets(decoded(octets)[0][0].value)
    assert shown.to_epoch_ms() == (MONDAY_S + 3_600) * 1000


@pytest.mark.parametrize(
    "selection",
    [
        RangeDescriptor(ENERGY, OPEN, OPEN),
        RangeDescriptor(CLOCK_TIME, Data(Tag.LONG, 5), OPEN),
        RangeDescriptor(CLOCK_TIME, Data(Tag.OCTET_STRING, b"short"), OPEN),
        RangeDescriptor(
            CLOCK_TIME, OPEN, Data(Tag.OCTET_STRING, bytes(CosemDateTime(2026, 2, 31, None, 0, 0, 0, 0, 0)))
        ),
        RangeDescriptor(CLOCK_TIME, OPEN, OPEN, (CaptureObject(3, obis.VOLTAGE_L1, 3),)),
    ],
)
def test_a_range_that_means_nothing_is_refused(selection: RangeDescriptor) -> None:
    with pytest.raises(SelectionError):
        BUFFER.by_range(entries(), selection, CET)


@pytest.mark.parametrize(
    ("selection", "rows", "columns"),
    [
        (EntryDescriptor(), slice(None), slice(None)),
        (EntryDescriptor(1, 1), slice(0, 1), slice(None)),
        (EntryDescriptor(90, 0, 2, 3), slice(89, None), slice(1, 3)),
        (EntryDescriptor(5, 4), slice(0, 0), slice(None)),
        (EntryDescriptor(97, 200), slice(0, 0), slice(None)),
        (EntryDescriptor(1, 5_000_000, 9, 9), slice(None), slice(8, 9)),
    ],
)
def test_entries_and_columns_by_number(selection: EntryDescriptor, rows: slice, columns: slice) -> None:
    everything = decoded(BUFFER.encode(entries()))
    assert decoded(BUFFER.by_entry(entries(), selection)) == tuple(row[columns] for row in everything[rows])


@pytest.mark.parametrize(
    "selection",
    [EntryDescriptor(0, 5), EntryDescriptor(1, 0, 0, 1), EntryDescriptor(1, 0, 3, 2), EntryDescriptor(1, 0, 1, 10)],
)
def test_numbers_that_there_are_not_are_refused(selection: EntryDescriptor) -> None:
    with pytest.raises(SelectionError):
        BUFFER.by_entry(entries(), selection)


# Other forms of the buffer

OWNER = THREE.object("LOAD_PROFILE")


def as_sent(encoding: BufferEncoding, rows: np.ndarray) -> bytes:
    return ProfileBuffer(THREE, replace(OWNER, buffer_encoding=encoding)).encode(rows)


@pytest.mark.parametrize("encoding", BufferEncoding)
@pytest.mark.parametrize("count", [0, 1, DAY])
def test_every_form_is_read_as_the_same_columns(encoding: BufferEncoding, count: int) -> None:
    rows = entries(count)
    if count > 1:
        rows["time_s"][50:] += 3600
        rows["deviation_min"][70:] = -120
    captures = OWNER.capture_objects
    plain = decode_profile(as_sent(BufferEncoding.PLAIN, rows), captures, 900)
    other = decode_profile(as_sent(encoding, rows), captures, 900)
    assert other.time_s().tolist() == plain.time_s().tolist() == rows["time_s"].tolist()
    for capture in captures[1:]:
        assert other.numbers(capture).tolist() == plain.numbers(capture).tolist()


def test_other_forms_are_shorter() -> None:
    sizes = {encoding: len(as_sent(encoding, entries())) for encoding in BufferEncoding}
    assert sizes[BufferEncoding.NULL_DATA] < 0.7 * sizes[BufferEncoding.PLAIN]
    assert sizes[BufferEncoding.COMPACT_ARRAY] < 0.8 * sizes[BufferEncoding.PLAIN]
    assert sizes[BufferEncoding.DIFFERENCES] < 0.8 * sizes[BufferEncoding.NULL_DATA]


def test_nothing_but_what_the_row_above_tells_is_null() -> None:
    rows = entries(3)
    rows["energy_wh"][1] = rows["energy_wh"][0]
    rows["time_s"][2] += 1
    first, second, third = decoded(as_sent(BufferEncoding.NULL_DATA, rows))
    assert [cell.value is None for cell in first] == [False] * 9
    assert [cell.value is None for cell in second] == [True, False, *[True] * 7]
    assert [cell.value is None for cell in third] == [False, False, *[False] * 4, *[True] * 3]


def test_times_of_a_log_without_a_period_are_always_sent() -> None:
    log = THREE.object("STANDARD_EVENT_LOG")
    rows = np.zeros(3, EVENT_ENTRY)
    rows["time_s"] = MONDAY_S
    buffer = ProfileBuffer(THREE, replace(log, buffer_encoding=BufferEncoding.NULL_DATA))
    assert all(row[0].value is not None for row in decoded(buffer.encode(rows)))
