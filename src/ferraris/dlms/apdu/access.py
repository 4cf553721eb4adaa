"""The ACCESS service: any mix of reads, writes and invocations in one exchange (Green Book 9.5, Access-Request)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor
from ferraris.dlms.apdu.descriptors import (
    AttributeDescriptor,
    MethodDescriptor,
    SelectiveAccess,
    read_attribute_descriptor,
    read_method_descriptor,
)
from ferraris.dlms.apdu.enumerations import (
    ActionResult,
    DataAccessResult,
    action_result,
    data_access_result,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

ACCESS_REQUEST: Final = 0xD9
ACCESS_RESPONSE: Final = 0xDA


class AccessKind(IntEnum):
    """What one item of an access-request does."""

    GET = 1
    SET = 2
    ACTION = 3
    GET_WITH_SELECTION = 4
    SET_WITH_SELECTION = 5


LONG_INVOKE_ID_MASK: Final = 0x00FF_FFFF
SELF_DESCRIPTIVE: Final = 1 << 28
"""Of the long-invoke-id-and-priority: the response repeats the items of the request."""
BREAK_ON_ERROR: Final = 1 << 29
"""The server stops at the first item that it refuses; else it carries out all the others."""
CONFIRMED: Final = 1 << 30
HIGH_PRIORITY: Final = 1 << 31
WITH_SELECTION: Final = (AccessKind.GET_WITH_SELECTION, AccessKind.SET_WITH_SELECTION)


class AccessItem(NamedTuple):
    """One item: what to do, to which attribute or method, to which part of it."""

    kind: AccessKind
    descriptor: AttributeDescriptor | MethodDescriptor
    selection: SelectiveAccess | None = None

    def encode(self) -> bytes:
        """Choice, descriptor and selection."""
        head = bytes((self.kind,)) + self.descriptor.encode()
        return head if self.selection is None else head + self.selection.encode()


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Items, and one encoded value for each (null-data for a read)."""

    long_invoke_id_and_priority: int
    date_time: bytes
    items: tuple[AccessItem, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = _head(ACCESS_REQUEST, self.long_invoke_id_and_priority, self.date_time)
        _write_items(self.items, out)
        write_length(len(self.values), out)
        return bytes(out) + b"".join(self.values)


AccessAnswer: TypeAlias = tuple[AccessKind, DataAccessResult | ActionResult]


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """One encoded value and one result for each item of the request; the items themselves where they were echoed."""

    long_invoke_id_and_priority: int
    date_time: bytes
    items: tuple[AccessItem, ...] | None
    values: tuple[bytes, ...]
    answers: tuple[AccessAnswer, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = _head(ACCESS_RESPONSE, self.long_invoke_id_and_priority, self.date_time)
        if self.items is None:
            out.append(0)
        else:
            out.append(1)
            _write_items(self.items, out)
        write_length(len(self.values), out)
        out += b"".join(self.values)
        write_length(len(self.answers), out)
        for kind, result in self.answers:
            out += bytes((kind, result))
        return bytes(out)


def decode_access_request(octets: bytes) -> AccessRequest:
    """An access-request, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    long_invoke_id_and_priority = cursor.double_long_unsigned()
    date_time = cursor.octet_string()
    items = _read_items(cursor)
    values = _read_values(cursor, len(items))
    cursor.finish()
    return AccessRequest(long_invoke_id_and_priority, date_time, items, values)


def decode_access_response(octets: bytes) -> AccessResponse:
    """An access-response, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    long_invoke_id_and_priority = cursor.double_long_unsigned()
    date_time = cursor.octet_string()
    items = _read_items(cursor) if cursor.present() else None
    values = _read_values(cursor, None if items is None else len(items))
    answers = tuple(_read_answer(cursor) for _ in range(_read_count(cursor, len(values))))
    cursor.finish()
    return AccessResponse(long_invoke_id_and_priority, date_time, items, values, answers)


def _head(tag: int, long_invoke_id_and_priority: int, date_time: bytes) -> bytearray:
    out = bytearray((tag,)) + long_invoke_id_and_priority.to_bytes(4, "big")
    write_length(len(date_time), out)
    return out + date_time


def _write_items(items: tuple[AccessItem, ...], out: bytearray) -> None:
    write_length(len(items), out)
    for item in items:
        out += item.encode()


def _read_items(cursor: Cursor) -> tuple[AccessItem, ...]:
    return tuple(_read_item(cursor) for _ in range(cursor.count()))


def _read_item(cursor: Cursor) -> AccessItem:
    kind = AccessKind(cursor.choice(1, 2, 3, 4, 5))
    if kind is AccessKind.ACTION:
        return AccessItem(kind, read_method_descriptor(cursor))
    descriptor = read_attribute_descriptor(cursor)
    if kind in WITH_SELECTION:
        return AccessItem(kind, descriptor, SelectiveAccess(cursor.unsigned(), cursor.data()))
    return AccessItem(kind, descriptor)


def _read_count(cursor: Cursor, expected: int | None) -> int:
    offset = cursor.offset
    count = cursor.count()
    if expected is not None and count != expected:
        raise DecodeError("lists differ in number", expected=expected, got=count, offset=offset, clause=CLAUSE)
    return count


def _read_values(cursor: Cursor, expected: int | None) -> tuple[bytes, ...]:
    return tuple(cursor.data() for _ in range(_read_count(cursor, expected)))


def _read_answer(cursor: Cursor) -> AccessAnswer:
    kind = AccessKind(cursor.choice(1, 2, 3))
    code = cursor.unsigned()
    if kind is AccessKind.ACTION:
        return kind, action_result(code, cursor.offset - 1)
    return kind, data_access_result(code, cursor.offset - 1)
