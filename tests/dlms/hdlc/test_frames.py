"""HDLC frames: of real meters, made here, and broken in every way."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec.crc import check_sequence
from ferraris.dlms.hdlc import (
    encode_frame,
    FrameKind,
    HdlcAddress,
    HdlcFrame,
    HdlcParameters,
    decode_frame,
    decode_parameters,
    frame_length,
    join_segments,
    parse_frame,
    split_frames,
)
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

UA = "a01e610373b57c81801205018006013e0704000000010804000000010722"
RR = "a00a002254d361513f99"
SHORT_LENGTH = "a00b002254d36193f4e3"
STUFFED = "a00d0102011063ab7d5e7d5d7d23932d"
EMPTY = "a00801020110378d"


def build(
    control: int, information: bytes = b"", *, destination: str = "03", source: str = "21", segmented: bool = False
) -> bytes:
    """A frame with right length and checks, without flags."""
    addresses = bytes.fromhex(destination + source)
    length = 2 + len(addresses) + 1 + 2 + (len(information) + 2 if information else 0)
    header = (0xA000 | (0x0800 if segmented else 0) | length).to_bytes(2, "big") + addresses + bytes((control,))
    octets = header + (check_sequence(header) + information if information else b"")
    return octets + check_sequence(octets)


def frame(information: bytes, *, segmented: bool = False, source: str = "21") -> HdlcFrame:
    return decode_frame(build(0x13, information, segmented=segmented, source=source))


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


@pytest.mark.parametrize("flags", ["7e{0}7e{1}7e", "7e{0}7e7e{1}7e", "7e7e7e{0}7e{1}7e7e"])
def test_frames_between_flags(flags: str) -> None:
    assert split_frames(bytes.fromhex(flags.format(UA, RR))) == [bytes.fromhex(UA), bytes.fromhex(RR)]


def test_a_frame_without_flags() -> None:
    assert split_frames(bytes.fromhex(UA)) == [bytes.fromhex(UA)]
    assert split_frames(bytes.fromhex(SHORT_LENGTH)) == [bytes.fromhex(SHORT_LENGTH)]


def test_flag_octets_inside_a_frame_stand_as_they_are() -> None:
    octets = build(0x13, b"\x7e\x7e\x7d\x7e")
    [found] = split_frames(b"\x7e" + octets + b"\x7e")
    assert decode_frame(found).information == b"\x7e\x7e\x7d\x7e"


@pytest.mark.parametrize("flag", [b"", b"\x7e"])
def test_stuffing_is_undone_where_the_length_proves_it(flag: bytes) -> None:
    [found] = split_frames(flag + bytes.fromhex(STUFFED) + flag)
    assert decode_frame(found).information == b"\x7e\x7d\x03"


@pytest.mark.parametrize(
    "octets",
    ["7ea01e6103", f"7e{UA}", f"7e{UA[:-2]}7e", f"7e{UA}00{RR}7e", "7e0011227e", f"7e{STUFFED[:-2]}7d7e"],
)
def test_what_stands_between_flags_must_be_frames(octets: str) -> None:
    with pytest.raises(DecodeError):
        list(map(decode_frame, split_frames(bytes.fromhex(octets))))


def test_segments_are_put_together() -> None:
    frames = [frame(b"ab", segmented=True), frame(b"cd", segmented=True), frame(b"ef"), frame(b"gh")]
    assert join_segments(frames) == [b"abcdef", b"gh"]


def test_frames_without_information_do_not_disturb() -> None:
    assert join_segments([frame(b"ab", segmented=True), decode_frame(build(0x51)), frame(b"cd")]) == [b"abcd"]
    assert join_segments([]) == []


def test_a_segment_of_another_peer_is_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        join_segments([frame(b"ab", segmented=True), frame(b"cd", source="23")])
    assert caught.value.summary == "a segment is of another peer"


def test_a_last_segment_that_does_not_come_is_said() -> None:
    with pytest.raises(DecodeError) as caught:
        join_segments([frame(b"ab", segmented=True)])
    assert caught.value.summary == "the last segment is missing"


def test_endless_segments_are_refused() -> None:
    segment = frame(bytes(1900), segmented=True)
    count = HDLC_REASSEMBLY_OCTETS_MAX // 1900 + 1
    with pytest.raises(DecodeError) as caught:
        join_segments([segment] * count)
    assert caught.value.summary == "segments are too long together"


@pytest.mark.parametrize(
    ("octets", "parameters"),
    [
        ("", HdlcParameters()),
        ("818000", HdlcParameters()),
        ("81801205018006013e070400000001080400000001", HdlcParameters(128, 62, 1, 1)),
        ("8180140502007406020074070400000001080400000001", HdlcParameters(116, 116, 1, 1)),
        ("818006070400000007", HdlcParameters(128, 128, 7, 1)),
        ("8180030401ff", HdlcParameters()),
    ],
)
def test_negotiated_parameters(octets: str, parameters: HdlcParameters) -> None:
    assert decode_parameters(bytes.fromhex(octets)) == parameters


@pytest.mark.parametrize("octets", ["81", "8180", "81800105", "818101050180", "81800205", "8180020502"])
def test_refused_parameters(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_parameters(bytes.fromhex(octets))


ADDRESSES = st.one_of(
    st.integers(0, 127).map(lambda a: f"{a << 1 | 1:02x}"),
    st.tuples(st.integers(0, 127), st.integers(0, 127)).map(lambda a: f"{a[0] << 1:02x}{a[1] << 1 | 1:02x}"),
    st.lists(st.integers(0, 127), min_size=4, max_size=4).map(
        lambda a: "".join(f"{part << 1 | (position == 3):02x}" for position, part in enumerate(a))
    ),
)


@given(ADDRESSES, ADDRESSES, st.binary(max_size=100), st.booleans())
def test_any_frame_is_found_and_read(destination: str, source: str, information: bytes, segmented: bool) -> None:
    octets = build(0x13, information, destination=destination, source=source, segmented=segmented)
    [found] = split_frames(b"\x7e" + octets + b"\x7e")
    frame = decode_frame(found)
    assert (frame.information, frame.segmented) == (information, segmented)
    assert (frame.destination.size, frame.source.size) == (len(destination) // 2, len(source) // 2)


@settings(max_examples=300)
@given(st.binary(max_size=80), st.sampled_from([b"", b"\x7e", b"\xa0", b"\x7e\xa0"]))
def test_any_octets_only_raise_decode_error(octets: bytes, start: bytes) -> None:
    with contextlib.suppress(DecodeError):
        join_segments(decode_frame(found) for found in split_frames(start + octets))
    with contextlib.suppress(DecodeError):
        decode_parameters(octets)
