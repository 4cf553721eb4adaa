"""CRC-16/X-25: the check sequence of HDLC's header and frame (ISO/IEC 13239 annex A).

Polynomial x^16 + x^12 + x^5 + 1, reflected, all ones at the start and inverted at the end, sent low octet first.
"""

from __future__ import annotations

from typing import Final

REFLECTED_POLYNOMIAL: Final = 0x8408
CHECK_OCTETS: Final = 2


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ REFLECTED_POLYNOMIAL if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLE: Final = _table()


def crc16_x25(octets: bytes | memoryview) -> int:
    """The check value of `octets`, 0 to 65535."""
    register = 0xFFFF
    for octet in octets:
        register = register >> 8 ^ _TABLE[(register ^ octet) & 0xFF]
    return register ^ 0xFFFF


def check_sequence(octets: bytes | memoryview) -> bytes:
    """The two octets that follow `octets` on the line."""
    return crc16_x25(octets).to_bytes(CHECK_OCTETS, "little")
