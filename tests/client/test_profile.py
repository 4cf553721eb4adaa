"""Profiles as columns: ranges, entries and columns as asked, times in UTC, null-data filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ferraris.client import decode_profile, read_entries, read_profile
from ferraris.client.profile import _TIME_COLUMNS
from ferraris.codec import Data, Tag, encode_data
from ferraris.codec.compact_array import encode_compact_array
from ferraris.cosem import (
    CLOCK_TIME,
    ENTRY_DESCRIPTOR,
    NOT_A_TIME,
    RANGE_DESCRIPTOR,
    CaptureObject,
    CosemDateTime,
    EntryDescriptor,
    Obis,
)
from ferraris.dlms import Request, Response
from ferraris.dlms.apdu import GetRequestNormal, GetResponseNormal, Mechanism
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import PROFILES_MAX
from tests.client.served import Server, served
from tests.dlms.bottle import SERVER_TITLE, settings

LOAD_PROFILE = Obis.parse("1.0.99.1.0.255")
IMPORT = CaptureObject(3, Obis.parse("1.0.1.8.0.255"), 2)
VOLTAGE = CaptureObject(3, Obis.parse("1.0.32.7.0.255"), 2)
COLUMNS = (CLOCK_TIME, IMPORT, VOLTAGE)
START_MS = 1_750_000_500_000 - 1_750_000_500_000 % 900_000


def row(index: int, deviation_min: int = -60) -> Data:
    time = CosemDateTime.from_epoch_ms(START_MS + index * 900_000, deviation_min=deviation_min)
    return Data(
        Tag.STRUCTURE,
        (
            Data(Tag.OCTET_STRING, time.to_octets()),
            Data(Tag.DOUBLE_LONG_UNSIGNED, 1000 + index),
            Data(Tag.LONG_UNSIGNED, 2300),
        ),
    )


def buffer(*rows: Data) -> bytes:
    return encode_data(Data(Tag.ARRAY, rows))


def test_columns_and_times() -> None:
    profile = decode_profile(buffer(*map(row, range(4))), COLUMNS)
    assert len(profile) == 4
    assert profile.time_s().tolist() == [START_MS // 1000 + index * 900 for index in range(4)]
    assert profile.numbers(IMPORT).tolist() == [1000, 1001, 1002, 1003]
    assert profile.rows()[1] == (datetime.fromtimestamp(START_MS / 1000 + 900, UTC), 1001, 2300)


@pytest.mark.parametrize("again", [False, True])
def test_the_time_stands_where_the_columns_say(again: bool) -> None:
    """Columns are looked through once for each list of them that is kept; another list, equal or not, is looked through anew."""
    moved = (IMPORT, CLOCK_TIME, VOLTAGE)
    for columns in (COLUMNS, moved, (*moved,) if again else moved, (IMPORT, VOLTAGE, VOLTAGE)):
        place = columns.index(CLOCK_TIME) if CLOCK_TIME in columns else None
        members = list(row(0).value)  # type: ignore[call-overload]
        if place is not None:
            members.insert(place, members.pop(0))
        profile = decode_profile(buffer(Data(Tag.STRUCTURE, tuple(members))), columns)
        if place is None:
            assert isinstance(profile.rows()[0][0], bytes)
            with pytest.raises(KeyError):
                profile.time_s()
        else:
            assert profile.rows()[0][place] == datetime.fromtimestamp(START_MS / 1000, UTC)
            assert profile.time_s().tolist() == [START_MS // 1000]


def test_the_lists_of_columns_remembered_are_bounded() -> None:
    octets = buffer(row(0))
    for _ in range(PROFILES_MAX + 10):
        assert len(decode_profile(octets, list(COLUMNS)).time_s()) == 1
    assert len(_TIME_COLUMNS) <= PROFILES_MAX


def test_times_are_the_same_instants_whatever_the_deviation() -> None:
    instants = [decode_profile(buffer(row(1, minutes)), COLUMNS).time_s()[0] for minutes in (-720, -60, 0, 330)]
    assert instants == [START_MS // 1000 + 900] * 4


def test_null_data_repeats_the_value_and_moves_the_time_by_a_period() -> None:
    nothing = Data(Tag.NULL_DATA, None)
    short = Data(Tag.STRUCTURE, (nothing, Data(Tag.DOUBLE_LONG_UNSIGNED, 7), nothing))
    profile = decode_profile(buffer(row(0), short, short), COLUMNS, capture_period_s=900)
    assert profile.time_s().tolist() == [START_MS // 1000 + index * 900 for index in range(3)]
    assert profile.numbers(VOLTAGE).tolist() == [2300, 2300, 2300]
    assert profile.numbers(IMPORT).tolist() == [1000, 7, 7]


def test_a_time_that_is_no_instant_is_told_apart() -> None:
    open_time = Data(Tag.OCTET_STRING, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00\xff")
    nothing = Data(Tag.NULL_DATA, None)
    profile = decode_profile(buffer(Data(Tag.STRUCTURE, (open_time, *row(0).value[1:]))), COLUMNS)  # type: ignore[index]
    assert profile.time_s().tolist() == [NOT_A_TIME]
    assert profile.rows()[0][0] is None
    first_without_time = Data(Tag.STRUCTURE, (nothing, nothing, Data(Tag.LONG_UNSIGNED, 1)))
    assert decode_profile(buffer(first_without_time), COLUMNS, 900).time_s().tolist() == [NOT_A_TIME]


def test_an_empty_profile() -> None:
    profile = decode_profile(buffer(), COLUMNS)
    assert (len(profile), profile.rows()) == (0, [])
    assert profile.time_s().tolist() == profile.numbers(IMPORT).tolist() == []


def test_other_columns_than_asked_for_are_refused() -> None:
    with pytest.raises(DecodeError, match="other columns"):
        decode_profile(buffer(row(0)), COLUMNS[:2])
    with pytest.raises(KeyError):
        decode_profile(buffer(row(0)), COLUMNS).numbers(CaptureObject(1, LOAD_PROFILE, 2))
    texts = Data(Tag.STRUCTURE, (row(0).value[0], Data(Tag.OCTET_STRING, b"x"), Data(Tag.OCTET_STRING, b"y")))  # type: ignore[index]
    with pytest.raises(DecodeError, match="other than integers"):
        decode_profile(buffer(texts), COLUMNS).numbers(IMPORT)


@pytest.mark.anyio
async def test_ranges_entries_and_columns_are_asked_for_as_the_standard_says() -> None:
    def serve(request: Request) -> Response:
        assert isinstance(request, GetRequestNormal)
        return GetResponseNormal(request.invoke_id_and_priority, buffer(row(1), row(2)))

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    meter = Server(plain, serve)
    async with served(replace(plain, max_receive_pdu_size=100), meter) as association:
        await association.associate()
        whole = await read_profile(association, LOAD_PROFILE, COLUMNS)
        assert len(whole) == 2
        with pytest.raises(DecodeError, match="other columns"):
            await read_profile(association, LOAD_PROFILE, COLUMNS, START_MS, START_MS + 900_000, columns=(IMPORT,))
        entries = await read_entries(association, LOAD_PROFILE, COLUMNS, EntryDescriptor(2, 3))
        assert len(entries) == 2
    unrestricted, by_time, by_entry = meter.requests
    assert isinstance(unrestricted, GetRequestNormal)
    assert unrestricted.selection is None
    assert isinstance(by_time, GetRequestNormal)
    assert by_time.selection is not None
    assert by_time.selection.selector == 1
    wanted = RANGE_DESCRIPTOR.datatype.decode(by_time.selection.parameters)
    assert (wanted.restricting_object, wanted.selected_values) == (CLOCK_TIME, (IMPORT,))
    assert CosemDateTime.from_octets(wanted.to_value.value).to_epoch_ms() == START_MS + 900_000
    assert isinstance(by_entry, GetRequestNormal)
    assert by_entry.selection is not None
    assert ENTRY_DESCRIPTOR.datatype.decode(by_entry.selection.parameters) == EntryDescriptor(2, 3, 1, 0)


# Meters that count deviations from UTC to local time, or compare times as they are written


def as_indian_meters(data: Data) -> Data:
    """A row with the deviation's sign turned."""
    members = data.value
    assert isinstance(members, tuple)
    octets = members[0].value
    assert isinstance(octets, bytes)
    turned = CosemDateTime.from_octets(octets).with_deviation_reversed()
    return Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, turned.to_octets()), *members[1:]))


