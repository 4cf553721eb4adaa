"""The columns of an array of structures: over the octets received where its rows share one layout, decoded one by one where not.

A buffer whose rows differ (null-data for a value that repeats, a text of another length) is decoded value by value instead, into
a table that is asked the same questions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from ferraris.codec.axdr import CLAUSE, EMPTY_TAGS, Data, Tag, decode_whole, read_length, write_length
from ferraris.codec.records import Instants, MetArray, RecordArray, find_array
from ferraris.codec.row_layout import DELTA_TAGS, LARGEST, RowLayout, beyond_int64, recognise, records_of
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import DATA_ELEMENTS_MAX, PATTERN_OCTETS_MAX, PATTERNS_MAX


class Table:
    """The rows of an array of structures, kept as columns until someone asks for rows."""

    __slots__ = ()
    layout: RowLayout | None = None
    """The layout that all rows share, or None when they have none in common."""

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def width(self) -> int:
        """How many columns there are."""
        raise NotImplementedError

    def column(self, index: int) -> npt.NDArray[np.generic]:
        """One column: a view on the received octets for numbers (big-endian) and raw octets (`V12`), objects otherwise."""
        column = np.empty(len(self), object)
        column[:] = self.values(index)
        return column

    def integers(self, index: int) -> npt.NDArray[np.int64] | None:
        """One column of integers; None when it holds anything else, numbers among them that 64 bits with a sign cannot hold."""
        raise NotImplementedError

    def values(self, index: int) -> list[object]:
        """One column as Python values: int, float, bytes, None for null-data."""
        raise NotImplementedError

    def rows(self, time_column: int | None = None, instants: Instants | None = None) -> list[tuple[object, ...]]:
        """The rows as tuples of Python values: as sent, but the `time_column` as what `instants` know of its octets.

        Raises KeyError for an instant that they don't know, and for a `time_column` that holds no date-times.
        """
        if time_column is not None:
            raise KeyError(time_column)
        return list(zip(*map(self.values, range(self.width)), strict=True))


class ListedTable(Table):
    """A table whose rows were decoded value by value."""

    __slots__ = ("_columns",)

    def __init__(self, columns: list[list[object]]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0]) if self._columns else 0

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._columns)

    def integers(self, index: int) -> npt.NDArray[np.int64] | None:
        """None: what is in the list may be anything."""
        return None

    def values(self, index: int) -> list[object]:
        """One column as Python values: int, float, bytes, None for null-data."""
        return self._columns[index]


class UniformTable(RecordArray, Table):
    """A table whose rows share one layout, over the octets received. What is asked of it is made then, and not before."""

    __slots__ = ("_integers", "_rows")
    layout: RowLayout
    _integers: npt.NDArray[np.int64] | None
    _rows: npt.NDArray[np.void]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.layout.width

    def column(self, index: int) -> npt.NDArray[np.generic]:
        """One column, a view on the received octets: numbers (big-endian), or raw octets (`V12`)."""
        try:
            rows = self._rows
        except AttributeError:
            rows = self._rows = np.frombuffer(self.octets, self.layout.dtype, self.count, self.start)
        return rows[self.layout.names[index]]

    def integers(self, index: int) -> npt.NDArray[np.int64] | None:
        """One column of integers; None when it holds anything else, numbers among them that 64 bits with a sign cannot hold."""
        layout = self.layout
        if layout.integers[index]:
            try:
                integers = self._integers
            except AttributeError:
                integers = self._integers = self._made_integers()
            if integers is not None:
                return cast("npt.NDArray[np.int64]", integers[index])
        column = self.column(index)
        if not layout.integers[index] and (column.dtype != LARGEST or beyond_int64(column)):
            return None
        return column.astype(np.int64)

    def values(self, index: int) -> list[object]:
        """One column as Python values: int, float, bytes, None for null-data."""
        if self.layout.shapes[index].tag in EMPTY_TAGS:
            return [None] * len(self)
        return cast("list[object]", self.column(index).tolist())

    def rows(self, time_column: int | None = None, instants: Instants | None = None) -> list[tuple[object, ...]]:
        """The rows as tuples of Python values: as sent, but the `time_column` as what `instants` know of its octets.

        Raises KeyError for an instant that they don't know, and for a `time_column` that holds no date-times.
        """
        records = records_of(self.layout, time_column, instants)
        if records is None:
            return super().rows(time_column)
        return records.rows(self)

    def _made_integers(self) -> npt.NDArray[np.int64] | None:
        """A line for each column; None where a column has no octets of its own, or numbers too large."""
        records = records_of(self.layout)
        if records is None:
            return None
        try:
            octets = records.integers(self)
        except OverflowError:
            return None
        integers: npt.NDArray[np.int64] = np.frombuffer(octets, np.int64).reshape(self.layout.width, self.count)
        return integers


class _MetArrays(OrderedDict[int, MetArray]):
    """The arrays met last, by how many octets they have: a profile read again and again is recognised by one compare."""

    def keep(self, layout: RowLayout, octets: bytes, start: int, count: int) -> None:
        """Remember an array like this in place of earlier ones of the same size."""
        size = len(octets)
        if layout.pattern is None or size > PATTERN_OCTETS_MAX:
            return
        self[size] = MetArray(octets[:start], count, layout.pattern, layout)
        self.move_to_end(size)
        if len(self) > PATTERNS_MAX:
            self.popitem(last=False)


_MET: Final = _MetArrays()
remember: Final = _MET.keep
"""An array whose records all have a layout, so that the next one like it is recognised."""
recognised: Final[Callable[[bytes], UniformTable | None]] = partial(find_array, _MET, UniformTable)
"""The array or compact-array that octets hold, when one of as many octets and of its layout was met before."""


_ARRAY_START: Final = bytes((Tag.ARRAY,))


def decode_table(octets: bytes) -> Table:
    """The array of structures that `octets` hold. Raises DecodeError when they are anything else."""
    table: Table | None = recognised(octets) if octets.startswith(_ARRAY_START) else None
    if table is None:
        table = decode_shared(octets)
    return decode_by_value(octets) if table is None else table


def decode_shared(octets: bytes) -> Table | None:
    """The array of structures that `octets` hold, when its rows share one layout. Raises DecodeError for no array."""
    if not octets or octets[0] != Tag.ARRAY:
        got = octets[0] if octets else "nothing"
        raise DecodeError("a table is no array", expected=int(Tag.ARRAY), got=got, offset=0, clause=CLAUSE)
    count, start = read_length(octets, 1)
    if count == 0 and start == len(octets):
        return ListedTable([])
    layout = recognise(octets, start)
    if (
        layout is not None
        and not layout.relative
        and len(octets) - start == count * layout.row_octets
        and count <= DATA_ELEMENTS_MAX
    ):
        pattern = layout.pattern
        if pattern is not None and pattern.match(octets, start, count):
            remember(layout, octets, start, count)
            return UniformTable(layout, octets, start, count)
    return None


def decode_by_value(octets: bytes) -> Table:
    """The array of structures that `octets` hold, whatever its rows are. Raises DecodeError when they are anything else."""
    rows = cast("tuple[Data, ...]", decode_whole(octets).value)
    return ListedTable(columns_of(rows))


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
