"""Conversations between our own two engines, inspected: keys learnt, blocks and segments joined, answers named and typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms import (
    Associate,
    Association,
    AssociationSettings,
    Ciphering,
    RequestReceived,
    Role,
    SecurityControl,
    encode_wpdu,
)
from ferraris.dlms.apdu import AttributeDescriptor, GeneralBlockTransfer, GetRequestNormal, GetResponseNormal
from ferraris.dlms.hdlc.addresses import client_address, server_address
from ferraris.dlms.hdlc.frames import FrameKind, encode_frame, information_control, supervisory_control
from ferraris.dlms.inspect import Conversation, InspectionKeys, Message
from ferraris.kernel.entropy import SeededEntropy
from tests.dlms.bottle import AUTHENTICATION_KEY, ENCRYPTION_KEY, ciphered_settings

CLIENT, SERVER = "10.0.0.1:5000", "10.0.0.2:4059"
ENERGY = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2)
LONG = b"\x09\x82\x01\x00" + bytes(256)
KEYS = InspectionKeys(ENCRYPTION_KEY, AUTHENTICATION_KEY)


def recorded(client: AssociationSettings, server: AssociationSettings, value: bytes) -> list[tuple[str, bytes]]:
    """The APDUs of an association with one GET, in order, each with its sender."""
    ends = {
        CLIENT: Association(Role.CLIENT, client, SeededEntropy(1)),
        SERVER: Association(Role.SERVER, server, SeededEntropy(2)),
    }
    sent: list[tuple[str, bytes]] = []

    def play() -> None:
        moved = True
        while moved:
            moved = False
            for name, end in ends.items():
                peer = ends[SERVER if name == CLIENT else CLIENT]
                for apdu in end.outgoing():
                    sent.append((name, apdu))
                    peer.receive(apdu, 0)
                    moved = True
                for event in end.events():
                    if isinstance(event, RequestReceived):
                        end.send(GetResponseNormal(event.request.invoke_id_and_priority, value), 0)  # type: ignore[union-attr]

    ends[CLIENT].send(Associate(), 0)
    play()
    ends[CLIENT].send(GetRequestNormal(0xC1, ENERGY), 0)
    play()
    return sent


def wrapped(sender: str, apdu: bytes) -> bytes:
    return encode_wpdu(1, 16, apdu) if sender == SERVER else encode_wpdu(16, 1, apdu)


def followed(
    messages: list[tuple[str, bytes]], keys: InspectionKeys | None = None, step: int = 10_000
) -> list[Message]:
    conversation = Conversation(keys)
    out = []
    for sender, octets in messages:
        other = CLIENT if sender == SERVER else SERVER
        for start in range(0, len(octets), step):
            out += conversation.feed(sender, other, octets[start : start + step], datagram=False)
    return out + conversation.finish()


@pytest.mark.parametrize("ciphering", list(Ciphering))
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_ciphered_conversation_needs_the_two_keys_only(ciphering: Ciphering, step: int) -> None:
    client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    messages = followed(
        [(sender, wrapped(sender, apdu)) for sender, apdu in recorded(client, server, b"\x06\x00\x00\x30\x39")],
        KEYS,
        step,
    )
    assert [message.error for message in messages] == [None] * 6
    names = [message.inspection.names for message in messages]
    assert names[0] == ["AARQ"]
    assert names[-2:] == [["GetRequestNormal"], ["GetResponseNormal"]]
    [about] = messages[-1].about
    assert about == {"name": messages[-2].about[0]["name"], "value": 12345}
    assert about["name"].startswith("Register.value 1.0.1.8.0.255: ")


def test_blocks_of_a_long_answer_are_one_value() -> None:
    client = AssociationSettings(max_receive_pdu_size=100)
    messages = followed(
        [(sender, wrapped(sender, apdu)) for sender, apdu in recorded(client, AssociationSettings(), LONG)]
    )
    assert [message.inspection.names[0] for message in messages if message.source == SERVER][
        1
    ] == "GetResponseWithBlock"
    assert messages[-1].inspection.names == ["GetResponseWithBlock", "GetResponseNormal"]
    assert messages[-1].inspection.plains[-1][4:] == LONG


def test_blocks_of_general_block_transfer_out_of_order_and_twice() -> None:
    apdu = GetResponseNormal(0xC1, LONG).encode()
    pieces = [apdu[:100], apdu[100:200], apdu[200:]]
    blocks = [
        GeneralBlockTransfer(0x80 * (number == 3), number, 0, piece).encode() for number, piece in enumerate(pieces, 1)
    ]
    order = [blocks[1], blocks[0], blocks[1], blocks[2]]
    messages = followed([(SERVER, wrapped(SERVER, block)) for block in order])
    assert [message.inspection.names for message in messages][:3] == [["GeneralBlockTransfer"]] * 3
    assert messages[-1].inspection.plains[-1] == apdu


def test_a_wrong_key_is_told_and_the_rest_goes_on() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    captured = [(sender, wrapped(sender, apdu)) for sender, apdu in recorded(client, server, b"\x11\x05")]
    messages = followed(captured, replace(KEYS, encryption_key=bytes(16)))
    assert messages[-1].error is not None
    assert len(messages) == 6


def test_without_keys_the_headers_are_shown() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    captured = [(sender, wrapped(sender, apdu)) for sender, apdu in recorded(client, server, b"\x11\x05")]
    assert [message.error for message in followed(captured)] == [None] * 6


def test_lost_octets_end_what_was_begun_and_no_more() -> None:
    conversation = Conversation()
    octets = wrapped(CLIENT, GetRequestNormal(0xC1, ENERGY).encode())
    assert conversation.feed(CLIENT, SERVER, octets[:10], datagram=False) == []
    [message] = conversation.feed(CLIENT, SERVER, octets, datagram=False, lost=11)
    assert message.inspection.names == ["GetRequestNormal"]
    assert conversation.finish() == []


def test_what_never_ends_is_told() -> None:
    octets = wrapped(CLIENT, GetRequestNormal(0xC1, ENERGY).encode())
    [message] = followed([(CLIENT, octets[:-1])])
    assert "ends within a message" in str(message.error)


def test_segments_of_hdlc_are_one_apdu() -> None:
    apdu = b"\xe6\xe7\x00" + GetResponseNormal(0xC1, LONG).encode()
    client, server = client_address(16), server_address(1)
    pieces = [apdu[:100], apdu[100:200], apdu[200:]]
    frames = [
        encode_frame(client, server, information_control(number, 0, poll_final=True), piece, segmented=number < 2)
        for number, piece in enumerate(pieces)
    ]
    request = encode_frame(
        server,
        client,
        information_control(0, 0, poll_final=True),
        b"\xe6\xe6\x00" + GetRequestNormal(0xC1, ENERGY).encode(),
    )
    between = encode_frame(server, client, supervisory_control(FrameKind.RR, 1, poll_final=True))
    sent = [(CLIENT, request)]
    for frame in frames:
        sent += [(SERVER, frame), (CLIENT, between)]
    messages = followed(sent, step=9)
    assert [message.error for message in messages] == [None] * 7
    whole = messages[5]
    assert whole.inspection.names == ["GetResponseNormal"]
    assert whole.inspection.plains == [apdu[3:]]
    assert whole.about[0]["name"].startswith("Register.value")
    assert messages[2].inspection.layers[0]["frame"] == "RR"


@given(st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), st.binary(max_size=60), st.booleans()), max_size=8))
def test_any_octets_are_followed(chunks: list[tuple[str, bytes, bool]]) -> None:
    conversation = Conversation(KEYS)
    for sender, octets, datagram in chunks:
        conversation.feed(sender, CLIENT if sender == SERVER else SERVER, octets, datagram=datagram)
    conversation.finish()
