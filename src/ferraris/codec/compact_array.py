"""Compact arrays: an array whose elements' type is told once, before contents without tags (IEC 62056-5-3, compact-array).

A type description is a tag, with the count and type of the elements behind array and the count and types of the members behind
structure. Contents hold nothing but values: numbers in their size, strings behind their length, no counts. Since a description
of a few octets can name billions of values, the values of one element are counted before any is read, and those that take no
octets may not be many more than the octets of the contents.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias, cast

from ferraris.codec.axdr import (
    CLAUSE,
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    BitString,
    CompactArray,
    Data,
    Tag,
    encode_data,
    read_length,
    skip_description,
    take,
    write_length,
)
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_DEPTH_MAX, DATA_ELEMENTS_MAX, EMPTY_VALUES_MAX

ARRAY_COUNT_MAX: Final = 0xFFFF
"""Elements of an array within a description: a count of two octets."""


class SimpleType(NamedTuple):
    """A type without parts."""

    tag: int


class ArrayType(NamedTuple):
    """Always `length` elements of one type."""

    length: int
    item: TypeDescription


class StructureType(NamedTuple):
    """One member of each type."""

    members: tuple[TypeDescription, ...]


TypeDescription: TypeAlias = SimpleType | ArrayType | StructureType


def read_description(octets: bytes, offset: int = 0) -> tuple[TypeDescription, int]:
    """The type description at `offset`, and the offset behind it. Raises DecodeError."""
    end = skip_description(octets, offset, 0)  # refuses counts that lie, unknown tags and deep nesting
    return _parse(octets, offset)[0], end


def _parse(octets: bytes, offset: int) -> tuple[TypeDescription, int]:
    tag = octets[offset]
    if tag == Tag.ARRAY:
        count = int.from_bytes(octets[offset + 1 : offset + 3], "big")
        item, end = _parse(octets, offset + 3)
        return ArrayType(count, item), end
    if tag == Tag.STRUCTURE:
        size, end = read_length(octets, offset + 1)
        members = []
        for _ in range(size):
            member, end = _parse(octets, end)
            members.append(member)
        return StructureType(tuple(members)), end
    return SimpleType(tag), offset + 1


def encode_description(description: TypeDescription) -> bytes:
    """The octets of a type description. Raises LocalProtocolError for an array too long for it."""
    if isinstance(description, SimpleType):
        return bytes((description.tag,))
    if isinstance(description, ArrayType):
        if description.length > ARRAY_COUNT_MAX:
            raise LocalProtocolError("an array is too long", expected=ARRAY_COUNT_MAX, got=description.length)
        return bytes((Tag.ARRAY,)) + description.length.to_bytes(2, "big") + encode_description(description.item)
    out = bytearray((Tag.STRUCTURE,))
    write_length(len(description.members), out)
    return bytes(out) + b"".join(map(encode_description, description.members))


def decode_compact_array(compact: CompactArray) -> tuple[Data, ...]:
    """The elements, each with its tags again. Raises DecodeError."""
    description, end = read_description(compact.description)
    if end != len(compact.description):
        got = len(compact.description)
        raise DecodeError("octets follow a type description", expected=end, got=got, offset=end, clause=CLAUSE)
    return decode_contents(description, compact.contents)


def decode_contents(description: TypeDescription, contents: bytes) -> tuple[Data, ...]:
    """As many elements as `contents` hold. Raises DecodeError."""
    values, empty = count_values(description), count_empty(description)
    elements: list[Data] = []
    offset = 0
    while offset < len(contents):
        if values * (len(elements) + 1) > DATA_ELEMENTS_MAX:
            raise DecodeError("too many elements", expected=DATA_ELEMENTS_MAX, got=values, offset=offset, clause=CLAUSE)
        if empty * (len(elements) + 1) > len(contents) + EMPTY_VALUES_MAX:
            raise DecodeError(
                "too many values without octets", expected=EMPTY_VALUES_MAX, got=empty, offset=offset, clause=CLAUSE
            )
        element, end = _read(description, contents, offset)
        if end == offset:
            raise DecodeError("an element takes no octets", expected="contents", got=len(contents), offset=offset)
        elements.append(element)
        offset = end
    return tuple(elements)


def count_values(description: TypeDescription) -> int:
    """How many values one element holds, itself and its parts included."""
    if isinstance(description, ArrayType):
        return 1 + description.length * count_values(description.item)
    if isinstance(description, StructureType):
        return 1 + sum(map(count_values, description.members))
    return 1


def count_empty(description: TypeDescription) -> int:
    """How many values of one element take no octets of the contents: nulls, and whatever has parts."""
    if isinstance(description, ArrayType):
        return 1 + description.length * count_empty(description.item)
    if isinstance(description, StructureType):
        return 1 + sum(map(count_empty, description.members))
    return int(description.tag in EMPTY_TAGS)


def _read(description: TypeDescription, octets: bytes, offset: int) -> tuple[Data, int]:
    if isinstance(description, SimpleType):
        return _read_simple(description.tag, octets, offset)
    parts: list[Data] = []
    if isinstance(description, ArrayType):
        members: Iterator[TypeDescription] | tuple[TypeDescription, ...] = (description.item,) * description.length
        tag = int(Tag.ARRAY)
    else:
        members, tag = description.members, int(Tag.STRUCTURE)
    for member in members:
        part, offset = _read(member, octets, offset)
        parts.append(part)
    return Data(tag, tuple(parts)), offset


def _read_simple(tag: int, octets: bytes, offset: int) -> tuple[Data, int]:
    number = NUMBER_FORMATS.get(tag)
    if number is not None:
        try:
            return Data(tag, number.unpack_from(octets, offset)[0]), offset + number.size
        except struct.error:
            left = len(octets) - offset
            raise DecodeError("a number is cut short", expected=number.size, got=left, offset=offset) from None
    if tag in EMPTY_TAGS:
        return Data(tag, None), offset
    if tag in FIXED_OCTETS:
        value, end = take(octets, offset, FIXED_OCTETS[tag])
        return Data(tag, value), end
    length, content = read_length(octets, offset)
    if tag in STRING_TAGS:
        text, end = take(octets, content, length)
        return Data(tag, text), end
    bits, end = take(octets, content, (length + 7) // 8)
    return Data(tag, BitString(length, bits)), end


def encode_compact_array(elements: Sequence[Data]) -> CompactArray:
    """The elements with their type told once. Raises LocalProtocolError when they differ in type, or when there are none."""
    if not elements:
        raise LocalProtocolError("a compact array without elements has no type", expected="elements", got=0)
    description = describe(elements[0])
    if any(describe(element) != description for element in elements[1:]):
        raise LocalProtocolError("the elements of a compact array differ in type", expected=description)
    contents = b"".join(map(encode_contents, elements))
    return CompactArray(encode_description(description), contents)


def describe(element: Data, depth: int = 0) -> TypeDescription:
    """The type of a value. Raises LocalProtocolError for one that no type description can tell."""
    if depth >= DATA_DEPTH_MAX:
        raise LocalProtocolError("a value is nested too deep", expected=DATA_DEPTH_MAX, got=depth)
    if element.tag == Tag.STRUCTURE:
        return StructureType(tuple(describe(part, depth + 1) for part in cast("tuple[Data, ...]", element.value)))
    if element.tag == Tag.ARRAY:
        parts = cast("tuple[Data, ...]", element.value)
        types = {describe(part, depth + 1) for part in parts}
        if len(types) > 1:
            raise LocalProtocolError("the elements of an array differ in type", expected="one type", got=len(types))
        return ArrayType(len(parts), types.pop() if types else SimpleType(int(Tag.NULL_DATA)))
    if element.tag == Tag.COMPACT_ARRAY:
        raise LocalProtocolError("a compact array within another", expected="a type of a description")
    return SimpleType(int(element.tag))


def encode_contents(element: Data) -> bytes:
    """The octets of a value without its tags and counts. Raises LocalProtocolError."""
    if element.tag in (Tag.STRUCTURE, Tag.ARRAY):
        return b"".join(map(encode_contents, cast("tuple[Data, ...]", element.value)))
    return encode_data(element)[1:]
