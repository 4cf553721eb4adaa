"""APDUs to and from meters behind a gateway."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.framing import Framing, WrapperFraming
from ferraris.dlms.gateway import (
    GatewayAddress,
    GatewayFraming,
    GatewayMessage,
    decode_prefixed,
    encode_prefixed,
    is_prefixed,
)
from ferraris.dlms.hdlc import HdlcFraming, server_address
from ferraris.dlms.wrapper import encode_wpdu
from ferraris.kernel.errors import DecodeError, LinkUnreachableError, LocalProtocolError, RemoteProtocolError

METER = GatewayAddress(0, b"FER0000000000001")
GET = bytes.fromhex("c001c100080000010000ff0200")


def framing() -> Framing:
    return GatewayFraming(WrapperFraming(16, 1), METER)


def test_the_prefix_names_network_and_meter() -> None:
    request = bytes.fromhex("e6 00 10") + METER.device + GET
    assert encode_prefixed(METER, GET) == request
    assert encode_prefixed(METER, GET, response=True) == b"\xe7" + request[1:]
    assert decode_prefixed(request) == GatewayMessage(METER, GET, response=False)
    assert decode_prefixed(b"\xe7" + request[1:]).response


def test_an_address_is_shown_as_it_is_written() -> None:
    assert str(METER) == "0:FER0000000000001"
    assert str(GatewayAddress(255, b"\x00\x12")) == "255:0x0012"


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        ("", "no gateway prefix"),
        ("c001", "no gateway prefix"),
        ("e6", "a gateway prefix is cut short"),
        ("e600", "a gateway prefix is cut short"),
        ("e60002 01", "a gateway prefix is cut short"),
        ("e600ff" + "00" * 254, "a gateway prefix is cut short"),
        ("e60001 01 e60001 02 c001", "a gateway prefix behind another"),
        ("e60001 01 e70001 02 c001", "a gateway prefix behind another"),
    ],
)
def test_refused(octets: str, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_prefixed(bytes.fromhex(octets))
    assert caught.value.summary == summary


@pytest.mark.parametrize("address", [GatewayAddress(256, b""), GatewayAddress(-1, b""), GatewayAddress(0, bytes(256))])
def test_an_address_that_fits_no_prefix_is_refused(address: GatewayAddress) -> None:
    with pytest.raises(LocalProtocolError):
        GatewayFraming(WrapperFraming(16, 1), address)


def test_apdus_go_out_behind_the_prefix_and_come_back_without() -> None:
    gateway = framing()
    gateway.connect(0)
    assert gateway.connected
    gateway.send(GET, 0)
    assert gateway.outgoing() == [encode_wpdu(16, 1, encode_prefixed(METER, GET))]
    for octet in encode_wpdu(1, 16, encode_prefixed(METER, b"\xc4\x01\xc1\x00\x00", response=True)):
        gateway.receive(bytes((octet,)), 0)
    assert gateway.apdus() == [b"\xc4\x01\xc1\x00\x00"]
    assert gateway.apdus() == []
    gateway.disconnect(0)
    gateway.tick(0)
    assert gateway.wake_at() is None


def test_time_and_connection_are_those_of_the_framing_inside() -> None:
    inner = HdlcFraming(16, server_address(1, 17))
    gateway = GatewayFraming(inner, METER)
    assert not gateway.connected
    gateway.connect(0)
    assert len(gateway.outgoing()) == 1
    assert gateway.wake_at() == inner.wake_at() == 3_000
    gateway.tick(3_000)
    assert len(gateway.outgoing()) == 1


@pytest.mark.parametrize("other", [GatewayAddress(1, METER.device), GatewayAddress(0, b"FER0000000000002")])
def test_an_answer_of_another_meter_is_refused(other: GatewayAddress) -> None:
    gateway = framing()
    gateway.receive(encode_wpdu(1, 16, encode_prefixed(other, b"\xc4\x01", response=True)), 0)
    with pytest.raises(RemoteProtocolError) as caught:
        gateway.apdus()
    assert (caught.value.expected, caught.value.got) == (METER, other)


def test_the_gateways_own_word_is_not_taken_for_the_meters() -> None:
    gateway = framing()
    gateway.receive(encode_wpdu(1, 16, b"\xd8\x01\x01"), 0)
    with pytest.raises(LinkUnreachableError, match="d80101"):
        gateway.apdus()


def test_a_push_of_the_meter_comes_with_either_prefix() -> None:
    gateway = framing()
    for response in (False, True):
        gateway.receive(encode_wpdu(1, 16, encode_prefixed(METER, b"\x0f\x00", response=response)), 0)
    assert gateway.apdus() == [b"\x0f\x00"] * 2


@given(st.integers(0, 255), st.binary(max_size=255), st.binary(), st.booleans())
def test_any_apdu_for_any_meter(network: int, device: bytes, apdu: bytes, response: bool) -> None:
    address = GatewayAddress(network, device)
    octets = encode_prefixed(address, apdu, response=response)
    if is_prefixed(apdu):
        with pytest.raises(DecodeError):
            decode_prefixed(octets)
    else:
        assert decode_prefixed(octets) == GatewayMessage(address, apdu, response)


@given(st.sampled_from([b"", b"\xe6", b"\xe7"]), st.binary(max_size=40))
def test_any_octets_only_raise_decode_error(start: bytes, octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_prefixed(start + octets)
