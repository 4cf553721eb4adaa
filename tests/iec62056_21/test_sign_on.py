"""Both ends of the dialogue at an optical head, joined, and each against what it should not get."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.iec62056_21 import (
    OPENING,
    Choice,
    DataSet,
    Identification,
    LineForm,
    MeterSignOn,
    SignOn,
    SignOnState,
    encode_readout,
    with_parity,
)
from ferraris.kernel.errors import LinkTimeoutError, RemoteProtocolError
from ferraris.kernel.limits import READOUT_OCTETS_MAX
from tests.iec62056_21.lossy import FAULTS, LOST, WHOLE, Fault

MODE_E = Identification("FER", "5", "meter", "2")
MODE_C = Identification("FER", "4", "meter")
MODE_B = Identification("FER", "C", "meter")
MODE_A = Identification("FER", "?", "meter")
DATA = [DataSet("1.8.0", (("000123.4", "kWh"),)), DataSet("0.0.0", (("12345678", ""),))]


@dataclass
class Head:
    """An optical head: what one end sends the other gets, if both have set their lines alike."""

    reader: SignOn
    meter: MeterSignOn
    echoes: bool = False
    forms: dict[str, LineForm] = field(default_factory=lambda: {"reader": OPENING, "meter": OPENING})

    def run(self) -> None:
        self.reader.start(0)
        moved = True
        while moved:
            moved = self._carry("reader", "meter", self.reader, self.meter) | self._carry(
                "meter", "reader", self.meter, self.reader
            )

    def _carry(self, here: str, there: str, sender: SignOn | MeterSignOn, receiver: SignOn | MeterSignOn) -> bool:
        outgoing = sender.outgoing()
        for item in outgoing:
            if isinstance(item, LineForm):
                self.forms[here] = item
                continue
            assert self.forms[here] == self.forms[there] or item == b"", "one end speaks as the other does not listen"
            for octet in with_parity(item):
                receiver.receive(bytes((octet,)), 0)
            if self.echoes and isinstance(sender, SignOn):
                sender.receive(item, 0)
        return bool(outgoing)


@pytest.mark.parametrize("echoes", [False, True])
def test_mode_e_leads_into_hdlc(echoes: bool) -> None:
    head = Head(SignOn(), MeterSignOn(MODE_E, DATA))
    head.run()
    assert head.reader.state is head.meter.state is SignOnState.DONE
    assert head.meter.choice is Choice.HDLC
    assert head.forms == {"reader": LineForm(9600, 8, "N"), "meter": LineForm(9600, 8, "N")}
    assert head.reader.wake_at() is head.meter.wake_at() is None


@pytest.mark.parametrize("identification", [MODE_A, MODE_C, MODE_E])
def test_a_readout_brings_the_data_sets(identification: Identification) -> None:
    reader = SignOn(Choice.READOUT)
    meter = MeterSignOn(identification, DATA)
    reader.start(0)
    for _ in range(4):
        for sender, receiver in ((reader, meter), (meter, reader)):
            for item in sender.outgoing():
                if isinstance(item, bytes):
                    receiver.receive(item, 0)
    assert reader.readout == DATA
    assert reader.state is SignOnState.DONE


def test_mode_b_changes_speed_without_being_asked() -> None:
    meter = MeterSignOn(MODE_B, DATA)
    meter.receive(b"/?!\r\n", 0)
    assert meter.outgoing() == [MODE_B.encode(), LineForm(2400, 7, "E"), encode_readout(DATA), OPENING]
    reader = SignOn(Choice.READOUT)
    reader.start(0)
    reader.receive(MODE_B.encode(), 0)
    assert reader.outgoing()[-1] == LineForm(2400, 7, "E")


def test_the_line_is_changed_behind_the_acknowledgement() -> None:
    reader = SignOn()
    reader.start(0)
    assert reader.outgoing() == [OPENING, b"/?!\r\n"]
    reader.receive(MODE_E.encode(), 0)
    assert reader.outgoing() == [b"\x06252\r\n", LineForm(9600, 7, "E")]
    reader.receive(b"\x06252\r\n" + b"\x7e\xa0", 0)
    assert reader.outgoing() == [LineForm(9600, 8, "N")]


def test_a_meter_that_confirms_nothing_is_taken_at_its_word() -> None:
    reader = SignOn()
    reader.start(0)
    reader.receive(MODE_E.encode(), 0)
    reader.outgoing()
    assert reader.wake_at() == 1_500
    reader.tick(1_500)
    assert reader.state is SignOnState.DONE
    assert reader.outgoing() == [LineForm(9600, 8, "N")]


def test_a_silent_meter_is_called_again_and_given_up() -> None:
    reader = SignOn(address="123")
    reader.start(0)
    for now_ms in (1_500, 3_000):
        reader.tick(now_ms)
    assert reader.outgoing() == [OPENING] + [b"/?123!\r\n"] * 3
    with pytest.raises(LinkTimeoutError):
        reader.tick(4_500)
    assert reader.wake_at() is None


@pytest.mark.parametrize(
    ("identification", "choice"), [(MODE_C, Choice.HDLC), (MODE_A, Choice.HDLC), (MODE_B, Choice.PROGRAMMING)]
)
def test_what_the_meter_cannot_do_is_said(identification: Identification, choice: Choice) -> None:
    reader = SignOn(choice)
    reader.start(0)
    with pytest.raises(RemoteProtocolError):
        reader.receive(identification.encode(), 0)


def test_another_confirmation_is_refused() -> None:
    reader = SignOn()
    reader.start(0)
    reader.receive(MODE_E.encode(), 0)
    with pytest.raises(RemoteProtocolError, match="another choice"):
        reader.receive(b"\x06050", 0)


def test_endless_messages_and_readouts_are_refused() -> None:
    reader = SignOn()
    reader.start(0)
    with pytest.raises(RemoteProtocolError):
        reader.receive(b"/" + b"x" * 100, 0)
    reader = SignOn(Choice.READOUT)
    reader.start(0)
    with pytest.raises(RemoteProtocolError):
        reader.receive(MODE_A.encode() + b"\x02" + bytes(READOUT_OCTETS_MAX), 0)


def test_only_the_meter_that_is_called_answers() -> None:
    meter = MeterSignOn(MODE_E, DATA, address="00123")
    for request in (b"/?124!\r\n", b"noise\r\n", b"/?!x\r\n"):
        meter.receive(request, 0)
        assert meter.outgoing() == []
    meter.receive(b"\xff\x00/?000123!\r\n", 0)
    assert meter.outgoing() == [MODE_E.encode()]


def test_a_reader_that_does_not_acknowledge_gets_the_readout() -> None:
    meter = MeterSignOn(MODE_E, DATA)
    meter.receive(b"/?!\r\n", 0)
    meter.outgoing()
    assert meter.wake_at() == 1_500
    meter.tick(1_500)
    assert meter.outgoing() == [encode_readout(DATA), OPENING]
    assert meter.state is SignOnState.IDLE


def test_programming_is_not_offered() -> None:
    meter = MeterSignOn(MODE_C, DATA)
    meter.receive(b"/?!\r\n\x06041\r\n", 0)
    assert meter.outgoing() == [MODE_C.encode()]
    assert meter.choice is None


def test_what_follows_the_dialogue_is_handed_on() -> None:
    meter = MeterSignOn(MODE_E, DATA)
    meter.receive(b"/?!\r\n\x06252\r\n", 0)
    meter.receive(b"\x7e\xa0\xff", 0)
    assert meter.rest == b"\x7e\xa0\xff"


@settings(max_examples=200)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"/?!\r\n", MODE_E.encode(), MODE_A.encode(), b"\x06252\r\n", b"\x02", b"\x03"]),
        max_size=10,
    )
)
def test_whatever_comes_only_protocol_errors_are_raised(pieces: list[bytes]) -> None:
    for choice in Choice:
        reader = SignOn(choice)
        reader.start(0)
        meter = MeterSignOn(MODE_E, DATA)
        for piece in pieces:
            with contextlib.suppress(RemoteProtocolError):
                reader.receive(piece, 0)
            meter.receive(piece, 0)
            reader.outgoing()
            meter.outgoing()


@pytest.mark.parametrize("permitted", [True, False])
def test_the_programming_mode_is_entered_where_the_meter_has_it(permitted: bool) -> None:
    reader, meter = SignOn(Choice.PROGRAMMING), MeterSignOn(MODE_C, DATA, programming=permitted)
    reader.start(0)
    for sender, receiver in ((reader, meter), (meter, reader), (reader, meter)):
        for item in sender.outgoing():
            if isinstance(item, bytes):
                receiver.receive(item, 0)
    assert reader.state is SignOnState.DONE
    assert meter.state is (SignOnState.DONE if permitted else SignOnState.IDLE)
    assert meter.outgoing() == ([LineForm(4800, 7, "E")] if permitted else [])


# On a line that loses, cuts and changes what is said


class Bottle:
    """Both ends and time on a line with faults. What is said at one speed and heard at another does not arrive."""

    def __init__(self, reader: SignOn, meter: MeterSignOn, faults: list[Fault], *, meter_first: bool = True) -> None:
        self.ends: list[SignOn | MeterSignOn] = [meter, reader] if meter_first else [reader, meter]
        self.reader, self.meter = reader, meter
        self.forms = {reader: OPENING, meter: OPENING}
        self.faults = list(faults)
        self.now_ms = 0

    def run(self) -> None:
        self.reader.start(0)
        self._carry()
        while self.reader.state is not SignOnState.DONE:
            self.now_ms = min(wake for end in self.ends if (wake := end.wake_at()) is not None)
            for end in self.ends:
                end.tick(self.now_ms)
                self._carry()

    def _carry(self) -> None:
        while items := [(end, item) for end in self.ends for item in end.outgoing()]:
            for sender, item in items:
                receiver = self.meter if sender is self.reader else self.reader
                if isinstance(item, LineForm):
                    self.forms[sender] = item
                elif self.forms[sender] == self.forms[receiver]:
                    receiver.receive((self.faults.pop(0) if self.faults else WHOLE).on(item), self.now_ms)


@pytest.mark.parametrize("meter_first", [True, False])
@pytest.mark.parametrize("choice", list(Choice))
@pytest.mark.parametrize("lost", [0, 1])
def test_a_call_or_its_answer_that_is_lost_is_said_again(lost: int, choice: Choice, meter_first: bool) -> None:
    """The meter that waits for an acknowledgement hears another call, or has begun its readout when it comes."""
    reader, meter = SignOn(choice), MeterSignOn(MODE_E, DATA, programming=True)
    bottle = Bottle(reader, meter, [WHOLE] * lost + [LOST], meter_first=meter_first)
    bottle.run()
    assert reader.identification == MODE_E
    assert meter.choice is choice
    assert reader.readout == (DATA if choice is Choice.READOUT else None)
    assert bottle.forms[reader] == bottle.forms[meter] or choice is Choice.READOUT


@settings(max_examples=300)
@given(
    st.sampled_from([MODE_A, MODE_B, MODE_C, MODE_E]),
    st.sampled_from(list(Choice)),
    st.lists(FAULTS, max_size=8),
    st.booleans(),
)
def test_a_bad_line_ends_in_agreement_or_in_an_error(
    identification: Identification, choice: Choice, faults: list[Fault], meter_first: bool
) -> None:
    reader, meter = SignOn(choice), MeterSignOn(identification, DATA, programming=True)
    bottle = Bottle(reader, meter, faults, meter_first=meter_first)
    try:
        bottle.run()
    except (LinkTimeoutError, RemoteProtocolError):
        assert reader.readout is None
        return
    assert reader.readout == (DATA if choice is Choice.READOUT else None)
    if meter.state is SignOnState.DONE:
        assert meter.choice is choice


def test_a_call_behind_noise_hears_its_own_echo() -> None:
    reader = SignOn()
    reader.start(0)
    reader.receive(b"\xff\x00/?!\r\n" + MODE_E.encode(), 0)
    assert reader.identification == MODE_E


def test_lines_that_are_no_identification_are_passed_over_but_not_for_ever() -> None:
    reader = SignOn()
    reader.start(0)
    reader.receive(encode_readout(DATA) + MODE_E.encode(), 0)
    assert reader.identification == MODE_E
    reader = SignOn()
    reader.start(0)
    line = b"1.8.0(1)\r\n"
    for _ in range(READOUT_OCTETS_MAX // len(line)):
        reader.receive(line, 0)
    with pytest.raises(RemoteProtocolError, match="no identification"):
        reader.receive(line, 0)


def test_nothing_received_gives_no_more_time() -> None:
    reader = SignOn()
    reader.start(0)
    reader.receive(b"", 1_000)
    assert reader.wake_at() == 1_500


@given(st.sampled_from([MODE_A, MODE_C, MODE_E]), st.sampled_from(list(Choice)), st.data())
def test_any_pieces_bring_the_same(identification: Identification, choice: Choice, data: st.DataObject) -> None:
    """Where the line brings all that one end has said in any pieces, both end as they do with whole messages."""
    ends = [(SignOn(choice), MeterSignOn(identification, DATA, programming=True)) for _ in range(2)]
    said: list[list[bytes]] = []
    for number, (reader, meter) in enumerate(ends):
        said.append([])
        reader.start(0)
        with contextlib.suppress(RemoteProtocolError):
            for _ in range(4):
                for sender, receiver in ((reader, meter), (meter, reader)):
                    stream = b"".join(item for item in sender.outgoing() if isinstance(item, bytes))
                    said[-1].append(stream)
                    while stream:
                        size = data.draw(st.integers(1, len(stream))) if number else len(stream)
                        receiver.receive(stream[:size], 0)
                        stream = stream[size:]
    assert said[0] == said[1]
    (reader, meter), (other_reader, other_meter) = ends
    assert (reader.state, reader.readout, meter.choice) == (
        other_reader.state,
        other_reader.readout,
        other_meter.choice,
    )
