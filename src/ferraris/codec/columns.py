"""The columns of an array of structures whose rows share one layout, as a NumPy structured array over the octets.

The rows of a load profile differ in their values, never in their shape: the same tags at the same places. So the first row
is read once into a `RowLayout`; every other row is compared with its tags and its numbers are taken where they stand,
without a Python object for any of them. A buffer whose rows do differ (null-data for a value that repeats, a text of another
length) is decoded value by value instead, into the same `Table`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ferraris.codec.axdr import (
    CLAUSE,
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    Data,
    Tag,
    decode_whole,
    read_length,
    write_length,
)
from ferraris.codec.records import INSTANT_OCTETS, INT64_MAX, Instants, RecordLayout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_ELEMENTS_MAX, PATTERN_OCTETS_MAX, PATTERNS_MAX

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
    (`V12`). `template` is a row with all values zero; `fixed` are the positions in it that every row must repeat.
    """

    shapes: tuple[ColumnShape, ...]
    row_octets: int
    names: tuple[str, ...]
    dtype: np.dtype[np.void]
    template: npt.NDArray[np.uint8]
    fixed: npt.NDArray[np.intp]
    relative: bool = False
    """Whether a column holds differences: rows alone do not tell its numbers."""
    integers: tuple[bool, ...] = ()
    """Whether each column holds integers, of a type whose values all fit 64 bits with a sign."""
    pattern: RecordLayout | None = None
    """The fixed octets alone; None for rows of no octets."""

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
    positions = np.array(fixed, np.intp)
    mask = np.zeros(len(template), np.uint8)
    mask[positions] = 0xFF
    relative = any(shape.tag in DELTA_TAGS for shape in shapes)
    integers = tuple(dtype.kind in "iu" and dtype != LARGEST for dtype in map(np.dtype, formats))
    pattern = RecordLayout(f"{len(template)}x", bytes(template), mask.tobytes()) if template else None
    return RowLayout(shapes, len(template), tuple(names), dtype_of_row, row, positions, relative, integers, pattern)


@lru_cache(maxsize=1024)
def _records(layout: RowLayout, time_column: int | None, instants: Instants | None) -> RecordLayout | None:
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
    mask = np.zeros(layout.row_octets, np.uint8)
    mask[layout.fixed] = 0xFF
    if not codes or (time_column is not None and "T" not in codes):
        return None
    return RecordLayout(codes, layout.template.tobytes(), mask.tobytes(), instants)


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


class Table:
    """The rows of an array of structures, kept as columns until someone asks for rows."""

    __slots__ = ("_columns", "_count", "_integers", "_octets", "_start", "_view", "layout")

    def __init__(
        self,
        columns: list[list[object]],
        layout: RowLayout | None = None,
        octets: bytes = b"",
        start: int = 0,
        count: int = 0,
    ) -> None:
        self._columns = columns
        self.layout = layout
        """The layout that all rows share, or None when they were decoded value by value."""
        self._octets = octets
        self._start = start
        self._count = count if layout is not None or not columns else len(columns[0])
        self._view: npt.NDArray[np.void] | None = None
        self._integers: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def _rows(self) -> npt.NDArray[np.void]:
        """The rows of a shared layout as a structured array, made when a column is first asked for."""
        view = self._view
        if view is None:
            assert self.layout is not None
            self._view = view = np.frombuffer(self._octets, self.layout.dtype, self._count, self._start)
        return view

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.layout.shapes) if self.layout is not None else len(self._columns)

    def column(self, index: int) -> npt.NDArray[np.generic]:
        """One column: a view on the received octets for numbers (big-endian) and raw octets (`V12`), objects otherwise."""
        if self.layout is not None:
            return self._rows[self.layout.names[index]]
        column = np.empty(len(self), object)
        column[:] = self._columns[index]
        return column

    def integers(self, index: int) -> npt.NDArray[np.int64] | None:
        """One column of integers; None when it holds anything else, numbers among them that 64 bits with a sign cannot hold."""
        layout = self.layout
        if layout is None:
            return None
        if layout.integers[index]:
            integers = self._integers
            if integers is None:
                integers = self._integers = self._all_integers(layout)
            if integers is not None:
                return cast("npt.NDArray[np.int64]", integers[index])
        column = self._rows[layout.names[index]]
        if not layout.integers[index] and (column.dtype != LARGEST or beyond_int64(column)):
            return None
        return column.astype(np.int64)

    def _all_integers(self, layout: RowLayout) -> npt.NDArray[np.int64] | None:
        """A line for each column; None where a column has no octets of its own, or numbers too large."""
        records = _records(layout, None, None)
        if records is None:
            return None
        try:
            octets = records.integers(self._octets, self._start, self._count)
        except OverflowError:
            return None
        integers: npt.NDArray[np.int64] = np.frombuffer(octets, np.int64).reshape(len(layout.shapes), self._count)
        return integers

    def values(self, index: int) -> list[object]:
        """One column as Python values: int, float, bytes, None for null-data."""
        if self.layout is None:
            return self._columns[index]
        if self.layout.shapes[index].tag in EMPTY_TAGS:
            return [None] * len(self)
        return cast("list[object]", self._rows[self.layout.names[index]].tolist())

    def rows(self, time_column: int | None = None, instants: Instants | None = None) -> list[tuple[object, ...]]:
        """The rows as tuples of Python values: as sent, but the `time_column` as what `instants` know of its octets.

        Raises KeyError for an instant that they don't know, and for a `time_column` that holds no date-times.
        """
        records = None if self.layout is None else _records(self.layout, time_column, instants)
        if records is not None:
            return records.rows(self._octets, self._start, self._count)
        if time_column is not None:
            raise KeyError(time_column)
        return list(zip(*map(self.values, range(self.width)), strict=True))


