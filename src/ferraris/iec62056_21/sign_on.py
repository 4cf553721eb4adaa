"""How a reader and a meter begin at an optical head: 300 baud, seven bits with even parity, then the speed and protocol chosen.

Theory of operation. The reader sends the request, the meter answers with its identification, which says its mode. In modes A and
B the data readout follows at once. In modes C and E the reader acknowledges: it repeats the speed offered (or 0, to stay) and
says what is to follow. Both change speed then. For HDLC the meter confirms with the same acknowledgement, at the new speed and
still with seven bits, and both go on with eight bits and no parity. Some meters confirm nothing: after a silence the
reader goes on all the same.

Sans-IO, for both ends: `outgoing` gives octets to send and changes of the line in their order. The driver sends the octets out
completely before it changes the line. Characters are octets without their parity bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.iec62056_21.block_check import without_parity
from ferraris.iec62056_21.messages import (
    ETX,
    FIRST_BAUD,
    STX,
    Acknowledgement,
    Choice,
    Identification,
    Mode,
    decode_acknowledgement,
    decode_identification,
    decode_request,
    encode_request,
)
from ferraris.iec62056_21.readout import DataSet, decode_readout, encode_readout
from ferraris.kernel.errors import DecodeError, LinkTimeoutError, RemoteProtocolError
from ferraris.kernel.limits import READOUT_OCTETS_MAX

ANSWER_TIMEOUT_MS: Final = 1_500
"""The standard's longest reaction time. Anything that comes starts it anew."""
TRIES: Final = 3
MESSAGE_OCTETS_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class LineForm:
    """Speed and form of the characters from now on."""

    baud: int
    data_bits: int
    parity: str


OPENING: Final = LineForm(FIRST_BAUD, 7, "E")


class SignOnState(Enum):
    """How far the dialogue has come."""

    IDLE = "idle"
    REQUESTED = "requested"
    IDENTIFIED = "identified"
    CONFIRMING = "confirming"
    READING = "reading"
    DONE = "done"


