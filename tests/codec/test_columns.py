"""Columns of a buffer: the fast way and the general way say the same."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.codec.columns import ColumnShape, RowLayout, decode_table, encode_table
from ferraris.kernel.errors import DecodeError, LocalProtocolError

LOAD_PROFILE = RowLayout.of(
    [
        ColumnShape(Tag.OCTET_STRING, 12),
        ColumnShape(Tag.UNSIGNED),
        *[ColumnShape(Tag.DOUBLE_LONG_UNSIGNED)] * 4,
        *[ColumnShape(Tag.LONG_UNSIGNED)] * 2,
    ]
)


def load_profile(count: int) -> bytes:
    octets, rows = LOAD_PROFILE.blank(count)
    for index in range(count):
        rows["c0"][index] = b"\x07\xe9\x01\x02\x03" + index.to_bytes(7, "big")
    rows["c1"] = np.arange(count) % 256
    for column in range(2, 6):
        rows[f"c{column}"] = np.arange(count) * 1000 + column
    rows["c6"] = 2300
    rows["c7"] = 2310
    return encode_table(octets)


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
