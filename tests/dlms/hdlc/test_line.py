"""Several meters on one bus: addresses, broadcast, strangers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms.hdlc import (
    CALLING_PHYSICAL_DEVICE,
    DataLink,
    HdlcAddress,
    HdlcFraming,
    HdlcLine,
    LineEnded,
    LineMessage,
    LineSettings,
    decode_frame,
    encode_frame,
    server_address,
)
from ferraris.dlms.hdlc.llc import LLC_COMMAND
from ferraris.kernel.limits import HDLC_CONNECTIONS_MAX
from tests.dlms.hdlc.wire import Wire, echo, wire

CLIENT = HdlcAddress(16, None, 1)
SNRM, DISC, UI, UI_POLL, RR = 0x93, 0x53, 0x03, 0x13, 0x11
BUS = {17: {1}, 18: {1, 2}, 300: {1}}


def say(
    line: HdlcLine, destination: HdlcAddress, control: int, information: bytes = b"", client: HdlcAddress = CLIENT
) -> list[str]:
    """The kinds of the frames that answer one."""
    line.receive(encode_frame(destination, client, control, information), 0)
    return [str(decode_frame(octets[1:-1]).kind) for octets in line.outgoing()]


@pytest.mark.parametrize(("physical", "size"), [(17, 2), (17, 4), (18, 2), (300, 4)])
def test_each_meter_answers_to_its_own_address(physical: int, size: int) -> None:
    bus = wire(devices=BUS, physical=physical, size=size)
    bus.connect()
    assert bus.framing.connected
    assert bus.ask(b"abc") == [echo(b"abc")]
    [back] = [decode_frame(frame[1:-1]).source for way, frame in bus.frames if way == "back"][:1]
    assert back == HdlcAddress(1, physical, size)


def test_clients_and_meters_on_one_bus_do_not_disturb_one_another() -> None:
    line = HdlcLine(BUS)
    wires = [
        Wire(HdlcFraming(client, server_address(1, physical)), line, answer=lambda apdu: apdu[::-1])
        for client in (1, 16)
        for physical in (17, 18, 300)
    ]
    for one in wires:
        one.connect()
    assert line.connections == 6
    for round_ in range(10):
        for index, one in enumerate(wires):
            apdu = bytes((round_, index)) * 100
            assert one.ask(apdu) == [apdu[::-1]]
    wires[0].framing.disconnect(0)
    wires[0].run()
    assert wires[0].disconnected == [DataLink(1, 17, 1)]
    assert line.connections == 5


@pytest.mark.parametrize(
    "address",
    [server_address(1, 19), server_address(3, 17), server_address(1), server_address(1, 0), server_address(0, 17)],
)
def test_nobody_answers_for_whom_there_is_not(address: HdlcAddress) -> None:
    line = HdlcLine(BUS)
    assert say(line, address, SNRM) == []
    assert line.connections == 0


def test_the_only_meter_on_a_line_answers_without_a_physical_address() -> None:
    line = HdlcLine({17: {1}})
    assert say(line, server_address(1), SNRM) == ["UA"]


def test_no_station_is_called_or_calls() -> None:
    line = HdlcLine({17: {1}, 0: {1}})
    assert say(line, server_address(1, 0), SNRM) == []
    for client in (HdlcAddress(0, None, 1), HdlcAddress(0x7F, None, 1)):
        assert say(line, server_address(1, 17), SNRM, client=client) == []


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        (HdlcAddress(1, 0x7F, 2), [17, 18, 300]),
        (HdlcAddress(1, 0x3FFF, 4), [17, 18, 300]),
        (HdlcAddress(0x3FFF, 0x3FFF, 4), [17, 18, 300]),
        (HdlcAddress(0x7F, None, 1), [17, 18, 300]),
        (HdlcAddress(2, 0x7F, 2), [18]),
        (HdlcAddress(0x7F, 18, 2), [18]),
    ],
)
def test_a_broadcast_reaches_everybody_and_nobody_answers(address: HdlcAddress, reached: list[int]) -> None:
    line = HdlcLine(BUS)
    for control in (SNRM, UI_POLL, DISC, RR, 0x10):
        assert say(line, address, control, LLC_COMMAND + b"\xc1") == []
        assert line.events() == []
    assert say(line, address, UI, LLC_COMMAND + b"\xc1") == []
    messages = line.events()
    assert [(event.link.physical, event.confirmed) for event in messages if isinstance(event, LineMessage)] == [
        (physical, False) for physical in reached
    ]


def test_unconfirmed_information_to_one_meter_is_handed_out() -> None:
    line = HdlcLine(BUS)
    assert say(line, server_address(1, 17), UI, LLC_COMMAND + b"\xc1\x01") == []
    assert line.events() == [LineMessage(DataLink(16, 17, 1), b"\xc1\x01", confirmed=False)]
    assert say(line, server_address(1, 17), UI, b"no header") == []
    assert line.events() == []


def test_what_the_meter_sends_to_a_client_that_has_gone_is_dropped() -> None:
    line = HdlcLine(BUS)
    line.send(DataLink(16, 17, 1), b"\xc4")
    assert line.outgoing() == []


def test_silence_disconnects() -> None:
    line = HdlcLine(BUS, LineSettings(inactivity_timeout_ms=500))
    say(line, server_address(1, 17), SNRM)
    assert line.wake_at() == 500
    line.tick(500)
    assert line.events() == [LineEnded(DataLink(16, 17, 1))]
    assert line.wake_at() is None


def test_connecting_anew_tells_that_the_old_connection_has_ended() -> None:
    line = HdlcLine(BUS)
    say(line, server_address(1, 17), SNRM)
    assert line.events() == []
    say(line, server_address(1, 17), SNRM)
    assert line.events() == [LineEnded(DataLink(16, 17, 1))]


def test_one_line_has_a_bounded_number_of_connections() -> None:
    line = HdlcLine({physical: {1} for physical in range(1, 120)})
    answered = [say(line, server_address(1, physical), SNRM) for physical in range(1, 120)]
    assert answered.count(["UA"]) == line.connections == HDLC_CONNECTIONS_MAX
    say(line, server_address(1, 1), DISC)
    assert say(line, server_address(1, 119), SNRM) == ["UA"]


@settings(max_examples=300)
@given(
    st.lists(
        st.binary(max_size=80)
        | st.builds(
            encode_frame, st.just(server_address(1, 17)), st.just(CLIENT), st.integers(0, 255), st.binary(max_size=40)
        ),
        max_size=12,
    )
)
def test_whatever_comes_nothing_is_raised_and_the_line_lives_on(pieces: list[bytes]) -> None:
    line = HdlcLine(BUS, LineSettings(inter_octet_timeout_ms=25))
    for now_ms, piece in enumerate(pieces):
        line.receive(piece, now_ms)
        line.events()
        line.outgoing()
    line.tick(1_000)
    assert say(line, server_address(1, 17), SNRM) == ["UA"]


# The meter that has called

CALLS: list[tuple[int, int, HdlcAddress]] = [
    # size of the call, the meter that has called, the address by which it answers
    (2, 17, HdlcAddress(1, 17, 2)),
    (4, 17, HdlcAddress(1, 17, 4)),
    (4, 300, HdlcAddress(1, 300, 4)),
    (2, 300, HdlcAddress(1, 300, 4)),
]


@pytest.mark.parametrize(("size", "calling", "answers_as"), CALLS)
def test_the_meter_that_has_called_answers_and_no_other(size: int, calling: int, answers_as: HdlcAddress) -> None:
    """It says who it is, and is called by its own address from then on."""
    line = HdlcLine(BUS, LineSettings(calling=calling))
    framing = HdlcFraming(1, server_address(1, CALLING_PHYSICAL_DEVICE[size], size))
    bus = Wire(framing, line)
    bus.connect()
    assert [decode_frame(frame[1:-1]).source for way, frame in bus.frames if way == "back"] == [answers_as]
    assert framing.server == answers_as
    assert bus.ask(b"abc") == [echo(b"abc")]
    assert [decode_frame(frame[1:-1]).destination for way, frame in bus.frames if way == "there"][1:] == [answers_as]
    assert line.connections == 1


def test_where_nobody_has_called_nobody_answers_to_the_calling_address() -> None:
    assert say(HdlcLine(BUS), server_address(1, 0x7E, 2), SNRM) == []


def test_the_calling_address_of_one_length_is_none_in_another() -> None:
    """0x7E in two octets of its own is an ordinary number."""
    line = HdlcLine(BUS, LineSettings(calling=17))
    assert say(line, server_address(1, 0x7E, 4), SNRM) == []


def test_a_single_meter_on_its_line_has_always_called() -> None:
    assert say(HdlcLine({17: {1}}), server_address(1, 0x7E, 2), SNRM) == ["UA"]


# The gap between frames


def test_a_station_answers_when_the_line_has_been_silent_for_long_enough() -> None:
    line = HdlcLine(BUS, LineSettings(inter_frame_gap_ms=25))
    line.receive(encode_frame(server_address(1, 17), CLIENT, SNRM), 1_000)
    assert line.outgoing() == []
    assert line.wake_at() == 1_025
    line.tick(1_024)
    assert line.outgoing() == []
    line.tick(1_025)
    assert [decode_frame(octets[1:-1]).kind for octets in line.outgoing()] == ["UA"]
    assert line.outgoing() == []
