"""BER elements with one-octet tags and definite lengths: all that ACSE needs (ISO/IEC 8825-1 clause 8.1).

An element is a tag octet, a length and its content. Tags above 30 and indefinite lengths do not occur in DLMS and are
refused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.codec.axdr import read_length, write_length
from ferraris.kernel.errors import DecodeError

CLAUSE: Final = "ISO/IEC 8825-1, 8.1"
OBJECT_IDENTIFIER: Final = 0x06
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
LONG_TAG: Final = 0x1F


class Element(NamedTuple):
    """Where an element's content lies: from `start` up to `end`, behind which the next element begins."""

    tag: int
    start: int
    end: int


def read_element(octets: bytes, offset: int, limit: int) -> Element:
    """The element at `offset`, wholly before `limit`. Raises DecodeError."""
    if offset >= limit:
        raise DecodeError("an element is missing", expected="a tag octet", got=0, offset=offset, clause=CLAUSE)
    tag = octets[offset]
    if tag & LONG_TAG == LONG_TAG:
        raise DecodeError(
            "a tag has more than one octet", expected="a number up to 30", got=tag, offset=offset, clause=CLAUSE
        )
    start = offset + 2
    if start <= len(octets) and octets[start - 1] < 0x80:  # nearly all: a length of one octet
        length = octets[start - 1]
    else:
        length, start = read_length(octets, offset + 1)
    end = start + length
    if end > limit:
        raise DecodeError(
            "an element exceeds its place",
            expected=f"{length} octets",
            got=max(0, limit - start),
            offset=start,
            clause=CLAUSE,
        )
    return Element(tag, start, end)


def read_only(octets: bytes, start: int, end: int, tag: int) -> bytes:
    """The content of the one element, of type `tag`, between `start` and `end`. Raises DecodeError."""
    content = start + 2
    if content <= end and octets[start] == tag and octets[start + 1] == end - content < 0x80:
        return octets[content:end]  # nearly all: no step that the others need
    element = read_element(octets, start, end)
    if element.tag != tag:
        raise DecodeError(
            "an element has a wrong tag", expected=f"{tag:#04x}", got=f"{element.tag:#04x}", offset=start, clause=CLAUSE
        )
    if element.end != end:
        raise DecodeError("octets follow an element", expected=element.end, got=end, offset=element.end, clause=CLAUSE)
    return octets[element.start : end]


def encode_element(tag: int, content: bytes | bytearray) -> bytes:
    """The octets of an element."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    out = bytearray((tag,))
    write_length(len(content), out)
    out += content
    return bytes(out)


def decode_object_identifier(content: bytes) -> tuple[int, ...]:
    """The arcs of an object identifier. Raises DecodeError."""
    arcs: list[int] = []
    value = 0
    started = False
    for offset, octet in enumerate(content):
        if not started and octet == 0x80:
            raise DecodeError(
                "an arc has leading zeros",
                expected="the shortest form",
                got=content.hex(),
                offset=offset,
                clause=CLAUSE,
            )
        value = value << 7 | octet & 0x7F
        started = bool(octet & 0x80)
        if not started:
            arcs.append(value)
            value = 0
    if started or not arcs:
        raise DecodeError("an object identifier is cut short", expected="whole arcs", got=content.hex(), clause=CLAUSE)
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - 40 * first, *arcs[1:])


def encode_object_identifier(arcs: tuple[int, ...]) -> bytes:
    """The content octets of an object identifier."""
    out = bytearray()
    for arc in (40 * arcs[0] + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return bytes(out)
