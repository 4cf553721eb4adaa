"""When a client's station speaks: it keeps its connection alive, and the gap between frames on a serial line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.hdlc import (
    NETWORK_TIMING,
    SERIAL_TIMING,
    HdlcAddress,
    HdlcDeframer,
    HdlcFraming,
    HdlcParameters,
    PrimaryTiming,
    decode_frame,
    encode_frame,
    server_address,
)
from ferraris.dlms.hdlc.llc import LLC_RESPONSE
from ferraris.kernel.errors import LinkTimeoutError
from tests.dlms.hdlc.wire import echo, wire

CLIENT, SERVER = HdlcAddress(16, None, 1), server_address(1, 17)
UA = 0x73
PARAMETERS = st.builds(HdlcParameters, st.integers(8, 300), st.integers(8, 300), st.integers(1, 7), st.integers(1, 7))


def answer(control: int, information: bytes = b"", *, segmented: bool = False, server: HdlcAddress = SERVER) -> bytes:
    return encode_frame(CLIENT, server, control, information, segmented=segmented)


def controls(framing: HdlcFraming) -> list[int]:
    return [decode_frame(octets[1:-1]).control for octets in framing.outgoing()]


# Keeping a connection


def resting(keep_alive_ms: int | None) -> HdlcFraming:
    """A station that has asked once and has been answered at 100 ms."""
    framing = HdlcFraming(16, SERVER, timing=PrimaryTiming(keep_alive_ms=keep_alive_ms))
    framing.connect(0)
    framing.receive(answer(UA), 0)
    framing.send(b"\xc0", 0)
    framing.receive(answer(0x30, LLC_RESPONSE + b"\xc4"), 100)
    assert framing.apdus() == [b"\xc4"]
    framing.outgoing()
    return framing


def test_a_station_that_rests_asks_before_it_is_taken_for_gone() -> None:
    """RR, and again after each answer, until there is an APDU to send."""
    framing = resting(60_000)
    now_ms = 100
    for _ in range(3):
        wake_ms = framing.wake_at()
        assert wake_ms == now_ms + 60_000
        framing.tick(wake_ms)
        assert controls(framing) == [0x31]
        now_ms = wake_ms + 10
        framing.receive(answer(0x31), now_ms)
    framing.send(b"\xc0", now_ms + 5)
    assert controls(framing) == [0x32]


def test_without_that_setting_it_says_nothing() -> None:
    assert resting(None).wake_at() is None


def test_a_secondary_that_does_not_answer_any_more_is_found_gone() -> None:
    framing = resting(60_000)
    for _ in range(PrimaryTiming().tries):
        framing.tick(framing.wake_at() or 0)
    with pytest.raises(LinkTimeoutError):
        framing.tick(framing.wake_at() or 0)


# The gap between frames on a serial line


def test_a_station_speaks_when_the_line_has_been_silent_for_long_enough() -> None:
    framing = HdlcFraming(16, SERVER, timing=SERIAL_TIMING)
    framing.connect(0)
    assert len(framing.outgoing()) == 1, "nobody has spoken yet"
    framing.receive(answer(UA), 1_000)
    framing.send(b"\xc0", 1_001)
    assert framing.outgoing() == []
    assert framing.wake_at() == 1_025
    framing.tick(1_024)
    assert framing.outgoing() == []
    framing.tick(1_025)
    assert controls(framing) == [0x10]
    assert framing.wake_at() == 1_025 + SERIAL_TIMING.response_timeout_ms


def test_what_comes_in_the_gap_makes_it_begin_anew() -> None:
    framing = HdlcFraming(16, SERVER, timing=SERIAL_TIMING)
    framing.connect(0)
    framing.outgoing()
    framing.receive(answer(UA), 1_000)
    framing.send(b"\xc0", 1_001)
    framing.receive(b"\x00", 1_020)
    framing.tick(1_025)
    assert framing.outgoing() == []
    framing.tick(1_045)
    assert controls(framing) == [0x10]


def test_after_a_longer_silence_there_is_no_gap_to_keep() -> None:
    framing = HdlcFraming(16, SERVER, timing=SERIAL_TIMING)
    framing.connect(0)
    framing.outgoing()
    framing.receive(answer(UA), 1_000)
    framing.send(b"\xc0", 2_000)
    assert controls(framing) == [0x10]


def test_the_frames_of_a_turn_are_linked_by_their_flags() -> None:
    granted = HdlcParameters(32, 32, 7, 7)
    framing = HdlcFraming(16, SERVER, granted, SERIAL_TIMING)
    framing.connect(0)
    framing.outgoing()
    framing.receive(answer(UA, granted.encode()), 0)
    framing.send(bytes(70), 100)
    [octets] = framing.outgoing()
    assert b"\x7e\x7e" not in octets
    deframer = HdlcDeframer()
    deframer.receive(octets, 100)
    assert [frame.send_sequence for frame in deframer.frames()] == [0, 1, 2]


def test_a_turn_that_was_given_up_while_it_waited_is_not_sent() -> None:
    framing = HdlcFraming(16, SERVER, timing=SERIAL_TIMING)
    framing.receive(b"\x00", 1_000)
    framing.connect(1_001)
    framing.disconnect(1_002)
    framing.tick(1_100)
    assert framing.outgoing() == []
    assert framing.wake_at() is None


@given(PARAMETERS, st.lists(st.binary(min_size=1, max_size=300), max_size=4), st.integers(1, 60))
def test_with_gaps_kept_at_both_ends_apdus_pass_both_ways(
    proposed: HdlcParameters, apdus: list[bytes], gap_ms: int
) -> None:
    timing = PrimaryTiming(inter_frame_gap_ms=gap_ms)
    line = wire(proposed, timing=timing)
    line.connect()
    for apdu in apdus:
        assert line.ask(apdu) == [echo(apdu)]
    assert line.now_ms >= gap_ms * len(apdus)


def test_over_a_network_the_connection_is_kept_and_no_gap() -> None:
    assert (NETWORK_TIMING.inter_frame_gap_ms, SERIAL_TIMING.inter_frame_gap_ms) == (0, 25)
    assert NETWORK_TIMING.keep_alive_ms == SERIAL_TIMING.keep_alive_ms == 40_000
