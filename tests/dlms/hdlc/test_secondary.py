"""A meter's station, driven by frames made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.hdlc import (
    FrameKind,
    HdlcAddress,
    HdlcFrame,
    HdlcParameters,
    LinkState,
    decode_frame,
    encode_frame,
    server_address,
)
from ferraris.dlms.hdlc.deframer import HdlcDeframer
from ferraris.dlms.hdlc.llc import LLC_COMMAND
from ferraris.dlms.hdlc.numbering import Numbering
from ferraris.dlms.hdlc.secondary import FrameReject, SecondaryStation
from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

CLIENT, OWN = HdlcAddress(16, None, 1), server_address(1, 17)
SNRM, DISC, RR, RNR, UI = 0x93, 0x53, 0x11, 0x15, 0x13


def command(control: int, information: bytes = b"", *, segmented: bool = False) -> HdlcFrame:
    octets = encode_frame(OWN, CLIENT, control, information, segmented=segmented)
    deframer = HdlcDeframer()
    deframer.receive(octets, 0)
    [frame] = deframer.frames()
    return frame


def station(limits: HdlcParameters | None = None) -> SecondaryStation:
    return SecondaryStation(OWN, CLIENT, limits or HdlcParameters(), 10_000)


def answers(secondary: SecondaryStation, frame: HdlcFrame, now_ms: int = 0) -> list[HdlcFrame]:
    secondary.take(frame, now_ms)
    return [decode_frame(octets[1:-1]) for octets in secondary.outgoing()]


def connected(limits: HdlcParameters | None = None) -> SecondaryStation:
    secondary = station(limits)
    [ua] = answers(secondary, command(SNRM, HdlcParameters(2_030, 2_030, 7, 7).encode()))
    assert (ua.kind, ua.poll_final, ua.destination, ua.source) == ("UA", True, CLIENT, OWN)
    assert secondary.state is LinkState.CONNECTED
    return secondary


def test_a_connection_is_granted_as_far_as_both_can() -> None:
    secondary = station(HdlcParameters(256, 128, 3, 2))
    [ua] = answers(secondary, command(SNRM, HdlcParameters(500, 200, 7, 1).encode()))
    assert ua.information == HdlcParameters(200, 128, 1, 2).encode()
    assert secondary.parameters == HdlcParameters(200, 128, 1, 2)


def test_a_connection_asked_for_without_parameters_has_the_defaults() -> None:
    secondary = station(HdlcParameters(2_030, 2_030, 7, 7))
    [ua] = answers(secondary, command(SNRM))
    assert ua.information == HdlcParameters().encode()


@pytest.mark.parametrize("information", [b"\x81", b"\x81\x80\x05\x05\x7f", HdlcParameters().encode()[:-1] + b"\x00"])
def test_parameters_that_nobody_can_work_with_are_answered_with_dm(information: bytes) -> None:
    secondary = station()
    assert [frame.kind for frame in answers(secondary, command(SNRM, information))] == ["DM"]
    assert secondary.state is LinkState.DISCONNECTED


def test_without_the_poll_bit_nothing_is_answered() -> None:
    secondary = station()
    assert answers(secondary, command(SNRM & ~0x10)) == []
    assert secondary.state is LinkState.DISCONNECTED
    assert answers(secondary, command(RR & ~0x10)) == []
    secondary = connected()
    for control in (0x00, RR & ~0x10, RNR & ~0x10, UI & ~0x10, 0xEF):
        assert answers(secondary, command(control)) == []


@pytest.mark.parametrize("control", [0x10, RR, RNR, UI, DISC, 0xFF])
def test_a_disconnected_station_says_so(control: int) -> None:
    assert [frame.kind for frame in answers(station(), command(control))] == ["DM"]


def test_disconnecting_is_acknowledged_once() -> None:
    secondary = connected()
    assert [frame.kind for frame in answers(secondary, command(DISC))] == ["UA"]
    assert [frame.kind for frame in answers(secondary, command(DISC))] == ["DM"]


def test_the_turn_is_given_back_with_rr_when_nothing_is_ready() -> None:
    secondary = connected()
    [frame] = answers(secondary, command(0x10, LLC_COMMAND + b"\xc0"))
    assert (frame.kind, frame.receive_sequence, frame.poll_final) == ("RR", 1, True)
    assert secondary.messages() == [b"\xc0"]
    assert secondary.outgoing() == []
    secondary.send(b"\xc4")
    assert secondary.outgoing() == []  # it has not the turn
    [frame] = answers(secondary, command(RR))
    assert (frame.kind, frame.information, frame.poll_final) == ("I", b"\xe6\xe7\x00\xc4", True)


def test_an_answer_goes_out_as_the_window_allows() -> None:
    secondary = connected(HdlcParameters(10, 128, 2, 1))
    secondary.take(command(0x10, LLC_COMMAND + b"\xc0"), 0)
    secondary.send(bytes(25))
    frames = [decode_frame(octets[1:-1]) for octets in secondary.outgoing()]
    assert [(frame.send_sequence, frame.poll_final, frame.segmented) for frame in frames] == [
        (0, False, True),
        (1, True, True),
    ]
    [last] = answers(secondary, command(RR | 2 << 5))
    assert (last.send_sequence, last.poll_final, last.segmented) == (2, True, False)


def test_what_did_not_arrive_is_sent_again() -> None:
    secondary = connected(HdlcParameters(10, 128, 3, 1))
    secondary.take(command(0x10, LLC_COMMAND + b"\xc0"), 0)
    secondary.send(bytes(25))
    first = [decode_frame(octets[1:-1]) for octets in secondary.outgoing()]
    assert answers(secondary, command(RR | 0 << 5)) == first
    assert [frame.send_sequence for frame in answers(secondary, command(RR | 1 << 5))] == [1, 2]
    again = command(0x10, LLC_COMMAND + b"\xc0")  # the request itself once more: acted upon once
    secondary = connected()
    for _ in range(2):
        secondary.take(again, 0)
    assert secondary.messages() == [b"\xc0"]


def test_a_busy_client_gets_no_numbered_frame() -> None:
    secondary = connected()
    secondary.send(b"\xc4")
    [frame] = answers(secondary, command(RNR))
    assert frame.kind == "RR"
    [frame] = answers(secondary, command(RR))
    assert frame.kind == "I"


REJECTED = [
    (0xEF, b"", 0x01),
    (RR, b"\x00", 0x02),
    (0x10, bytes(129), 0x04),
    (RR | 3 << 5, b"", 0x08),
    (0xF0, LLC_COMMAND, 0x08),
]


@pytest.mark.parametrize(("control", "information", "reasons"), REJECTED)
def test_what_cannot_be_taken_is_rejected_until_connected_anew(control: int, information: bytes, reasons: int) -> None:
    secondary = connected()
    secondary.take(command(0x00, LLC_COMMAND + b"\xc0"), 0)
    if control & 0x10 == 0:
        control |= 0x10
    [frame] = answers(secondary, command(control | 0x10, information))
    assert (frame.kind, frame.information) == ("FRMR", bytes((control, 0x20, reasons)))
    assert answers(secondary, command(RR)) == [frame]
    assert answers(secondary, command(0x12, LLC_COMMAND + b"\xc0")) == [frame]
    assert [answer.kind for answer in answers(secondary, command(SNRM))] == ["UA"]
    assert [answer.kind for answer in answers(secondary, command(RR))] == ["RR"]


def test_the_reject_says_where_the_numbers_stood() -> None:
    assert FrameReject(0x54, 3, 5, 0x08).encode() == bytes((0x54, 5 << 5 | 3 << 1, 0x08))


def test_a_reassembly_bomb_is_rejected() -> None:
    secondary = connected(HdlcParameters(2_030, 2_030, 7, 7))
    for number in range(HDLC_REASSEMBLY_OCTETS_MAX // 2_000):
        assert answers(secondary, command(number % 8 << 1, bytes(2_000), segmented=True)) == []
    last = HDLC_REASSEMBLY_OCTETS_MAX // 2_000 % 8 << 1 | 0x10
    [frame] = answers(secondary, command(last, bytes(2_000), segmented=True))
    assert (frame.kind, frame.information[2]) == ("FRMR", 0x04)


def test_a_message_for_another_service_is_dropped() -> None:
    secondary = connected()
    assert [frame.kind for frame in answers(secondary, command(0x10, b"\x01\x02\x03\x04"))] == ["RR"]
    assert secondary.messages() == []


def test_responses_on_the_line_are_not_answered() -> None:
    secondary = connected()
    for control in (0x73, 0x1F, 0x97):
        assert answers(secondary, command(control)) == []
    assert secondary.state is LinkState.CONNECTED


def test_a_silent_client_is_disconnected() -> None:
    secondary = connected()
    secondary.take(command(RR), 5_000)
    assert secondary.wake_at() == 15_000
    secondary.tick(14_999)
    assert secondary.state is LinkState.CONNECTED
    secondary.tick(15_000)
    assert secondary.state is LinkState.DISCONNECTED
    assert secondary.wake_at() is None
    with pytest.raises(LocalProtocolError):
        secondary.send(b"\xc4")


def test_connecting_anew_forgets_what_was_under_way() -> None:
    secondary = connected()
    secondary.take(command(0x00, LLC_COMMAND + b"\xc0"), 0)
    secondary.send(b"\xc4")
    answers(secondary, command(SNRM))
    assert secondary.messages() == []
    [frame] = answers(secondary, command(RR))
    assert (frame.kind, frame.receive_sequence) == ("RR", 0)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60), st.booleans()), max_size=30))
def test_any_frames_leave_a_station_that_can_be_connected(frames: list[tuple[int, bytes, bool]]) -> None:
    secondary = station()
    for control, information, segmented in frames:
        for answer in answers(secondary, command(control, information, segmented=segmented)):
            assert answer.kind in set(FrameKind) - {FrameKind.SNRM, FrameKind.DISC}
    assert [frame.kind for frame in answers(secondary, command(SNRM))] == ["UA"]


def test_numbers_of_a_station_are_those_of_its_connection() -> None:
    assert Numbering(1, 1).received == 0