class SignOn:
    """The reader's end."""

    def __init__(self, choice: Choice = Choice.HDLC, address: str = "") -> None:
        """`choice` is what is asked for in modes C and E."""
        self._choice = choice
        self._request = encode_request(address)
        self._received = bytearray()
        self._outgoing: list[bytes | LineForm] = []
        self._deadline_ms: int | None = None
        self._tries = 0
        self._sent = b""
        self._passed_over = 0
        self.state = SignOnState.IDLE
        self.identification: Identification | None = None
        self.readout: list[DataSet] | None = None
        """What a readout has brought."""

    @property
    def rest(self) -> bytes:
        """What came behind the end of the dialogue: the first octets of the protocol chosen."""
        return bytes(self._received) if self.state is SignOnState.DONE else b""

    def start(self, now_ms: int) -> None:
        """Call the meter."""
        self._outgoing.append(OPENING)
        self._call(now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Raises RemoteProtocolError where the meter says what it may not."""
        if self._deadline_ms is not None and octets:
            self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS
        self._received += octets if self.state is SignOnState.DONE else without_parity(octets)
        if self.state is SignOnState.REQUESTED:
            self._take_identification(now_ms)
        if self.state is SignOnState.CONFIRMING:
            self._take_confirmation()
        if self.state is SignOnState.READING:
            self._take_readout()

    def outgoing(self) -> list[bytes | LineForm]:
        """What is to be sent, and how the line is to be set, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._deadline_ms

    def tick(self, now_ms: int) -> None:
        """Call again, or go on without a confirmation. Raises LinkTimeoutError when nobody answers."""
        if self._deadline_ms is None or now_ms < self._deadline_ms:
            return
        if self.state is SignOnState.CONFIRMING:
            self._received.clear()
            self._finish()
        elif self.state is SignOnState.REQUESTED and self._tries < TRIES:
            self._received.clear()
            self._call(now_ms)
        else:
            self._deadline_ms = None
            raise LinkTimeoutError("The meter at the optical head does not answer", state=self.state.value)

    def _call(self, now_ms: int) -> None:
        self._tries += 1
        self.state = SignOnState.REQUESTED
        self._outgoing.append(self._request)
        self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS

    def _message(self) -> bytes | None:
        """What the next line holds from its stroke on; the echo of what was sent, and lines without a stroke, are passed over.

        Such lines are noise, or the readout that a meter begins when nobody acknowledges. Raises RemoteProtocolError for a line,
        or for lines, without an end.
        """
        while True:
            line, found, rest = self._received.partition(b"\r\n")
            if not found:
                if len(line) > MESSAGE_OCTETS_MAX:
                    raise RemoteProtocolError("a message has no end", expected="CR LF", got=len(line))
                return None
            self._received = bytearray(rest)
            message = bytes(line + found)
            start = message.find(b"/")
            if start >= 0 and message[start:] != self._request:
                return message[start:]
            self._passed_over += len(message)
            if self._passed_over > READOUT_OCTETS_MAX:
                raise RemoteProtocolError("no identification among many lines", got=self._passed_over)

    def _take_identification(self, now_ms: int) -> None:
        message = self._message()
        if message is None:
            return
        self.identification = identification = decode_identification(message)
        if identification.mode in (Mode.A, Mode.B):
            if self._choice is not Choice.READOUT:
                raise RemoteProtocolError("the meter only sends a readout", got=f"mode {identification.mode.value}")
            self._outgoing += [LineForm(identification.baud, 7, "E")] if identification.mode is Mode.B else []
            self.state = SignOnState.READING
            return
        if self._choice is Choice.HDLC and identification.mode is not Mode.E:
            raise RemoteProtocolError(
                "the meter has no HDLC at its optical head", got=f"mode {identification.mode.value}"
            )
        self._acknowledge(Acknowledgement(self._choice, identification.speed), now_ms)

    def _acknowledge(self, acknowledgement: Acknowledgement, now_ms: int) -> None:
        self._sent = acknowledgement.encode()
        self._outgoing += [self._sent, LineForm(acknowledgement.baud, 7, "E")]
        self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS
        if self._choice is Choice.READOUT:
            self.state = SignOnState.READING
        elif self._choice is Choice.HDLC:
            self.state = SignOnState.CONFIRMING
        else:
            self._finish()

    def _take_confirmation(self) -> None:
        if not self._received.startswith(self._sent[: len(self._received)]):
            raise RemoteProtocolError("the meter confirms another choice", got=bytes(self._received[:8]).hex())
        if len(self._received) >= len(self._sent):
            del self._received[: len(self._sent)]
            self._finish()

    def _take_readout(self) -> None:
        start = self._received.find(STX)
        end = self._received.find(ETX, max(start, 0))
        if start >= 0 and 0 <= end < len(self._received) - 1:
            self.readout = decode_readout(bytes(self._received[start : end + 2]))
            del self._received[: end + 2]
            self._finish()
        elif len(self._received) > READOUT_OCTETS_MAX:
            raise DecodeError("a readout has no end", expected=f"at most {READOUT_OCTETS_MAX} octets")

    def _finish(self) -> None:
        if self._choice is Choice.HDLC:
            assert self.identification is not None  # the confirmation comes behind it
            self._outgoing.append(LineForm(self.identification.baud, 8, "N"))
        self.state = SignOnState.DONE
        self._deadline_ms = None


class MeterSignOn:
    """The meter's end."""

    def __init__(
        self, identification: Identification, data_sets: list[DataSet], address: str = "", *, programming: bool = False
    ) -> None:
        """`address` is what requests call this meter by."""
        self.programming = programming
        """Whether the programming mode may be chosen; whoever chooses it otherwise hears nothing more."""
        self._identification = identification
        self.data_sets = data_sets
        """What a readout shows; whoever serves the meter renews them."""
        self._address = address.lstrip("0")
        self._received = bytearray()
        self._outgoing: list[bytes | LineForm] = []
        self._deadline_ms: int | None = None
        self.state = SignOnState.IDLE
        self.choice: Choice | None = None
        """What the reader has chosen."""

    @property
    def rest(self) -> bytes:
        """What came behind the end of the dialogue: the first octets of the protocol chosen."""
        return bytes(self._received) if self._done else b""

    @property
    def _done(self) -> bool:
        return self.state is SignOnState.DONE

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. What is not for this meter, or no message at all, is passed over."""
        if self._done:
            self._received += octets
            return
        self._received += without_parity(octets)
        while b"\n" in self._received:
            line, _, rest = self._received.partition(b"\n")
            self._received = bytearray(rest)
            if self._take(bytes(line + b"\n"), now_ms):
                return
        del self._received[:-MESSAGE_OCTETS_MAX]

    def outgoing(self) -> list[bytes | LineForm]:
        """What is to be sent, and how the line is to be set, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._deadline_ms

    def tick(self, now_ms: int) -> None:
        """A reader that does not acknowledge in time gets the readout at the first speed, as the standard has it."""
        if self._deadline_ms is not None and now_ms >= self._deadline_ms:
            self._deadline_ms = None
            self._read_out(FIRST_BAUD)

    def _take(self, message: bytes, now_ms: int) -> bool:
        """Take one message; whether the dialogue is done."""
        try:
            if self.state is SignOnState.IDENTIFIED and not _is_call(message):
                self._take_acknowledgement(message)
            else:
                self._take_request(message, now_ms)
        except DecodeError:
            return False
        return self._done

    def _take_request(self, message: bytes, now_ms: int) -> None:
        if decode_request(message[max(message.find(b"/"), 0) :]) not in ("", self._address):
            return
        self._outgoing += [self._identification.encode()]
        if self._identification.mode in (Mode.A, Mode.B):
            self._read_out(self._identification.baud)
        else:
            self.state = SignOnState.IDENTIFIED
            self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS

    def _take_acknowledgement(self, message: bytes) -> None:
        acknowledgement = decode_acknowledgement(message)
        self._deadline_ms = None
        self.choice = acknowledgement.choice
        if acknowledgement.choice is Choice.READOUT:
            self._read_out(acknowledgement.baud)
        elif acknowledgement.choice is Choice.HDLC and self._identification.mode is Mode.E:
            self._outgoing += [LineForm(acknowledgement.baud, 7, "E"), message, LineForm(acknowledgement.baud, 8, "N")]
            self.state = SignOnState.DONE
        elif acknowledgement.choice is Choice.PROGRAMMING and self.programming:
            self._outgoing.append(LineForm(acknowledgement.baud, 7, "E"))
            self.state = SignOnState.DONE
        else:
            self.choice = None
            self.state = SignOnState.IDLE

    def _read_out(self, baud: int) -> None:
        if baud != FIRST_BAUD:
            self._outgoing.append(LineForm(baud, 7, "E"))
        self._outgoing += [encode_readout(self.data_sets), OPENING]
        self.choice = Choice.READOUT
        self.state = SignOnState.IDLE


def _is_call(message: bytes) -> bool:
    """Whether a reader calls (again: it has not heard the identification)."""
    return b"/?" in message
