"""Compressed tables: null-data and differences in any mixture, as the value by value decoder reads them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, encode_data
from ferraris.codec.columns import UniformTable, decode_by_value, encode_table
from ferraris.codec.compression import CompressedTable, decode_buffer, encode_with_differences, encode_with_nulls
from ferraris.codec.row_layout import ColumnShape, RowLayout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import TABLE_ROW_OCTETS_MAX
from tests.codec.changed import CELLS, changed, seen

U8, U32 = int(Tag.UNSIGNED), int(Tag.DOUBLE_LONG_UNSIGNED)
NULL = Data(int(Tag.NULL_DATA), None)


def buffer(*rows: tuple[Data, ...]) -> bytes:
    return encode_data(Data(int(Tag.ARRAY), tuple(Data(int(Tag.STRUCTURE), row) for row in rows)))


def number(value: int) -> Data:
    return Data(U32, value)


def test_nulls_are_filled_and_differences_added_up() -> None:
    up = int(Tag.DELTA_UNSIGNED)
    down = int(Tag.DELTA_INTEGER)
    table = decode_buffer(
        buffer(
            (number(100), Data(U8, 7)),
            (Data(up, 5), NULL),
            (Data(up, 6), NULL),
            (NULL, Data(U8, 9)),
            (Data(down, -11), NULL),
            (number(1), Data(down, 1)),
        )
    )
    assert isinstance(table, CompressedTable)
    assert table.values(0) == [100, 105, 111, None, 100, 1]
    assert table.values(1) == [7, None, None, 9, None, 10]
    filled = [table.integers(index) for index in (0, 1)]
    assert [column.tolist() for column in filled if column is not None] == [
        [100, 105, 111, 111, 100, 1],
        [7, 7, 7, 9, 9, 10],
    ]
    assert table.column(0).tolist() == [100, 105, 111, 111, 100, 1]
    assert (len(table), table.width, len(table.parts)) == (6, 2, 5)


def test_rows_alike_are_one_part_wherever_they_stand() -> None:
    table = decode_buffer(
        buffer((number(1), Data(U8, 1)), *((number(n), NULL if n % 24 else Data(U8, 2)) for n in range(2, 97)))
    )
    assert isinstance(table, CompressedTable)
    assert table.parts[0].places.tolist() == [0, 23, 47, 71, 95]
    assert [len(part.rows) for part in table.parts] == [5, 91]


cells = st.one_of(
    st.just(NULL),
    st.integers(0, 255).map(lambda value: Data(U8, value)),
    st.integers(0, 2**32 - 1).map(number),
    st.integers(-128, 127).map(lambda value: Data(int(Tag.DELTA_INTEGER), value)),
    st.integers(0, 65535).map(lambda value: Data(int(Tag.DELTA_LONG_UNSIGNED), value)),
    st.binary(max_size=2).map(lambda value: Data(int(Tag.OCTET_STRING), value)),
)


def outcome(decode: object, octets: bytes) -> object:
    try:
        table = decode(octets)  # type: ignore[operator]
        return table.rows()
    except DecodeError as error:
        return error.summary


@settings(max_examples=300)
@given(st.lists(st.lists(cells, min_size=2, max_size=2).map(tuple), min_size=1, max_size=30))
def test_as_value_by_value(rows: list[tuple[Data, ...]]) -> None:
    octets = buffer(*rows)
    assert outcome(decode_buffer, octets) == outcome(decode_by_value, octets)


@given(st.binary(max_size=80))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    for head in (b"", b"\x01", b"\x13"):
        with contextlib.suppress(DecodeError):
            decode_buffer(head + octets).rows()


def test_a_column_of_anything_else_has_no_integers() -> None:
    table = decode_buffer(buffer((Data(int(Tag.OCTET_STRING), b"a"), NULL), (NULL, number(1))))
    assert isinstance(table, CompressedTable)
    assert table.integers(0) is None
    assert table.integers(1) is None, "a null above the first number tells nothing"
    assert table.column(1).tolist() == [None, 1]


def test_a_difference_above_the_first_number_is_refused() -> None:
    table = decode_buffer(buffer((Data(int(Tag.DELTA_INTEGER), 1),), (Data(int(Tag.DELTA_INTEGER), 2),)))
    assert isinstance(table, CompressedTable)
    for read in (table.integers, table.values):
        with pytest.raises(DecodeError, match="difference to no number"):
            read(0)


def test_plain_and_compact_buffers_are_read_too() -> None:
    plain = decode_buffer(buffer((number(1),), (number(2),)))
    assert type(plain) is UniformTable
    assert plain.layout is not None
    assert decode_buffer(bytes.fromhex("13 0201 06 08 00000001 00000002")).rows() == plain.rows()
    assert len(decode_buffer(b"\x01\x00")) == 0


def calls_of(function: Callable[[bytes], Any], octets: bytes) -> int:
    """How many functions of Python's are entered: a measure of the work that no other process disturbs."""
    count = 0

    def entered(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        function(octets)
    finally:
        sys.setprofile(before)
    return count


def test_rows_in_ever_new_layouts_cost_little_more_than_value_by_value() -> None:
    octets = buffer(*((Data(int(Tag.OCTET_STRING), bytes(n % 100)), NULL) for n in range(5_000)))
    assert not isinstance(decode_buffer(octets), CompressedTable)
    assert calls_of(decode_buffer, octets) < 3 * calls_of(decode_by_value, octets)


def test_a_run_longer_than_one_match() -> None:
    table = decode_buffer(buffer((NULL,), *((number(n),) for n in range(2_500))))
    assert isinstance(table, CompressedTable)
    assert table.values(0) == [None, *range(2_500)]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("0102 0201 06 00000001", id="a row is missing"),
        pytest.param("0101 0201 06 00000001 00", id="octets behind the rows"),
        pytest.param("0102 0201 06 00000001 0202 00 00", id="another width"),
        pytest.param("01 84ffffffff 0201 06 00000001", id="a count that lies"),
        pytest.param("0102 0201 06 00000001 11 05", id="no structure"),
    ],
)
def test_what_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_buffer(bytes.fromhex(octets))


