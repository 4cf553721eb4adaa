"""What client and server agree on when they associate: version, conformance, sizes, a dedicated key (Green Book 9.5, Initiate).

An initiate APDU travels as the user-information of AARQ and AARE, plain or ciphered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ferraris.codec import write_length
from ferraris.dlms.apdu.cursor import CLAUSE, Cursor
from ferraris.dlms.apdu.enumerations import Conformance
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.frozen import dataclass

INITIATE_REQUEST: Final = 0x01
INITIATE_RESPONSE: Final = 0x08
DLMS_VERSION: Final = 6
VAA_NAME_LOGICAL_NAME: Final = 0x0007
VAA_NAME_SHORT_NAME: Final = 0xFA00
INITIATE_RESPONSES_REMEMBERED: Final = 64

CONFORMANCE_HEADER: Final = b"\x5f\x1f\x04\x00"
CONFORMANCE_HEADER_SHORT: Final = b"\x5f\x04\x00"  # the tag in one octet, as early equipment sends it


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """What the client proposes. A max-receive-pdu-size of 0 means that there is no limit."""

    dedicated_key: bytes | None
    response_allowed: bool
    quality_of_service: int | None
    dlms_version: int
    conformance: Conformance
    client_max_receive_pdu_size: int

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((INITIATE_REQUEST, self.dedicated_key is not None))
        if self.dedicated_key is not None:
            write_length(len(self.dedicated_key), out)
            out += self.dedicated_key
        out += b"\x00" if self.response_allowed else b"\x01\x00"
        out += _encode_quality(self.quality_of_service)
        out.append(self.dlms_version)
        out += CONFORMANCE_HEADER + self.conformance.to_bytes(3, "big")
        out += self.client_max_receive_pdu_size.to_bytes(2, "big")
        return bytes(out)

    def __repr__(self) -> str:
        key = "None" if self.dedicated_key is None else "hidden"
        return (
            f"InitiateRequest(dedicated_key={key}, response_allowed={self.response_allowed}, "
            f"conformance={self.conformance!r}, client_max_receive_pdu_size={self.client_max_receive_pdu_size})"
        )


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """What the server grants."""

    quality_of_service: int | None
    dlms_version: int
    conformance: Conformance
    server_max_receive_pdu_size: int
    vaa_name: int = VAA_NAME_LOGICAL_NAME

    def encode(self) -> bytes:
        """The APDU's octets."""
        out = bytearray((INITIATE_RESPONSE,)) + _encode_quality(self.quality_of_service)
        out.append(self.dlms_version)
        out += CONFORMANCE_HEADER + self.conformance.to_bytes(3, "big")
        out += self.server_max_receive_pdu_size.to_bytes(2, "big") + self.vaa_name.to_bytes(2, "big")
        return bytes(out)


def decode_initiate_request(octets: bytes) -> InitiateRequest:
    """An initiate-request, from its tag on. Raises DecodeError."""
    cursor = Cursor(octets, 1)
    dedicated_key = cursor.octet_string() if cursor.present() else None
    response_allowed = cursor.boolean() if cursor.present() else True
    quality = _read_quality(cursor)
    version = cursor.unsigned()
    request = InitiateRequest(
        dedicated_key, response_allowed, quality, version, _read_conformance(cursor), cursor.long_unsigned()
    )
    cursor.finish()
    return request


@lru_cache(maxsize=INITIATE_RESPONSES_REMEMBERED)
def decode_initiate_response(octets: bytes) -> InitiateResponse:
    """An initiate-response, from its tag on. Raises DecodeError.

    Meters of one kind grant the same, so the few there are get remembered; none holds a secret.
    """
    cursor = Cursor(octets, 1)
    quality = _read_quality(cursor)
    version = cursor.unsigned()
    conformance = _read_conformance(cursor)
    response = InitiateResponse(quality, version, conformance, cursor.long_unsigned(), cursor.long_unsigned())
    cursor.finish()
    return response


def _encode_quality(quality: int | None) -> bytes:
    return b"\x00" if quality is None else b"\x01" + quality.to_bytes(1, "big", signed=True)


def _read_quality(cursor: Cursor) -> int | None:
    return int.from_bytes(cursor.take(1), "big", signed=True) if cursor.present() else None


def _read_conformance(cursor: Cursor) -> Conformance:
    offset = cursor.offset
    for header in (CONFORMANCE_HEADER, CONFORMANCE_HEADER_SHORT):
        if cursor.octets.startswith(header, offset):
            cursor.offset = offset + len(header)
            return Conformance(int.from_bytes(cursor.take(3), "big"))
    got = cursor.octets[offset : offset + 4].hex()
    raise DecodeError(
        "the conformance block is not there", expected=CONFORMANCE_HEADER.hex(), got=got, offset=offset, clause=CLAUSE
    )
