"""A-XDR: the octets of every DLMS data value, and a lossless tree of what they say (IEC 61334-6, IEC 62056-5-3 clause 9.5).

A value is a tag octet and its content. `Data` keeps the tag beside the content, so that encoding a decoded tree gives the
same octets. Lengths are decoded in any form a peer may send and encoded in the shortest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import DATA_DEPTH_MAX, DATA_ELEMENTS_MAX
from ferraris.kernel.spelling import member_spelled

CLAUSE: Final = "IEC 62056-5-3, Data"


class Tag(IntEnum):
    """The choice octet of each data type, as in the standard's Data definition."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255

    @property
    def standard_name(self) -> str:
        """The standard's spelling: `double-long-unsigned`."""
        return member_spelled(self)


class BitString(NamedTuple):
    """`length` bits, the first in the most significant bit of the first octet; unused bits of the last octet are kept."""

    length: int
    octets: bytes


class CompactArray(NamedTuple):
    """An array whose type is described once: `description` and `contents` are octets as they came (both without tags)."""

    description: bytes
    contents: bytes


class Data(NamedTuple):
    """One value with its tag.

    `value` is None for null-data and don't-care, a tuple of `Data` for array and structure, `BitString`, `CompactArray`,
    bytes for the string, date and time types, float for float32 and float64, int for all others (boolean as its octet).
    """

    tag: int
    value: object


NUMBER_FORMATS: Final[dict[int, struct.Struct]] = {
    Tag.BOOLEAN: struct.Struct(">B"),
    Tag.DOUBLE_LONG: struct.Struct(">i"),
    Tag.DOUBLE_LONG_UNSIGNED: struct.Struct(">I"),
    Tag.BCD: struct.Struct(">B"),
    Tag.INTEGER: struct.Struct(">b"),
    Tag.LONG: struct.Struct(">h"),
    Tag.UNSIGNED: struct.Struct(">B"),
    Tag.LONG_UNSIGNED: struct.Struct(">H"),
    Tag.LONG64: struct.Struct(">q"),
    Tag.LONG64_UNSIGNED: struct.Struct(">Q"),
    Tag.ENUM: struct.Struct(">B"),
    Tag.FLOAT32: struct.Struct(">f"),
    Tag.FLOAT64: struct.Struct(">d"),
    Tag.DELTA_INTEGER: struct.Struct(">b"),
    Tag.DELTA_LONG: struct.Struct(">h"),
    Tag.DELTA_DOUBLE_LONG: struct.Struct(">i"),
    Tag.DELTA_UNSIGNED: struct.Struct(">B"),
    Tag.DELTA_LONG_UNSIGNED: struct.Struct(">H"),
    Tag.DELTA_DOUBLE_LONG_UNSIGNED: struct.Struct(">I"),
}
"""Types of one number: how its octets are packed."""

FIXED_OCTETS: Final[dict[int, int]] = {Tag.DATE_TIME: 12, Tag.DATE: 5, Tag.TIME: 4}
"""Types of a fixed count of octets that are kept as octets."""

STRING_TAGS: Final = frozenset({int(Tag.OCTET_STRING), int(Tag.VISIBLE_STRING), int(Tag.UTF8_STRING)})
"""Types of a length and as many octets."""

EMPTY_TAGS: Final = frozenset({int(Tag.NULL_DATA), int(Tag.DONT_CARE)})
"""Types of which the tag says all."""


def read_length(octets: bytes, offset: int) -> tuple[int, int]:
    """The length or count at `offset` and the offset behind it. Raises DecodeError."""
    try:
        first = octets[offset]
    except IndexError:
        raise DecodeError("a length is missing", expected="1 octet or more", got=0, offset=offset) from None
    if first < 0x80:
        return first, offset + 1
    width = first & 0x7F
    end = offset + 1 + width
    if not 1 <= width <= 4:
        raise DecodeError(
            "a length has a wrong form", expected="1 to 4 octets", got=width, offset=offset, clause=CLAUSE
        )
    if end > len(octets):
        raise DecodeError("a length is cut short", expected=width, got=len(octets) - offset - 1, offset=offset)
    return int.from_bytes(octets[offset + 1 : end], "big"), end


def write_length(length: int, out: bytearray) -> None:
    """Append `length` in its shortest form. Raises LocalProtocolError above 32 bits."""
    if length < 0x80:
        out.append(length)
    elif length < 0x100:
        out += bytes((0x81, length))
    elif length < 0x1_0000:
        out += b"\x82" + length.to_bytes(2, "big")
    elif length < 0x1_0000_0000:
        out += b"\x84" + length.to_bytes(4, "big")
    else:
        raise LocalProtocolError("a length does not fit", expected="below 2^32", got=length, clause=CLAUSE)