# The other way

SHAPES = (ColumnShape(int(Tag.OCTET_STRING), 12), ColumnShape(U8), ColumnShape(U32))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)), min_size=1, max_size=20), st.data())
def test_told_values_are_left_out_and_nothing_else(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    layout = RowLayout.of(SHAPES)
    octets, values = layout.blank(len(pairs))
    values["c0"] = np.full(len(pairs), bytes(range(12)), "V12")
    values["c1"], values["c2"] = zip(*pairs, strict=True)
    told = np.array([[data.draw(st.booleans()) for _ in SHAPES] for _ in pairs])
    plain = decode_by_value(encode_table(octets)).rows()
    wanted = [
        tuple(None if above else cell for cell, above in zip(row, marks, strict=True))
        for row, marks in zip(plain, told, strict=True)
    ]
    compressed = encode_with_nulls(layout, octets, told)
    assert decode_by_value(compressed).rows() == decode_buffer(compressed).rows() == wanted
    assert encode_with_nulls(layout, octets, np.zeros_like(told)) == encode_table(octets)


def test_marks_of_another_shape_are_refused() -> None:
    layout = RowLayout.of(SHAPES)
    with pytest.raises(LocalProtocolError):
        encode_with_nulls(layout, layout.blank(2)[0], np.zeros((2, 2), np.bool_))


def test_long_rows_are_left_to_the_general_decoder() -> None:
    long = Data(int(Tag.OCTET_STRING), bytes(TABLE_ROW_OCTETS_MAX))
    table = decode_buffer(buffer((long,), (NULL,), (long,)))
    assert not isinstance(table, CompressedTable)
    assert table.values(0) == [bytes(TABLE_ROW_OCTETS_MAX), None, bytes(TABLE_ROW_OCTETS_MAX)]


@settings(max_examples=400)
@given(st.data(), st.integers(1, 4))
def test_changed_octets_are_read_as_the_general_decoder_reads_them(data: st.DataObject, width: int) -> None:
    """Both refuse, or both see the same values: no octet is passed over by the fast way."""
    kinds = data.draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=4))
    rows = data.draw(st.lists(st.sampled_from(kinds).map(tuple), min_size=1, max_size=8))
    octets = data.draw(changed(buffer(*rows)))
    if octets[:1] == b"\x01":
        by_value = seen(lambda octets: decode_by_value(octets).rows(), octets)
        assert seen(lambda octets: decode_buffer(octets).rows(), octets) == by_value


