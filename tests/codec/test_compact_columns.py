"""Columns of compact-arrays: as the general decoder reads them, over the octets themselves where the elements are alike."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.codec.columns import columns_of, decode_table
from ferraris.codec.compact_array import decode_compact_array, encode_compact_array
from ferraris.codec.compact_columns import decode_compact_table, encode_compact_table
from ferraris.codec.compression import decode_buffer
from ferraris.codec.row_layout import ColumnShape, RowLayout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.codec.changed import CELLS, changed, seen

SHAPES = [
    ColumnShape(int(Tag.OCTET_STRING), 12),
    ColumnShape(int(Tag.UNSIGNED)),
    ColumnShape(int(Tag.DOUBLE_LONG_UNSIGNED)),
    ColumnShape(int(Tag.LONG)),
    ColumnShape(int(Tag.NULL_DATA)),
    ColumnShape(int(Tag.DATE_TIME)),
    ColumnShape(int(Tag.FLOAT32)),
]
ROWS = [(bytes(range(n, n + 12)), n, 70_000 + n, -n, None, bytes(range(n + 1, n + 13)), n / 2) for n in range(5)]


def encoded(rows: list[tuple[object, ...]], shapes: list[ColumnShape] = SHAPES) -> bytes:
    """By the general encoder."""
    elements = [
        Data(int(Tag.STRUCTURE), tuple(Data(shape.tag, value) for shape, value in zip(shapes, row, strict=True)))
        for row in rows
    ]
    return encode_data(Data(int(Tag.COMPACT_ARRAY), encode_compact_array(elements)))


def test_columns_lie_over_the_octets() -> None:
    table = decode_compact_table(encoded(ROWS))
    assert table.layout is not None
    assert (len(table), table.width) == (5, len(SHAPES))
    assert table.rows() == ROWS
    assert table.column(2).dtype == np.dtype(">u4")


def test_an_array_like_one_met_before_is_recognised_and_another_is_not() -> None:
    octets = encoded(ROWS)
    for _ in range(2):
        table = decode_buffer(octets)
        assert (table.layout, table.rows()) == (RowLayout.untagged(SHAPES), ROWS)
    others = ROWS[::-1]
    assert decode_buffer(encoded(others)).rows() == others
    with pytest.raises(DecodeError, match="no array"):
        decode_table(octets)
    shorter = bytearray(octets)
    shorter[octets.index(ROWS[0][0]) - 1] = 11  # octets of the first string, so that all behind it stands elsewhere
    with contextlib.suppress(DecodeError):
        assert decode_buffer(bytes(shorter)).rows() != ROWS


def test_the_same_size_under_another_description_is_another_table() -> None:
    signed, unsigned = ([ColumnShape(int(tag))] for tag in (Tag.INTEGER, Tag.UNSIGNED))
    for _ in range(2):
        assert decode_buffer(encoded([(-1,), (2,)], signed)).rows() == [(-1,), (2,)]
        assert decode_buffer(encoded([(255,), (2,)], unsigned)).rows() == [(255,), (2,)]


def test_strings_of_other_lengths_are_read_value_by_value() -> None:
    shapes = [ColumnShape(int(Tag.OCTET_STRING)), ColumnShape(int(Tag.UNSIGNED))]
    rows: list[tuple[object, ...]] = [(b"ab", 1), (b"abc", 2), (b"", 3)]
    table = decode_compact_table(encoded(rows, shapes))
    assert table.layout is None
    assert table.rows() == rows


def test_parts_within_elements_are_read_value_by_value() -> None:
    octets = bytes.fromhex("13 0202 11 01 0002 12 0a 01 0002 0003 04 0005 0006")
    table = decode_compact_table(octets)
    assert table.values(0) == [1, 4]
    assert table.values(1)[0] == (Data(int(Tag.LONG_UNSIGNED), 2), Data(int(Tag.LONG_UNSIGNED), 3))


def test_elements_that_are_no_structures_are_one_column() -> None:
    assert decode_compact_table(bytes.fromhex("13 12 06 000100020003")).rows() == [(1,), (2,), (3,)]


def test_differences_are_added_up() -> None:
    assert decode_compact_table(bytes.fromhex("13 0201 06 08 00000005 00000006")).values(0) == [5, 6]
    with pytest.raises(DecodeError, match="difference to no number"):
        decode_compact_table(bytes.fromhex("13 0201 1f 02 0506"))


def test_no_elements() -> None:
    assert len(decode_compact_table(bytes.fromhex("13 0201 06 00"))) == 0


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        ("", "no compact-array"),
        ("0100", "no compact-array"),
        ("13 0201 06 05 00000005", "a compact-array's length lies"),
        ("13 0201 06 03 00000005", "a compact-array's length lies"),
        ("13 0201 06 05 0000000500", "a number is cut short"),
        ("13 0201 09 02 05 00", "octets are missing"),
        ("13 0201 00 01 00", "an element takes no octets"),
    ],
)
def test_what_is_refused(octets: str, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_compact_table(bytes.fromhex(octets))
    assert caught.value.summary == summary


@given(
    st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 255), st.integers(0, 2**32 - 1)), min_size=1, max_size=6)
)
def test_as_the_general_decoder_reads_it(rows: list[tuple[object, ...]]) -> None:
    shapes = [ColumnShape(int(tag)) for tag in (Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED)]
    octets = encoded(rows, shapes)
    elements = decode_compact_array(decode_whole(octets).value)  # type: ignore[arg-type]
    assert decode_compact_table(octets).rows() == [tuple(m.value for m in e.value) for e in elements] == rows  # type: ignore[attr-defined]


@given(st.binary(max_size=60))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_compact_table(b"\x13" + octets).rows()


def test_tables_are_encoded_as_they_are_read() -> None:
    layout = RowLayout.untagged(SHAPES[:3])
    octets, values = layout.blank(5)
    values["c0"] = np.frombuffer(b"".join(row[0] for row in ROWS), "V12")  # type: ignore[misc]
    values["c1"], values["c2"] = [row[1] for row in ROWS], [row[2] for row in ROWS]
    assert encode_compact_table(layout, octets) == encoded([row[:3] for row in ROWS], SHAPES[:3])


def test_rows_of_another_layout_are_not_encoded() -> None:
    with pytest.raises(LocalProtocolError):
        encode_compact_table(RowLayout.untagged(SHAPES), np.zeros((2, 3), np.uint8))


def by_value(octets: bytes) -> list[tuple[object, ...]]:
    """The rows as the general decoder reads them, differences added up."""
    elements = decode_compact_array(decode_whole(octets).value)  # type: ignore[arg-type]
    if not elements:
        return []
    whole = elements[0].tag == Tag.STRUCTURE
    rows = elements if whole else [Data(int(Tag.STRUCTURE), (element,)) for element in elements]
    return list(zip(*columns_of(rows), strict=True))


@settings(max_examples=400)
@given(st.data(), st.lists(CELLS, min_size=1, max_size=4))
def test_changed_octets_are_read_as_the_general_decoder_reads_them(data: st.DataObject, members: list[Data]) -> None:
    rows = data.draw(st.integers(1, 6))
    elements = [Data(int(Tag.STRUCTURE), tuple(members))] * rows
    octets = data.draw(changed(encode_data(Data(int(Tag.COMPACT_ARRAY), encode_compact_array(elements)))))
    if octets[:1] == b"\x13":
        assert seen(lambda octets: decode_compact_table(octets).rows(), octets) == seen(by_value, octets)