def take(octets: bytes, offset: int, count: int) -> tuple[bytes, int]:
    """`count` octets at `offset` and the offset behind them. Raises DecodeError when they are not all there."""
    end = offset + count
    if end > len(octets):
        raise DecodeError("octets are missing", expected=count, got=max(0, len(octets) - offset), offset=offset)
    return bytes(octets[offset:end]), end


class _Reader:
    """One decoding of one value: counts the elements so that no lying count can take unbounded memory."""

    __slots__ = ("elements", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.elements = 0

    def read(self, offset: int, depth: int) -> tuple[Data, int]:
        octets = self.octets
        try:
            tag = octets[offset]
        except IndexError:
            raise DecodeError(
                "a value is missing", expected="a tag octet", got=0, offset=offset, clause=CLAUSE
            ) from None
        content = offset + 1
        number = NUMBER_FORMATS.get(tag)
        if number is not None:
            try:
                return Data(tag, number.unpack_from(octets, content)[0]), content + number.size
            except struct.error:
                left = len(octets) - content
                raise DecodeError("a number is cut short", expected=number.size, got=left, offset=content) from None
        if tag in STRING_TAGS:
            length, content = read_length(octets, content)
            text, end = take(octets, content, length)
            return Data(tag, text), end
        if tag == Tag.STRUCTURE or tag == Tag.ARRAY:
            return self.read_elements(tag, content, depth)
        return self.read_rare(tag, content)

    def read_elements(self, tag: int, offset: int, depth: int) -> tuple[Data, int]:
        if depth >= DATA_DEPTH_MAX:
            raise DecodeError(
                "a value is nested too deep", expected=f"at most {DATA_DEPTH_MAX}", got=depth + 1, offset=offset
            )
        count, content = read_length(self.octets, offset)
        self.elements += count
        left = len(self.octets) - content
        if count > left:  # the shortest element, null-data, takes one octet
            raise DecodeError("a count lies", expected=f"{count} elements", got=f"{left} octets", offset=offset)
        if self.elements > DATA_ELEMENTS_MAX:
            raise DecodeError("too many elements", expected=DATA_ELEMENTS_MAX, got=self.elements, offset=offset)
        values = []
        for _ in range(count):
            value, content = self.read(content, depth + 1)
            values.append(value)
        return Data(tag, tuple(values)), content

    def read_rare(self, tag: int, offset: int) -> tuple[Data, int]:
        octets = self.octets
        if tag in EMPTY_TAGS:
            return Data(tag, None), offset
        if tag in FIXED_OCTETS:
            value, end = take(octets, offset, FIXED_OCTETS[tag])
            return Data(tag, value), end
        if tag == Tag.BIT_STRING:
            length, content = read_length(octets, offset)
            bits, end = take(octets, content, (length + 7) // 8)
            return Data(tag, BitString(length, bits)), end
        if tag == Tag.COMPACT_ARRAY:
            content = skip_description(octets, offset, 0)
            length, start = read_length(octets, content)
            contents, end = take(octets, start, length)
            return Data(tag, CompactArray(bytes(octets[offset:content]), contents)), end
        raise DecodeError("no such data type", expected="a tag of Data", got=tag, offset=offset - 1, clause=CLAUSE)


def skip_description(octets: bytes, offset: int, depth: int) -> int:
    """The offset behind a compact-array's type description. Raises DecodeError."""
    if depth >= DATA_DEPTH_MAX:
        raise DecodeError(
            "a type is nested too deep", expected=f"at most {DATA_DEPTH_MAX}", got=depth + 1, offset=offset
        )
    (tag,), content = take(octets, offset, 1)
    if tag == Tag.ARRAY:
        return skip_description(octets, take(octets, content, 2)[1], depth + 1)
    if tag == Tag.STRUCTURE:
        count, content = read_length(octets, content)
        if count > len(octets) - content:
            raise DecodeError(
                "a count lies", expected=f"{count} types", got=f"{len(octets) - content} octets", offset=offset
            )
        for _ in range(count):
            content = skip_description(octets, content, depth + 1)
        return content
    if tag == Tag.COMPACT_ARRAY or tag not in KNOWN_TAGS:
        raise DecodeError(
            "no such type in a description", expected="a tag of Data", got=tag, offset=offset, clause=CLAUSE
        )
    return content


KNOWN_TAGS: Final = frozenset(int(tag) for tag in Tag)


def decode_data(octets: bytes, offset: int = 0) -> tuple[Data, int]:
    """The value at `offset` as a tree, and the offset behind it. Raises DecodeError."""
    return _Reader(octets).read(offset, 0)


def decode_whole(octets: bytes) -> Data:
    """The one value that `octets` hold. Raises DecodeError, also for octets behind the value."""
    data, end = decode_data(octets)
    if end != len(octets):
        raise DecodeError("octets follow the value", expected=end, got=len(octets), offset=end, clause=CLAUSE)
    return data


def encode_data(data: Data) -> bytes:
    """The octets of a tree. Raises LocalProtocolError for a value that its tag cannot carry."""
    out = bytearray()
    write_data(data, out)
    return bytes(out)


def write_data(data: Data, out: bytearray) -> None:
    """Append the octets of a tree. Raises LocalProtocolError for a value that its tag cannot carry."""
    tag, value = data
    out.append(tag)
    try:
        _WRITERS[tag](tag, value, out)
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        name = Tag(tag).standard_name if tag in KNOWN_TAGS else f"tag {tag}"
        raise LocalProtocolError("a value does not fit its type", expected=name, got=type(value).__name__) from error


def _write_number(tag: int, value: object, out: bytearray) -> None:
    out += NUMBER_FORMATS[tag].pack(value)


def _write_string(_tag: int, value: object, out: bytearray) -> None:
    octets = bytes(memoryview(value))  # type: ignore[arg-type]  # a TypeError here becomes LocalProtocolError above
    write_length(len(octets), out)
    out += octets


def _write_fixed(tag: int, value: object, out: bytearray) -> None:
    octets = bytes(memoryview(value))  # type: ignore[arg-type]
    if len(octets) != FIXED_OCTETS[tag]:
        raise ValueError(len(octets))
    out += octets


def _write_elements(_tag: int, value: object, out: bytearray) -> None:
    if not isinstance(value, tuple | list):
        raise TypeError(type(value))
    write_length(len(value), out)
    for element in value:
        write_data(element, out)


def _write_nothing(_tag: int, value: object, _out: bytearray) -> None:
    if value is not None:
        raise ValueError(value)


def _write_bit_string(_tag: int, value: object, out: bytearray) -> None:
    if not isinstance(value, BitString) or len(value.octets) != (value.length + 7) // 8:
        raise ValueError(value)
    write_length(value.length, out)
    out += value.octets


def _write_compact_array(_tag: int, value: object, out: bytearray) -> None:
    if not isinstance(value, CompactArray):
        raise TypeError(type(value))
    out += value.description
    _write_string(Tag.OCTET_STRING, value.contents, out)


_WRITERS: Final[dict[int, Callable[[int, object, bytearray], None]]] = {
    **dict.fromkeys(map(int, NUMBER_FORMATS), _write_number),
    **dict.fromkeys(STRING_TAGS, _write_string),
    **dict.fromkeys(map(int, FIXED_OCTETS), _write_fixed),
    **dict.fromkeys(EMPTY_TAGS, _write_nothing),
    int(Tag.ARRAY): _write_elements,
    int(Tag.STRUCTURE): _write_elements,
    int(Tag.BIT_STRING): _write_bit_string,
    int(Tag.COMPACT_ARRAY): _write_compact_array,
}

_NUMBER_SIZES: Final = tuple(
    NUMBER_FORMATS[tag].size if tag in NUMBER_FORMATS else FIXED_OCTETS.get(tag, 0 if tag in EMPTY_TAGS else -1)
    for tag in range(256)
)


def skip_data(octets: bytes, offset: int) -> int:
    """The offset behind the value at `offset`, without building it. Raises DecodeError.

    Counts what is still to be skipped instead of recursing, so that nesting costs neither stack nor memory.
    """
    pending = 1
    size = len(octets)
    while pending:
        if pending > size - offset:  # every value takes one octet at least
            raise DecodeError(
                "a count lies", expected=f"{pending} values", got=f"{size - offset} octets", offset=offset
            )
        tag = octets[offset]
        pending -= 1
        fixed = _NUMBER_SIZES[tag]
        if fixed >= 0:
            offset += 1 + fixed
        elif tag in STRING_TAGS:
            length, offset = read_length(octets, offset + 1)
            offset += length
        elif tag == Tag.STRUCTURE or tag == Tag.ARRAY:
            count, offset = read_length(octets, offset + 1)
            pending += count
        else:
            offset = _Reader(octets).read_rare(tag, offset + 1)[1]
    if offset > size:
        raise DecodeError("octets are missing", expected=offset, got=size, offset=size, clause=CLAUSE)
    return offset
