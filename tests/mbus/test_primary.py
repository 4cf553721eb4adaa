"""The station that asks."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError
from ferraris.mbus.frames import BROADCAST, TO_ANY_STATION, Function, encode_long_frame, encode_short_frame
from ferraris.mbus.primary import NOISE_OCTETS_MAX, MbusTiming, NothingReady, PrimaryStation, Sent, UserData

ACK = b"\xe5"
TIMING = MbusTiming(response_timeout_ms=100, tries=3, inter_octet_timeout_ms=20)


def station(address: int = 5) -> PrimaryStation:
    primary = PrimaryStation(address, TIMING)
    primary.reset(0)
    if address != BROADCAST:
        assert primary.outgoing() == [encode_short_frame(0x40, address)]
        primary.receive(ACK, 0)
    assert primary.events() == [Sent(Function.SND_NKE)]
    return primary


def test_the_frame_count_bit_changes_with_every_command_and_begins_set() -> None:
    primary = station()
    controls = []
    for _ in range(3):
        primary.send(0x10, b"\x10\x01", 0)
        (octets,) = primary.outgoing()
        controls.append(octets[4])
        primary.receive(ACK, 0)
        primary.request(0)
        (octets,) = primary.outgoing()
        controls.append(octets[1])
        primary.receive(encode_long_frame(8, 5, 0x10, b"\x01\x10"), 0)
    assert controls == [0x73, 0x5B] * 3
    primary.reset(0)
    primary.receive(ACK, 0)
    primary.outgoing()
    primary.request(0)
    assert primary.outgoing() == [encode_short_frame(0x7B, 5)]


def test_one_command_is_under_way_at_a_time() -> None:
    primary = station()
    for number in range(3):
        primary.send(number, b"", 0)
    for number in range(3):
        (octets,) = primary.outgoing()
        assert octets[6] == number
        assert primary.busy
        primary.receive(ACK, 0)
    assert primary.outgoing() == []
    assert not primary.busy
    assert primary.events() == [Sent(Function.SND_UD)] * 3


@pytest.mark.parametrize(("control", "more"), [(0x08, False), (0x28, True), (0x18, False), (0x38, True)])
def test_an_answer_says_whether_there_is_more(control: int, more: bool) -> None:
    primary = station()
    primary.request(0)
    for octet in encode_long_frame(control, 5, 0x10, b"\x01\x10\xc4"):
        primary.receive(bytes((octet,)), 0)
    assert primary.events() == [UserData(0x10, b"\x01\x10\xc4", more)]
    assert primary.wake_at() is None


def test_nothing_ready() -> None:
    primary = station()
    primary.request(0)
    primary.receive(ACK, 0)
    assert primary.events() == [NothingReady()]


def test_silence_is_asked_again_with_the_same_bit_and_given_up_in_the_end() -> None:
    primary = station()
    primary.request(0)
    first = primary.outgoing()
    for now_ms in (100, 200):
        assert primary.wake_at() == now_ms
        primary.tick(now_ms - 1)
        assert primary.outgoing() == []
        primary.tick(now_ms)
        assert primary.outgoing() == first
    with pytest.raises(LinkTimeoutError):
        primary.tick(300)
    assert primary.wake_at() is None


def test_octets_that_come_give_more_time() -> None:
    primary = station()
    primary.request(0)
    octets = encode_long_frame(8, 5, 0x10, bytes(20))
    primary.receive(octets[:9], 90)
    assert primary.wake_at() == 110
    primary.tick(109)
    primary.receive(octets[9:], 109)
    assert len(primary.events()) == 1


@pytest.mark.parametrize(
    "octets",
    [
        encode_long_frame(8, 6, 0x10, b"\x01\x10"),  # of another station
        encode_long_frame(0x53, 5, 0x10, b"\x01\x10"),  # a command: another primary, or an echo
        encode_short_frame(0x7B, 5),
        encode_short_frame(0x08, 5),
        b"\x68\x03\x03\x68",
    ],
)
def test_what_is_no_answer_is_passed_over(octets: bytes) -> None:
    primary = station()
    primary.request(0)
    primary.receive(octets, 0)
    assert primary.events() == []
    assert primary.busy


def test_user_data_are_no_acknowledgement() -> None:
    primary = station()
    primary.send(0x10, b"", 0)
    primary.receive(encode_long_frame(8, 5, 0x10, b"\x01\x10"), 0)
    assert primary.events() == []


def test_whoever_is_on_the_line_may_answer_the_test_address() -> None:
    primary = station(TO_ANY_STATION)
    primary.request(0)
    primary.receive(encode_long_frame(8, 17, 0x10, b""), 0)
    assert primary.events() == [UserData(0x10, b"", more=False)]


def test_nobody_answers_what_is_for_everybody() -> None:
    primary = station(BROADCAST)
    primary.outgoing()
    primary.send(0x00, b"", 0)
    primary.send(0x11, b"", 0)
    assert len(primary.outgoing()) == 2
    assert primary.events() == [Sent(Function.SND_UD)] * 2
    assert primary.wake_at() is None


def test_user_data_too_long_for_a_frame_are_refused_at_once() -> None:
    primary = station()
    with pytest.raises(LocalProtocolError):
        primary.send(0, bytes(253), 0)
    assert not primary.busy


@given(st.lists(st.tuples(st.binary(max_size=30), st.integers(0, 40)), max_size=20))
def test_any_octets_at_any_time_end_in_silence_at_worst(pieces: list[tuple[bytes, int]]) -> None:
    primary = PrimaryStation(5, TIMING)
    now_ms = 0
    primary.reset(0)
    primary.send(0x10, b"", 0)
    primary.request(0)
    with contextlib.suppress(LinkTimeoutError):
        for octets, passed_ms in pieces:
            now_ms += passed_ms
            primary.tick(now_ms)
            primary.receive(octets, now_ms)


# What is not to be taken for an answer


def test_an_acknowledgement_that_comes_twice_is_none_of_the_next_command() -> None:
    """That one was not even sent when it came."""
    primary = station()
    primary.send(0x10, b"first", 0)
    primary.send(0x11, b"second", 0)
    primary.receive(ACK * 2, 0)
    assert primary.events() == [Sent(Function.SND_UD)]
    assert primary.busy
    primary.receive(ACK, 0)
    assert primary.events() == [Sent(Function.SND_UD)]


def test_an_answer_that_comes_twice_is_one() -> None:
    primary = station()
    primary.request(0)
    primary.request(0)
    primary.receive(encode_long_frame(8, 5, 0x10, b"ab") * 2, 0)
    assert primary.events() == [UserData(0x10, b"ab", more=False)]
    assert primary.busy


@pytest.mark.parametrize("place", range(9 + 6))
def test_an_acknowledgement_inside_a_damaged_answer_is_none(place: int) -> None:
    """Taken for `nothing ready` it would cost the answer: the next question has another frame count bit."""
    primary = station()
    primary.request(0)
    answer = bytearray(encode_long_frame(8, 5, 0x10, b"ab\xe5cdef"))
    answer[place] ^= 0x01
    for now_ms, octet in enumerate(answer):
        primary.receive(bytes((octet,)), now_ms)
    assert primary.events() == []
    for now_ms in (len(answer) + 19, len(answer) + 99):
        primary.tick(now_ms)
    primary.receive(encode_long_frame(8, 5, 0x10, b"ab\xe5cdef"), 200)
    assert primary.events() == [UserData(0x10, b"ab\xe5cdef", more=False)]


def test_an_acknowledgement_behind_a_glitch_of_the_line_is_one() -> None:
    primary = station()
    primary.send(0x10, b"", 0)
    primary.receive(b"\xff\x00" + ACK, 0)
    assert primary.events() == [Sent(Function.SND_UD)]


def test_a_line_that_never_falls_silent_is_given_up() -> None:
    primary = station()
    primary.request(0)
    for now_ms in range(NOISE_OCTETS_MAX):
        primary.receive(b"\x00", now_ms)
    with pytest.raises(LinkTimeoutError, match="noise"):
        primary.receive(b"\x00", NOISE_OCTETS_MAX)
    assert not primary.busy


def test_what_waited_behind_a_command_that_failed_is_not_sent_later() -> None:
    primary = station()
    primary.send(0x10, b"old", 0)
    primary.send(0x11, b"old too", 0)
    for now_ms in (100, 200):
        primary.tick(now_ms)
    with pytest.raises(LinkTimeoutError):
        primary.tick(300)
    primary.outgoing()
    primary.reset(400)
    primary.receive(ACK, 400)
    primary.send(0x12, b"new", 400)
    assert [octets[6:-2] for octets in primary.outgoing() if octets[0] == 0x68] == [b"\x12new"]


def test_after_a_command_that_failed_both_must_begin_anew() -> None:
    """Whether it was done nobody knows, so the frame count bits may differ: the next question could be taken for the last."""
    primary = station()
    primary.request(0)
    primary.receive(encode_long_frame(8, 5, 0x10, b"first"), 0)
    primary.request(0)
    for now_ms in (100, 200):
        primary.tick(now_ms)
    with pytest.raises(LinkTimeoutError):
        primary.tick(300)
    primary.outgoing()
    primary.events()
    with pytest.raises(LocalProtocolError, match="begin anew"):
        primary.request(400)
    primary.reset(400)
    primary.receive(ACK, 400)
    primary.request(400)
    assert primary.outgoing()[-1] == encode_short_frame(0x7B, 5)
