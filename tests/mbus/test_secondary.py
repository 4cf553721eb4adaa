"""The station that answers, alone and with the one that asks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ferraris.kernel.errors import LinkTimeoutError
from ferraris.mbus.deframer import MbusDeframer
from ferraris.mbus.frames import MbusFrame, encode_long_frame
from ferraris.mbus.primary import MbusTiming, NothingReady, PrimaryStation, Sent, UserData
from ferraris.mbus.secondary import SecondaryStation
from ferraris.mbus.secondary_address import SecondaryAddress
from tests.mbus.copper import DOUBLED, FAULTS, LOST, WHOLE, Copper, Fault

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


# Several meters on one line, and a bad line

METERS = [SecondaryAddress("12345678", "FER", 1, 2), SecondaryAddress("12345679", "FER", 1, 2)]
TIMING = MbusTiming(100, 3, 20)


@pytest.mark.parametrize(
    "fault", [LOST, DOUBLED, Fault("cut", 3), Fault("flipped", 1, 3)], ids=lambda fault: fault.what
)
@pytest.mark.parametrize("place", range(6))
def test_one_fault_anywhere_changes_nothing(place: int, fault: Fault) -> None:
    line = Copper(PrimaryStation(SELECTED, TIMING), [SecondaryStation(5, WHO)])
    line.faults = [WHOLE] * place + [fault]
    line.primary.select(WHO, 0)
    assert line.settle() == [Sent(0x43)]
    line.primary.send(0x10, b"question", line.now_ms)
    assert line.settle() == [Sent(0x43)]
    line.stations[0].offer(0x10, b"an answer \xe5\xe5")
    line.stations[0].offer(0x11, b"another")
    answers = []
    for _ in range(2):
        line.primary.request(line.now_ms)
        answers += line.settle()
    assert answers == [UserData(0x10, b"an answer \xe5\xe5", more=True), UserData(0x11, b"another", more=False)]
    received = line.stations[0].received()
    assert received[-1] == (0x10, b"question")
    assert received.count((0x10, b"question")) == 1


def test_two_who_are_selected_at_once_are_no_answer() -> None:
    line = Copper(
        PrimaryStation(SELECTED, TIMING), [SecondaryStation(number, who) for number, who in enumerate(METERS)]
    )
    line.primary.select(SecondaryAddress.parse("1234567?"), 0)
    line.primary.request(0)
    events = []
    with pytest.raises(LinkTimeoutError):
        events += line.settle()
    assert all(station.selected for station in line.stations)
    assert not any(isinstance(event, UserData) for event in events + line.primary.events())


class MetersOnABadLine(RuleBasedStateMachine):
    """Whatever the line does, what is sent arrives once, at one meter, and what is asked for comes in its order."""

    @initialize()
    def begin(self) -> None:
        self.line = Copper(
            PrimaryStation(SELECTED, TIMING), [SecondaryStation(number, who) for number, who in enumerate(METERS)]
        )
        self.selected: int | None = None
        self.got: list[list[tuple[int, bytes] | None]] = [[], []]
        self.ready: list[list[bytes]] = [[], []]

    def outcome(self, faults: list[Fault]) -> Sent | UserData | NothingReady | None:
        """None where nobody has answered."""
        self.line.faults = list(faults)
        try:
            (event,) = self.line.settle()
        except LinkTimeoutError:
            event = None
            self.selected = None
        self.line.faults = []
        return event

    def heard(self, number: int) -> list[tuple[int, bytes] | None]:
        return self.line.stations[number].received()

    @rule(number=st.integers(0, 1), faults=st.lists(FAULTS, max_size=5))
    def select(self, number: int, faults: list[Fault]) -> None:
        self.line.primary.select(METERS[number], self.line.now_ms)
        event = self.outcome(faults)
        heard = self.heard(number)
        assert set(heard) <= {None}, "a selection brings no data"
        if event is not None:
            assert event == Sent(0x43)
            assert heard, "who acknowledges has begun anew"
            self.selected = number
        if heard:
            self.ready[number].clear()

    @rule(information=st.integers(0x10, 0x13), data=st.binary(max_size=30), faults=st.lists(FAULTS, max_size=5))
    def send(self, information: int, data: bytes, faults: list[Fault]) -> None:
        number = self.selected
        if number is None:
            return
        self.line.primary.send(information, data, self.line.now_ms)
        event = self.outcome(faults)
        heard = self.heard(number)
        assert heard == [(information, data)] or (event is None and heard == [])
        assert event in (None, Sent(0x43))

    @rule(data=st.binary(max_size=30))
    def offer(self, data: bytes) -> None:
        if self.selected is not None:
            self.line.stations[self.selected].offer(0x10, data)
            self.ready[self.selected].append(data)

    @rule(faults=st.lists(FAULTS, max_size=5))
    def request(self, faults: list[Fault]) -> None:
        number = self.selected
        if number is None:
            return
        self.line.primary.request(self.line.now_ms)
        event = self.outcome(faults)
        match event:
            case UserData(0x10, data, more):
                assert data == self.ready[number].pop(0)
                assert more is bool(self.ready[number])
            case UserData(information, data, _):
                assert information == 0x72, "a meter that was just selected tells who it is"
                assert data[:8] == METERS[number].encode()
            case NothingReady():
                assert self.ready[number] == []
            case None:
                pass  # whether the meter has given its answer nobody knows; the next selection drops what is left

    @invariant()
    def nobody_else_has_heard_anything(self) -> None:
        for station in self.line.stations:
            assert station.received() == []
        assert not self.line.primary.busy


TestMetersOnABadLine = MetersOnABadLine.TestCase
TestMetersOnABadLine.settings = settings(max_examples=80, stateful_step_count=20)