FILLED = [
    # column of                 rows (None: null-data; text: a difference)           filled
    ("long64-unsigned", [(21, 2**63 + 5), None, (21, 2**64 - 1)], [2**63 + 5, 2**63 + 5, 2**64 - 1]),
    ("long64 and difference", [(20, 2**63 - 2), (0x21, 200)], [2**63 - 2, 2**63 + 198]),
    ("many differences", [(6, 7), *[(0x21, 2**32 - 1)] * 40], [7 + (2**32 - 1) * count for count in range(41)]),
    ("the smallest and a difference", [(20, -(2**63)), (0x1E, -1)], [-(2**63), -(2**63) - 1]),
    ("below zero", [(20, -(2**63) + 1), (0x1E, -5)], [-(2**63) + 1, -(2**63) - 4]),
]


@pytest.mark.parametrize(("name", "cells", "filled"), FILLED, ids=[row[0] for row in FILLED])
def test_numbers_beyond_64_bits_are_told_as_they_are(
    name: str, cells: list[tuple[int, int] | None], filled: list[int]
) -> None:
    tags = {0x1E: int(Tag.DELTA_DOUBLE_LONG), 0x21: int(Tag.DELTA_DOUBLE_LONG_UNSIGNED)}
    rows = [(NULL if cell is None else Data(tags.get(cell[0], cell[0]), cell[1]), Data(U8, 1)) for cell in cells]
    table = decode_buffer(buffer(*rows))
    told = [value for value in table.column(0).tolist() if value is not None]
    assert told in (filled, [number for number, cell in zip(filled, cells, strict=True) if cell is not None])


STEPS = """
    from        to          sent
    1           0           1cff
    0           255         1fff
    0           256         200100
    200         72          1c80
    200         71          1dff7f
    0           65535       20ffff
    0           65536       0600010000
    40000       7232        1d8000
    40000       7231        0600001c3f
    4294967295  0           0600000000
"""


@pytest.mark.parametrize("row", [line.split() for line in STEPS.strip().splitlines()[1:]], ids="-".join)
def test_a_step_is_sent_in_the_shortest_type_that_holds_it(row: list[str]) -> None:
    layout = RowLayout.of([ColumnShape(U32)])
    octets, values = layout.blank(2)
    values["c0"] = [int(row[0]), int(row[1])]
    sent = encode_with_differences(layout, octets, np.zeros((2, 1), np.bool_))
    assert sent.hex()[4 + 4 + 10 :] == "0201" + row[2]


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)), min_size=1, max_size=20))
def test_differences_add_up_to_the_numbers(pairs: list[tuple[int, int]]) -> None:
    """Numbers that stay are null-data; those of one octet have no shorter difference."""
    layout = RowLayout.of(SHAPES[1:])
    octets, values = layout.blank(len(pairs))
    values["c0"], values["c1"] = zip(*pairs, strict=True)
    told = np.zeros((len(pairs), 2), np.bool_)
    for index in (0, 1):
        told[1:, index] = values[f"c{index}"][1:] == values[f"c{index}"][:-1]
    sent = encode_with_differences(layout, octets, told)
    for table in (decode_buffer(sent), decode_by_value(sent)):
        above = [0, 0]
        for row, wanted in zip(table.rows(), pairs, strict=True):
            above = [old if cell is None else cell for old, cell in zip(above, row, strict=True)]
            assert tuple(above) == wanted
    assert len(sent) <= len(encode_with_nulls(layout, octets, told))
