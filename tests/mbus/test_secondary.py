"""The station that answers, alone and with the one that asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import MbusFrame, encode_long_frame
from ferraris.mbus.primary import MbusTiming, NothingReady, PrimaryStation, Sent, UserData
from ferraris.mbus.secondary import SecondaryStation
from ferraris.mbus.secondary_address import SecondaryAddress

ACK = b"\xe5"
NKE = MbusFrame(0x40, 5)


def test_it_acknowledges_user_data_and_a_new_beginning() -> None:
    station = SecondaryStation(5)
    assert station.take(NKE) == ACK
    assert station.take(MbusFrame(0x73, 5, 0x10, b"ab")) == ACK
    assert station.received() == [None, (0x10, b"ab")]
    assert station.received() == []


def test_a_repeated_command_is_answered_again_and_done_once() -> None:
    station = SecondaryStation(5)
    station.offer(0x10, b"first")
    station.offer(0x10, b"second")
    request = MbusFrame(0x7B, 5)
    first = encode_long_frame(0x28, 5, 0x10, b"first")
    assert station.take(request) == station.take(request) == first
    assert station.take(MbusFrame(0x5B, 5)) == encode_long_frame(0x08, 5, 0x10, b"second")
    data = MbusFrame(0x73, 5, 0x10, b"ab")
    assert station.take(data) == station.take(data) == ACK
    assert station.received() == [(0x10, b"ab")]


def test_without_a_valid_frame_count_every_command_is_new() -> None:
    station = SecondaryStation(5)
    data = MbusFrame(0x43, 5, 0x10, b"ab")
    assert station.take(data) == station.take(data) == ACK
    assert station.received() == [(0x10, b"ab")] * 2


def test_nothing_ready_is_said() -> None:
    assert SecondaryStation(5).take(MbusFrame(0x7B, 5)) == ACK


def test_a_new_beginning_drops_what_nobody_asked_for() -> None:
    station = SecondaryStation(5)
    station.offer(0x10, b"old")
    assert station.has_answers
    station.take(NKE)
    assert not station.has_answers


def test_what_no_primary_sends_is_not_answered() -> None:
    station = SecondaryStation(5)
    for frame in (MbusFrame(0x08, 5, 0x10, b""), MbusFrame(0x43, 5), MbusFrame(0x40, 5, 0), MbusFrame(0xFF, 5)):
        assert station.take(frame) == b""
        station.listen(frame)
    assert station.received() == []


class Line:
    """Both stations in a bottle; every `lose`-th frame is lost."""

    def __init__(self, losses: list[bool]) -> None:
        self.primary = PrimaryStation(5, MbusTiming(100, 1 + len(losses), 20))
        self.secondary = SecondaryStation(5)
        self._deframer = MbusDeframer(20)
        self._losses = losses
        self.now_ms = 0
        self.events: list[Sent | UserData | NothingReady] = []

    def _lost(self) -> bool:
        return bool(self._losses) and self._losses.pop(0)

    def settle(self) -> None:
        while self.primary.busy:
            for octets in self.primary.outgoing():
                self._deframer.receive(b"" if self._lost() else octets, self.now_ms)
                for frame in self._deframer.frames():
                    assert isinstance(frame, MbusFrame)
                    answer = self.secondary.take(frame)
                    self.primary.receive(b"" if self._lost() else answer, self.now_ms)
            self.events += self.primary.events()
            wake_ms = self.primary.wake_at()
            if wake_ms is not None:
                self.now_ms = wake_ms
                self.primary.tick(self.now_ms)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.booleans(), max_size=30))
def test_everything_arrives_once_and_in_order_whatever_is_lost(data: list[bytes], losses: list[bool]) -> None:
    line = Line(list(losses))
    line.primary.reset(0)
    line.settle()
    for octets in data:
        line.primary.send(0x10, octets, line.now_ms)
        line.settle()
    got = [received for received in line.secondary.received() if received is not None]
    assert got == [(0x10, octets) for octets in data]
    for octets in data:
        line.secondary.offer(0x00, octets)
    line.events.clear()
    for _ in data:
        line.primary.request(line.now_ms)
        line.settle()
    assert [event.data for event in line.events if isinstance(event, UserData)] == data


# Selected by a secondary address

WHO = SecondaryAddress("12345678", "FER", 1, 2)
SELECTED = 0xFD


def selection(mask: str = "12345678", control: int = 0x53) -> MbusFrame:
    return MbusFrame(control, SELECTED, 0x52, SecondaryAddress.parse(mask).encode())


def test_a_station_is_selected_by_what_fits_it_and_then_answers() -> None:
    station = SecondaryStation(5, WHO)
    assert station.take_selected(MbusFrame(0x7B, SELECTED)) == b""
    assert station.take_selected(selection("1234????.*.*.02")) == ACK
    assert station.selected
    assert station.take_selected(MbusFrame(0x53, SELECTED, 0x10, b"ab")) == ACK
    assert station.received() == [None, (0x10, b"ab")]
    station.offer(0x10, b"cd")
    assert station.take_selected(MbusFrame(0x7B, SELECTED)) == encode_long_frame(0x08, 5, 0x10, b"cd")


def test_just_selected_it_tells_who_it_is() -> None:
    station = SecondaryStation(5, WHO)
    station.take_selected(selection())
    told = encode_long_frame(0x08, 5, 0x72, WHO.encode() + bytes(4))
    assert station.take_selected(MbusFrame(0x7B, SELECTED)) == told
    assert station.take_selected(MbusFrame(0x7B, SELECTED)) == told, "a question that is repeated"
    assert station.take_selected(MbusFrame(0x5B, SELECTED)) == ACK, "nothing ready"
    station.take_selected(selection())
    station.take_selected(MbusFrame(0x53, SELECTED, 0x10, b"ab"))
    assert station.take_selected(MbusFrame(0x7B, SELECTED)) == ACK


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (selection("87654321"), b""),
        (MbusFrame(0x53, SELECTED, 0x56, WHO.encode()), b""),
        (MbusFrame(0x40, SELECTED), ACK),
        (MbusFrame(0x53, SELECTED, 0x52, WHO.encode()[:7]), b""),
    ],
    ids=["another", "high octet first", "begun anew", "cut short"],
)
def test_a_selection_ends(frame: MbusFrame, answer: bytes) -> None:
    station = SecondaryStation(5, WHO)
    station.take_selected(selection())
    assert station.take_selected(frame) == answer
    cut_short = len(frame.data) == 7
    assert station.selected is cut_short
    assert bool(station.take_selected(MbusFrame(0x7B, SELECTED))) is cut_short


def test_a_station_without_a_secondary_address_is_never_selected() -> None:
    assert SecondaryStation(5).take_selected(selection("*")) == b""


def test_both_stations_talk_by_a_secondary_address() -> None:
    primary, secondary, deframer = PrimaryStation(SELECTED), SecondaryStation(5, WHO), MbusDeframer(500)
    primary.select(WHO, 0)
    primary.send(0x10, b"question", 0)
    primary.request(0)
    secondary_answers = []
    for _ in range(3):
        for octets in primary.outgoing():
            deframer.receive(octets, 0)
            for frame in deframer.frames():
                assert isinstance(frame, MbusFrame)
                if frame.information == 0x10:
                    secondary.offer(0x10, b"answer")
                secondary_answers.append(secondary.take_selected(frame))
                primary.receive(secondary_answers[-1], 0)
    assert primary.events() == [Sent(0x43), Sent(0x43), UserData(0x10, b"answer", more=False)]
