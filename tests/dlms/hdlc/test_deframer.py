"""Frames found in live streams: any pieces, noise, lies, gaps, and the flag inside."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.hdlc import HdlcAddress, HdlcDeframer, HdlcFrame, decode_frame, encode_frame
from ferraris.kernel.limits import HDLC_FRAME_OCTETS_MAX
from tests.dlms.hdlc.built import EMPTY, RR, UA, build
from tests.dlms.hdlc.test_addresses import ADDRESSES

FRAMES = st.builds(
    lambda destination, source, control, information, segmented: encode_frame(
        destination, source, control, information, segmented=segmented
    ),
    ADDRESSES,
    ADDRESSES,
    st.sampled_from([0x10, 0x32, 0x51, 0x93, 0x73, 0x13, 0xFF]),
    st.one_of(st.binary(max_size=200), st.text("~\xa0", max_size=60).map(lambda text: text.encode("latin-1"))),
    st.booleans(),
)


def read(octets: bytes, *, timeout_ms: int | None = None) -> list[HdlcFrame]:
    deframer = HdlcDeframer(timeout_ms)
    deframer.receive(octets, 0)
    return deframer.frames()


def bare(octets: bytes) -> bytes:
    return octets[1:-1]


@pytest.mark.parametrize("octets", [UA, RR, EMPTY])
def test_frames_of_meters(octets: str) -> None:
    frame = bytes.fromhex(octets)
    assert read(b"\x7e" + frame + b"\x7e") == [decode_frame(frame)]


@given(st.lists(FRAMES, max_size=6), st.booleans())
def test_a_stream_is_its_frames(frames: list[bytes], shared_flags: bool) -> None:
    stream = b"\x7e".join(map(bare, frames)).join((b"\x7e", b"\x7e")) if shared_flags else b"".join(frames)
    found = read(stream)
    assert [
        encode_frame(f.destination, f.source, f.control, f.information, segmented=f.segmented) for f in found
    ] == frames


@given(st.lists(FRAMES, min_size=1, max_size=3))
def test_one_octet_at_a_time_gives_the_same(frames: list[bytes]) -> None:
    stream = b"".join(frames)
    deframer = HdlcDeframer(25)
    found = []
    for now_ms, octet in enumerate(stream):
        deframer.receive(bytes((octet,)), now_ms)
        assert deframer.unfinished <= HDLC_FRAME_OCTETS_MAX + 1
        found += deframer.frames()
    assert found == read(stream)
    assert len(found) == len(frames)


def test_the_flag_may_stand_anywhere_inside() -> None:
    for information in (b"\x7e", b"\x7e\x7e\x7e", b"\x7e\xa0\x07\x03\x21\x93\x7e", bytes(range(256))):
        assert [frame.information for frame in read(b"\x7e" + build(0x13, information) + b"\x7e")] == [information]


def test_a_flag_in_the_check_sequence_is_no_end() -> None:
    for number in range(70_000):
        frame = build(0x13, number.to_bytes(3, "big"))
        if frame[-2] == 0x7E or frame[-1] == 0x7E:
            assert len(read(b"\x7e" + frame + b"\x7e")) == 1
            return
    raise AssertionError("no such frame")


def test_noise_between_frames_is_dropped() -> None:
    good = b"\x7e" + build(0x51) + b"\x7e"
    deframer = HdlcDeframer()
    deframer.receive(b"\x00\xff\xa0" + good + b"\x12\x34\x7e\x7e" + good + b"\xa0\x07\x7e" + good, 0)
    assert len(deframer.frames()) == 3
    assert deframer.dropped == 2


def test_every_flipped_bit_drops_its_frame_and_no_other() -> None:
    frame, behind = build(0x13, b"\xe6\xe7\x00\x0f"), build(0x51)
    for position in range(len(frame)):
        for bit in range(8):
            flipped = bytearray(frame)
            flipped[position] ^= 1 << bit
            deframer = HdlcDeframer(25)
            deframer.receive(b"\x7e" + flipped + b"\x7e\x7e" + behind + b"\x7e", 0)
            deframer.tick(25)  # a length that is now too long waits for what does not come
            assert deframer.frames() == [decode_frame(behind)]


def test_a_lying_length_does_not_swallow_what_follows() -> None:
    good = b"\x7e" + build(0x51) + b"\x7e"
    liar = b"\x7e\xa7\xff\x03\x21\x13"
    deframer = HdlcDeframer(25)
    deframer.receive(liar + good * 3, 1_000)
    assert deframer.frames() == []
    assert deframer.wake_at() == 1_025
    deframer.tick(1_024)
    assert deframer.frames() == []
    deframer.tick(1_025)
    assert len(deframer.frames()) == 3
    assert deframer.wake_at() is None


def test_without_a_time_out_the_lie_ends_with_its_length() -> None:
    good = b"\x7e" + build(0x51) + b"\x7e"
    deframer = HdlcDeframer()
    deframer.receive(b"\x7e\xa7\xff\x03\x21\x13", 0)
    deframer.receive(good * 300, 10_000_000)
    assert deframer.wake_at() is None
    assert len(deframer.frames()) == 300


def test_a_frame_that_stops_for_too_long_is_none() -> None:
    frame = b"\x7e" + build(0x13, b"\x01\x02\x03") + b"\x7e"
    deframer = HdlcDeframer(25)
    deframer.receive(frame[:8], 0)
    deframer.receive(frame[8:], 24)
    assert len(deframer.frames()) == 1
    deframer.receive(frame[:8], 100)
    deframer.receive(frame[8:], 125)
    assert deframer.frames() == []
    deframer.receive(frame, 126)
    assert len(deframer.frames()) == 1


def test_the_closing_flag_alone_is_waited_for_without_a_time() -> None:
    deframer = HdlcDeframer(25)
    deframer.receive(b"\x7e" + build(0x51) + b"\x7e", 0)
    assert deframer.wake_at() is None
    assert deframer.unfinished == 1


@pytest.mark.parametrize(
    "octets",
    [
        "7ea000" + "7e",
        "7ea008" + "0321" + "93" + "000000" + "7e",
        "7ea00a02020202020202027e",
        "7ea0070321" + "937e",
        "7e" + "a0090321131162aabb" + "7e",
        "7eb0080321930000" + "7e",
    ],
)
def test_what_is_no_frame_is_dropped(octets: str) -> None:
    assert read(bytes.fromhex(octets)) == []


def test_an_undefined_control_octet_is_left_to_the_station() -> None:
    [frame] = read(b"\x7e" + build(0xEF) + b"\x7e")
    assert (frame.kind, frame.control) == ("undefined", 0xEF)
    assert frame.destination == HdlcAddress(1, None, 1)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=60) | FRAMES | st.just(b"\x7e\xa7\xff"), max_size=8))
def test_any_octets_give_frames_or_nothing_and_little_is_kept(pieces: list[bytes]) -> None:
    deframer = HdlcDeframer(25)
    for now_ms, piece in enumerate(pieces):
        deframer.receive(piece, now_ms * 10)
        assert deframer.unfinished <= HDLC_FRAME_OCTETS_MAX + 1
    deframer.tick(1_000_000)
    assert deframer.unfinished <= 1
    for frame in deframer.frames():
        octets = encode_frame(
            frame.destination, frame.source, frame.control, frame.information, segmented=frame.segmented
        )
        assert octets[1:-1] in b"".join(pieces)
