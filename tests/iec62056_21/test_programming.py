"""The programming mode: both ends joined, each against what it should not get, and time passing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ferraris.iec62056_21 import BREAK, Block, Command, DataSet, MeterProgramming, Programmer, with_parity
from ferraris.iec62056_21.programming import ANSWER_TIMEOUT_MS, NOT_PERMITTED, REFUSED, SILENCE_MS, UNKNOWN, Answer
from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError, RefusedError, RemoteProtocolError
from ferraris.kernel.limits import PROGRAMMING_BLOCKS_MAX, PROGRAMMING_MESSAGE_OCTETS_MAX
from tests.iec62056_21.lossy import FAULTS, LOST, WHOLE, Fault

PASSWORD = "12345678"
OPERAND = b"\x01P0\x02()\x03\x60"
ACK, NAK = b"\x06", b"\x15"


class Memory:
    """A few values of a meter."""

    def __init__(self) -> None:
        self.values = {
            "1.8.0": "000123.4*kWh",
            "0.9.1": "121500",
            "P.01": "".join(f"{number:05}" for number in range(200)),
        }

    def read(self, address: str) -> str | None:
        value = self.values.get(address)
        return None if value is None else f"{address}({value})"

    def write(self, address: str, value: str) -> bool:
        if address != "0.9.1":
            return False
        self.values[address] = value
        return True


def joined(password: str = PASSWORD) -> tuple[Programmer, MeterProgramming, Memory]:
    memory = Memory()
    reader, meter = Programmer(0), MeterProgramming(password, memory, 0)
    carry(reader, meter)
    return reader, meter, memory


def carry(reader: Programmer, meter: MeterProgramming) -> list[Answer]:
    moved = True
    while moved:
        moved = False
        for sender, receiver in ((reader, meter), (meter, reader)):
            for octets in sender.outgoing():
                moved = True
                for octet in with_parity(octets):
                    receiver.receive(bytes((octet,)), 0)
    return reader.answers()


def asked(reader: Programmer, meter: MeterProgramming, what: str, *given: str, **how: bool) -> Answer:
    getattr(reader, what)(*given, 0, **how)
    (answer,) = carry(reader, meter)
    return answer


def test_the_meter_speaks_first() -> None:
    meter = MeterProgramming(PASSWORD, Memory(), 0, "seed")
    (first,) = meter.outgoing()
    assert first == Command("P", "0", "(seed)").encode()
    reader = Programmer(0)
    reader.receive(first, 0)
    assert (reader.operand, reader.busy) == ("seed", False)


def test_values_are_read_and_written() -> None:
    reader, meter, memory = joined()
    assert asked(reader, meter, "read", "1.8.0").data_sets == [DataSet("1.8.0", (("000123.4", "kWh"),))]
    assert asked(reader, meter, "give_password", PASSWORD) == Answer()
    assert asked(reader, meter, "write", "0.9.1", "131500") == Answer()
    assert memory.values["0.9.1"] == "131500"
    reader.leave()
    carry(reader, meter)
    assert meter.over
    assert reader.over


def test_a_long_value_comes_in_blocks() -> None:
    reader, meter, memory = joined()
    answer = asked(reader, meter, "read", "P.01", in_blocks=True)
    assert answer.text == f"P.01({memory.values['P.01']})"


@pytest.mark.parametrize(
    ("what", "given", "reason"),
    [
        ("read", ("9.9.9",), UNKNOWN),
        ("write", ("0.9.1", "1"), NOT_PERMITTED),
        ("give_password", ("87654321",), NOT_PERMITTED),
    ],
)
def test_what_is_refused_is_said(what: str, given: tuple[str, ...], reason: str) -> None:
    reader, meter, _ = joined()
    answer = asked(reader, meter, what, *given)
    assert answer == Answer(reason, refused=True)
    with pytest.raises(RefusedError, match=reason):
        answer.check()
    with pytest.raises(RefusedError):
        answer.data_sets  # noqa: B018 - it raises


def test_a_value_that_cannot_be_written_is_refused_to_who_may_write() -> None:
    reader, meter, _ = joined()
    asked(reader, meter, "give_password", PASSWORD)
    assert asked(reader, meter, "write", "1.8.0", "0").text == REFUSED
    assert asked(reader, meter, "give_password", "wrong").text == NOT_PERMITTED
    assert asked(reader, meter, "write", "0.9.1", "0").text == NOT_PERMITTED, "a wrong password takes the right away"


def test_three_wrong_passwords_are_the_end() -> None:
    reader, meter, _ = joined()
    for _ in range(2):
        asked(reader, meter, "give_password", "guess")
    reader.give_password("guess", 0)
    with pytest.raises(RemoteProtocolError, match="ended the programming mode"):
        carry(reader, meter)
    assert (meter.over, meter.wrong_passwords) == (True, 3)
    meter.receive(Command("P", "1", f"({PASSWORD})").encode(), 0)
    assert meter.outgoing() == []


def test_a_meter_without_a_password_lets_nobody_write() -> None:
    reader, meter, _ = joined("")
    assert asked(reader, meter, "give_password", "").refused
    assert asked(reader, meter, "write", "0.9.1", "1").text == NOT_PERMITTED


@pytest.mark.parametrize("said", [Command("E", "2", "x"), Command("W", "2", "0.9.1(1)"), Command("R", "1", "1.8.0")])
def test_a_command_that_nobody_knows_is_refused(said: Command) -> None:
    _, meter, _ = joined()
    meter.receive(said.encode(), 0)
    assert meter.outgoing() == [Block(f"({UNKNOWN})").encode()]


def test_what_cannot_be_read_is_asked_for_again() -> None:
    reader, meter, _ = joined()
    reader.read("1.8.0", 0)
    (request,) = reader.outgoing()
    meter.receive(request[:-1] + b"\x00", 0)
    assert meter.outgoing() == [NAK]
    reader.receive(NAK, 0)
    assert reader.outgoing() == [request]
    meter.receive(request, 0)
    (answer,) = meter.outgoing()
    reader.receive(answer[:-1] + b"\x00", 0)
    assert reader.outgoing() == [NAK]
    meter.receive(NAK, 0)
    assert meter.outgoing() == [answer]
    reader.receive(answer, 0)
    assert len(reader.answers()) == 1


def test_a_reader_that_never_understands_is_left() -> None:
    _, meter, _ = joined()
    for _ in range(3):
        meter.receive(NAK, 0)
    assert meter.outgoing()[-1] == BREAK.encode()
    assert meter.over


def test_a_silent_meter_is_asked_again_and_given_up() -> None:
    reader = Programmer(0)
    with pytest.raises(LinkTimeoutError):
        reader.tick(ANSWER_TIMEOUT_MS)
    reader, _, _ = joined()
    reader.read("1.8.0", 0)
    for tries in (1, 2):
        reader.tick(tries * ANSWER_TIMEOUT_MS)
    assert len(reader.outgoing()) == 3
    with pytest.raises(LinkTimeoutError):
        reader.tick(3 * ANSWER_TIMEOUT_MS)
    assert reader.over
    assert reader.wake_at() is None


def test_a_silent_reader_ends_the_mode() -> None:
    _, meter, _ = joined()
    assert meter.wake_at() == SILENCE_MS
    meter.tick(SILENCE_MS - 1)
    assert not meter.over
    meter.tick(SILENCE_MS)
    assert meter.outgoing() == [BREAK.encode()]
    assert meter.wake_at() is None


def test_blocks_without_an_end_are_given_up() -> None:
    reader, _, _ = joined()
    reader.read("P.01", 0, in_blocks=True)
    blocks = Block("x", last=False).encode() * (PROGRAMMING_BLOCKS_MAX + 1)
    with pytest.raises(RemoteProtocolError, match="no end"):
        reader.receive(blocks, 0)


def test_one_command_at_a_time_and_none_after_the_end() -> None:
    reader, _, _ = joined()
    reader.read("1.8.0", 0)
    with pytest.raises(LocalProtocolError):
        reader.read("1.8.0", 0)
    reader.leave()
    with pytest.raises(LocalProtocolError):
        reader.give_password(PASSWORD, 0)


def test_an_answer_that_nobody_asked_for_is_none() -> None:
    reader, _, _ = joined()
    reader.receive(ACK + Block("1.8.0(1)").encode() + OPERAND, 0)
    assert reader.answers() == []
    reader.read("1.8.0", 0)
    reader.receive(ACK, 0)
    assert reader.answers() == [], "a reading is not acknowledged"


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([ACK, NAK, OPERAND, BREAK.encode()])), max_size=8))
def test_a_meter_refuses_nothing_aloud(pieces: list[bytes]) -> None:
    meter = MeterProgramming(PASSWORD, Memory(), 0)
    for piece in pieces:
        meter.receive(piece, 0)
        meter.outgoing()


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([ACK, NAK, OPERAND])), max_size=8))
def test_a_reader_raises_only_what_is_said_of_it(pieces: list[bytes]) -> None:
    reader = Programmer(0)
    reader.receive(OPERAND, 0)
    reader.read("1.8.0", 0)
    try:
        for piece in pieces:
            reader.receive(piece, 0)
    except (RemoteProtocolError, LinkTimeoutError):
        pass


# On a line that loses, cuts and changes what is said


class Bottle:
    """Both ends, time, and what happens to the messages between them, in their order."""

    def __init__(self, faults: list[Fault]) -> None:
        self.memory = Memory()
        self.faults = list(faults)
        self.now_ms = 0
        self.reader, self.meter = Programmer(0), MeterProgramming(PASSWORD, self.memory, 0)

    def settle(self) -> list[Answer]:
        """Carry messages and let time pass until the reader waits for nothing any more."""
        self._carry()
        while self.reader.busy:
            wakes_ms = [wake for end in (self.reader, self.meter) if (wake := end.wake_at()) is not None]
            assert min(wakes_ms) > self.now_ms, "time stands still"
            self.now_ms = min(wakes_ms)
            self.meter.tick(self.now_ms)
            self.reader.tick(self.now_ms)
            self._carry()
        return self.reader.answers()

    def _carry(self) -> None:
        moved = True
        while moved:
            moved = False
            for sender, receiver in ((self.reader, self.meter), (self.meter, self.reader)):
                for octets in sender.outgoing():
                    moved = True
                    receiver.receive((self.faults.pop(0) if self.faults else WHOLE).on(octets), self.now_ms)


@settings(max_examples=300)
@given(st.lists(FAULTS, max_size=12))
def test_a_long_value_comes_whole_or_not_at_all(faults: list[Fault]) -> None:
    """Blocks have no numbers: whoever acknowledged again after a silence would miss one, and never know."""
    bottle = Bottle([])
    bottle.settle()
    bottle.faults = list(faults)
    bottle.reader.read("P.01", bottle.now_ms, in_blocks=True)
    try:
        (answer,) = bottle.settle()
    except (LinkTimeoutError, RemoteProtocolError):
        return
    assert answer == Answer(f"P.01({bottle.memory.values['P.01']})")


@pytest.mark.parametrize("lost", range(8))
def test_one_message_lost_of_a_long_value_costs_no_block(lost: int) -> None:
    bottle = Bottle([])
    bottle.settle()
    bottle.faults = [WHOLE] * lost + [LOST]
    bottle.reader.read("P.01", bottle.now_ms, in_blocks=True)
    (answer,) = bottle.settle()
    assert answer.text == f"P.01({bottle.memory.values['P.01']})"
    assert not bottle.faults


def test_the_beginning_of_a_message_that_stopped_does_not_swallow_what_comes_later() -> None:
    reader, meter, _ = joined()
    reader.write("0.9.1", "1", 0)
    reader.receive(b"\x02", 0)
    assert reader.answers() == []
    reader.tick(ANSWER_TIMEOUT_MS)
    reader.receive(ACK, ANSWER_TIMEOUT_MS)
    assert reader.answers() == [Answer()]
    assert not meter.over


def test_a_meter_that_never_stops_talking_is_left() -> None:
    reader, _, _ = joined()
    reader.read("1.8.0", 0)
    for now_ms in range(3 * PROGRAMMING_MESSAGE_OCTETS_MAX):
        reader.receive(b"\x00", now_ms)
    with pytest.raises(RemoteProtocolError, match="never stops"):
        reader.receive(b"\x00", 0)
    assert reader.over
    assert reader.wake_at() is None


def test_a_value_without_a_character_is_one_empty_block() -> None:
    reader, meter, memory = joined()
    memory.read = lambda address: ""  # type: ignore[method-assign]
    assert asked(reader, meter, "read", "1.8.0", in_blocks=True) == Answer("")
    assert asked(reader, meter, "read", "1.8.0") == Answer("")


def test_a_value_that_no_block_can_hold_is_refused_and_forgotten() -> None:
    reader, meter, memory = joined()
    memory.values["1.8.0"] = "1" * 400 + "\N{OHM SIGN}" + "2" * 300
    reader.read("1.8.0", 0, in_blocks=True)
    assert carry(reader, meter) == [Answer(UNKNOWN, refused=True)]
    meter.receive(ACK, 0)
    assert meter.outgoing() == [], "nothing is left of it"
    assert asked(reader, meter, "read", "0.9.1").text == "0.9.1(121500)"


class ProgrammingOnABadLine(RuleBasedStateMachine):
    """Whatever a line does, an answer is the true one, a write is done or refused as it is told, and nobody waits for ever."""

    @initialize()
    def begin(self) -> None:
        self.bottle = Bottle([])
        self.bottle.settle()
        self.may_write = False
        self.clock = self.bottle.memory.values["0.9.1"]

    def outcome(self, faults: list[Fault]) -> Answer | None:
        """None where the dialogue broke off; another one is begun then."""
        self.bottle.faults = list(faults)
        try:
            (answer,) = self.bottle.settle()
        except (LinkTimeoutError, RemoteProtocolError):
            assert self.bottle.reader.over
            memory = self.bottle.memory
            self.bottle = Bottle([])
            self.bottle.settle()
            self.clock = memory.values["0.9.1"]
            self.bottle.memory.values.update(memory.values)
            self.may_write = False
            return None
        return answer

    @rule(
        address=st.sampled_from(["1.8.0", "0.9.1", "P.01", "9.9.9"]),
        in_blocks=st.booleans(),
        faults=st.lists(FAULTS, max_size=6),
    )
    def read(self, address: str, in_blocks: bool, faults: list[Fault]) -> None:
        self.bottle.reader.read(address, self.bottle.now_ms, in_blocks=in_blocks)
        text = self.bottle.memory.read(address)
        answer = self.outcome(faults)
        assert answer in (None, Answer(UNKNOWN, refused=True) if text is None else Answer(text))

    @rule(right=st.booleans(), faults=st.lists(FAULTS, max_size=4))
    def give_password(self, right: bool, faults: list[Fault]) -> None:
        self.bottle.reader.give_password(PASSWORD if right else "wrong", self.bottle.now_ms)
        answer = self.outcome(faults)
        if answer is not None:
            assert answer == (Answer() if right else Answer(NOT_PERMITTED, refused=True))
            self.may_write = right

    @rule(number=st.integers(0, 235959), faults=st.lists(FAULTS, max_size=4))
    def write(self, number: int, faults: list[Fault]) -> None:
        before = self.clock
        self.bottle.reader.write("0.9.1", f"{number:06}", self.bottle.now_ms)
        permitted = self.may_write
        answer = self.outcome(faults)
        if answer is None:
            assert self.clock in ({before, f"{number:06}"} if permitted else {before})
            return
        assert answer == (Answer() if permitted else Answer(NOT_PERMITTED, refused=True))
        self.clock = f"{number:06}" if permitted else before

    @invariant()
    def the_meter_holds_what_was_told(self) -> None:
        assert self.bottle.memory.values["0.9.1"] == self.clock
        assert not self.bottle.reader.busy


TestProgrammingOnABadLine = ProgrammingOnABadLine.TestCase
TestProgrammingOnABadLine.settings = settings(max_examples=60, stateful_step_count=15)
