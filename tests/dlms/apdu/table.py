"""How the tables of octets and APDUs are checked."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import Apdu, decode_apdu
from ferraris.kernel.errors import DecodeError


def check_both_ways(octets: str, apdu: Apdu) -> None:
    """The octets decode to the APDU, and it encodes to them."""
    assert decode_apdu(bytes.fromhex(octets)) == apdu
    assert apdu.encode().hex() == bytes.fromhex(octets).hex()


def check_refused(octets: str, summary: str, offset: int | None) -> DecodeError:
    """The octets are refused with this summary at this offset."""
    with pytest.raises(DecodeError) as caught:
        decode_apdu(bytes.fromhex(octets))
    assert (caught.value.summary, caught.value.offset) == (summary, offset)
    return caught.value
