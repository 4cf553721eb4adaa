"""The SET service: one attribute, a list of attributes, or either in blocks (Green Book 9.5, SET-Request)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.block import Block, read_block
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor, choose
from ferraris.dlms.apdu.descriptors import (
    AttributeDescriptor,
    SelectiveAccess,
    encode_selection,
    read_attribute_descriptor,
    read_selection,
)
from ferraris.dlms.apdu.enumerations import DataAccessResult, data_access_result
from ferraris.dlms.apdu.get import ListItem
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

SET_REQUEST: Final = 0xC1
SET_RESPONSE: Final = 0xC5


@dataclass(frozen=True, slots=True)
class SetRequestNormal:
    """Writes one attribute; `value` is encoded, its tag included."""

    invoke_id_and_priority: int
    descriptor: AttributeDescriptor
    selection: SelectiveAccess | None
    value: bytes

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((SET_REQUEST, 1, self.invoke_id_and_priority)) + self.descriptor.encode()
        return head + encode_selection(self.selection) + self.value


@dataclass(frozen=True, slots=True)
class SetRequestWithFirstBlock:
    """Begins to write one attribute whose value comes in blocks."""

    invoke_id_and_priority: int
    descriptor: AttributeDescriptor
    selection: SelectiveAccess | None
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((SET_REQUEST, 2, self.invoke_id_and_priority)) + self.descriptor.encode()
        return head + encode_selection(self.selection) + self.block.encode()


@dataclass(frozen=True, slots=True)
class SetRequestWithBlock:
    """A further block of a value, or of a list of values."""

    invoke_id_and_priority: int
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((SET_REQUEST, 3, self.invoke_id_and_priority)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class SetRequestWithList:
    """Writes several attributes, a value for each item."""

    invoke_id_and_priority: int
    items: tuple[ListItem, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((SET_REQUEST, 4, self.invoke_id_and_priority))
        _write_items(self.items, out)
        write_length(len(self.values), out)
        return bytes(out) + b"".join(self.values)


@dataclass(frozen=True, slots=True)
class SetRequestWithListAndFirstBlock:
    """Begins to write several attributes whose list of values comes in blocks."""

    invoke_id_and_priority: int
    items: tuple[ListItem, ...]
    block: Block

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((SET_REQUEST, 5, self.invoke_id_and_priority))
        _write_items(self.items, out)
        return bytes(out) + self.block.encode()


@dataclass(frozen=True, slots=True)
class SetResponseNormal:
    """How the write went."""

    invoke_id_and_priority: int
    result: DataAccessResult

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((SET_RESPONSE, 1, self.invoke_id_and_priority, self.result))


@dataclass(frozen=True, slots=True)
class SetResponseWithBlock:
    """Acknowledges a block that is not the last."""

    invoke_id_and_priority: int
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((SET_RESPONSE, 2, self.invoke_id_and_priority)) + self.block_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SetResponseLastBlock:
    """Acknowledges the last block and says how the write went."""

    invoke_id_and_priority: int
    result: DataAccessResult
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((SET_RESPONSE, 3, self.invoke_id_and_priority, self.result))
        return head + self.block_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SetResponseLastBlockWithList:
    """Acknowledges the last block and says how each write of the list went."""

    invoke_id_and_priority: int
    results: tuple[DataAccessResult, ...]
    block_number: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((SET_RESPONSE, 4, self.invoke_id_and_priority))
        write_length(len(self.results), out)
        return bytes(out) + bytes(self.results) + self.block_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SetResponseWithList:
    """How each write of the list went."""

    invoke_id_and_priority: int
    results: tuple[DataAccessResult, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((SET_RESPONSE, 5, self.invoke_id_and_priority))
        write_length(len(self.results), out)
        return bytes(out) + bytes(self.results)


SetRequest: TypeAlias = (
    SetRequestNormal
    | SetRequestWithFirstBlock
    | SetRequestWithBlock
    | SetRequestWithList
    | SetRequestWithListAndFirstBlock
)
SetResponse: TypeAlias = (
    SetResponseNormal | SetResponseWithBlock | SetResponseLastBlock | SetResponseLastBlockWithList | SetResponseWithList
)


def decode_set_request(octets: bytes) -> SetRequest:
    """A set-request, from its tag on. Raises DecodeError."""
    return choose(_REQUESTS, octets)


def decode_set_response(octets: bytes) -> SetResponse:
    """A set-response, from its tag on. Raises DecodeError."""
    return choose(_RESPONSES, octets)


def _write_items(items: tuple[ListItem, ...], out: bytearray) -> None:
    write_length(len(items), out)
    for descriptor, selection in items:
        out += descriptor.encode() + encode_selection(selection)


def _read_items(cursor: Cursor) -> tuple[ListItem, ...]:
    return tuple((read_attribute_descriptor(cursor), read_selection(cursor)) for _ in range(cursor.count()))


def _read_result(cursor: Cursor) -> DataAccessResult:
    return data_access_result(cursor.unsigned(), cursor.offset - 1)


def _read_results(cursor: Cursor) -> tuple[DataAccessResult, ...]:
    return tuple(_read_result(cursor) for _ in range(cursor.count()))


def _request_normal(octets: bytes) -> SetRequestNormal:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    descriptor = read_attribute_descriptor(cursor)
    return SetRequestNormal(invoke_id_and_priority, descriptor, read_selection(cursor), cursor.rest())


def _request_with_first_block(octets: bytes) -> SetRequestWithFirstBlock:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    descriptor = read_attribute_descriptor(cursor)
    request = SetRequestWithFirstBlock(invoke_id_and_priority, descriptor, read_selection(cursor), read_block(cursor))
    cursor.finish()
    return request


def _request_with_block(octets: bytes) -> SetRequestWithBlock:
    cursor = Cursor(octets, 2)
    request = SetRequestWithBlock(cursor.unsigned(), read_block(cursor))
    cursor.finish()
    return request


def _request_with_list(octets: bytes) -> SetRequestWithList:
    cursor = Cursor(octets, 2)
    invoke_id_and_priority = cursor.unsigned()
    items = _read_items(cursor)
    count_at = cursor.offset
    count = cursor.count()
    if count != len(items):
        raise DecodeError(
            "values and attributes differ in number", expected=len(items), got=count, offset=count_at, clause=CLAUSE
        )
    request = SetRequestWithList(invoke_id_and_priority, items, tuple(cursor.data() for _ in range(count)))
    cursor.finish()
    return request


def _request_with_list_and_first_block(octets: bytes) -> SetRequestWithListAndFirstBlock:
    cursor = Cursor(octets, 2)
    request = SetRequestWithListAndFirstBlock(cursor.unsigned(), _read_items(cursor), read_block(cursor))
    cursor.finish()
    return request


def _response_normal(octets: bytes) -> SetResponseNormal:
    cursor = Cursor(octets, 2)
    response = SetResponseNormal(cursor.unsigned(), _read_result(cursor))
    cursor.finish()
    return response


def _response_with_block(octets: bytes) -> SetResponseWithBlock:
    cursor = Cursor(octets, 2)
    response = SetResponseWithBlock(cursor.unsigned(), cursor.double_long_unsigned())
    cursor.finish()
    return response


def _response_last_block(octets: bytes) -> SetResponseLastBlock:
    cursor = Cursor(octets, 2)
    response = SetResponseLastBlock(cursor.unsigned(), _read_result(cursor), cursor.double_long_unsigned())
    cursor.finish()
    return response


def _response_last_block_with_list(octets: bytes) -> SetResponseLastBlockWithList:
    cursor = Cursor(octets, 2)
    response = SetResponseLastBlockWithList(cursor.unsigned(), _read_results(cursor), cursor.double_long_unsigned())
    cursor.finish()
    return response


def _response_with_list(octets: bytes) -> SetResponseWithList:
    cursor = Cursor(octets, 2)
    response = SetResponseWithList(cursor.unsigned(), _read_results(cursor))
    cursor.finish()
    return response


_REQUESTS: Final[dict[int, Callable[[bytes], SetRequest]]] = {
    1: _request_normal,
    2: _request_with_first_block,
    3: _request_with_block,
    4: _request_with_list,
    5: _request_with_list_and_first_block,
}
_RESPONSES: Final[dict[int, Callable[[bytes], SetResponse]]] = {
    1: _response_normal,
    2: _response_with_block,
    3: _response_last_block,
    4: _response_last_block_with_list,
    5: _response_with_list,
}
