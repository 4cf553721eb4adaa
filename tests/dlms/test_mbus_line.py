"""The meters' side of a wired M-Bus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.line import DataLink, LineEnded, LineMessage
from ferraris.dlms.mbus_line import MbusLine
from ferraris.dlms.mbus_segments import segments_of
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import APDU_OCTETS_MAX, MBUS_SEGMENTS_WAITING_MAX
from ferraris.mbus import (
    BROADCAST,
    TO_ANY_STATION,
    TO_SELECTED,
    SecondaryAddress,
    encode_long_frame,
    encode_short_frame,
    read_long_frame,
)

ACK = b"\xe5"
LINK = DataLink(16, 5, 1)


def line(*addresses: int) -> MbusLine:
    return MbusLine({address: {1, 2} for address in addresses or (5, 6)})


def request(apdu: bytes, address: int = 5, client: int = 16, server: int = 1) -> bytes:
    """An APDU in one frame that is never a repetition."""
    ((information, data),) = segments_of(apdu, client, server)
    return encode_long_frame(0x43, address, information, data)


def test_an_apdu_reaches_the_meter_and_device_that_it_names() -> None:
    bus = line()
    bus.receive(request(b"\xc0", 6, 1, 2), 0)
    assert bus.events() == [LineMessage(DataLink(1, 6, 2), b"\xc0", confirmed=True)]
    assert bus.outgoing() == [ACK]
    assert (bus.events(), bus.outgoing()) == ([], [])
    assert bus.connections == 1


def test_nobody_answers_for_a_meter_that_is_not_there_and_a_device_that_is_not_is_deaf() -> None:
    bus = line()
    bus.receive(request(b"\xc0", 7), 0)
    assert (bus.events(), bus.outgoing()) == ([], [])
    bus.receive(request(b"\xc0", 5, 16, 3), 0)
    assert (bus.events(), bus.outgoing()) == ([], [ACK])


def test_all_hear_what_is_for_all_and_nobody_answers() -> None:
    bus = line()
    bus.receive(request(b"\xdb", BROADCAST), 0)
    assert bus.events() == [LineMessage(DataLink(16, address, 1), b"\xdb", confirmed=False) for address in (5, 6)]
    bus.receive(encode_short_frame(0x7B, BROADCAST), 0)
    assert bus.outgoing() == []


def test_only_a_meter_that_is_alone_answers_the_test_address() -> None:
    many, alone = line(), line(5)
    for bus in (many, alone):
        bus.receive(request(b"\xc0", TO_ANY_STATION), 0)
    assert (many.events(), many.outgoing()) == ([], [])
    assert alone.events() == [LineMessage(LINK, b"\xc0", confirmed=True)]
    alone.send(LINK, b"\xc4")
    alone.receive(encode_short_frame(0x4B, TO_ANY_STATION), 0)
    assert alone.outgoing() == [ACK, encode_long_frame(8, 5, 0x10, b"\x01\x10\xc4")]


def test_a_new_beginning_ends_what_clients_did() -> None:
    bus = line()
    bus.receive(request(b"\xc0"), 0)
    bus.receive(request(b"\xc0", client=1), 0)
    bus.receive(request(b"\xc0", 6), 0)
    bus.events()
    bus.receive(encode_short_frame(0x40, 5), 0)
    assert bus.events() == [LineEnded(LINK), LineEnded(DataLink(1, 5, 1))]
    assert bus.connections == 1
    bus.send(LINK, b"\xc4")
    bus.outgoing()
    bus.receive(encode_short_frame(0x7B, 5), 0)
    assert bus.outgoing() == [ACK], "an answer to somebody who has gone"


def test_an_apdu_that_is_begun_anew() -> None:
    bus = line()
    first, *_ = segments_of(bytes(600), 16, 1)
    bus.receive(encode_long_frame(0x53, 5, *first), 0)
    bus.receive(request(b"\xc0"), 0)
    assert bus.events() == [LineMessage(LINK, b"\xc0", confirmed=True)]


def test_a_segment_out_of_order_is_dropped_with_its_apdu() -> None:
    bus = line()
    first, second, third = segments_of(bytes(600), 16, 1)
    for information, data in (first, third, second):
        bus.receive(encode_long_frame(0x43, 5, information, data), 0)
    assert bus.events() == []
    bus.receive(request(b"\xc0"), 0)
    assert len(bus.events()) == 1


def test_answers_that_nobody_asks_for_are_bounded() -> None:
    bus = line()
    for _ in range(10):
        bus.receive(request(b"\xc0"), 0)
        bus.send(LINK, bytes(APDU_OCTETS_MAX))
    count = 0
    while bus._meters[5].station.has_answers:
        count += 1
        bus.receive(encode_short_frame(0x4B, 5), 0)
        bus.outgoing()
    assert count <= MBUS_SEGMENTS_WAITING_MAX + APDU_OCTETS_MAX // 250 + 1


def test_endless_segments_are_bounded() -> None:
    bus = line()
    for number in range(1_000):
        bus.receive(encode_long_frame(0x43, 5, number & 0x0F, b"\x10\x01" + bytes(250)), 0)
        assert bus._meters[5].segments.unfinished <= APDU_OCTETS_MAX
    assert bus.events() == []


def test_a_lying_length_is_given_up_in_time() -> None:
    bus = line()
    bus.receive(b"\x68\xfa\xfa\x68" + request(b"\xc0"), 0)
    assert bus.events() == []
    wake_ms = bus.wake_at()
    assert wake_ms is not None
    bus.tick(wake_ms)
    bus.receive(b"", wake_ms)
    assert bus.events() == [LineMessage(LINK, b"\xc0", confirmed=True)]


@given(st.lists(st.binary(max_size=60), max_size=10), st.sampled_from([b"", b"\x68", b"\x68\x05\x05\x68", b"\x10"]))
def test_any_octets_are_dropped_or_answered(pieces: list[bytes], start: bytes) -> None:
    bus = line()
    for now_ms, octets in enumerate(pieces):
        bus.receive(start + octets, now_ms * 1_000)
        for event in bus.events():
            bus.send(event.link, b"\xc4")
        bus.outgoing()


# Secondary addresses

NAMES = {address: SecondaryAddress(f"1234567{address}", "FER", 1, 2) for address in (5, 6)}


def select(mask: str) -> bytes:
    return encode_long_frame(0x53, TO_SELECTED, 0x52, SecondaryAddress.parse(mask).encode())


def test_a_meter_is_reached_by_its_secondary_address() -> None:
    bus = MbusLine({5: {1}, 6: {1}}, secondary=NAMES)
    bus.receive(select("12345676") + request(b"\xc0", TO_SELECTED), 0)
    assert bus.outgoing() == [ACK, ACK]
    assert bus.events() == [LineMessage(DataLink(16, 6, 1), b"\xc0", confirmed=True)]
    bus.receive(select("12345675"), 0)
    assert bus.events() == [], "the meter that was selected before keeps its associations"
    bus.receive(select("12345676"), 0)
    assert bus.events() == [LineEnded(DataLink(16, 6, 1))], "and loses them when it is selected anew"


def test_meters_that_are_selected_together_make_noise() -> None:
    bus = MbusLine({5: {1}, 6: {1}}, secondary=NAMES)
    bus.receive(select("1234567?"), 0)
    assert bus.outgoing() == [ACK], "two acknowledgements look like one"
    bus.receive(encode_short_frame(0x7B, TO_SELECTED), 0)
    (noise,) = bus.outgoing()
    with pytest.raises(DecodeError):
        read_long_frame(noise, 0)


def test_nobody_is_selected_on_a_line_without_secondary_addresses() -> None:
    bus = line()
    bus.receive(select("*"), 0)
    assert bus.outgoing() == []
