"""The columns of a compact-array, over its octets: its type description is the layout, so no tag needs comparing."""

from __future__ import annotations

from typing import Final, NamedTuple

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
    read_length,
    skip_description,
    write_length,
)
from ferraris.codec.columns import ListedTable, Table, UniformTable, columns_of, remember
from ferraris.codec.compact_array import (
    SimpleType,
    StructureType,
    TypeDescription,
    decode_contents,
    encode_description,
    read_description,
)
from ferraris.codec.row_layout import DELTA_TAGS, ColumnShape, RowLayout
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import TYPE_DESCRIPTION_OCTETS_MAX, TYPE_DESCRIPTIONS_MAX

NUMBER_OCTETS_MAX: Final = 12
"""Of a value without a length."""


class _Description(NamedTuple):
    """A type description met before. `layout` stands when the elements hold no strings: then all of them have it."""

    octets: bytes
    description: TypeDescription
    layout: RowLayout | None


_MET: Final[list[_Description]] = []
"""The descriptions met last. One that begins another is none: a description ends where it says itself."""


def _describe(octets: bytes) -> _Description:
    """The type description behind the tag. Raises DecodeError."""
    for met in _MET:
        if octets.startswith(met.octets, 1):
            return met
    end = skip_description(octets, 1, 0)
    description = read_description(octets, 1)[0]
    short = end <= TYPE_DESCRIPTION_OCTETS_MAX
    fixed = (
        short
        and isinstance(description, StructureType)
        and not any(isinstance(member, SimpleType) and member.tag in STRING_TAGS for member in description.members)
    )
    layout = _layout_of(description, octets[1:end] + bytes(NUMBER_OCTETS_MAX * end), end) if fixed else None
    met = _Description(bytes(octets[1:end]), description, layout)
    if short:
        _MET.insert(0, met)
        del _MET[TYPE_DESCRIPTIONS_MAX:]
    return met


def decode_compact_table(octets: bytes) -> Table:
    """The compact-array that `octets` hold, as a table; of one column when its elements are no structures.

    Raises DecodeError when they are anything else.
    """
    if not octets or octets[0] != Tag.COMPACT_ARRAY:
        got = octets[0] if octets else "nothing"
        raise DecodeError("no compact-array", expected=int(Tag.COMPACT_ARRAY), got=got, offset=0, clause=CLAUSE)
    described, description, layout = _describe(octets)
    end = 1 + len(described)
    length, start = read_length(octets, end)
    if start + length != len(octets):
        expected, got = start + length, len(octets)
        raise DecodeError("a compact-array's length lies", expected=expected, got=got, offset=end, clause=CLAUSE)
    if length == 0:
        return ListedTable([])
    shared = layout if layout is not None else _layout_of(description, octets, start)
    if shared is not None and shared.row_octets:
        count, rest = divmod(length, shared.row_octets)
        if not rest and (shared is layout or shared.match(octets, start, count) is not None):
            remember(shared, octets, start, count)
            return UniformTable(shared, octets, start, count)
    elements = decode_contents(description, octets[start:])
    if isinstance(description, StructureType):
        return ListedTable(columns_of(elements))
    return ListedTable(columns_of([Data(int(Tag.STRUCTURE), (element,)) for element in elements]))


def _layout_of(description: TypeDescription, octets: bytes, start: int) -> RowLayout | None:
    """The layout of the first element, which all others share when their strings are as long. None when a member has parts."""
    if not isinstance(description, StructureType):
        return None
    shapes = []
    offset = start
    for member in description.members:
        if not isinstance(member, SimpleType) or member.tag in DELTA_TAGS:
            return None
        tag, size = member.tag, 0
        if tag in STRING_TAGS:
            if offset >= len(octets):
                return None
            size, offset = read_length(octets, offset)
            offset += size
        elif tag in NUMBER_FORMATS:
            offset += NUMBER_FORMATS[tag].size
        elif tag in FIXED_OCTETS:
            offset += FIXED_OCTETS[tag]
        elif tag not in EMPTY_TAGS:
            return None
        shapes.append(ColumnShape(tag, size))
    return RowLayout.untagged(shapes) if offset <= len(octets) else None


def encode_compact_table(layout: RowLayout, rows: npt.NDArray[np.uint8]) -> bytes:
    """The compact-array whose elements' octets, made with `RowLayout.untagged(...).blank`, are `rows`."""
    if rows.shape[1:] != (layout.row_octets,):
        raise LocalProtocolError("rows of another layout", expected=layout.row_octets, got=rows.shape)
    types = tuple(SimpleType(int(shape.tag)) for shape in layout.shapes)
    out = bytearray((Tag.COMPACT_ARRAY,)) + encode_description(StructureType(types))
    write_length(rows.size, out)
    return bytes(out) + rows.tobytes()
