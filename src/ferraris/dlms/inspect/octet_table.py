"""The octet tables of a whole message: its framing, its APDUs as they were sent, and what they hold once deciphered."""

from __future__ import annotations

from ferraris.dlms import hdlc, mbus_segments
from ferraris.dlms.inspect.apdu_outline import Asked, apdu_fields
from ferraris.dlms.inspect.octet_map import OctetField, hdlc_fields, mbus_fields, outline, wrapper_fields
from ferraris.dlms.inspect.splitting import WRAPPER_START
from ferraris.kernel.errors import DecodeError


def octet_table(
    octets: bytes,
    apdus: list[bytes],
    plains: list[bytes],
    asked: Asked = (),
) -> list[OctetField]:
    """The fields of a message's octets, then of its APDUs, then of the deciphered ones: each layer counts from 0."""
    fields = []
    if not apdus or octets != apdus[0]:
        fields += _framing(octets)
    for apdu in apdus:
        fields += apdu_fields(apdu, asked)
    for plain in plains:
        if plain not in apdus:
            fields += apdu_fields(plain, asked)
    return fields


def _framing(octets: bytes) -> list[OctetField]:
    if octets.startswith(WRAPPER_START):
        return wrapper_fields(octets)
    if octets[:1] == bytes((hdlc.FLAG,)) or (octets and octets[0] & hdlc.FORMAT_MASK == hdlc.FORMAT_TYPE_3):
        return _frames(octets)
    if octets[:1] == bytes((mbus_segments.START,)) and octets[3:4] == octets[:1]:
        return mbus_fields(octets)
    return outline("framing", octets, lambda o: o.rest("octets"))


def _frames(octets: bytes) -> list[OctetField]:
    try:
        frames = hdlc.split_frames(octets)
    except DecodeError:
        return hdlc_fields(octets)
    if len(frames) == 1:
        return hdlc_fields(octets)
    return [field for frame in frames for field in hdlc_fields(frame)]
