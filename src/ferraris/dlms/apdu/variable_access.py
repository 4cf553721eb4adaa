"""What a short-name service is aimed at: a named variable, a part of it, or a block of a long request or answer.

An attribute or method is a named variable: its 16-bit short name stands for class, logical name and number at once (Green Book
9.5, Variable-Access-Specification).
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.kernel.frozen import dataclass

VARIABLE_NAME: Final = 2
PARAMETERISED_ACCESS: Final = 4
BLOCK_NUMBER_ACCESS: Final = 5
READ_DATA_BLOCK_ACCESS: Final = 6
WRITE_DATA_BLOCK_ACCESS: Final = 7


@dataclass(frozen=True, slots=True)
class VariableName:
    """The whole attribute, or the method."""

    short_name: int

    def encode(self) -> bytes:
        """The choice and the name."""
        return bytes((VARIABLE_NAME,)) + self.short_name.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class ParameterisedAccess:
    """The part of an attribute that selector and parameter name, or a method with its argument (selector 0)."""

    short_name: int
    selector: int
    parameter: bytes
    """Encoded, tag included."""

    def encode(self) -> bytes:
        """The choice, the name, the selector and the parameter."""
        head = bytes((PARAMETERISED_ACCESS,)) + self.short_name.to_bytes(2, "big")
        return head + bytes((self.selector,)) + self.parameter


@dataclass(frozen=True, slots=True)
class BlockNumberAccess:
    """Asks for the block of an answer after `block_number`, the last one received."""

    block_number: int

    def encode(self) -> bytes:
        """The choice and the number."""
        return bytes((BLOCK_NUMBER_ACCESS,)) + self.block_number.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class ReadDataBlockAccess:
    """A block of a ReadRequest that is too long for one APDU."""

    last_block: bool
    block_number: int
    raw_data: bytes

    def encode(self) -> bytes:
        """The choice and the block."""
        return bytes((READ_DATA_BLOCK_ACCESS,)) + encode_data_block(self.last_block, self.block_number, self.raw_data)


@dataclass(frozen=True, slots=True)
class WriteDataBlockAccess:
    """Announces a block of a WriteRequest that is too long for one APDU. The block is the octet-string in the list of data."""

    last_block: bool
    block_number: int

    def encode(self) -> bytes:
        """The choice and which block."""
        return bytes((WRITE_DATA_BLOCK_ACCESS, self.last_block)) + self.block_number.to_bytes(2, "big")


VariableAccess: TypeAlias = (
    VariableName | ParameterisedAccess | BlockNumberAccess | ReadDataBlockAccess | WriteDataBlockAccess
)


def encode_data_block(last_block: bool, block_number: int, raw_data: bytes) -> bytes:
    """Whether it is the last one, its number, its octets: alike in requests and answers."""
    out = bytearray((last_block,)) + block_number.to_bytes(2, "big")
    write_length(len(raw_data), out)
    return bytes(out + raw_data)


def read_data_block(cursor: Cursor) -> tuple[bool, int, bytes]:
    """Whether it is the last one, its number, its octets."""
    return cursor.boolean(), cursor.long_unsigned(), cursor.octet_string()


def read_variable_access(cursor: Cursor) -> VariableAccess:
    """The specification at the cursor."""
    match cursor.choice(
        VARIABLE_NAME, PARAMETERISED_ACCESS, BLOCK_NUMBER_ACCESS, READ_DATA_BLOCK_ACCESS, WRITE_DATA_BLOCK_ACCESS
    ):
        case 2:
            return VariableName(cursor.long_unsigned())
        case 4:
            return ParameterisedAccess(cursor.long_unsigned(), cursor.unsigned(), cursor.data())
        case 5:
            return BlockNumberAccess(cursor.long_unsigned())
        case 6:
            return ReadDataBlockAccess(*read_data_block(cursor))
        case _:
            return WriteDataBlockAccess(cursor.boolean(), cursor.long_unsigned())


def read_specifications(cursor: Cursor) -> tuple[VariableAccess, ...]:
    """The SEQUENCE OF specifications at the cursor."""
    return tuple(read_variable_access(cursor) for _ in range(cursor.count()))


def encode_specifications(specifications: tuple[VariableAccess, ...]) -> bytes:
    """The count and the specifications."""
    out = bytearray()
    write_length(len(specifications), out)
    return bytes(out) + b"".join(specification.encode() for specification in specifications)


def read_values(cursor: Cursor) -> tuple[bytes, ...]:
    """The SEQUENCE OF encoded values at the cursor."""
    return tuple(cursor.data() for _ in range(cursor.count()))


def encode_values(values: tuple[bytes, ...]) -> bytes:
    """The count and the values."""
    out = bytearray()
    write_length(len(values), out)
    return bytes(out) + b"".join(values)
