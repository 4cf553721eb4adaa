"""The GET service: one attribute, the next block of a long one, or a list of attributes (Green Book 9.5, GET-Request).

A result is the attribute's encoded value or the reason why there is none. Values stay octets: the attribute's declaration
turns them into values, and refuses octets behind them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor, choose, cut_short, refuse_trailing
from ferraris.dlms.apdu.descriptors import (
    AttributeDescriptor,
    SelectiveAccess,
    attribute_descriptor_at,
    encode_selection,
    read_attribute_descriptor,
    read_selection,
)
from ferraris.dlms.apdu.enumerations import DataAccessResult, data_access_result
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

GET_REQUEST: Final = 0xC0
GET_RESPONSE: Final = 0xC4

Result: TypeAlias = bytes | DataAccessResult
ListItem: TypeAlias = tuple[AttributeDescriptor, SelectiveAccess | None]


@dataclass(frozen=True, slots=True)
class GetRequestNormal:
    """Asks for one attribute, or the part of it that `selection` names."""

    invoke_id_and_priority: int
    descriptor: AttributeDescriptor
    selection: SelectiveAccess | None = None

    def encode(self) -> bytes:
        """The APDU's octets."""
        named = self.descriptor
        head = _NORMAL_REQUEST.pack(
            GET_REQUEST, 1, self.invoke_id_and_priority, named.class_id, named.logical_name, named.attribute_id
        )
        return head + (b"\x00" if self.selection is None else encode_selection(self.selection))


_NORMAL_REQUEST: Final = struct.Struct(">3BH6sb")


@dataclass(frozen=True, slots=True)
class GetRequestNext:
    """Asks for the block after `block_number`, the last one received."""

    invoke_id_and_priority: int
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((GET_REQUEST, 2, self.invoke_id_and_priority)) + self.block_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class GetRequestWithList:
    """Asks for several attributes at once."""

    invoke_id_and_priority: int
    items: tuple[ListItem, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((GET_REQUEST, 3, self.invoke_id_and_priority))
        write_length(len(self.items), out)
        for descriptor, selection in self.items:
            out += descriptor.encode() + encode_selection(selection)
        return bytes(out)


@dataclass(frozen=True, slots=True)
class GetResponseNormal:
    """The attribute's encoded value, or why there is none."""

    invoke_id_and_priority: int
    result: Result

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((GET_RESPONSE, 1, self.invoke_id_and_priority)) + encode_result(self.result)


@dataclass(frozen=True, slots=True)
class GetResponseWithBlock:
    """A block of a long value's octets, or why the transfer ends."""

    invoke_id_and_priority: int
    last_block: bool
    block_number: int
    result: Result

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((GET_RESPONSE, 2, self.invoke_id_and_priority, self.last_block))
        out += self.block_number.to_bytes(4, "big")
        if isinstance(self.result, DataAccessResult):
            out += bytes((1, self.result))
        else:
            out.append(0)
            write_length(len(self.result), out)
            out += self.result
        return bytes(out)


@dataclass(frozen=True, slots=True)
class GetResponseWithList:
    """One result for each attribute of a with-list request, in its order."""

    invoke_id_and_priority: int
    results: tuple[Result, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((GET_RESPONSE, 3, self.invoke_id_and_priority))
        write_length(len(self.results), out)
        for result in self.results:
            out += encode_result(result)
        return bytes(out)


GetRequest: TypeAlias = GetRequestNormal | GetRequestNext | GetRequestWithList
GetResponse: TypeAlias = GetResponseNormal | GetResponseWithBlock | GetResponseWithList


def encode_result(result: Result) -> bytes:
    """A Get-Data-Result: choice 0 and the value, or choice 1 and the refusal."""
    if isinstance(result, DataAccessResult):
        return bytes((1, result))
    return b"\x00" + result


def read_result(cursor: Cursor) -> Result:
    """The Get-Data-Result at the cursor, when more fields follow it."""
    if cursor.choice(0, 1) == 0:
        return cursor.data()
    return data_access_result(cursor.unsigned(), cursor.offset - 1)


def decode_get_request(octets: bytes) -> GetRequest:
    """A get-request, from its tag on. Raises DecodeError."""
    return choose(_REQUESTS, octets)


def decode_get_response(octets: bytes) -> GetResponse:
    """A get-response, from its tag on. Raises DecodeError."""
    if (
        len(octets) > 4 and octets[1] == 1 and octets[3] == 0
    ):  # a value by itself, as nearly all are: told without a call
        return GetResponseNormal(octets[2], octets[4:])
    return choose(_RESPONSES, octets)


def _request_normal(octets: bytes) -> GetRequestNormal:
    size = len(octets)
    if size < 13:
        raise cut_short(octets, 13)
    descriptor = attribute_descriptor_at(octets, 3)
    if octets[12] == 0:
        if size != 13:
            refuse_trailing(octets, 13)
        return GetRequestNormal(octets[2], descriptor)
    cursor = Cursor(octets, 12)
    selection = read_selection(cursor)
    cursor.finish()
    return GetRequestNormal(octets[2], descriptor, selection)


def _request_next(octets: bytes) -> GetRequestNext:
    if len(octets) < 7:
        raise cut_short(octets, 7)
    refuse_trailing(octets, 7)
    return GetRequestNext(octets[2], int.from_bytes(octets[3:7], "big"))


def _request_with_list(octets: bytes) -> GetRequestWithList:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    items = tuple((read_attribute_descriptor(cursor), read_selection(cursor)) for _ in range(cursor.count()))
    cursor.finish()
    return GetRequestWithList(invoke_id_and_priority, items)


def _response_normal(octets: bytes) -> GetResponseNormal:
    size = len(octets)
    if size < 5:
        raise cut_short(octets, 5)
    choice = octets[3]
    if choice == 0:
        return GetResponseNormal(octets[2], octets[4:])
    if choice != 1:
        raise DecodeError("no such choice", expected=(0, 1), got=choice, offset=3, clause=CLAUSE)
    refuse_trailing(octets, 5)
    return GetResponseNormal(octets[2], data_access_result(octets[4], 4))


def _response_with_block(octets: bytes) -> GetResponseWithBlock:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    last_block = cursor.boolean()
    block_number = cursor.double_long_unsigned()
    result: Result
    if cursor.choice(0, 1) == 0:
        result = cursor.octet_string()
    else:
        result = data_access_result(cursor.unsigned(), cursor.offset - 1)
    cursor.finish()
    return GetResponseWithBlock(invoke_id_and_priority, last_block, block_number, result)


def _response_with_list(octets: bytes) -> GetResponseWithList:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    results = tuple(read_result(cursor) for _ in range(cursor.count()))
    cursor.finish()
    return GetResponseWithList(invoke_id_and_priority, results)


_REQUESTS: Final[dict[int, Callable[[bytes], GetRequest]]] = {
    1: _request_normal,
    2: _request_next,
    3: _request_with_list,
}
_RESPONSES: Final[dict[int, Callable[[bytes], GetResponse]]] = {
    1: _response_normal,
    2: _response_with_block,
    3: _response_with_list,
}
