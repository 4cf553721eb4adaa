"""Tables whose rows leave out what the row above tells: null-data for the same value again, differences for numbers.

Such rows differ in layout, but in few layouts. Each layout is a regular expression over octets, so one call finds how far a run of
rows with it goes; the rows of one layout are then gathered into a NumPy structured array, wherever they stood. A column is put
together from the layouts by the places of their rows, with nulls filled and differences added up, without a Python object for
any value. Rows in too many layouts are left to the value by value decoder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ferraris.codec.axdr import EMPTY_TAGS, STRING_TAGS, Tag, read_length, write_length
from ferraris.codec.columns import DELTA_TAGS, ColumnShape, RowLayout, Table, decode_by_value, decode_shared, recognise
from ferraris.codec.compact_columns import decode_compact_table
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_ELEMENTS_MAX, TABLE_LAYOUTS_MAX

ROWS_PER_MATCH_MAX: Final = 1_000
"""A regular expression keeps a mark for each repetition: a long run is found in several calls."""
PATTERNS_KEPT: Final = 256


class Part(NamedTuple):
    """The rows of one layout: what they hold and at which places of the table they stand."""

    layout: RowLayout
    rows: npt.NDArray[np.void]
    places: npt.NDArray[np.intp]


class PartOfColumn(NamedTuple):
    """One column of a part. `values` is None where the rows say null-data."""

    shape: ColumnShape
    places: npt.NDArray[np.intp]
    values: npt.NDArray[np.generic] | None


class CompressedTable(Table):
    """A table whose rows have several layouts."""

    __slots__ = ("_count", "parts")

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__(None, None, [])
        self.parts = tuple(parts)
        self._count = sum(len(part.rows) for part in self.parts)

    def __len__(self) -> int:
        return self._count

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.parts[0].layout.shapes)

    def of_column(self, index: int) -> Iterator[PartOfColumn]:
        """One column layout by layout, as sent."""
        for layout, rows, places in self.parts:
            shape = layout.shapes[index]
            empty = shape.tag in EMPTY_TAGS
            yield PartOfColumn(
                shape, places, None if empty else cast("npt.NDArray[np.generic]", rows[layout.names[index]])
            )

    def filled_numbers(self, index: int) -> npt.NDArray[np.int64] | None:
        """A column of integers with nulls filled and differences added up; None when it holds anything else.

        Raises DecodeError for a difference with no number above it.
        """
        numbers = np.zeros(self._count, np.int64)
        differences = np.zeros(self._count, np.int64)
        whole = np.zeros(self._count, np.bool_)
        told = np.zeros(self._count, np.bool_)
        for shape, places, values in self.of_column(index):
            if values is None:
                continue
            if values.dtype.kind not in "iu":
                return None
            if shape.tag in DELTA_TAGS:
                differences[places] = values
                told[places] = True
            else:
                numbers[places] = values
                whole[places] = True
        if not whole[0]:
            first = int(whole.argmax()) if whole.any() else self._count
            if told[:first].any():
                raise DecodeError("a difference to no number", expected="a number above it", got="a difference")
            return None
        above = last_marked(whole)
        sums = differences.cumsum()
        return cast("npt.NDArray[np.int64]", numbers[above] + sums - sums[above])

    def values(self, index: int) -> list[object]:
        """One column as Python values, differences added up: int, float, bytes, None for null-data."""
        values: list[object] = [None] * self._count
        differing: set[int] = set()
        for shape, places, part in self.of_column(index):
            if part is None:
                continue
            wanted = places.tolist()
            for place, value in zip(wanted, cast("list[object]", part.tolist()), strict=True):
                values[place] = value
            if shape.tag in DELTA_TAGS:
                differing.update(wanted)
        return _added_up(values, differing) if differing else values

    def column(self, index: int) -> npt.NDArray[np.generic]:
        """One column: numbers with nulls filled and differences added up, objects otherwise."""
        filled = self.filled_numbers(index)
        if filled is not None:
            return cast("npt.NDArray[np.generic]", filled)
        column = np.empty(len(self), object)
        column[:] = self.values(index)
        return column


def last_marked(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """For each place the last one up to it that is marked; 0 where there is none."""
    places = np.where(marked, np.arange(len(marked)), 0)
    return cast("npt.NDArray[np.intp]", np.maximum.accumulate(places))


def _added_up(values: list[object], differing: set[int]) -> list[object]:
    last: object = None
    for place, value in enumerate(values):
        if place in differing:
            if not isinstance(last, int) or not isinstance(value, int):
                got = type(last).__name__
                raise DecodeError("a difference to no number", expected="a number above it", got=got)
            values[place] = last + value
        if values[place] is not None:
            last = values[place]
    return values


def decode_buffer(octets: bytes) -> Table:
    """The rows of a profile's buffer in whatever form a meter sends them: an array of structures, compressed or not, or a
    compact-array. Raises DecodeError for anything else.
    """
    if octets[:1] == b"\x13":
        return decode_compact_table(octets)
    table = decode_shared(octets)
    if table is not None:
        return table
    parts = _parts(octets)
    return decode_by_value(octets) if parts is None else CompressedTable(parts)


def _parts(octets: bytes) -> list[Part] | None:
    """The rows by layout; None when they have too many, or are none. Raises DecodeError."""
    count, offset = read_length(octets, 1)
    if not 0 < count <= min(len(octets) - offset, DATA_ELEMENTS_MAX):
        return None
    known: list[_Known] = []
    runs: list[tuple[int, int, int]] = []
    place = 0
    while place < count:
        found = _find(octets, offset, known)
        if found is None:
            return None
        number, end = found
        row_octets = known[number].layout.row_octets
        length = min((end - offset) // row_octets, count - place)
        runs.append((number, offset, length))
        offset += length * row_octets
        place += length
    return _gathered(octets, known, np.array(runs, np.intp)) if offset == len(octets) else None


class _Known(NamedTuple):
    """A layout met in a buffer, and what finds it again."""

    pattern: re.Pattern[bytes]
    layout: RowLayout


def _find(octets: bytes, offset: int, known: list[_Known]) -> tuple[int, int] | None:
    """Which layout the rows from `offset` on have, and where they end. A new one is added to `known`; None when none fits."""
    for number, one in enumerate(known):
        found = one.pattern.match(octets, offset)
        if found is not None:
            return number, found.end()
    layout = recognise(octets, offset)
    if (
        layout is None
        or len(known) == TABLE_LAYOUTS_MAX
        or (known and len(layout.shapes) != len(known[0].layout.shapes))
    ):
        return None
    known.append(_Known(_pattern(layout), layout))
    found = known[-1].pattern.match(octets, offset)
    return None if found is None else (len(known) - 1, found.end())


@lru_cache(maxsize=PATTERNS_KEPT)
def _pattern_of(fixed: bytes, template: bytes) -> re.Pattern[bytes]:
    row = b"".join(re.escape(template[place : place + 1]) if marked else b"." for place, marked in enumerate(fixed))
    return re.compile(b"(?:%b){1,%d}" % (row, ROWS_PER_MATCH_MAX), re.DOTALL)


def _pattern(layout: RowLayout) -> re.Pattern[bytes]:
    """Finds a run of rows with this layout."""
    fixed = bytearray(layout.row_octets)
    for place in layout.fixed.tolist():
        fixed[place] = 1
    return _pattern_of(bytes(fixed), layout.template.tobytes())


def _gathered(octets: bytes, known: list[_Known], runs: npt.NDArray[np.intp]) -> list[Part]:
    """The rows of each layout, from all its runs: layout, offset and length of each, in order."""
    flat = np.frombuffer(octets, np.uint8)
    numbers, offsets, lengths = runs.T
    ends = lengths.cumsum()
    parts = []
    for number, (_, layout) in enumerate(known):
        mine = numbers == number
        counts = lengths[mine]
        within = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
        places = np.repeat(ends[mine] - counts, counts) + within
        starts = np.repeat(offsets[mine], counts) + within * layout.row_octets
        grid = flat[starts[:, None] + np.arange(layout.row_octets)]
        parts.append(Part(layout, grid.reshape(-1).view(layout.dtype), places))
    return parts


def encode_with_nulls(layout: RowLayout, rows: npt.NDArray[np.uint8], told_above: npt.NDArray[np.bool_]) -> bytes:
    """The array of structures whose rows' octets, made with `RowLayout.blank`, are `rows`, with null-data for each value that
    `told_above`, of shape (rows, columns), marks.
    """
    if told_above.shape != (len(rows), len(layout.shapes)):
        raise LocalProtocolError(
            "marks of another shape", expected=(len(rows), len(layout.shapes)), got=told_above.shape
        )
    octets = rows.copy()
    kept = np.ones(octets.shape, np.bool_)
    for index, (tag, end) in enumerate(_cells(layout)):
        marked = told_above[:, index]
        octets[marked, tag] = Tag.NULL_DATA
        kept[marked, tag + 1 : end] = False
    out = bytearray((Tag.ARRAY,))
    write_length(len(rows), out)
    return bytes(out) + octets[kept].tobytes()


def _cells(layout: RowLayout) -> Iterator[tuple[int, int]]:
    """For each column the place of its tag, and where it ends."""
    fields = layout.dtype.fields
    assert fields is not None
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        dtype, content = fields[name][:2]
        header = bytearray((shape.tag,))
        if shape.tag in STRING_TAGS:
            write_length(shape.octets, header)
        yield content - len(header), content + dtype.itemsize
