"""The buffer of compact data, class 62: captured values packed without tags, and their types in a template.

The template is the type description of a structure with a member for each capture object, as in a compact-array; the buffer is
its contents. A head-end keeps the templates that it knows by `template_id` and so reads a buffer that comes alone. Some meters
capture several times into one buffer: then it holds as many entries, one behind the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from ferraris.codec import Data, Tag
from ferraris.codec.compact_array import (
    StructureType,
    decode_contents,
    describe,
    encode_contents,
    encode_description,
    read_description,
)
from ferraris.kernel.errors import DecodeError

C = TypeVar("C")
CLAUSE = "Blue Book 4.3.10"


def template_of(values: Sequence[Data]) -> bytes:
    """The `template_description` of a buffer that holds values of these types. Raises LocalProtocolError."""
    return encode_description(StructureType(tuple(describe(value) for value in values)))


def pack(values: Sequence[Data]) -> bytes:
    """The `compact_buffer` with these values. Raises LocalProtocolError."""
    return b"".join(map(encode_contents, values))


def unpack(template: bytes, buffer: bytes) -> list[tuple[Data, ...]]:
    """The entries of a buffer, each with its values' types again. Raises DecodeError."""
    description, end = read_description(template)
    if end != len(template):
        raise DecodeError("octets follow a template", expected=end, got=len(template), offset=end, clause=CLAUSE)
    if not isinstance(description, StructureType):
        raise DecodeError("a template is no structure", expected=int(Tag.STRUCTURE), got=template[0], clause=CLAUSE)
    return [cast("tuple[Data, ...]", element.value) for element in decode_contents(description, buffer)]


def unpack_captured(template: bytes, buffer: bytes, capture_objects: Sequence[C]) -> list[list[tuple[C, Data]]]:
    """The entries of a buffer, each value with what it was captured from. Raises DecodeError when there are not as many."""
    entries = unpack(template, buffer)
    for entry in entries:
        if len(entry) != len(capture_objects):
            expected = len(capture_objects)
            raise DecodeError("a template for other captures", expected=expected, got=len(entry), clause=CLAUSE)
    return [list(zip(capture_objects, entry, strict=True)) for entry in entries]
