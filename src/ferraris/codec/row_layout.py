"""The layout that the rows of an array of structures share: where each value and each tag stands in one row.

The rows of a load profile differ in their values, never in their shape: the same tags at the same places. So the first row
is read once into a `RowLayout`; every other row is compared with its tags and its numbers are taken where they stand,
without a Python object for any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ferraris.codec.axdr import (
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    Tag,
    read_length,
    write_length,
)
from ferraris.codec.records import INSTANT_OCTETS, INT64_MAX, Instants, RecordLayout
from ferraris.kernel.errors import LocalProtocolError

NUMBER_DTYPES: Final[dict[int, str]] = {
    Tag.BOOLEAN: "u1",
    Tag.DOUBLE_LONG: ">i4",
    Tag.DOUBLE_LONG_UNSIGNED: ">u4",
    Tag.BCD: "u1",
    Tag.INTEGER: "i1",
    Tag.LONG: ">i2",
    Tag.UNSIGNED: "u1",
    Tag.LONG_UNSIGNED: ">u2",
    Tag.LONG64: ">i8",
    Tag.LONG64_UNSIGNED: ">u8",
    Tag.ENUM: "u1",
    Tag.FLOAT32: ">f4",
    Tag.FLOAT64: ">f8",
    Tag.DELTA_INTEGER: "i1",
    Tag.DELTA_LONG: ">i2",
    Tag.DELTA_DOUBLE_LONG: ">i4",
    Tag.DELTA_UNSIGNED: "u1",
    Tag.DELTA_LONG_UNSIGNED: ">u2",
    Tag.DELTA_DOUBLE_LONG_UNSIGNED: ">u4",
}
_STRUCT_CODES: Final = {
    "u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q", "i8": "q", "f4": "f", "f8": "d"
}  # fmt: skip
DELTA_TAGS: Final = frozenset(range(Tag.DELTA_INTEGER, Tag.DELTA_DOUBLE_LONG_UNSIGNED + 1))
"""Types of a number that is the difference to the one above it in the column."""


LARGEST: Final = np.dtype(">u8")


def beyond_int64(numbers: npt.NDArray[np.generic]) -> bool:
    """Whether some of these integers are too large for 64 bits with a sign."""
    return numbers.dtype == LARGEST and int(cast("npt.NDArray[np.uint64]", numbers).max(initial=0)) > INT64_MAX


class ColumnShape(NamedTuple):
    """What stands in one column of every row: its tag, and the count of octets where the tag leaves that open."""

    tag: int
    octets: int = 0


@dataclass(frozen=True, eq=False)
class RowLayout:
    """Where each value and each tag stands in one row.

    `dtype` has a field `c0`, `c1`, … per column over the `row_octets` of a row; strings and date-times are raw octets
    (`V12`). `template` is a row with all values zero; `mask` has ones where every row must repeat it.
    """

    shapes: tuple[ColumnShape, ...]
    row_octets: int
    names: tuple[str, ...]
    dtype: np.dtype[np.void]
    template: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    relative: bool = False
    """Whether a column holds differences: rows alone do not tell its numbers."""
    integers: tuple[bool, ...] = ()
    """Whether each column holds integers, of a type whose values all fit 64 bits with a sign."""
    width: int = 0
    """How many columns there are."""
    pattern: RecordLayout | None = None
    """What every row must repeat, and nothing of its values; None for rows of no octets."""

    @staticmethod
    def of(shapes: Sequence[ColumnShape]) -> RowLayout:
        """The layout of rows with these columns. Raises LocalProtocolError for a type that has no fixed size."""
        return _layout(tuple(shapes))

    @staticmethod
    def untagged(shapes: Sequence[ColumnShape]) -> RowLayout:
        """The same without tags, as in a compact-array: only the lengths of strings are fixed. Raises LocalProtocolError."""
        return _layout(tuple(shapes), tagged=False)

    def blank(self, count: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.void]]:
        """`count` rows with tags set and values zero: their octets, and a structured view through which to set the values."""
        octets = np.tile(self.template, (count, 1))
        return octets, octets.reshape(-1).view(self.dtype)

    def match(self, octets: bytes, offset: int, count: int) -> npt.NDArray[np.void] | None:
        """The `count` rows at `offset` as a structured array, or None when one of them has another layout."""
        if self.pattern is None or not self.pattern.match(octets, offset, count):
            return None
        return np.frombuffer(octets, self.dtype, count, offset)


@lru_cache(maxsize=1024)
def records_of(
    layout: RowLayout, time_column: int | None = None, instants: Instants | None = None
) -> RecordLayout | None:
    """The rows as records: all columns as they are, but the `time_column` as what `instants` know of its octets.

    None where a column has no octets of its own, and so no field, and where the `time_column` holds no date-times.
    """
    codes, at = "", 0
    for index, (name, shape) in enumerate(zip(layout.names, layout.shapes, strict=True)):
        dtype, offset = cast("tuple[np.dtype[np.generic], int]", layout.dtype.fields[name][:2])  # type: ignore[index]
        if shape.tag in EMPTY_TAGS:
            return None
        timed = index == time_column and dtype.kind == "V" and dtype.itemsize == INSTANT_OCTETS
        code = "T" if timed else f"{dtype.itemsize}s" if dtype.kind == "V" else _STRUCT_CODES[dtype.str[1:]]
        codes += f"{offset - at}x{code}"
        at = offset + dtype.itemsize
    if not codes or (time_column is not None and "T" not in codes):
        return None
    return RecordLayout(codes, layout.template.tobytes(), layout.mask.tobytes(), instants)


@lru_cache(maxsize=1024)
def _layout(shapes: tuple[ColumnShape, ...], *, tagged: bool = True) -> RowLayout:
    template = bytearray()
    if tagged:
        template.append(Tag.STRUCTURE)
        write_length(len(shapes), template)
    fixed = list(range(len(template)))
    names, formats, offsets = [], [], []
    for index, (tag, octets) in enumerate(shapes):
        if tagged:
            fixed.append(len(template))
            template.append(tag)
        if tag in STRING_TAGS:
            start = len(template)
            write_length(octets, template)
            fixed.extend(range(start, len(template)))
            dtype = f"V{octets}"
        elif tag in FIXED_OCTETS:
            dtype = f"V{FIXED_OCTETS[tag]}"
        elif tag in EMPTY_TAGS:
            dtype = "V0"
        elif tag in NUMBER_DTYPES:
            dtype = NUMBER_DTYPES[tag]
        else:
            raise LocalProtocolError("a column has no fixed size", expected="a number, string or date-time", got=tag)
        names.append(f"c{index}")
        formats.append(dtype)
        offsets.append(len(template))
        template.extend(bytes(np.dtype(dtype).itemsize))
    row = np.frombuffer(bytes(template), np.uint8)
    dtype_of_row: np.dtype[np.void] = np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": len(template)}
    )
    mask = np.zeros(len(template), np.uint8)
    mask[fixed] = 0xFF
    relative = any(shape.tag in DELTA_TAGS for shape in shapes)
    integers = tuple(dtype.kind in "iu" and dtype != LARGEST for dtype in map(np.dtype, formats))
    pattern = RecordLayout(f"{len(template)}x", bytes(template), mask.tobytes()) if template else None
    return RowLayout(
        shapes, len(template), tuple(names), dtype_of_row, row, mask, relative, integers, len(shapes), pattern
    )


def recognise(octets: bytes, offset: int) -> RowLayout | None:
    """The layout of the structure at `offset`, or None when a member has no fixed size. Raises DecodeError."""
    size = len(octets)
    if offset + 1 >= size or octets[offset] != Tag.STRUCTURE:
        return None
    count, position = read_length(octets, offset + 1)
    shapes = []
    for _ in range(count):
        if position >= size:
            return None
        tag = octets[position]
        position += 1
        length = 0
        number = NUMBER_FORMATS.get(tag)
        if tag in NUMBER_DTYPES and number is not None:
            position += number.size
        elif tag in STRING_TAGS:
            length, position = read_length(octets, position)
            position += length
        elif tag in FIXED_OCTETS:
            position += FIXED_OCTETS[tag]
        elif tag not in EMPTY_TAGS:
            return None
        shapes.append(ColumnShape(tag, length))
    return _layout(tuple(shapes)) if position <= size else None
