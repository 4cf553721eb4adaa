"""The programming mode behind the sign-on of IEC 62056-21: values are read and written one by one, by password.

Theory of operation. The meter speaks first: P0, with an operand that may go into the password. The reader sends its password
(P1), which the meter acknowledges or refuses. R1 is answered by a block, R3 by blocks that the reader acknowledges one by one, W1
by an acknowledgement; each of them may be refused by a block that only holds an error in brackets. What cannot be read is
answered by NAK and repeated. B0 from either end is the end, and so is silence for a minute. Blocks have no numbers: a reader who
hears nothing behind its acknowledgement cannot know whether the next block was said, and asks for the whole value again.

Passwords travel as they are, and whoever is near the head hears them: three wrong ones end the mode (`wrong_passwords` tells how
many there were), and how long nobody gets in again is the meter's business. P2, passwords made with a manufacturer's secret
algorithm, and the formatted commands of annex C are not here.

Sans-IO, for both ends. Characters are octets without their parity bit.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ferraris.iec62056_21.block_check import without_parity
from ferraris.iec62056_21.commands import (
    BREAK,
    Block,
    Command,
    Message,
    MessageReader,
    Sign,
    Wanted,
    address_and_value,
    command,
    in_brackets,
)
from ferraris.iec62056_21.readout import DataSet, read_data_sets
from ferraris.kernel.errors import DecodeError, LinkTimeoutError, LocalProtocolError, RefusedError, RemoteProtocolError
from ferraris.kernel.limits import PROGRAMMING_BLOCKS_MAX, PROGRAMMING_MESSAGE_OCTETS_MAX, PROGRAMMING_PASSWORDS_MAX

ANSWER_TIMEOUT_MS: Final = 2_200
"""The standard's longest reaction time of 1.5 seconds, and a message on its way. Anything that comes starts it anew."""
TRIES: Final = 3
UNREADABLE_OCTETS_MAX: Final = TRIES * PROGRAMMING_MESSAGE_OCTETS_MAX
"""What a meter may say that is no message, before it is left."""
SILENCE_MS: Final = 60_000
"""The shortest that the standard lets a meter wait for its reader."""
BLOCK_CHARACTERS: Final = 256
"""Of one block of an answer in blocks."""
UNKNOWN: Final = "ERROR1"
"""The standard leaves the texts to the manufacturer: an address or a command that is not known here."""
REFUSED: Final = "ERROR2"
"""A value that cannot be written."""
NOT_PERMITTED: Final = "ERROR3"
"""A command that needs the password, or a wrong one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command of the reader has brought."""

    text: str = ""
    """Of its blocks; empty for an acknowledgement."""
    refused: bool = False

    @property
    def data_sets(self) -> list[DataSet]:
        """Raises DecodeError, and RefusedError for what the meter has refused."""
        self.check()
        return read_data_sets(self.text)

    def check(self) -> None:
        """Raises RefusedError where the meter has said no, with what it has said."""
        if self.refused:
            raise RefusedError(f"the meter refuses: {self.text}", result=self.text, code=0)


