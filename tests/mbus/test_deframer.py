"""Frames out of a live M-Bus line, whatever else is on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import MbusFrame, SingleCharacter, encode_long_frame, encode_short_frame

GAP_MS = 500
ACK = b"\xe5"
LONG_OCTETS_MAX = 261
frames = st.one_of(
    st.just((SingleCharacter.ACKNOWLEDGED, ACK)),
    st.builds(
        lambda control, address: (MbusFrame(control, address), encode_short_frame(control, address)),
        st.integers(0, 255),
        st.integers(0, 255),
    ),
    st.builds(
        lambda control, address, ci, data: (
            MbusFrame(control, address, ci, data),
            encode_long_frame(control, address, ci, data),
        ),
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 255),
        st.binary(max_size=252),
    ),
)


@given(st.lists(frames, max_size=6), st.data())
def test_frames_come_out_of_any_pieces(sent: list[tuple[object, bytes]], data: st.DataObject) -> None:
    deframer = MbusDeframer(GAP_MS)
    stream = b"".join(octets for _, octets in sent)
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        deframer.receive(stream[:size], 0)
        stream = stream[size:]
    assert deframer.frames() == [frame for frame, _ in sent]
    assert (deframer.dropped, deframer.unfinished, deframer.wake_at()) == (0, 0, None)


def test_one_octet_at_a_time() -> None:
    deframer = MbusDeframer(GAP_MS)
    for octet in ACK + encode_short_frame(0x5B, 1) + encode_long_frame(8, 1, 0x10, b"\x01\x10"):
        deframer.receive(bytes((octet,)), 0)
    assert deframer.frames() == [SingleCharacter.ACKNOWLEDGED, MbusFrame(0x5B, 1), MbusFrame(8, 1, 0x10, b"\x01\x10")]


@pytest.mark.parametrize(
    "noise",
    [
        "00ff55",
        "16",
        "10 40 01 42 16",  # a wrong checksum
        "10 40 01 41 17",  # a wrong stop
        "68 05 06 68",  # two lengths
        "68 02 02 68",  # too short to be a frame
        "68 03 03 10",  # no second start
        "68 03 03 68 08 01 72 7c 16",  # a wrong checksum
    ],
)
def test_noise_before_a_frame_is_dropped(noise: str) -> None:
    deframer = MbusDeframer(GAP_MS)
    deframer.receive(bytes.fromhex(noise) + encode_short_frame(0x7B, 9), 0)
    assert MbusFrame(0x7B, 9) in deframer.frames()
    assert deframer.dropped


def test_a_lying_length_swallows_no_frame_behind_it() -> None:
    """It waits for octets that do not come, and is given up; what came in its place is found."""
    deframer = MbusDeframer(GAP_MS)
    deframer.receive(b"\x68\xff\xff\x68" + encode_short_frame(0x7B, 9), 1_000)
    assert deframer.frames() == []
    assert deframer.wake_at() == 1_000 + GAP_MS
    deframer.tick(1_000 + GAP_MS - 1)
    assert deframer.frames() == []
    deframer.tick(1_000 + GAP_MS)
    assert deframer.frames() == [MbusFrame(0x7B, 9)]
    assert deframer.wake_at() is None


def test_a_frame_that_stops_is_given_up_by_the_octets_behind_the_gap_too() -> None:
    deframer = MbusDeframer(GAP_MS)
    deframer.receive(b"\x68\x09\x09\x68\x08", 0)
    deframer.receive(ACK, GAP_MS + 1)
    assert deframer.frames() == [SingleCharacter.ACKNOWLEDGED]


@given(st.lists(st.binary(max_size=700), max_size=8))
def test_any_octets_leave_no_more_than_one_frame_behind(pieces: list[bytes]) -> None:
    deframer = MbusDeframer(GAP_MS)
    for piece in pieces:
        deframer.receive(b"\x68\xff\xff\x68" + piece, 0)
        assert deframer.unfinished < LONG_OCTETS_MAX
    deframer.tick(GAP_MS)
    assert deframer.unfinished == 0
