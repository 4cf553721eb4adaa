"""What companion profiles say to the head-end, and rows of profiles as readings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.client import decode_profile
from ferraris.codec import Data, Tag, encode_data
from ferraris.cosem import CosemDateTime
from ferraris.headend import CollectedProfile
from ferraris.kernel.errors import TableError
from ferraris.runtime import offer_of
from ferraris.runtime.kinds import ProfileShape, StoredColumn, push_positions, readings_of, shape_of

NOON_S = 1_772_452_800


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (("LOAD_PROFILE",), [CollectedProfile("LOAD_PROFILE", 1, 900, 960)]),
        (("DAILY_PROFILE",), [CollectedProfile("DAILY_PROFILE", 17, 86_400, 40)]),
        (("STANDARD_EVENT_LOG",), []),  # not captured by period
        (("POWER_QUALITY_PROFILE_1",), []),  # no column that is a channel
        (("NO_SUCH_PROFILE",), []),
        ((), []),
    ],
)
def test_profiles_that_can_be_collected(tags: tuple[str, ...], found: list[CollectedProfile]) -> None:
    assert list(offer_of("smr5_three_phase", tags).profiles) == found


def test_an_unknown_kind_of_meter() -> None:
    with pytest.raises(TableError):
        offer_of("smr9", ("LOAD_PROFILE",))


def test_where_a_push_tells_time_and_event() -> None:
    assert push_positions("smr5_three_phase") == (0, 2)


def load_shape() -> ProfileShape:
    shape = shape_of("smr5_single_phase", "LOAD_PROFILE")
    assert shape is not None
    return shape


def row(time: bytes | None, status: int, *values: int) -> Data:
    clock = Data(Tag.NULL_DATA, None) if time is None else Data(Tag.OCTET_STRING, time)
    energies = [Data(Tag.DOUBLE_LONG_UNSIGNED, value) for value in values[:4]]
    return Data(Tag.STRUCTURE, (clock, Data(Tag.UNSIGNED, status), *energies, Data(Tag.LONG_UNSIGNED, values[4])))


def test_rows_become_readings_of_every_channel() -> None:
    entry = load_shape()
    times = [CosemDateTime.from_epoch_ms((NOON_S + 900 * n) * 1000, -60).to_octets() for n in range(2)]
    open_time = bytes.fromhex("ffffffffffffffffff800000")
    rows = (row(times[0], 0, 10, 1, 5, 0, 2301), row(open_time, 9, 0, 0, 0, 0, 0), row(times[1], 4, 20, 2, 6, 0, 2302))
    columns = decode_profile(encode_data(Data(Tag.ARRAY, rows)), entry.capture_objects, 900)
    readings = readings_of(7, entry, columns)
    assert {reading.meter for reading in readings.rows()} == {7}
    first = {r.channel: (r.time_s, r.value, r.status) for r in readings.rows() if r.time_s == NOON_S}
    assert first == {n: (NOON_S, value, 0) for n, value in {1: 10, 2: 1, 3: 5, 4: 0, 5: 2301}.items()}
    assert len(readings) == 10  # the row without an instant is left out
    assert {r.status for r in readings.rows() if r.time_s == NOON_S + 900} == {4}


@pytest.mark.parametrize(("exponent", "stored"), [(0, 12_345), (3, 12_345_000), (-2, 123)])
def test_a_register_that_counts_in_another_power_of_ten_is_converted(exponent: int, stored: int) -> None:
    shape = load_shape()
    column = StoredColumn(shape.stored[0].column, 1, exponent)
    time = CosemDateTime.from_epoch_ms(NOON_S * 1000, 0).to_octets()
    octets = encode_data(Data(Tag.ARRAY, (row(time, 0, 12_345, 0, 0, 0, 0),)))
    columns = decode_profile(octets, shape.capture_objects, 900)
    assert readings_of(7, replace(shape, stored=(column,)), columns).value.tolist() == [stored]


@pytest.mark.parametrize("wanted", ["LOAD_PROFILE", "1.0.99.1.0.255"])
@pytest.mark.parametrize("name", ["smr5_three_phase", "spodes", "is15959"])
def test_a_profile_is_found_by_tag_or_logical_name(name: str, wanted: str) -> None:
    shape = shape_of(name, wanted)
    assert shape is not None
    assert (shape.tag, str(shape.logical_name)) == ("LOAD_PROFILE", "1.0.99.1.0.255")


def test_a_kind_whose_columns_nobody_has_written_down_is_to_be_asked() -> None:
    offer = offer_of("spodes", ("LOAD_PROFILE", "NO_SUCH_PROFILE"))
    assert (offer.profiles, offer.unknown, offer.fault) == ((), ("LOAD_PROFILE",), "")


def test_an_empty_buffer_has_no_readings() -> None:
    entry = load_shape()
    columns = decode_profile(encode_data(Data(Tag.ARRAY, ())), entry.capture_objects, 900)
    assert len(readings_of(7, entry, columns)) == 0
