"""The block check character and the parity of IEC 62056-21: characters of seven bits, each with an even parity bit.

The block check character is the exclusive or of all characters behind the first SOH or STX, up to and with ETX or EOT. Where the
line's hardware does not handle parity (a network converter set to eight bits), the two functions for it do.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final

CHARACTER_BITS: Final = bytes(octet & 0x7F for octet in range(256))
EVEN_PARITY: Final = bytes((octet & 0x7F) | (0x80 if (octet & 0x7F).bit_count() & 1 else 0) for octet in range(256))


def block_check(octets: bytes) -> int:
    """The block check character of what it covers."""
    return reduce(xor, octets, 0)


def with_parity(octets: bytes) -> bytes:
    """Characters as eight bits with even parity."""
    return octets.translate(EVEN_PARITY)


def without_parity(octets: bytes) -> bytes:
    """Characters without whatever stands in the eighth bit."""
    return octets.translate(CHARACTER_BITS)
