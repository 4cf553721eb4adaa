"""The LLC header before each APDU in an HDLC frame: who sends what kind of message (Green Book 8.3).

destination LSAP E6 | source LSAP E6 (command, from the client) or E7 (response, from the server) | quality 00
"""

from __future__ import annotations

from typing import Final

from ferraris.kernel.errors import DecodeError

CLAUSE: Final = "Green Book 8.3"
LLC_COMMAND: Final = b"\xe6\xe6\x00"
LLC_RESPONSE: Final = b"\xe6\xe7\x00"
LLC_OCTETS: Final = 3


def without_llc(message: bytes, expected: bytes) -> bytes:
    """The APDU behind the header. Raises DecodeError where the LSAPs are not those of `expected`; quality is not looked at."""
    if message[:2] != expected[:2] or len(message) < LLC_OCTETS:
        got = message[:LLC_OCTETS].hex()
        raise DecodeError("no LLC header of DLMS", expected=expected.hex(), got=got, offset=0, clause=CLAUSE)
    return message[LLC_OCTETS:]
