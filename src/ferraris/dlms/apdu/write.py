"""The Write services of short-name referencing: confirmed, unconfirmed; methods without an answer too (Green Book 9.5)."""

from __future__ import annotations

from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.dlms.apdu.enumerations import DataAccessResult, data_access_result
from ferraris.dlms.apdu.read import BlockNumber
from ferraris.dlms.apdu.variable_access import (
    VariableAccess,
    encode_specifications,
    encode_values,
    read_specifications,
    read_values,
)
from ferraris.kernel.frozen import dataclass

WRITE_REQUEST: Final = 0x06
WRITE_RESPONSE: Final = 0x0D
UNCONFIRMED_WRITE_REQUEST: Final = 0x16


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Writes a value to each variable, or invokes the method with the value as its argument."""

    specifications: tuple[VariableAccess, ...]
    values: tuple[bytes, ...]
    """Encoded, one for each specification."""

    def encode(self) -> bytes:
        """The APDU's octets."""
        return bytes((WRITE_REQUEST,)) + encode_specifications(self.specifications) + encode_values(self.values)


@dataclass(frozen=True, slots=True)
class UnconfirmedWriteRequest:
    """The same, with no answer asked for: to many meters at once, for one."""

    specifications: tuple[VariableAccess, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        head = bytes((UNCONFIRMED_WRITE_REQUEST,))
        return head + encode_specifications(self.specifications) + encode_values(self.values)


WriteResult: TypeAlias = DataAccessResult | BlockNumber


@dataclass(frozen=True, slots=True)
class WriteResponse:
    """For each variable whether it was written; or the confirmation of a block."""

    results: tuple[WriteResult, ...]

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((WRITE_RESPONSE,))
        write_length(len(self.results), out)
        for result in self.results:
            if isinstance(result, BlockNumber):
                out.append(2)
                out += result.block_number.to_bytes(2, "big")
            elif result is DataAccessResult.SUCCESS:
                out.append(0)
            else:
                out += bytes((1, result))
        return bytes(out)


def decode_write_request(octets: bytes) -> WriteRequest:
    """A WriteRequest, from its tag on. Raises DecodeError."""
    return WriteRequest(*_specifications_and_values(octets))


def decode_unconfirmed_write_request(octets: bytes) -> UnconfirmedWriteRequest:
    """An UnconfirmedWriteRequest, from its tag on. Raises DecodeError."""
    return UnconfirmedWriteRequest(*_specifications_and_values(octets))


def decode_write_response(octets: bytes) -> WriteResponse:
    """A WriteResponse, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    response = WriteResponse(tuple(_read_result(cursor) for _ in range(cursor.count())))
    cursor.finish()
    return response


def _specifications_and_values(octets: bytes) -> tuple[tuple[VariableAccess, ...], tuple[bytes, ...]]:
    cursor = Cursor(octets, 1)
    specifications, values = read_specifications(cursor), read_values(cursor)
    cursor.finish()
    return specifications, values


def _read_result(cursor: Cursor) -> WriteResult:
    match cursor.choice(0, 1, 2):
        case 0:
            return DataAccessResult.SUCCESS
        case 1:
            return data_access_result(cursor.unsigned(), cursor.offset - 1)
        case _:
            return BlockNumber(cursor.long_unsigned())
