"""The Read service of short-name referencing: attributes, parts of them, and methods that answer with data (Green Book 9.5).

A list of any length in, a list of as many results out; there is no invoke id. A method is read by parameterised access: the
parameter is its argument.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.dlms.apdu.enumerations import DataAccessResult, data_access_result
from ferraris.dlms.apdu.variable_access import (
    VariableAccess,
    encode_data_block,
    encode_specifications,
    read_data_block,
    read_specifications,
)
from ferraris.kernel.frozen import dataclass

READ_REQUEST: Final = 0x05
READ_RESPONSE: Final = 0x0C


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Asks for the value of each variable."""

    specifications: tuple[VariableAccess, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((READ_REQUEST,)) + encode_specifications(self.specifications)


@dataclass(frozen=True, slots=True)
class DataBlockResult:
    """A block of a long answer: of the octets behind the tag of the whole ReadResponse."""

    last_block: bool
    block_number: int
    raw_data: bytes


@dataclass(frozen=True, slots=True)
class BlockNumber:
    """Confirms a block of a long request, and so asks for the next one."""

    block_number: int


ReadResult: TypeAlias = bytes | DataAccessResult | DataBlockResult | BlockNumber


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """For each variable its encoded value or why there is none; or one block, or the confirmation of one."""

    results: tuple[ReadResult, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((READ_RESPONSE,))
        write_length(len(self.results), out)
        for result in self.results:
            if isinstance(result, DataAccessResult):
                out += bytes((1, result))
            elif isinstance(result, bytes):
                out.append(0)
                out += result
            elif isinstance(result, DataBlockResult):
                out.append(2)
                out += encode_data_block(result.last_block, result.block_number, result.raw_data)
            else:
                out.append(3)
                out += result.block_number.to_bytes(2, "big")
        return bytes(out)


def decode_read_request(octets: bytes) -> ReadRequest:
    """A ReadRequest, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    request = ReadRequest(read_specifications(cursor))
    cursor.finish()
    return request


def decode_read_response(octets: bytes) -> ReadResponse:
    """A ReadResponse, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    response = ReadResponse(tuple(_read_result(cursor) for _ in range(cursor.count())))
    cursor.finish()
    return response


def _read_result(cursor: Cursor) -> ReadResult:
    match cursor.choice(0, 1, 2, 3):
        case 0:
            return cursor.data()
        case 1:
            return data_access_result(cursor.unsigned(), cursor.offset - 1)
        case 2:
            return DataBlockResult(*read_data_block(cursor))
        case _:
            return BlockNumber(cursor.long_unsigned())
