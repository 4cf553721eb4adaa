"""Tables whose rows leave out what the row above tells: null-data for the same value again, differences for numbers.

Such rows differ in layout, but few layouts alternate in long runs. So a run of rows with one layout is found by doubling steps
and kept as a NumPy structured array; a column is put together from its runs, with nulls filled and differences added up,
without a Python object for any value. Rows that change too often are left to the value by value decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ferraris.codec.axdr import EMPTY_TAGS, STRING_TAGS, Tag, read_length, write_length
from ferraris.codec.columns import DELTA_TAGS, ColumnShape, RowLayout, Table, decode_by_value, decode_shared, recognise
from ferraris.codec.compact_columns import decode_compact_table
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_ELEMENTS_MAX

ROWS_PER_RUN_MIN: Final = 4
"""Below this many rows in a run on average, decoding value by value is as fast."""
RUNS_FREE: Final = 16
"""So many runs are always worth their while."""


class Run(NamedTuple):
    """Rows behind one another that share a layout."""

    layout: RowLayout
    rows: npt.NDArray[np.void]


class Piece(NamedTuple):
    """The part of a column within a run. `values` is None where the rows say null-data."""

    shape: ColumnShape
    rows: int
    values: npt.NDArray[np.generic] | None


class RunTable(Table):
    """A table kept as runs of rows."""

    __slots__ = ("_count", "runs")

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__(None, None, [])
        self.runs = tuple(runs)
        self._count = sum(len(run.rows) for run in self.runs)

    def __len__(self) -> int:
        return self._count

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.runs[0].layout.shapes)

    def pieces(self, index: int) -> Iterator[Piece]:
        """One column run by run, as sent."""
        for layout, rows in self.runs:
            shape = layout.shapes[index]
            empty = shape.tag in EMPTY_TAGS
            yield Piece(shape, len(rows), None if empty else cast("npt.NDArray[np.generic]", rows[layout.names[index]]))

    def filled_numbers(self, index: int) -> npt.NDArray[np.int64] | None:
        """A column of integers with nulls filled and differences added up; None when it holds anything else."""
        parts: list[npt.NDArray[np.int64]] = []
        last: np.int64 | None = None
        for shape, count, values in self.pieces(index):
            if values is None:
                if last is None:
                    return None
                parts.append(np.full(count, last, np.int64))
                continue
            if values.dtype.kind not in "iu":
                return None
            part = values.astype(np.int64)
            if shape.tag in DELTA_TAGS:
                if last is None:
                    raise DecodeError("a difference to no number", expected="a number above it", got=int(shape.tag))
                part = last + part.cumsum()
            last = part[-1]
            parts.append(part)
        return np.concatenate(parts)

    def values(self, index: int) -> list[object]:
        """One column as Python values, differences added up: int, float, bytes, None for null-data."""
        values: list[object] = []
        last: object = None
        for shape, count, piece in self.pieces(index):
            if piece is None:
                values += [None] * count
                continue
            part = cast("list[object]", piece.tolist())
            if shape.tag in DELTA_TAGS:
                part = _added_up(last, part)
            last = part[-1]
            values += part
        return values

    def column(self, index: int) -> npt.NDArray[np.generic]:
        """One column as objects."""
        column = np.empty(len(self), object)
        column[:] = self.values(index)
        return column


def decode_buffer(octets: bytes) -> Table:
    """The rows of a profile's buffer in whatever form a meter sends them: an array of structures, compressed or not, or a
    compact-array. Raises DecodeError for anything else.
    """
    if octets[:1] == b"\x13":
        return decode_compact_table(octets)
    table = decode_shared(octets)
    if table is not None:
        return table
    runs = _runs(octets)
    return decode_by_value(octets) if runs is None else RunTable(runs)


def _runs(octets: bytes) -> list[Run] | None:
    """The runs of an array of structures; None when it is none or changes too often. Raises DecodeError."""
    count, offset = read_length(octets, 1)
    if not 0 < count <= min(len(octets) - offset, DATA_ELEMENTS_MAX):
        return None
    runs: list[Run] = []
    left = count
    while left:
        if len(runs) > RUNS_FREE and len(runs) * ROWS_PER_RUN_MIN > count - left:
            return None
        layout = recognise(octets, offset)
        if layout is None or (runs and len(layout.shapes) != len(runs[0].layout.shapes)):
            return None
        length = _run_length(octets, offset, layout, left)
        runs.append(Run(layout, np.frombuffer(octets, layout.dtype, length, offset)))
        offset += length * layout.row_octets
        left -= length
    return runs if offset == len(octets) else None


def _run_length(octets: bytes, offset: int, layout: RowLayout, left: int) -> int:
    """How many rows from `offset` on share the layout of the first, which is recognised already."""
    size = layout.row_octets
    most = min(left, (len(octets) - offset) // size)
    length, step = 1, 1
    while length < most:
        step = min(2 * step, most - length)
        grid = np.frombuffer(octets, np.uint8, step * size, offset + length * size).reshape(step, size)
        alike = (grid.take(layout.fixed, axis=1) == layout.fixed_octets).all(axis=1)
        if not alike.all():
            return length + int(alike.argmin())
        length += step
    return length


def _added_up(last: object, differences: list[object]) -> list[object]:
    if not isinstance(last, int):
        raise DecodeError("a difference to no number", expected="a number above it", got=type(last).__name__)
    return cast("list[object]", (last + np.array(differences, np.int64).cumsum()).tolist())


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
