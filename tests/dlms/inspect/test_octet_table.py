"""The tables of a message: framing, the APDU as it was sent, the APDU deciphered."""

from __future__ import annotations

import pytest

from ferraris.dlms import encode_wpdu
from ferraris.dlms.inspect import Conversation, InspectionKeys, OctetField, octet_table

REQUEST = bytes.fromhex("c001c100080000010000ff0200")
CIPHERED = bytes.fromhex("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b")
KEYS = InspectionKeys(
    bytes.fromhex("000102030405060708090a0b0c0d0e0f"),
    bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
    bytes.fromhex("4d4d4d0000bc614e"),
)


def layers(octets: bytes) -> list[tuple[str, bytes]]:
    """The layers, each with all its octets."""
    [message] = Conversation(KEYS).feed("a", "b", octets, datagram=True)
    found: list[tuple[str, bytes]] = []
    for field in octet_table(message.octets, message.apdus, message.inspection.plains):
        if field.offset == 0:
            found.append((field.layer, b""))
        found[-1] = found[-1][0], found[-1][1] + field.octets
    return found


def test_a_bare_apdu_is_one_table() -> None:
    assert layers(REQUEST) == [("apdu", REQUEST)]


def test_a_ciphered_apdu_in_a_wrapper_is_three() -> None:
    octets = encode_wpdu(1, 1, CIPHERED)
    plain = bytes.fromhex("c0010000080000010000ff0200")
    assert layers(octets) == [("wrapper", octets), ("ciphered apdu", CIPHERED), ("apdu", plain)]


def test_hdlc() -> None:
    frame = bytes.fromhex("7ea00703035380d77e")
    assert layers(frame) == [("hdlc", frame)]


@pytest.mark.parametrize("octets", [b"\x68\x01\x01\x68\x53", b"\x7e\xa0\x00", b"\xa0\x01"])
def test_framing_that_is_broken_is_shown(octets: bytes) -> None:
    fields: list[OctetField] = octet_table(octets, [], [])
    assert b"".join(field.octets for field in fields) == octets
