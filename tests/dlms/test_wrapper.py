"""The wrapper: one WPDU a datagram, any pieces over a stream, and what a wrong header does."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.wrapper import WrapperPdu, WrapperReceiver, decode_wpdu, encode_wpdu, header_start
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX

PORTS = st.integers(0, 0xFFFF)
WPDUS = st.builds(WrapperPdu, PORTS, PORTS, st.binary(max_size=80))


def encoded(wpdu: WrapperPdu) -> bytes:
    return encode_wpdu(wpdu.source, wpdu.destination, wpdu.apdu)


def test_the_header_stands_in_network_order() -> None:
    assert encode_wpdu(0x0001, 0x0010, b"\xc0\x01").hex() == "0001000100100002c001"


@given(WPDUS)
def test_one_datagram_round_trip(wpdu: WrapperPdu) -> None:
    assert decode_wpdu(encoded(wpdu)) == wpdu


@pytest.mark.parametrize(
    ("octets", "summary", "expected", "got", "offset"),
    [
        ("", "a wrapper header is cut short", "8 octets", 0, 0),
        ("00010001001000", "a wrapper header is cut short", "8 octets", 7, 0),
        ("0002000100100000", "no wrapper of this version", 1, 2, 0),
        ("0001000100100001", "a wrapper length lies", "1 octets", 0, 6),
        ("0001000100100001c0c0", "a wrapper length lies", "1 octets", 2, 6),
    ],
)
def test_refused_datagrams(octets: str, summary: str, expected: object, got: object, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_wpdu(bytes.fromhex(octets))
    error = caught.value
    assert (error.summary, error.expected, error.got, error.offset) == (summary, expected, got, offset)


def test_an_apdu_too_long_is_not_sent() -> None:
    assert len(encode_wpdu(1, 1, bytes(APDU_OCTETS_MAX))) == APDU_OCTETS_MAX + 8
    with pytest.raises(LocalProtocolError):
        encode_wpdu(1, 1, bytes(APDU_OCTETS_MAX + 1))


@given(st.lists(WPDUS, max_size=6), st.data())
def test_a_stream_in_any_pieces(wpdus: list[WrapperPdu], data: st.DataObject) -> None:
    stream = b"".join(map(encoded, wpdus))
    receiver = WrapperReceiver()
    received: list[WrapperPdu] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        receiver.receive(stream[:cut])
        received += receiver.events()
        stream = stream[cut:]
    assert received == wpdus
    assert receiver.unfinished == 0


def test_one_octet_at_a_time_keeps_only_the_unfinished_one() -> None:
    wpdus = [WrapperPdu(16, 1, bytes(range(n))) for n in (0, 1, 30)]
    receiver = WrapperReceiver()
    received = []
    for octet in b"".join(map(encoded, wpdus)):
        receiver.receive(bytes((octet,)))
        assert receiver.unfinished < 8 + 30
        received += receiver.events()
    assert received == wpdus


def test_events_are_given_once() -> None:
    receiver = WrapperReceiver()
    receiver.receive(encode_wpdu(1, 16, b"\xc4"))
    assert receiver.events() == [WrapperPdu(1, 16, b"\xc4")]
    assert receiver.events() == []


def test_a_wrong_version_ends_the_stream_but_not_what_came_before_it() -> None:
    receiver = WrapperReceiver()
    good = encode_wpdu(1, 16, b"\xc4")
    with pytest.raises(DecodeError) as caught:
        receiver.receive(good + b"\x00\x02" + good)
    assert caught.value.offset == len(good)
    assert receiver.events() == [WrapperPdu(1, 16, b"\xc4")]
    with pytest.raises(DecodeError):
        receiver.receive(good)
    assert receiver.events() == []


def test_a_length_above_the_limit_is_refused_before_its_octets_come() -> None:
    receiver = WrapperReceiver(octets_max=100)
    receiver.receive(encode_wpdu(1, 16, bytes(100)))
    with pytest.raises(DecodeError) as caught:
        receiver.receive(encode_wpdu(1, 16, bytes(101))[:8])
    assert (caught.value.expected, caught.value.got, caught.value.offset) == ("at most 100 octets", 101, 114)
    assert receiver.unfinished == 0


@given(st.binary(max_size=200))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    receiver = WrapperReceiver()
    try:
        receiver.receive(octets)
    except DecodeError:
        assert receiver.unfinished == 0
    with contextlib.suppress(DecodeError):
        assert encoded(decode_wpdu(octets)) == octets


START = header_start(1, 16)


def test_one_whole_wpdu_between_the_ports_is_taken_at_once() -> None:
    receiver = WrapperReceiver()
    for apdu in (b"\xc4\x01", b"", bytes(300)):
        assert receiver.take_one(encode_wpdu(1, 16, apdu), START) == apdu
    assert (receiver.events(), receiver.unfinished) == ([], 0)


def test_the_offset_of_an_error_counts_what_was_taken_at_once() -> None:
    receiver = WrapperReceiver()
    receiver.take_one(encode_wpdu(1, 16, bytes(5)), START)
    with pytest.raises(DecodeError) as caught:
        receiver.receive(bytes(8))
    assert caught.value.offset == 13


@given(st.binary(max_size=30), st.integers(0, 40), st.binary(max_size=3))
def test_whatever_else_comes_is_left_to_be_received(apdu: bytes, cut: int, behind: bytes) -> None:
    octets = encode_wpdu(1, 16, apdu)[:cut] + behind
    try:
        wpdu = decode_wpdu(octets)
    except DecodeError:
        expected = None
    else:
        expected = wpdu.apdu if (wpdu.source, wpdu.destination) == (1, 16) else None
    assert WrapperReceiver().take_one(octets, START) == expected


@pytest.mark.parametrize("header", ["0002 0001 0010", "0001 0002 0010", "0001 0001 0011", "0001 0010 0001"])
def test_a_wpdu_of_another_version_or_between_other_ports_is_not_taken_at_once(header: str) -> None:
    assert WrapperReceiver().take_one(bytes.fromhex(header) + b"\x00\x01\xc4", START) is None


def test_nothing_is_taken_before_what_came_earlier() -> None:
    good = encode_wpdu(1, 16, b"\xc4")
    behind_a_piece, behind_a_whole, refused = WrapperReceiver(), WrapperReceiver(), WrapperReceiver()
    behind_a_piece.receive(good[:3])
    behind_a_whole.receive(good)
    with pytest.raises(DecodeError):
        refused.receive(bytes(8))
    for receiver in (behind_a_piece, behind_a_whole, refused):
        assert receiver.take_one(good, START) is None


def test_an_apdu_above_the_limit_is_not_taken_at_once() -> None:
    receiver = WrapperReceiver(octets_max=100)
    assert receiver.take_one(encode_wpdu(1, 16, bytes(100)), START) == bytes(100)
    assert receiver.take_one(encode_wpdu(1, 16, bytes(101)), START) is None
