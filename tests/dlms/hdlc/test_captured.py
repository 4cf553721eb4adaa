"""HDLC in captures: frames between flags, stuffing undone, segments put together."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.hdlc import HdlcFrame, decode_frame, join_segments, split_frames
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX
from tests.dlms.hdlc.built import RR, SHORT_LENGTH, STUFFED, UA, build


def frame(information: bytes, *, segmented: bool = False, source: str = "21") -> HdlcFrame:
    return decode_frame(build(0x13, information, segmented=segmented, source=source))


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
