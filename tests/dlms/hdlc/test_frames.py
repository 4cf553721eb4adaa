"""HDLC frames: of real meters, made here, and broken in every way."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.hdlc import (
    FrameKind,
    HdlcAddress,
    decode_frame,
    encode_frame,
    frame_length,
    parse_frame,
    server_address,
)
from ferraris.dlms.hdlc.frames import information_control, supervisory_control, unnumbered_control
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from tests.dlms.hdlc.built import EMPTY, RR, SHORT_LENGTH, UA, build


@pytest.mark.parametrize(
    ("octets", "kind", "destination", "source", "poll_final", "information"),
    [
        (UA, FrameKind.UA, HdlcAddress(48, None, 1), HdlcAddress(1, None, 1), True, UA[14:-4]),
        (RR, FrameKind.RR, HdlcAddress(17, 5481, 4), HdlcAddress(48, None, 1), True, ""),
        (EMPTY, FrameKind.I, HdlcAddress(0, None, 1), HdlcAddress(1, 0, 2), True, ""),
    ],
)
def test_frames_of_meters(
    octets: str, kind: FrameKind, destination: HdlcAddress, source: HdlcAddress, poll_final: bool, information: str
) -> None:
    frame = decode_frame(bytes.fromhex(octets))
    assert (frame.kind, frame.destination, frame.source) == (kind, destination, source)
    assert (frame.poll_final, frame.information.hex(), frame.segmented) == (poll_final, information, False)


@pytest.mark.parametrize(
    ("control", "kind", "poll_final", "send", "receive"),
    [
        (0x00, FrameKind.I, False, 0, 0),
        (0x10, FrameKind.I, True, 0, 0),
        (0x32, FrameKind.I, True, 1, 1),
        (0xFE, FrameKind.I, True, 7, 7),
        (0x51, FrameKind.RR, True, None, 2),
        (0x01, FrameKind.RR, False, None, 0),
        (0x75, FrameKind.RNR, True, None, 3),
        (0x93, FrameKind.SNRM, True, None, None),
        (0x83, FrameKind.SNRM, False, None, None),
        (0x73, FrameKind.UA, True, None, None),
        (0x53, FrameKind.DISC, True, None, None),
        (0x1F, FrameKind.DM, True, None, None),
        (0x97, FrameKind.FRMR, True, None, None),
        (0x13, FrameKind.UI, True, None, None),
        (0x03, FrameKind.UI, False, None, None),
    ],
)
def test_control_octets(control: int, kind: FrameKind, poll_final: bool, send: int | None, receive: int | None) -> None:
    frame = decode_frame(build(control))
    assert (frame.kind, frame.poll_final, frame.control) == (kind, poll_final, control)
    assert (frame.send_sequence, frame.receive_sequence) == (send, receive)


def test_control_octets_that_no_frame_has_are_refused() -> None:
    for control in (0x09, 0x0D, 0x23, 0x33, 0xA3, 0xEF, 0xC7, 0xFF):
        with pytest.raises(DecodeError) as caught:
            decode_frame(build(control))
        assert (caught.value.got, caught.value.offset) == (f"{control:#04x}", 4)


@pytest.mark.parametrize(
    ("octets", "address"),
    [
        ("01", HdlcAddress(0, None, 1)),
        ("ff", HdlcAddress(127, None, 1)),
        ("0223", HdlcAddress(1, 17, 2)),
        ("ceff", HdlcAddress(103, 127, 2)),
        ("002254d3", HdlcAddress(17, 5481, 4)),
        ("fefefeff", HdlcAddress(0x3FFF, 0x3FFF, 4)),
    ],
)
def test_addresses(octets: str, address: HdlcAddress) -> None:
    assert decode_frame(build(0x93, destination=octets)).destination == address
    assert decode_frame(build(0x93, source=octets)).source == address


@pytest.mark.parametrize(("destination", "source"), [("020203", "21"), ("0202020203", "21"), ("02020202", "02020202")])
def test_addresses_without_an_end_are_refused(destination: str, source: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_frame(build(0x93, destination=destination, source=source))
    assert caught.value.summary == "an address does not end"


def test_every_octet_is_under_a_check() -> None:
    for octets in (bytes.fromhex(UA), bytes.fromhex(RR), build(0x13, b"\xe6\xe7\x00\x0f", segmented=True)):
        for position in range(len(octets)):
            for bit in range(8):
                flipped = bytearray(octets)
                flipped[position] ^= 1 << bit
                with pytest.raises(DecodeError):
                    decode_frame(bytes(flipped))


def test_a_wrong_header_check_is_said() -> None:
    octets = bytearray(bytes.fromhex(UA))
    octets[5] ^= 0xFF
    with pytest.raises(DecodeError) as caught:
        parse_frame(bytes(octets))
    error = caught.value
    assert (error.summary, error.expected, error.got, error.offset) == (
        "a header check sequence is wrong",
        "b57c",
        "4a7c",
        5,
    )


def test_a_wrong_frame_check_is_told_by_parse_and_refused_by_decode() -> None:
    octets = bytearray(bytes.fromhex(UA))
    octets[-1] ^= 0xFF
    parsed = parse_frame(bytes(octets))
    assert (parsed.length_right, parsed.fcs_right, parsed.frame.kind) == (True, False, FrameKind.UA)
    with pytest.raises(DecodeError) as caught:
        decode_frame(bytes(octets))
    error = caught.value
    assert (error.summary, error.expected, error.got, error.offset) == (
        "a frame check sequence is wrong",
        "0722",
        "07dd",
        28,
    )


def test_a_wrong_length_is_told_where_the_check_fits_all_the_same() -> None:
    parsed = parse_frame(bytes.fromhex(SHORT_LENGTH))
    assert (parsed.length_right, parsed.fcs_right) == (False, True)
    assert parsed.frame.destination == HdlcAddress(17, 5481, 4)
    with pytest.raises(DecodeError) as caught:
        decode_frame(bytes.fromhex(SHORT_LENGTH))
    assert (caught.value.summary, caught.value.expected, caught.value.got) == ("a frame length lies", 11, 10)


@pytest.mark.parametrize(
    ("octets", "summary"),
    [
        ("", "a frame is cut short"),
        ("a0070321", "a frame is cut short"),
        ("c00801020110378d", "no frame of format type 3"),
        ("a0", "a frame is cut short"),
        ("a0080102031037", "a frame has no control octet"),
        (UA[:-2], "a frame length lies"),
        (UA + "00", "a frame length lies"),
        ("a0080121" + "01" + "ff" * 3, "a header check sequence is wrong"),
        ("a00802020202378d", "an address does not end"),
        ("a007012137" + "8d", "a frame is cut short"),
    ],
)
def test_refused_frames(octets: str, summary: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_frame(bytes.fromhex(octets))
    assert caught.value.summary == summary


def test_the_length_has_eleven_bits() -> None:
    assert frame_length(bytes.fromhex("afff"), 0) == 0x7FF
    assert frame_length(bytes.fromhex("00a8a4"), 1) == 0xA4


@given(st.integers(0, 7), st.integers(0, 7), st.booleans(), st.binary(max_size=200), st.booleans())
def test_an_information_frame_made_is_the_one_read(
    send: int, receive: int, poll_final: bool, information: bytes, segmented: bool
) -> None:
    destination, source = server_address(1, 5481, 4), HdlcAddress(48, None, 1)
    control = information_control(send, receive, poll_final=poll_final)
    octets = encode_frame(destination, source, control, information, segmented=segmented)
    assert octets[:1] == octets[-1:] == b"\x7e"
    frame = decode_frame(octets[1:-1])
    assert (frame.kind, frame.destination, frame.source) == (FrameKind.I, destination, source)
    assert (frame.send_sequence, frame.receive_sequence, frame.poll_final) == (send, receive, poll_final)
    assert (frame.information, frame.segmented) == (information, segmented)


@pytest.mark.parametrize("kind", [FrameKind.RR, FrameKind.RNR])
@pytest.mark.parametrize("receive", range(8))
def test_a_supervisory_frame_made_is_the_one_read(kind: FrameKind, receive: int) -> None:
    for poll_final in (False, True):
        control = supervisory_control(kind, receive, poll_final=poll_final)
        frame = decode_frame(build(control))
        assert (frame.kind, frame.receive_sequence, frame.poll_final) == (kind, receive, poll_final)


@pytest.mark.parametrize("kind", ["SNRM", "UA", "DISC", "DM", "FRMR", "UI"])
def test_an_unnumbered_frame_made_is_the_one_read(kind: str) -> None:
    for poll_final in (False, True):
        frame = decode_frame(build(unnumbered_control(FrameKind(kind), poll_final=poll_final)))
        assert (frame.kind, frame.poll_final) == (kind, poll_final)


@pytest.mark.parametrize(
    ("octets", "made"),
    [
        (UA, (HdlcAddress(48, None, 1), HdlcAddress(1, None, 1), 0x73, bytes.fromhex(UA[14:-4]))),
        (RR, (HdlcAddress(17, 5481, 4), HdlcAddress(48, None, 1), 0x51, b"")),
    ],
)
def test_frames_of_meters_are_made_again(octets: str, made: tuple[HdlcAddress, HdlcAddress, int, bytes]) -> None:
    assert encode_frame(*made).hex() == f"7e{octets}7e"


def test_a_frame_has_no_more_than_eleven_bits_of_length() -> None:
    four = server_address(1, 17, 4)
    longest = encode_frame(four, four, 0x13, bytes(2_032))
    assert len(decode_frame(longest[1:-1]).information) == 2_032
    with pytest.raises(LocalProtocolError, match="too long"):
        encode_frame(four, four, 0x13, bytes(2_033))


@settings(max_examples=300)
@given(st.binary(max_size=80), st.sampled_from([b"", b"\xa0", b"\xa0\x0a"]))
def test_any_octets_only_raise_decode_error(octets: bytes, start: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_frame(start + octets)
