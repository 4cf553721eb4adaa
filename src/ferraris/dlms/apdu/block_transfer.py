"""One APDU of general block transfer: a piece of a longer APDU, numbered and acknowledged (Green Book 9.5)."""

from __future__ import annotations

import struct
from typing import Final

from ferraris.codec import read_length, write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.kernel.frozen import dataclass

GENERAL_BLOCK_TRANSFER: Final = 0xE0
LAST_BLOCK: Final = 0x80
STREAMING: Final = 0x40
WINDOW_MASK: Final = 0x3F
_HEAD: Final = struct.Struct(">BBHH")
"""Tag, control, number, number acknowledged."""


@dataclass(frozen=True, slots=True)
class GeneralBlockTransfer:
    """A block: `block_control` holds last (bit 7), streaming (bit 6) and the window (bits 0 to 5)."""

    block_control: int
    block_number: int
    block_number_acknowledged: int
    octets: bytes

    @property
    def last_block(self) -> bool:
        """Whether no block follows."""
        return bool(self.block_control & LAST_BLOCK)

    @property
    def streaming(self) -> bool:
        """Whether the sender goes on without waiting for an acknowledgement."""
        return bool(self.block_control & STREAMING)

    @property
    def window(self) -> int:
        """How many blocks the sender can receive unacknowledged."""
        return self.block_control & WINDOW_MASK

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((GENERAL_BLOCK_TRANSFER, self.block_control))
        out += self.block_number.to_bytes(2, "big") + self.block_number_acknowledged.to_bytes(2, "big")
        write_length(len(self.octets), out)
        out += self.octets
        return bytes(out)


def decode_general_block_transfer(octets: bytes) -> GeneralBlockTransfer:
    """A general-block-transfer APDU, from its tag on. Raises DecodeError."""
    if len(octets) > _HEAD.size:
        _, control, number, acknowledged = _HEAD.unpack_from(octets)
        length, start = read_length(octets, _HEAD.size)
        if start + length == len(octets):
            return GeneralBlockTransfer(control, number, acknowledged, octets[start:])
    cursor = Cursor(octets, 1)  # says what is wrong
    apdu = GeneralBlockTransfer(
        cursor.unsigned(), cursor.long_unsigned(), cursor.long_unsigned(), cursor.octet_string()
    )
    cursor.finish()
    return apdu
