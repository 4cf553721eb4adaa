"""The client's station, against the meters' own and against frames made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.framing import Framing
from ferraris.dlms.hdlc import (
    HdlcAddress,
    HdlcFraming,
    HdlcParameters,
    LinkState,
    PrimaryTiming,
    decode_frame,
    encode_frame,
    server_address,
)
from ferraris.dlms.hdlc.llc import LLC_RESPONSE
from ferraris.kernel.errors import (
    DecodeError,
    LinkClosedError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import HDLC_POLLS_MAX, HDLC_REASSEMBLY_OCTETS_MAX
from tests.dlms.hdlc.wire import Wire, echo, wire

CLIENT, SERVER = HdlcAddress(16, None, 1), server_address(1, 17)
UA, DM, FRMR, UI = 0x73, 0x1F, 0x97, 0x03
PARAMETERS = st.builds(HdlcParameters, st.integers(8, 300), st.integers(8, 300), st.integers(1, 7), st.integers(1, 7))


def answer(control: int, information: bytes = b"", *, segmented: bool = False, server: HdlcAddress = SERVER) -> bytes:
    return encode_frame(CLIENT, server, control, information, segmented=segmented)


def connected(proposed: HdlcParameters | None = None, granted: HdlcParameters | None = None) -> HdlcFraming:
    framing = HdlcFraming(16, SERVER, proposed)
    framing.connect(0)
    framing.receive(answer(UA, b"" if granted is None else granted.encode()), 0)
    framing.outgoing()
    assert framing.connected
    return framing


def controls(framing: HdlcFraming) -> list[int]:
    return [decode_frame(octets[1:-1]).control for octets in framing.outgoing()]


def test_the_station_is_a_framing() -> None:
    framing: Framing = HdlcFraming(16, SERVER)
    assert not framing.connected
    assert framing.wake_at() is None


@given(PARAMETERS, PARAMETERS, st.lists(st.binary(max_size=1_000), max_size=6))
def test_apdus_pass_both_ways_whatever_was_negotiated(
    proposed: HdlcParameters, limits: HdlcParameters, apdus: list[bytes]
) -> None:
    line = wire(proposed, limits)
    line.connect()
    assert line.framing.connected
    assert [line.ask(apdu) for apdu in apdus] == [[echo(apdu)] for apdu in apdus]
    assert line.received == apdus
    longest = max(
        (len(decode_frame(frame[1:-1]).information) for way, frame in line.frames[2:] if way == "there"), default=0
    )
    assert longest <= min(proposed.max_information_octets_transmit, limits.max_information_octets_receive)
    line.framing.disconnect(line.now_ms)
    line.run()
    assert line.framing.state is LinkState.DISCONNECTED
    assert line.line.connections == 0
    assert line.now_ms == 0  # nothing was waited for


@settings(max_examples=150, deadline=None)
@given(PARAMETERS, st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=4), st.data())
def test_lost_and_damaged_frames_are_sent_again(
    parameters: HdlcParameters, apdus: list[bytes], data: st.DataObject
) -> None:
    fates = data.draw(st.lists(st.sampled_from(["passes"] * 6 + ["lost", "damaged", "doubled"]), max_size=60))

    def fate(octets: bytes) -> bytes:
        match fates.pop() if fates else "passes":
            case "lost":
                return b""
            case "damaged":
                return octets[:5] + bytes((octets[5] ^ 0x04,)) + octets[6:]
            case "doubled":
                return octets + octets
            case _:
                return octets

    line = wire(parameters, timing=PrimaryTiming(tries=70, inter_octet_timeout_ms=25))
    line.there = line.back = fate
    line.connect()
    assert [line.ask(apdu) for apdu in apdus] == [[echo(apdu)] for apdu in apdus]
    assert line.received == apdus


def test_the_window_fills_before_the_turn_goes() -> None:
    line = wire(HdlcParameters(100, 100, 7, 3))
    line.connect()
    del line.frames[:]
    line.ask(bytes(1_000))
    there = [decode_frame(frame[1:-1]) for way, frame in line.frames if way == "there"]
    assert [(frame.kind, frame.send_sequence, frame.poll_final, frame.segmented) for frame in there[:11]] == [
        ("I", 0, False, True),
        ("I", 1, False, True),
        ("I", 2, False, True),
        ("I", 3, False, True),
        ("I", 4, False, True),
        ("I", 5, False, True),
        ("I", 6, True, True),
        ("I", 7, False, True),
        ("I", 0, False, True),
        ("I", 1, False, True),
        ("I", 2, True, False),
    ]
    back = [decode_frame(frame[1:-1]) for way, frame in line.frames if way == "back"]
    assert [(frame.kind, frame.poll_final) for frame in back[:4]] == [
        ("RR", True),
        ("I", False),
        ("I", False),
        ("I", True),
    ]
    assert {frame.kind for frame in there[11:]} == {"RR"}


def test_the_echo_of_the_line_is_passed_over() -> None:
    line = wire(HdlcParameters(64, 64, 3, 3))
    framing = line.framing

    def with_echo(octets: bytes) -> bytes:
        framing.receive(octets, line.now_ms)
        return octets

    line.there = with_echo
    line.connect()
    assert line.ask(bytes(500)) == [echo(bytes(500))]


def test_frames_for_others_are_passed_over() -> None:
    framing = connected()
    framing.send(b"\xc0", 0)
    framing.outgoing()
    stranger = answer(0x30, LLC_RESPONSE + b"\xc4", server=server_address(1, 18))
    other_client = encode_frame(HdlcAddress(17, None, 1), SERVER, 0x30, LLC_RESPONSE + b"\xc4")
    framing.receive(stranger + other_client, 10)
    assert framing.apdus() == []
    framing.receive(answer(0x30, LLC_RESPONSE + b"\xc4"), 20)
    assert framing.apdus() == [b"\xc4"]


def test_a_client_address_of_two_octets_in_the_answer_is_understood() -> None:
    framing = HdlcFraming(16, SERVER)
    framing.connect(0)
    framing.receive(encode_frame(HdlcAddress(16, 0, 2), SERVER, UA), 0)
    assert framing.connected


def test_without_parameters_the_defaults_hold() -> None:
    framing = connected(HdlcParameters(2_030, 2_030, 7, 7))
    assert framing.parameters == HdlcParameters()
    assert HdlcFraming(16, SERVER).connected is False
    plain = HdlcFraming(16, SERVER)
    plain.connect(0)
    assert decode_frame(plain.outgoing()[0][1:-1]).information == b""


def test_a_silent_meter_is_asked_again_and_then_given_up() -> None:
    framing = HdlcFraming(16, SERVER, timing=PrimaryTiming(response_timeout_ms=1_000, tries=3))
    framing.connect(0)
    sent = framing.outgoing()
    for now_ms in (1_000, 2_000):
        assert framing.wake_at() == now_ms
        framing.tick(now_ms)
        assert framing.outgoing() == sent
    with pytest.raises(LinkTimeoutError, match="asked 3 times"):
        framing.tick(3_000)
    assert framing.state is LinkState.DISCONNECTED
    assert framing.wake_at() is None
    framing.connect(4_000)
    assert framing.outgoing() == sent


def test_too_early_a_tick_asks_nothing() -> None:
    framing = HdlcFraming(16, SERVER)
    framing.connect(0)
    framing.outgoing()
    framing.tick(2_999)
    assert framing.outgoing() == []


def test_anything_that_comes_gives_the_meter_its_time_anew() -> None:
    framing = connected()
    framing.send(b"\xc0", 0)
    framing.receive(b"\x00", 2_900)
    assert framing.wake_at() == 5_900


def test_a_lost_answer_is_asked_for_with_the_same_frame() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    first = framing.outgoing()
    framing.tick(3_000)
    assert framing.outgoing() == first


def test_a_meter_that_acknowledges_nothing_is_given_up() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    for _ in range(2):
        framing.outgoing()
        framing.receive(answer(0x11), 0)
    assert controls(framing) == [0x10]
    with pytest.raises(LinkTimeoutError):
        framing.receive(answer(0x11), 0)


def test_a_busy_meter_is_asked_until_it_is_ready() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    assert controls(framing) == [0x10]
    framing.receive(answer(0x15), 0)  # RNR, nothing acknowledged
    assert controls(framing) == []
    framing.tick(framing.wake_at() or 0)
    assert controls(framing) == [0x11]  # RR with the poll bit
    framing.receive(answer(0x11), 200)
    assert controls(framing) == [0x10]


def test_an_answer_that_is_not_ready_is_asked_for_in_intervals() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    assert controls(framing) == [0x10]
    framing.receive(answer(0x31), 0)
    for count in range(1, 6):
        assert framing.wake_at() == 100 * count
        framing.tick(100 * count)
        assert controls(framing) == [0x11]
        framing.receive(answer(0x31), 100 * count)
    framing.tick(600)
    framing.receive(answer(0x30, LLC_RESPONSE + b"\xc4"), 600)
    assert framing.apdus() == [b"\xc4"]
    assert framing.wake_at() is None


def test_an_answer_that_never_comes_is_not_asked_for_for_ever() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    framing.outgoing()
    framing.receive(answer(0x31), 0)
    polls = 0
    while (now_ms := framing.wake_at()) is not None:
        framing.tick(now_ms)
        framing.receive(answer(0x31), now_ms)
        polls += 1
    assert polls == HDLC_POLLS_MAX


def test_what_comes_under_a_wrong_number_is_not_taken() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    framing.receive(answer(0x32, LLC_RESPONSE + b"late"), 0)  # N(S) 1, but 0 is due
    assert framing.apdus() == []
    framing.receive(answer(0xD0, LLC_RESPONSE + b"never sent"), 0)  # N(R) 6
    assert framing.apdus() == []


def test_a_disconnected_meter_says_so() -> None:
    framing = connected()
    framing.send(b"\xc0\x01", 0)
    with pytest.raises(LinkClosedError, match="DM"):
        framing.receive(answer(DM), 0)
    assert not framing.connected
    refused = HdlcFraming(16, SERVER)
    refused.connect(0)
    with pytest.raises(LinkClosedError, match="DM"):
        refused.receive(answer(DM), 0)


def test_a_frame_that_the_meter_rejects_ends_the_connection() -> None:
    framing = connected()
    with pytest.raises(RemoteProtocolError) as caught:
        framing.receive(answer(FRMR, b"\x10\x00\x04"), 0)
    assert caught.value.got == "100004"
    assert framing.state is LinkState.DISCONNECTED


@pytest.mark.parametrize(
    "information",
    [b"\x81\x80\x03\x05\x01\x00", b"\x81\x80\x06\x08\x04\x00\x00\x00\x00", b"\x80", b"\x81\x80\x05\x05\x7f"],
)
def test_parameters_that_nobody_can_work_with_are_refused(information: bytes) -> None:
    framing = HdlcFraming(16, SERVER)
    framing.connect(0)
    with pytest.raises(RemoteProtocolError):
        framing.receive(answer(UA, information), 0)
    assert framing.state is LinkState.DISCONNECTED


def test_generous_parameters_are_cut_down_to_our_own() -> None:
    framing = HdlcFraming(16, SERVER, HdlcParameters(200, 200, 2, 2))
    framing.connect(0)
    framing.receive(answer(UA, bytes.fromhex("8180140502ffff0602ffff070400000009080400000009")), 0)
    assert framing.parameters == HdlcParameters(200, 200, 2, 2)


def test_a_reassembly_bomb_is_refused() -> None:
    framing = connected(HdlcParameters(2_030, 2_030, 7, 7), HdlcParameters(2_030, 2_030, 7, 7))
    framing.send(b"\xc0", 0)
    fitting = HDLC_REASSEMBLY_OCTETS_MAX // 2_000
    for number in range(fitting):
        framing.receive(answer(0x20 | number % 8 << 1, bytes(2_000), segmented=True), 0)
    with pytest.raises(RemoteProtocolError, match="too long together"):
        framing.receive(answer(0x20 | fitting % 8 << 1, bytes(2_000), segmented=True), 0)


def test_unnumbered_information_is_handed_out_too() -> None:
    framing = HdlcFraming(16, SERVER)
    framing.receive(answer(UI, LLC_RESPONSE + b"\x0f\x00", segmented=True) + answer(UI, b"\x01\x02"), 0)
    assert framing.apdus() == [b"\x0f\x00\x01\x02"]


def test_a_message_without_the_header_of_dlms_is_refused() -> None:
    framing = connected()
    framing.send(b"\xc0", 0)
    with pytest.raises(DecodeError, match="LLC"):
        framing.receive(answer(0x30, b"\xc4\x01"), 0)


def test_no_apdu_without_a_connection() -> None:
    framing = HdlcFraming(16, SERVER)
    with pytest.raises(LocalProtocolError):
        framing.send(b"\xc0", 0)
    framing.connect(0)
    with pytest.raises(LocalProtocolError):
        framing.connect(0)


def test_disconnecting_from_a_meter_that_is_gone_is_no_error() -> None:
    framing = connected()
    framing.disconnect(0)
    while (now_ms := framing.wake_at()) is not None:
        framing.tick(now_ms)
    assert framing.state is LinkState.DISCONNECTED
    assert len(framing.outgoing()) == 3
    framing.disconnect(0)
    assert framing.outgoing() == []


def test_connecting_can_be_given_up() -> None:
    framing = HdlcFraming(16, SERVER)
    framing.connect(0)
    framing.disconnect(0)
    assert framing.wake_at() is None
    framing.receive(answer(UA), 0)
    assert not framing.connected


def test_connecting_anew_starts_the_numbers_anew() -> None:
    line = wire()
    for _ in range(2):
        line.connect()
        assert line.ask(b"abc") == [echo(b"abc")]
    assert len(line.disconnected) == 1


@settings(max_examples=200)
@given(
    st.lists(
        st.builds(answer, st.integers(0, 255), st.binary(max_size=40), segmented=st.booleans())
        | st.binary(max_size=30),
        max_size=20,
    )
)
def test_whatever_comes_only_protocol_errors_are_raised(pieces: list[bytes]) -> None:
    framing = HdlcFraming(16, SERVER)
    framing.connect(0)
    for now_ms, piece in enumerate(pieces):
        try:
            framing.receive(piece, now_ms)
            framing.tick(now_ms)
            if framing.connected:
                framing.send(b"\xc0", now_ms)
        except (RemoteProtocolError, LinkClosedError, LinkTimeoutError):
            assert isinstance(framing.state, LinkState)
        assert len(framing.outgoing()) < 10


def test_the_wire_carries_both_ways() -> None:
    line: Wire = wire()
    line.connect()
    assert [way for way, _ in line.frames] == ["there", "back"]
