"""Columns of a buffer: the fast way and the general way say the same."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.codec.columns import UniformTable, _MetArrays, decode_table, encode_table
from ferraris.codec.records import Instants, find_array
from ferraris.codec.row_layout import NUMBER_DTYPES, ColumnShape, RowLayout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import PATTERN_OCTETS_MAX, PATTERNS_MAX
from tests.codec.rows import LOAD_PROFILE, SHAPES, load_profile, value_for


def test_a_load_profile_decodes_to_columns_without_rows() -> None:
    table = decode_table(load_profile(96))
    assert table.layout is LOAD_PROFILE
    assert (len(table), table.width) == (96, 8)
    assert table.column(3).tolist() == [index * 1000 + 3 for index in range(96)]
    assert table.values(6) == [2300] * 96
    assert table.rows()[5] == (b"\x07\xe9\x01\x02\x03" + (5).to_bytes(7, "big"), 5, 5002, 5003, 5004, 5005, 2300, 2310)


def test_the_general_decoder_reads_what_the_columns_were_written_as() -> None:
    rows = decode_whole(load_profile(3)).value
    assert isinstance(rows, tuple)
    assert rows[2].value[3] == Data(Tag.DOUBLE_LONG_UNSIGNED, 2003)


@pytest.mark.parametrize("change", ["another tag", "another count of octets", "null-data"])
def test_a_row_of_another_layout_sends_the_table_the_general_way(change: str) -> None:
    rows = list(decode_whole(load_profile(4)).value)  # type: ignore[call-overload]
    members = list(rows[2].value)
    replaced = {
        "another tag": Data(Tag.DOUBLE_LONG, 7),
        "another count of octets": Data(Tag.LONG64, 7),
        "null-data": Data(Tag.NULL_DATA, None),
    }[change]
    members[2] = replaced
    rows[2] = Data(Tag.STRUCTURE, tuple(members))
    table = decode_table(encode_data(Data(Tag.ARRAY, tuple(rows))))
    assert table.layout is None
    assert table.values(2) == [2, 1002, replaced.value, 3002]
    assert table.column(3).tolist() == [3, 1003, 2003, 3003]


def test_an_empty_buffer_is_a_table_without_rows() -> None:
    table = decode_table(b"\x01\x00")
    assert (len(table), table.width, table.rows()) == (0, 0, [])


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        (b"", "a table is no array"),
        (b"\x02\x00", "a table is no array"),
        (b"\x01\x01\x11\x05", "a row is no structure"),
        (b"\x01\x02\x02\x01\x11\x05\x02\x02\x11\x05\x11\x06", "a row has another width"),
        (b"\x01\x00\x00", "octets follow the value"),
        (b"\x01\x03\x02\x01\x11\x05", "a value is missing"),
        (b"\x01\x84\xff\xff\xff\xff\x02\x01\x11\x05", "a count lies"),
    ],
)
def test_octets_that_are_no_table_are_refused(octets: bytes, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_table(octets)
    assert caught.value.summary == summary


def test_a_column_without_a_fixed_size_has_no_layout() -> None:
    with pytest.raises(LocalProtocolError, match="no fixed size"):
        RowLayout.of([ColumnShape(Tag.STRUCTURE)])


ROWS = st.lists(
    st.tuples(
        st.binary(min_size=12, max_size=12),
        st.integers(0, 255),
        st.integers(-(2**31), 2**31 - 1),
        st.one_of(st.none(), st.integers(0, 65535)),
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS)
def test_columns_equal_the_general_decoders_values(rows: list[tuple[bytes, int, int, int | None]]) -> None:
    def row(values: tuple[bytes, int, int, int | None]) -> Data:
        last = Data(Tag.NULL_DATA, None) if values[3] is None else Data(Tag.LONG_UNSIGNED, values[3])
        members = Data(Tag.OCTET_STRING, values[0]), Data(Tag.UNSIGNED, values[1]), Data(Tag.DOUBLE_LONG, values[2])
        return Data(Tag.STRUCTURE, (*members, last))

    table = decode_table(encode_data(Data(Tag.ARRAY, tuple(map(row, rows)))))
    assert table.rows() == rows


@given(st.binary(max_size=300))
def test_any_octets_decode_or_raise_decode_error(octets: bytes) -> None:
    try:
        table = decode_table(b"\x01" + octets)
    except DecodeError:
        return
    table.rows()


@given(st.data())
def test_flipped_octets_of_a_profile_decode_or_raise_decode_error(data: st.DataObject) -> None:
    octets = bytearray(load_profile(3))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError):
        assert len(decode_table(bytes(octets)).rows()) <= len(octets)


@given(st.lists(SHAPES, min_size=1, max_size=6), st.data())
def test_rows_of_any_layout_are_recognised_and_read_as_the_general_decoder_reads_them(
    shapes: list[ColumnShape], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*map(value_for, shapes)), min_size=1, max_size=5))
    members = [[Data(shape.tag, value) for shape, value in zip(shapes, row, strict=True)] for row in rows]
    octets = encode_data(Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, tuple(row)) for row in members)))
    for _ in range(2):  # the second time by the pattern that the first one left
        table = decode_table(octets)
        assert table.layout is not None
        assert table.layout.shapes == tuple(shapes)
        assert (len(table), table.width) == (len(rows), len(shapes))
        assert table.rows() == rows
    assert decode_whole(octets).value == tuple(Data(Tag.STRUCTURE, tuple(row)) for row in members)


@given(st.lists(SHAPES, min_size=1, max_size=6), st.data())
def test_integers_are_the_columns_values_where_64_bits_with_a_sign_hold_them(
    shapes: list[ColumnShape], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*map(value_for, shapes)), min_size=1, max_size=5))
    layout = RowLayout.of(shapes)
    octets, view = layout.blank(len(rows))
    for index, name in enumerate(layout.names):
        view[name] = [b"" if row[index] is None else row[index] for row in rows]
    table = decode_table(encode_table(octets))
    for index, values in enumerate(zip(*rows, strict=True)):
        held = all(type(value) is int and value < 2**63 for value in values)
        integers = table.integers(index)
        assert (integers is not None) is held
        if integers is not None:
            assert integers.dtype == np.int64
            assert tuple(integers.tolist()) == values


def test_integers_of_a_column_decoded_by_value_are_left_to_the_caller() -> None:
    rows = (Data(Tag.UNSIGNED, 1), Data(Tag.LONG, 2))
    table = decode_table(encode_data(Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, (cell,)) for cell in rows))))
    assert table.layout is None
    assert table.integers(0) is None
    assert table.values(0) == [1, 2]


def test_columns_are_views_on_the_octets() -> None:
    octets = load_profile(96)
    column = decode_table(octets).column(3)
    assert column.dtype == np.dtype(">u4")
    assert not column.flags.owndata
    assert not column.flags.writeable


def test_values_of_columns_decoded_by_value_are_objects() -> None:
    rows = (Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 1),)), Data(Tag.STRUCTURE, (Data(Tag.NULL_DATA, None),)))
    table = decode_table(encode_data(Data(Tag.ARRAY, rows)))
    assert table.column(0).dtype == np.dtype(object)
    assert table.column(0).tolist() == [1, None]
    assert table.width == 1


def test_rows_without_columns_are_rows() -> None:
    table = decode_table(b"\x01\x02\x02\x00\x02\x00")
    assert table.width == 0
    assert table.rows() == []


def test_a_pattern_of_other_rows_of_the_same_size_is_not_taken() -> None:
    """Two layouts whose rows have the same count of octets, in turn: each is read as what it is."""
    first = encode_data(Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG, -1),)),)))
    second = encode_data(Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG_UNSIGNED, 2**32 - 1),)),)))
    assert len(first) == len(second)
    for _ in range(3):
        assert decode_table(first).rows() == [(-1,)]
        assert decode_table(second).rows() == [(2**32 - 1,)]


def test_a_buffer_too_large_for_a_pattern_is_read_all_the_same() -> None:
    count = PATTERN_OCTETS_MAX // LOAD_PROFILE.row_octets + 10
    octets = load_profile(count)
    for _ in range(2):
        table = decode_table(octets)
        assert table.layout is LOAD_PROFILE
        assert len(table) == count


def test_the_patterns_remembered_are_bounded() -> None:
    met = _MetArrays()
    layouts = [RowLayout.of([ColumnShape(Tag.OCTET_STRING, size)]) for size in range(1, PATTERNS_MAX + 50)]
    for layout in layouts:
        met.keep(layout, encode_table(layout.blank(1)[0]), 2, 1)
    assert len(met) == PATTERNS_MAX
    newest, oldest = layouts[-1], layouts[0]
    for layout, expected in ((newest, newest), (oldest, None)):
        octets = encode_table(layout.blank(1)[0])
        found = find_array(met, UniformTable, octets)
        assert (found and found.layout) is expected


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20))
def test_profiles_of_any_lengths_in_any_order_are_read_right(counts: list[int]) -> None:
    for count in counts:
        table = decode_table(load_profile(count))
        assert table.column(2).tolist() == [index * 1000 + 2 for index in range(count)]


def test_rows_with_instants_for_their_times() -> None:
    known = {b"\x07\xe9\x01\x02\x03" + n.to_bytes(7, "big"): f"row {n}" for n in range(3)}
    table = decode_table(load_profile(3))
    instants = Instants(known)
    assert table.rows(0, instants) == [("row 0", 0, 2, 3, 4, 5, 2300, 2310)] + [
        (f"row {n}", n, n * 1000 + 2, n * 1000 + 3, n * 1000 + 4, n * 1000 + 5, 2300, 2310) for n in (1, 2)
    ]
    assert table.rows()[1][0] == b"\x07\xe9\x01\x02\x03" + (1).to_bytes(7, "big")
    with pytest.raises(KeyError):
        decode_table(load_profile(4)).rows(0, instants)


@pytest.mark.parametrize("place", [1, 6, 8])
def test_a_time_column_that_holds_no_date_times(place: int) -> None:
    with pytest.raises(KeyError):
        decode_table(load_profile(3)).rows(place, Instants({}))


@pytest.mark.parametrize("tag", sorted(NUMBER_DTYPES))
def test_rows_of_every_number_are_what_the_columns_say(tag: int) -> None:
    layout = RowLayout.of([ColumnShape(tag), ColumnShape(Tag.OCTET_STRING, 3)])
    octets, rows = layout.blank(4)
    rows["c0"] = [0, 1, 100, 127]
    rows["c1"] = b"abc"
    table = UniformTable(layout, octets.tobytes(), 0, 4)
    assert table.rows() == list(zip(table.values(0), table.values(1), strict=True))
    assert [type(value) for value in table.rows()[1]] == [type(table.values(0)[1]), bytes]


def test_integers_that_several_may_hold_are_not_written_to() -> None:
    table = decode_table(load_profile(3))
    integers = table.integers(2)
    assert integers is not None
    with pytest.raises(ValueError, match="read-only"):
        integers[0] = 7
    again = table.integers(2)
    assert again is not None
    assert again.tolist() == [2, 1002, 2002]
