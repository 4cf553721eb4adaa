"""Rows to take apart: a load profile of eight columns, and rows of any shape."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from ferraris.codec import Tag
from ferraris.codec.columns import encode_table
from ferraris.codec.row_layout import ColumnShape, RowLayout

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


DTYPES: dict[int, st.SearchStrategy[object]] = {
    Tag.BOOLEAN: st.integers(0, 255),
    Tag.DOUBLE_LONG: st.integers(-(2**31), 2**31 - 1),
    Tag.DOUBLE_LONG_UNSIGNED: st.integers(0, 2**32 - 1),
    Tag.BCD: st.integers(0, 255),
    Tag.INTEGER: st.integers(-128, 127),
    Tag.LONG: st.integers(-(2**15), 2**15 - 1),
    Tag.UNSIGNED: st.integers(0, 255),
    Tag.LONG_UNSIGNED: st.integers(0, 65535),
    Tag.LONG64: st.integers(-(2**63), 2**63 - 1),
    Tag.LONG64_UNSIGNED: st.integers(0, 2**64 - 1),
    Tag.ENUM: st.integers(0, 255),
    Tag.FLOAT32: st.floats(width=32, allow_nan=False),
    Tag.FLOAT64: st.floats(allow_nan=False),
    Tag.NULL_DATA: st.none(),
    Tag.DATE_TIME: st.binary(min_size=12, max_size=12),
    Tag.DATE: st.binary(min_size=5, max_size=5),
    Tag.TIME: st.binary(min_size=4, max_size=4),
}
SHAPES = st.one_of(
    st.sampled_from(sorted(DTYPES)).map(ColumnShape),
    st.builds(ColumnShape, st.sampled_from([9, 10, 12]), st.sampled_from([1, 2, 6, 12, 127, 128, 300])),
)


def value_for(shape: ColumnShape) -> st.SearchStrategy[object]:
    if shape.octets:
        return st.binary(min_size=shape.octets, max_size=shape.octets)
    return DTYPES[shape.tag]
