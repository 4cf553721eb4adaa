"""The wrapper in the shape of a framing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.framing import Framing, WrapperFraming
from ferraris.dlms.wrapper import encode_wpdu
from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX


def framing(*, datagrams: bool = False) -> Framing:
    return WrapperFraming(16, 1, datagrams=datagrams)


def test_it_is_connected_from_the_start_and_to_the_end() -> None:
    wrapper = framing()
    for act in (wrapper.connect, wrapper.tick, wrapper.disconnect):
        act(0)
        assert wrapper.connected
        assert wrapper.outgoing() == []
        assert wrapper.wake_at() is None


def test_apdus_go_out_as_wpdus() -> None:
    wrapper = framing()
    wrapper.send(b"\xc0\x01", 0)
    wrapper.send(b"", 0)
    assert wrapper.outgoing() == [encode_wpdu(16, 1, b"\xc0\x01"), encode_wpdu(16, 1, b"")]
    assert wrapper.outgoing() == []


def test_apdus_come_out_of_any_pieces() -> None:
    wrapper = framing()
    stream = encode_wpdu(1, 16, b"\xc4\x01") + encode_wpdu(1, 16, b"\xc4\x02")
    for octet in stream:
        wrapper.receive(bytes((octet,)), 0)
    assert wrapper.apdus() == [b"\xc4\x01", b"\xc4\x02"]
    assert wrapper.apdus() == []


def test_a_broken_stream_is_refused_and_a_broken_datagram_passed_over() -> None:
    with pytest.raises(DecodeError):
        framing().receive(bytes(8), 0)
    datagrams = framing(datagrams=True)
    datagrams.receive(bytes(8), 0)
    datagrams.receive(encode_wpdu(1, 16, b"\xc4"), 0)
    datagrams.receive(encode_wpdu(1, 16, b"\xc4"), 0)  # doubled on the way
    assert datagrams.apdus() == [b"\xc4"]


@pytest.mark.parametrize(("source", "destination"), [(2, 16), (1, 17), (16, 1)])
def test_a_wpdu_between_others_is_refused(source: int, destination: int) -> None:
    wrapper = framing()
    wrapper.receive(encode_wpdu(source, destination, b"\xc4"), 0)
    with pytest.raises(RemoteProtocolError):
        wrapper.apdus()


def test_apdus_keep_their_order_whether_they_come_one_by_one_or_not() -> None:
    wrapper = framing()
    wpdus = [encode_wpdu(1, 16, bytes((number,))) for number in range(7)]
    for chunk in (wpdus[0], wpdus[1] + wpdus[2], wpdus[3], wpdus[4][:5], wpdus[4][5:] + wpdus[5], wpdus[6]):
        wrapper.receive(chunk, 0)
    assert wrapper.apdus() == [bytes((number,)) for number in range(7)]


def test_a_stream_that_was_refused_stays_refused() -> None:
    wrapper = framing()
    with pytest.raises(DecodeError):
        wrapper.receive(bytes(8), 0)
    with pytest.raises(DecodeError):
        wrapper.receive(encode_wpdu(1, 16, b"\xc4"), 0)
    assert wrapper.apdus() == []


@given(st.lists(st.binary(max_size=20), max_size=6), st.lists(st.integers(1, 40), max_size=20), st.booleans())
def test_what_comes_whole_and_what_comes_in_pieces_keep_their_order(
    apdus: list[bytes], cuts: list[int], at_once: bool
) -> None:
    """However the stream is cut, and whether the APDUs are asked for after each piece or at the end."""
    wrapper, stream = framing(), b"".join(encode_wpdu(1, 16, apdu) for apdu in apdus)
    taken: list[bytes] = []
    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        wrapper.receive(piece, 0)
        if at_once:
            taken += wrapper.apdus()
    assert taken + wrapper.apdus() == apdus


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.sampled_from([0, 1, 255, 256, APDU_OCTETS_MAX]))
def test_every_apdu_goes_out_as_the_wpdu_of_its_ports(client: int, server: int, octets: int) -> None:
    wrapper, apdu = WrapperFraming(client, server), bytes(octets)
    wrapper.send(apdu, 0)
    assert wrapper.outgoing() == [encode_wpdu(client, server, apdu)]


def test_an_apdu_that_is_too_long_is_refused_and_what_stood_before_it_goes_out() -> None:
    wrapper = framing()
    wrapper.send(b"\xc0", 0)
    with pytest.raises(LocalProtocolError, match="does not fit"):
        wrapper.send(bytes(APDU_OCTETS_MAX + 1), 0)
    assert wrapper.outgoing() == [encode_wpdu(16, 1, b"\xc0")]