class _Patterns:
    """The layouts met last, by the octets of the whole array: a profile read again and again is recognised by one compare."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[bytes, int, RowLayout, Callable[[bytes, int, int], bool]]] = OrderedDict()

    def find(self, octets: bytes) -> Table | None:
        """The array that `octets` hold, when one of as many octets and of its layout was met before."""
        known = self._known.get(len(octets))
        if known is None:
            return None
        header, count, layout, match = known
        start = len(header)
        if not octets.startswith(header) or not match(octets, start, count):
            return None
        return Table([], layout, octets, start, count)

    def keep(self, layout: RowLayout, octets: bytes, start: int, count: int) -> None:
        """Remember an array like this in place of earlier ones of the same size."""
        size = len(octets)
        if layout.pattern is None or size > PATTERN_OCTETS_MAX:
            return
        self._known[size] = octets[:start], count, layout, layout.pattern.match
        self._known.move_to_end(size)
        if len(self._known) > PATTERNS_MAX:
            self._known.popitem(last=False)


PATTERNS: Final = _Patterns()


def decode_table(octets: bytes) -> Table:
    """The array of structures that `octets` hold. Raises DecodeError when they are anything else."""
    table = PATTERNS.find(octets) or decode_shared(octets)
    return decode_by_value(octets) if table is None else table


def decode_shared(octets: bytes) -> Table | None:
    """The array of structures that `octets` hold, when its rows share one layout. Raises DecodeError for no array."""
    if not octets or octets[0] != Tag.ARRAY:
        got = octets[0] if octets else "nothing"
        raise DecodeError("a table is no array", expected=int(Tag.ARRAY), got=got, offset=0, clause=CLAUSE)
    count, start = read_length(octets, 1)
    if count == 0 and start == len(octets):
        return Table([])
    layout = recognise(octets, start)
    if (
        layout is not None
        and not layout.relative
        and len(octets) - start == count * layout.row_octets
        and count <= DATA_ELEMENTS_MAX
    ):
        pattern = layout.pattern
        if pattern is not None and pattern.match(octets, start, count):
            PATTERNS.keep(layout, octets, start, count)
            return Table([], layout, octets, start, count)
    return None


def decode_by_value(octets: bytes) -> Table:
    """The array of structures that `octets` hold, whatever its rows are. Raises DecodeError when they are anything else."""
    rows = cast("tuple[Data, ...]", decode_whole(octets).value)
    return Table(columns_of(rows))


def columns_of(rows: Sequence[Data]) -> list[list[object]]:
    """The values of structures, column by column, differences added to what stands above them. Raises DecodeError."""
    columns: list[list[object]] = []
    for index, row in enumerate(rows):
        if row.tag != Tag.STRUCTURE:
            raise DecodeError("a row is no structure", expected=int(Tag.STRUCTURE), got=row.tag, clause=f"row {index}")
        members = cast("tuple[Data, ...]", row.value)
        if index == 0:
            columns = [[] for _ in members]
        if len(members) != len(columns):
            raise DecodeError("a row has another width", expected=len(columns), got=len(members), clause=f"row {index}")
        for column, member in zip(columns, members, strict=True):
            column.append(_undone(column, member) if member.tag in DELTA_TAGS else member.value)
    return columns


def _undone(column: list[object], member: Data) -> int:
    """A difference added to the last number above it. Raises DecodeError when there is none."""
    last = next((value for value in reversed(column) if value is not None), None)
    if not isinstance(last, int) or not isinstance(member.value, int):
        raise DecodeError("a difference to no number", expected="a number above it", got=member.tag, clause=CLAUSE)
    return last + member.value


def encode_table(rows: npt.NDArray[np.uint8]) -> bytes:
    """The array of structures whose rows' octets, made with `RowLayout.blank`, are `rows`."""
    out = bytearray((Tag.ARRAY,))
    write_length(len(rows), out)
    return bytes(out) + rows.tobytes()
