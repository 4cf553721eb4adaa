"""One block of a long value inside a service: last or not, its number from 1, and its octets (Green Book 9.5, DataBlock-SA)."""

from __future__ import annotations

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import Cursor
from ferraris.kernel.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A block as SET and ACTION carry it, in both directions."""

    last_block: bool
    block_number: int
    octets: bytes

    def encode(self) -> bytes:
        """Flag, number, length and octets."""
        out = bytearray((self.last_block,))
        out += self.block_number.to_bytes(4, "big")
        write_length(len(self.octets), out)
        out += self.octets
        return bytes(out)


def read_block(cursor: Cursor) -> Block:
    """The block at the cursor."""
    return Block(cursor.boolean(), cursor.double_long_unsigned(), cursor.octet_string())