class Programmer:
    """The reader's end. One command is under way at a time."""

    def __init__(self, now_ms: int) -> None:
        self._reader = MessageReader()
        self._outgoing: list[bytes] = []
        self._deadline_ms: int | None = now_ms + ANSWER_TIMEOUT_MS
        self._asked = b""
        """The command under way."""
        self._sent: bytes | None = None
        """What was said last for it: the command, or the acknowledgement of a block."""
        self._unreadable = 0
        self._wanted: Wanted | None = None
        self._tries = 0
        self._blocks: list[str] = []
        self._answers: list[Answer] = []
        self.operand: str | None = None
        """What the meter has said first; None as long as it has not."""
        self.over = False

    @property
    def busy(self) -> bool:
        """Whether something is waited for."""
        return self._deadline_ms is not None

    def give_password(self, password: str, now_ms: int) -> None:
        """Raises LocalProtocolError for one that no message can hold."""
        self._ask(command(Wanted.PASSWORD, in_brackets(password)), now_ms)

    def read(self, address: str, now_ms: int, *, in_blocks: bool = False) -> None:
        """Ask for the value at an address, such as `1.8.0`."""
        self._ask(command(Wanted.READ_IN_BLOCKS if in_blocks else Wanted.READ, f"{address}()"), now_ms)

    def write(self, address: str, value: str, now_ms: int) -> None:
        """Raises LocalProtocolError for a value that no message can hold."""
        self._ask(command(Wanted.WRITE, address + in_brackets(value)), now_ms)

    def leave(self) -> None:
        """Take leave. Nothing is answered."""
        self._outgoing.append(BREAK.encode())
        self.over, self._deadline_ms = True, None

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Raises RemoteProtocolError where the meter says what it may not, or ends the mode."""
        if self._deadline_ms is not None and octets:
            self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS
        self._unreadable += len(octets)
        for message in self._reader.receive(without_parity(octets)):
            if not self.over:
                self._take(message, now_ms)
        if self.busy and self._unreadable > UNREADABLE_OCTETS_MAX:
            self.over, self._deadline_ms = True, None
            raise RemoteProtocolError("the meter never stops talking", got=self._unreadable)

    def answers(self) -> list[Answer]:
        """What came of the commands since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._deadline_ms

    def tick(self, now_ms: int) -> None:
        """Repeat what is not answered. Raises LinkTimeoutError when no try is left."""
        if self._deadline_ms is not None and now_ms >= self._deadline_ms:
            self._reader.forget()
            self._blocks.clear()
            self._sent = self._asked if self._sent else None
            self._repeat(now_ms)

    def _ask(self, asked: Command, now_ms: int) -> None:
        if self.over or self.busy:
            raise LocalProtocolError("a command while another one is under way, or none can be", got=asked.letter)
        self._asked, self._wanted, self._tries = asked.encode(), asked.wanted, 1
        self._blocks.clear()
        self._say(self._asked, now_ms)

    def _repeat(self, now_ms: int) -> None:
        if self._sent is None or self._tries >= TRIES:
            self._deadline_ms, self.over = None, True
            raise LinkTimeoutError(f"The meter at the optical head has not answered {max(self._tries, 1)} times")
        self._tries += 1
        self._say(self._sent, now_ms)

    def _say(self, octets: bytes, now_ms: int) -> None:
        self._sent, self._unreadable = octets, 0
        self._outgoing.append(octets)
        self._deadline_ms = now_ms + ANSWER_TIMEOUT_MS

    def _take(self, message: Message | None, now_ms: int) -> None:
        if message is None:
            self._outgoing.append(bytes((Sign.REPEAT.value,)))
            return
        if isinstance(message, Command):
            self._take_command(message)
        elif self._sent is None or not self.busy:
            return  # an echo of noise, or an answer that came twice
        elif message is Sign.REPEAT:
            self._repeat(now_ms)
        elif isinstance(message, Block):
            self._take_block(message, now_ms)
        elif self._wanted in (Wanted.PASSWORD, Wanted.WRITE):
            self._answered(Answer())

    def _take_command(self, said: Command) -> None:
        if said.wanted is Wanted.BREAK:
            self.over, self._deadline_ms = True, None
            raise RemoteProtocolError("the meter has ended the programming mode", got="B0")
        if said.wanted is Wanted.OPERAND and self.operand is None:
            self.operand = said.data[1:-1] if said.data.startswith("(") else said.data
            self._deadline_ms = None

    def _take_block(self, block: Block, now_ms: int) -> None:
        self._blocks.append(block.data)
        if len(self._blocks) > PROGRAMMING_BLOCKS_MAX:
            raise RemoteProtocolError("an answer has no end", expected=f"at most {PROGRAMMING_BLOCKS_MAX} blocks")
        if block.last:
            text = "".join(self._blocks)
            refused = text.startswith("(ER") or self._wanted in (Wanted.PASSWORD, Wanted.WRITE)
            self._answered(Answer(text[1:-1] if refused else text, refused))
            return
        self._say(bytes((Sign.ACKNOWLEDGED.value,)), now_ms)

    def _answered(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._sent, self._wanted, self._deadline_ms = None, None, None


class Values(Protocol):
    """What a meter shows and takes in its programming mode."""

    def read(self, address: str) -> str | None:
        """The data sets at an address, as text; None where there are none."""
        ...

    def write(self, address: str, value: str) -> bool:
        """Whether the value is taken."""
        ...


class MeterProgramming:
    """The meter's end. It speaks first."""

    def __init__(self, password: str, values: Values, now_ms: int, operand: str = "") -> None:
        """Without a password nobody can write: nothing is as good as it."""
        self._password = password.encode()
        self._values = values
        self._reader = MessageReader()
        self._outgoing = [command(Wanted.OPERAND, in_brackets(operand)).encode()]
        self._last = self._outgoing[0]
        self._repeated = 0
        self._blocks: list[bytes] = []
        """Of an answer that is asked for block by block."""
        self._ends_ms = now_ms + SILENCE_MS
        self._known = False
        self.wrong_passwords = 0
        self.over = False

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Whatever is wrong with them is answered; nothing is raised."""
        for message in self._reader.receive(without_parity(octets)):
            if self.over:
                return
            self._ends_ms = now_ms + SILENCE_MS
            if message is None:
                self._outgoing.append(bytes((Sign.REPEAT.value,)))
            elif isinstance(message, Command):
                self._take(message)
            elif message is Sign.REPEAT:
                self._repeat()
            elif message is Sign.ACKNOWLEDGED and self._blocks:
                self._say_block()

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return None if self.over else self._ends_ms

    def tick(self, now_ms: int) -> None:
        """Nobody has spoken for too long: the mode ends."""
        if not self.over and now_ms >= self._ends_ms:
            self._break()

    def _take(self, said: Command) -> None:
        self._blocks.clear()
        self._repeated = 0
        handlers: dict[Wanted | None, Callable[[str], None]] = {
            Wanted.PASSWORD: self._check,
            Wanted.READ: lambda data: self._read(data, in_blocks=False),
            Wanted.READ_IN_BLOCKS: lambda data: self._read(data, in_blocks=True),
            Wanted.WRITE: self._write,
        }
        if said.wanted is Wanted.BREAK:
            self.over = True
            return
        handler = handlers.get(said.wanted)
        if handler is None:
            self._refuse(UNKNOWN)
            return
        try:
            handler(said.data)
        except (DecodeError, LocalProtocolError):
            self._refuse(UNKNOWN)

    def _check(self, data: str) -> None:
        _, password = address_and_value(data)
        if self._password and hmac.compare_digest(password.encode(), self._password):
            self._known = True
            self._say(bytes((Sign.ACKNOWLEDGED.value,)))
            return
        self._known = False
        self.wrong_passwords += 1
        if self.wrong_passwords >= PROGRAMMING_PASSWORDS_MAX:
            self._break()
        else:
            self._refuse(NOT_PERMITTED)

    def _read(self, data: str, *, in_blocks: bool) -> None:
        text = self._values.read(address_and_value(data)[0])
        if text is None:
            self._refuse(UNKNOWN)
        elif in_blocks:
            self._blocks = _blocks_of(text)
            self._say_block()
        else:
            self._say(Block(text).encode())

    def _write(self, data: str) -> None:
        if not self._known:
            self._refuse(NOT_PERMITTED)
        elif self._values.write(*address_and_value(data)):
            self._say(bytes((Sign.ACKNOWLEDGED.value,)))
        else:
            self._refuse(REFUSED)

    def _say_block(self) -> None:
        self._say(self._blocks.pop(0))

    def _refuse(self, reason: str) -> None:
        self._say(Block(in_brackets(reason)).encode())

    def _say(self, octets: bytes) -> None:
        self._last = octets
        self._outgoing.append(octets)

    def _repeat(self) -> None:
        self._repeated += 1
        if self._repeated >= TRIES:
            self._break()
        else:
            self._outgoing.append(self._last)

    def _break(self) -> None:
        self._outgoing.append(BREAK.encode())
        self.over = True


def _blocks_of(text: str) -> list[bytes]:
    """An answer, cut; one block at least. Raises LocalProtocolError for what no message can hold."""
    places = range(0, max(len(text), 1), BLOCK_CHARACTERS)
    return [Block(text[at : at + BLOCK_CHARACTERS], last=at == places[-1]).encode() for at in places]