@pytest.mark.parametrize("deviation_min", [-330, -60, 0, 120])
def test_deviations_that_count_the_other_way(deviation_min: int) -> None:
    octets = buffer(*(as_indian_meters(row(index, deviation_min)) for index in range(4)))
    profile = decode_profile(octets, COLUMNS, deviation_reversed=True)
    expected = [START_MS // 1000 + index * 900 for index in range(4)]
    assert profile.time_s().tolist() == expected
    assert [entry[0] for entry in profile.rows()] == [datetime.fromtimestamp(second, UTC) for second in expected]
    # The same octets mean other instants to a meter that keeps to the standard, also after they were met reversed.
    standard = decode_profile(octets, COLUMNS)
    assert standard.time_s().tolist() == [second - 120 * deviation_min for second in expected]
    assert standard.rows()[0][0] == datetime.fromtimestamp(expected[0] - 120 * deviation_min, UTC)


def test_null_data_among_deviations_that_count_the_other_way() -> None:
    nothing = Data(Tag.NULL_DATA, None)
    short = Data(Tag.STRUCTURE, (nothing, Data(Tag.DOUBLE_LONG_UNSIGNED, 7), nothing))
    octets = buffer(as_indian_meters(row(0, -330)), short)
    profile = decode_profile(octets, COLUMNS, 900, deviation_reversed=True)
    assert profile.time_s().tolist() == [START_MS // 1000, START_MS // 1000 + 900]


WRITTEN = [
    # deviation  reversed  as written
    (0,          False,    0),
    (-120,       False,    -120),
    (-330,       True,     330),
    (0,          True,     0),
]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("deviation_min", "reversed_", "written"), WRITTEN)
async def test_a_range_is_written_as_the_meter_compares_it(deviation_min: int, reversed_: bool, written: int) -> None:
    def serve(request: Request) -> Response:
        return GetResponseNormal(request.invoke_id_and_priority, buffer(row(1)))  # type: ignore[attr-defined]

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    meter = Server(plain, serve)
    async with served(plain, meter) as association:
        await association.associate()
        span = START_MS, START_MS + 900_000
        changes = {"deviation_min": deviation_min, "deviation_reversed": reversed_}
        await read_profile(association, LOAD_PROFILE, COLUMNS, *span, **changes)  # type: ignore[arg-type]
    [request] = meter.requests
    assert isinstance(request, GetRequestNormal)
    assert request.selection is not None
    asked = RANGE_DESCRIPTOR.datatype.decode(request.selection.parameters)
    first = CosemDateTime.from_octets(asked.from_value.value)
    assert first.deviation_min == written
    assert (first.with_deviation_reversed() if reversed_ else first).to_epoch_ms() == START_MS


def compressed(count: int) -> list[Data]:
    """The rows of `row`, as a meter sends them that tells nothing twice and numbers by their differences."""
    nothing = Data(Tag.NULL_DATA, None)
    first = row(0)
    return [first, *(Data(Tag.STRUCTURE, (nothing, Data(Tag.DELTA_UNSIGNED, 1), nothing)) for _ in range(1, count))]


def test_a_compressed_buffer_is_the_plain_one() -> None:
    plain = decode_profile(buffer(*map(row, range(96))), COLUMNS)
    short = decode_profile(buffer(*compressed(96)), COLUMNS, capture_period_s=900)
    assert short.time_s().tolist() == plain.time_s().tolist()
    for column in (IMPORT, VOLTAGE):
        assert short.numbers(column).tolist() == plain.numbers(column).tolist()
    assert short.rows() == plain.rows()


def test_without_a_capture_period_null_data_is_no_time() -> None:
    short = decode_profile(buffer(*compressed(3)), COLUMNS)
    assert short.time_s().tolist() == [START_MS // 1000, NOT_A_TIME, NOT_A_TIME]


def test_a_full_row_in_between_begins_anew() -> None:
    rows = [*compressed(3), row(10), *compressed(2)[1:]]
    short = decode_profile(buffer(*rows), COLUMNS, capture_period_s=900)
    assert short.time_s().tolist() == [START_MS // 1000 + index * 900 for index in (0, 1, 2, 10, 11)]
    assert short.numbers(IMPORT).tolist() == [1000, 1001, 1002, 1010, 1011]


def test_a_compact_array_is_the_plain_buffer() -> None:
    rows = [row(index) for index in range(96)]
    compact = encode_data(Data(Tag.COMPACT_ARRAY, encode_compact_array(rows)))
    assert len(compact) < 0.9 * len(buffer(*rows))
    plain, packed = decode_profile(buffer(*rows), COLUMNS), decode_profile(compact, COLUMNS)
    assert packed.table.layout is not None
    assert packed.rows() == plain.rows()
    assert packed.time_s().tolist() == plain.time_s().tolist()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_a_number_that_an_array_cannot_hold_is_refused_and_its_rows_tell_it(number: int, compressed: bool) -> None:
    """In an array of 64 bits with a sign it would come out below zero."""
    large = Data(Tag.STRUCTURE, (row(0).value[0], Data(Tag.LONG64_UNSIGNED, number), row(0).value[2]))  # type: ignore[index]
    rows = [large, Data(Tag.STRUCTURE, (Data(Tag.NULL_DATA, None),) * 3)] if compressed else [large]
    profile = decode_profile(buffer(*rows), COLUMNS, capture_period_s=900)
    assert [values[1] for values in profile.rows()] == [number] * len(rows)
    with pytest.raises(DecodeError, match="too large"):
        profile.numbers(IMPORT)
    assert profile.numbers(VOLTAGE).tolist() == [2300] * len(rows)


def test_rows_are_the_same_whether_their_instants_were_met_before() -> None:
    rows = [row(1000 + index) for index in range(5)]
    first, again = (decode_profile(buffer(*rows), COLUMNS).rows() for _ in range(2))
    assert first == again
    assert [entry[0] for entry in again] == [
        datetime.fromtimestamp(START_MS / 1000 + (1000 + index) * 900, UTC) for index in range(5)
    ]
    more = decode_profile(buffer(*rows, row(2000)), COLUMNS).rows()
    assert more[:5] == first
    assert more[5][0] == datetime.fromtimestamp(START_MS / 1000 + 2000 * 900, UTC)


def test_rows_of_a_meter_that_turns_deviations_round_are_its_own() -> None:
    """The same octets name another instant there: what is remembered of one meter must not serve the other."""
    octets = buffer(row(3000, deviation_min=-60))
    for _ in range(2):
        usual = decode_profile(octets, COLUMNS).rows()[0][0]
        turned = decode_profile(octets, COLUMNS, deviation_reversed=True).rows()[0][0]
        assert isinstance(usual, datetime)
        assert isinstance(turned, datetime)
        assert abs((usual - turned).total_seconds()) == 7200
