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
from ferraris.codec.columns import Table, decode_by_value, decode_shared, recognised
from ferraris.codec.compact_columns import decode_compact_table
from ferraris.codec.row_layout import (
    DELTA_TAGS,
    LARGEST,
    NUMBER_DTYPES,
    ColumnShape,
    RowLayout,
    beyond_int64,
    recognise,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_ELEMENTS_MAX, TABLE_LAYOUTS_MAX, TABLE_ROW_OCTETS_MAX

SUMMED_MAX: Final = 2**62
"""All differences of the longest table together are far less, so that no sum of such numbers overflows."""
ROWS_PER_MATCH_MAX: Final = 1_000
"""A regular expression keeps a mark for each repetition: a long run is found in several calls."""
PATTERNS_KEPT: Final = 256
DIFFERENCES: Final = (Tag.DELTA_UNSIGNED, Tag.DELTA_INTEGER, Tag.DELTA_LONG_UNSIGNED, Tag.DELTA_LONG)
"""How a difference is sent: in the first of these types that holds it."""


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

    __slots__ = ("_count", "_told", "parts")

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._count = sum(len(part.rows) for part in self.parts)
        self._told: dict[tuple[bool, ...], tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]] = {}

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

    def integers(self, index: int) -> npt.NDArray[np.int64] | None:
        """A column of integers with nulls filled and differences added up; None when it holds anything else, numbers among them
        that 64 bits with a sign cannot hold.

        Raises DecodeError for a difference with no number above it.
        """
        numbers = np.zeros(self._count, np.int64)
        whole: list[bool] = []
        differing = False
        for layout, rows, places in self.parts:
            tag = layout.shapes[index].tag
            if tag in EMPTY_TAGS:
                whole.append(False)
                continue
            values = rows[layout.names[index]]
            if not layout.integers[index] and (values.dtype != LARGEST or beyond_int64(values)):
                return None
            numbers[places] = values
            relative = tag in DELTA_TAGS
            whole.append(not relative)
            differing = differing or relative
        if all(whole):
            return numbers
        marked, above = self.told(tuple(whole))
        if not marked[0]:
            if differing:
                self._refuse_difference(index, marked)
            return None
        if not differing:
            return numbers.take(above)
        if ((numbers > SUMMED_MAX) | (numbers < -SUMMED_MAX)).any():
            return None
        sums = np.where(marked, 0, numbers).cumsum()
        return cast("npt.NDArray[np.int64]", numbers[above] + sums - sums[above])

    def told(self, whole: tuple[bool, ...]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
        """In which rows a column has a value by itself, when it has in the parts that `whole` says, and for each row the last
        such one up to it (0 where there is none). Columns mostly agree in it.
        """
        known = self._told.get(whole)
        if known is None:
            marked = np.zeros(self._count, np.bool_)
            for part, tells in zip(self.parts, whole, strict=True):
                marked[part.places] = tells
            known = self._told[whole] = marked, np.maximum.accumulate(np.where(marked, np.arange(self._count), 0))
        return known

    def _refuse_difference(self, index: int, marked: npt.NDArray[np.bool_]) -> None:
        """Raises DecodeError when a difference stands above the first number."""
        first = int(marked.argmax()) if marked.any() else self._count
        for shape, places, _ in self.of_column(index):
            if shape.tag in DELTA_TAGS and int(places[0]) < first:
                raise DecodeError("a difference to no number", expected="a number above it", got="a difference")

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
        integers = self.integers(index)
        if integers is not None:
            return cast("npt.NDArray[np.generic]", integers)
        return super().column(index)


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
    table: Table | None = recognised(octets)
    if table is not None:
        return table
    if octets.startswith(b"\x13"):
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
    known: list[RowLayout] = []
    runs: list[tuple[int, int, int]] = []
    place = 0
    while place < count:
        layout = recognise(octets, offset)
        if layout is None or len(known) == TABLE_LAYOUTS_MAX or layout.row_octets > TABLE_ROW_OCTETS_MAX:
            return None
        if known and len(layout.shapes) != len(known[0].shapes):
            return None
        known.append(layout)
        sizes = [one.row_octets for one in known]
        for found in _pattern_of(tuple(known)).finditer(octets, offset):
            start, end = found.span()
            if start != offset or place == count:
                break
            number = (found.lastindex or 1) - 1
            size = sizes[number]
            length = (end - start) // size
            if length > count - place:
                length = count - place
            runs.append((number, start, length))
            offset = start + length * size
            place += length
    return _gathered(octets, known, np.array(runs, np.intp)) if offset == len(octets) else None


@lru_cache(maxsize=PATTERNS_KEPT)
def _pattern_of(layouts: tuple[RowLayout, ...]) -> re.Pattern[bytes]:
    """Finds a run of rows with one of several layouts; the group that matches says which."""
    groups = []
    for layout in layouts:
        template, fixed = layout.template.tobytes(), set(np.flatnonzero(layout.mask).tolist())
        octets = (re.escape(template[place : place + 1]) if place in fixed else b"." for place in range(len(template)))
        groups.append(b"((?:%b){1,%d})" % (b"".join(octets), ROWS_PER_MATCH_MAX))
    return re.compile(b"|".join(groups), re.DOTALL)


def _gathered(octets: bytes, known: list[RowLayout], runs: npt.NDArray[np.intp]) -> list[Part]:
    """The rows of each layout, from all its runs: layout, offset and length of each, in order."""
    flat = np.frombuffer(octets, np.uint8)
    numbers, offsets, lengths = runs.T
    ends = lengths.cumsum()
    parts = []
    for number, layout in enumerate(known):
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
    octets, kept = _with_nulls(layout, rows, told_above)
    return _array_of(octets, kept)


def encode_with_differences(layout: RowLayout, rows: npt.NDArray[np.uint8], told_above: npt.NDArray[np.bool_]) -> bytes:
    """As `encode_with_nulls`, and numbers as differences to the row above where these are shorter."""
    octets, kept = _with_nulls(layout, rows, told_above)
    values = rows.reshape(-1).view(layout.dtype)
    for index, (tag, end) in enumerate(_cells(layout)):
        numbers = values[layout.names[index]]
        if numbers.dtype.kind not in "iu" or numbers.dtype.itemsize > 4:
            continue  # eight octets with no sign to spare, or no number
        steps = np.zeros(len(rows), np.int64)
        steps[1:] = np.diff(numbers.astype(np.int64))
        free = ~told_above[:, index]
        free[:1] = False
        for delta in DIFFERENCES:
            dtype = np.dtype(NUMBER_DTYPES[delta])
            limits = np.iinfo(dtype)
            chosen = free & (steps >= limits.min) & (steps <= limits.max)
            if dtype.itemsize >= numbers.dtype.itemsize:
                break
            free &= ~chosen
            octets[chosen, tag] = delta
            cell = steps[chosen].astype(dtype).view(np.uint8).reshape(-1, dtype.itemsize)
            octets[chosen, tag + 1 : tag + 1 + dtype.itemsize] = cell
            kept[chosen, tag + 1 + dtype.itemsize : end] = False
    return _array_of(octets, kept)


def _with_nulls(
    layout: RowLayout, rows: npt.NDArray[np.uint8], told_above: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The rows with null-data for what is marked, and which of their octets are left. Raises LocalProtocolError."""
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
    return octets, kept


def _array_of(octets: npt.NDArray[np.uint8], kept: npt.NDArray[np.bool_]) -> bytes:
    out = bytearray((Tag.ARRAY,))
    write_length(len(octets), out)
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
