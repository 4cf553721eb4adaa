"""Sequence numbers, windows and segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.hdlc import FrameKind, HdlcAddress, HdlcFrame
from ferraris.dlms.hdlc.numbering import Numbering, Reassembly, Segment
from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

ADDRESS = HdlcAddress(1, None, 1)


def frame(number: int, information: bytes, *, segmented: bool = False) -> HdlcFrame:
    return HdlcFrame(FrameKind.I, ADDRESS, ADDRESS, 0, False, number, 0, segmented, information)


def test_a_message_goes_out_in_segments_as_the_window_allows() -> None:
    numbering = Numbering(4, 2)
    numbering.put(b"0123456789ab")
    numbering.put(b"cd")
    assert numbering.take_turn() == [(0, Segment(b"0123", True)), (1, Segment(b"4567", True))]
    assert numbering.next_number == 2
    assert numbering.acknowledge(2)
    assert numbering.take_turn() == [(2, Segment(b"89ab", False)), (3, Segment(b"cd", False))]
    assert numbering.acknowledge(4)
    assert not numbering.has_unsent
    assert numbering.take_turn() == []


def test_what_was_not_acknowledged_goes_again_under_its_number() -> None:
    numbering = Numbering(1, 3)
    numbering.put(b"abcd")
    first = numbering.take_turn()
    assert numbering.take_turn() == first
    assert numbering.acknowledge(1)
    assert numbering.take_turn() == [(1, Segment(b"b", True)), (2, Segment(b"c", True)), (3, Segment(b"d", False))]


def test_an_acknowledgement_of_what_was_never_sent_is_none() -> None:
    numbering = Numbering(1, 7)
    numbering.put(b"abc")
    numbering.take_turn()
    for wrong in (4, 5, 6, 7):
        assert not numbering.acknowledge(wrong)
    assert numbering.acknowledge(3)
    for wrong in (0, 1, 2, 4):
        assert not numbering.acknowledge(wrong)


def test_a_busy_peer_gets_nothing() -> None:
    numbering = Numbering(1, 7)
    numbering.put(b"ab")
    numbering.peer_busy = True
    assert numbering.take_turn() == []
    assert numbering.has_unsent
    numbering.peer_busy = False
    assert len(numbering.take_turn()) == 2


@given(st.integers(1, 7), st.integers(1, 40), st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.data())
def test_whatever_is_lost_everything_arrives_once_and_in_order(
    window: int, octets: int, messages: list[bytes], data: st.DataObject
) -> None:
    sender, receiver = Numbering(octets, window), Numbering(octets, window)
    for message in messages:
        sender.put(message)
    arrived = []
    while sender.has_unsent:
        for number, segment in sender.take_turn():
            if data.draw(st.integers(0, 9), label="fate"):
                whole = receiver.take(frame(number, segment.information, segmented=segment.more))
                arrived += [] if whole is None else [whole]
        assert sender.acknowledge(receiver.received)
    assert arrived == messages


def test_frames_out_of_turn_are_passed_over() -> None:
    numbering = Numbering(10, 1)
    assert numbering.take(frame(1, b"later")) is None
    assert numbering.take(frame(0, b"now")) == b"now"
    assert numbering.take(frame(0, b"now")) is None
    assert numbering.received == 1


def test_numbers_count_modulo_8() -> None:
    numbering = Numbering(10, 1)
    for count in range(20):
        assert numbering.take(frame(count % 8, bytes((count,)))) == bytes((count,))


def test_segments_without_an_end_are_refused_and_forgotten() -> None:
    reassembly = Reassembly()
    segment = frame(0, bytes(2_000), segmented=True)
    for _ in range(HDLC_REASSEMBLY_OCTETS_MAX // 2_000):
        assert reassembly.take(segment) is None
    with pytest.raises(RemoteProtocolError, match="too long together"):
        reassembly.take(segment)
    assert reassembly.unfinished == 0
