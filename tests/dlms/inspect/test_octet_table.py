"""The tables of a message: framing, the APDU as it was sent, the APDU deciphered."""

from __future__ import annotations

import pytest

from ferraris.dlms import encode_wpdu
from ferraris.dlms.inspect import Conversation, InspectionKeys, OctetField, octet_table
from ferraris.dlms.mbus_segments import encode_segments

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


def test_frames_of_m_bus() -> None:
    octets = encode_segments(REQUEST, 0x53, 0xFF, 16, 1, 6)
    found = layers(octets)
    assert [layer for layer, _ in found] == ["mbus", "apdu"]
    assert found[0][1] == octets
    fields = octet_table(octets, [REQUEST], [])
    meanings = [field.value for field in fields if field.name == "control-information"]
    assert meanings == ["segment 0", "segment 1", "segment 2, the last one"]
    assert b"".join(field.octets for field in fields if field.name == "piece") == REQUEST


def test_the_members_of_an_answer_are_named_through_its_request() -> None:
    conversation = Conversation(KEYS)
    conversation.feed(
        "a", "b", bytes.fromhex("c003c10200030100010800ff03000008000001000 0ff0300".replace(" ", "")), datagram=True
    )
    [answer] = conversation.feed(
        "b", "a", bytes.fromhex("c403c10200 02020ffd161e 0010ffc4".replace(" ", "")), datagram=True
    )
    fields = octet_table(answer.octets, answer.apdus, answer.inspection.plains, answer.asked)
    said = {field.name: field.value for field in fields}
    assert (said["result[1].scaler"], said["result[1].unit"]) == ("integer -3", "enum 30 watt-hour")
    assert said["result[2]"] == "long -60"
