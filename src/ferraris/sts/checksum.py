"""The check value of a token: CRC-16 over class, subclass and body (IEC 62055-41 clause 6.3.7).

Polynomial x^16 + x^15 + x^2 + 1, reflected, all ones at the start, the result with its octets exchanged. Currency credit has
`currency_checksum`: the same over one octet 01 more, so that an older decoder does not take money for kilowatt hours.
"""

from __future__ import annotations

from typing import Final

CHECKED_OCTETS: Final = 7
"""Two bits of class and 48 of data, with six zero bits before them."""
CURRENCY_OCTET: Final = b"\x01"


def _entry(octet: int) -> int:
    for _ in range(8):
        octet = octet >> 1 ^ (0xA001 if octet & 1 else 0)
    return octet


TABLE: Final = tuple(_entry(octet) for octet in range(256))


def crc16(octets: bytes) -> int:
    """The check value of `octets`, 0 to 65535, in the order in which a token carries it."""
    register = 0xFFFF
    for octet in octets:
        register = register >> 8 ^ TABLE[(register ^ octet) & 0xFF]
    return (register & 0xFF) << 8 | register >> 8


def checksum(token_class: int, data: int) -> int:
    """The check value of a token: `data` is subclass and body, 48 bits."""
    return crc16((token_class << 48 | data).to_bytes(CHECKED_OCTETS, "big"))


def currency_checksum(token_class: int, data: int) -> int:
    """The check value CRC_C of currency credit."""
    return crc16((token_class << 48 | data).to_bytes(CHECKED_OCTETS, "big") + CURRENCY_OCTET)
