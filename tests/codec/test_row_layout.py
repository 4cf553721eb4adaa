"""The layout of rows: what every row must repeat, and where its values stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Tag, decode_whole
from ferraris.codec.columns import encode_table
from ferraris.codec.records import Instants
from ferraris.codec.row_layout import ColumnShape, RowLayout, recognise, records_of
from ferraris.kernel.errors import LocalProtocolError
from tests.codec.rows import LOAD_PROFILE, SHAPES, load_profile


@given(st.lists(SHAPES, min_size=1, max_size=6), st.integers(1, 5))
def test_blank_rows_are_whole_values(shapes: list[ColumnShape], count: int) -> None:
    layout = RowLayout.of(shapes)
    octets, view = layout.blank(count)
    assert octets.shape == (count, layout.row_octets)
    assert len(view) == count
    rows = decode_whole(encode_table(octets)).value
    assert isinstance(rows, tuple)
    assert [[member.tag for member in row.value] for row in rows] == [[shape.tag for shape in shapes]] * count


def test_a_layout_is_made_once() -> None:
    shapes = [ColumnShape(Tag.UNSIGNED), ColumnShape(Tag.OCTET_STRING, 12)]
    assert RowLayout.of(shapes) is RowLayout.of(tuple(shapes))


@pytest.mark.parametrize("tag", [Tag.ARRAY, Tag.STRUCTURE, Tag.BIT_STRING, Tag.COMPACT_ARRAY, 7])
def test_types_of_no_fixed_size_make_no_layout(tag: int) -> None:
    with pytest.raises(LocalProtocolError, match="no fixed size") as caught:
        RowLayout.of([ColumnShape(Tag.UNSIGNED), ColumnShape(tag)])
    assert caught.value.got == tag


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x02",
        b"\x01\x00",
        b"\x11\x05",
        b"\x02\x01",
        b"\x02\x01\x11",
        b"\x02\x01\x04\x08\xff",
        b"\x02\x02\x11\x05",
        b"\x02\x01\x09\x05abc",
        b"\x02\x01\x19" + bytes(11),
        b"\x02\x01\x07\x00",
    ],
)
def test_octets_that_show_no_layout(octets: bytes) -> None:
    assert recognise(octets, 0) is None


def test_a_layout_is_recognised_where_it_stands() -> None:
    layout = recognise(b"\xff\xff\x02\x02\x11\x05\x09\x02ab", 2)
    assert layout is RowLayout.of([ColumnShape(Tag.UNSIGNED), ColumnShape(Tag.OCTET_STRING, 2)])
    assert layout.row_octets == 8


def test_a_match_wants_all_rows() -> None:
    octets = load_profile(4)
    assert LOAD_PROFILE.match(octets, 2, 4) is not None
    assert LOAD_PROFILE.match(octets, 2, 5) is None
    assert LOAD_PROFILE.match(octets, 3, 3) is None
    assert LOAD_PROFILE.match(octets[:-1], 2, 4) is None


@pytest.mark.parametrize("position", range(LOAD_PROFILE.row_octets))
def test_a_layout_tells_tags_from_values_octet_by_octet(position: int) -> None:
    octets = bytearray(load_profile(3))
    octets[2 + LOAD_PROFILE.row_octets + position] ^= 0x40
    matched = LOAD_PROFILE.match(bytes(octets), 2, 3) is not None
    assert matched == (position not in set(np.flatnonzero(LOAD_PROFILE.mask).tolist()))


def test_records_are_made_once_for_a_time_column() -> None:
    instants = Instants({})
    records = records_of(LOAD_PROFILE, 0, instants)
    assert records is not None
    assert records_of(LOAD_PROFILE, 0, instants) is records
    assert records_of(LOAD_PROFILE, 0, Instants({})) is not records
    assert records_of(LOAD_PROFILE) is not records
    assert records.octets == LOAD_PROFILE.row_octets


@pytest.mark.parametrize("time_column", [1, 2, 8, -1])
def test_no_records_where_the_time_column_holds_no_date_times(time_column: int) -> None:
    assert records_of(LOAD_PROFILE, time_column, Instants({})) is None
    assert records_of(LOAD_PROFILE) is not None


def test_no_records_where_a_column_has_no_octets() -> None:
    layout = RowLayout.of([ColumnShape(Tag.UNSIGNED), ColumnShape(Tag.NULL_DATA)])
    assert records_of(layout) is None
    assert layout.pattern is not None
    assert layout.width == 2


def test_rows_of_no_octets_have_nothing_to_repeat() -> None:
    layout = RowLayout.untagged([])
    assert layout.pattern is None
    assert layout.match(b"", 0, 0) is None
