"""The messages of the programming mode of IEC 62056-21, each checked by a block check character.

    command    SOH C D STX data ETX BCC      C what is wanted: P password, R read, W write, B break; D its variant
    break      SOH B 0 ETX BCC
    block      STX data ETX BCC              what is answered; EOT instead of ETX: more follows
    ACK, NAK   single characters

Data are data sets, `1.8.0(000123.4*kWh)`; a password or what a meter says of a refusal stands in brackets alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from ferraris.iec62056_21.block_check import block_check
from ferraris.iec62056_21.messages import ACK, EOT, ETX, SOH, STX
from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import PROGRAMMING_MESSAGE_OCTETS_MAX

CLAUSE: Final = "IEC 62056-21 6.3"
NAK: Final = 0x15
ENDS: Final = (ETX, EOT)
COMMAND_HEAD_OCTETS: Final = 3
_COMMAND: Final = re.compile(rb"\x01([A-Z])([0-9])(?:\x02([\x20-\x7e\r\n]*))?([\x03\x04])", re.DOTALL)
_BLOCK: Final = re.compile(rb"\x02([\x20-\x7e\r\n]*)([\x03\x04])", re.DOTALL)
_ADDRESS: Final = re.compile(r"([^()/!*]{0,32})\(([^()/!]*)\)(?:\r\n)?")


class Wanted(Enum):
    """What a command wants: its two characters."""

    OPERAND = "P0"
    """From the meter, first of all: what a password may be made with."""
    PASSWORD = "P1"  # noqa: S105 - no password
    READ = "R1"
    READ_IN_BLOCKS = "R3"
    WRITE = "W1"
    BREAK = "B0"


@dataclass(frozen=True, slots=True)
class Command:
    """A command message. Its characters are kept as they are where the standard, or this, has no name for them."""

    letter: str
    variant: str
    data: str = ""

    @property
    def wanted(self) -> Wanted | None:
        """None for a command that is not known here."""
        characters = self.letter + self.variant
        return next((wanted for wanted in Wanted if wanted.value == characters), None)

    def encode(self) -> bytes:
        """Raises LocalProtocolError for data that no message can hold."""
        data = bytes((STX,)) + _text(self.data) if self.data else b""
        covered = f"{self.letter}{self.variant}".encode("ascii", "replace") + data + bytes((ETX,))
        return bytes((SOH,)) + covered + bytes((block_check(covered),))


@dataclass(frozen=True, slots=True)
class Block:
    """What is answered, or a part of it."""

    data: str
    last: bool = True

    def encode(self) -> bytes:
        covered = _text(self.data) + bytes((ETX if self.last else EOT,))
        return bytes((STX,)) + covered + bytes((block_check(covered),))


class Sign(Enum):
    """A message that is one character."""

    ACKNOWLEDGED = ACK
    REPEAT = NAK
    """What came was not to be read."""


Message: TypeAlias = Command | Block | Sign
BREAK: Final = Command("B", "0")


def command(wanted: Wanted, data: str = "") -> Command:
    """A command of a kind that has a name."""
    return Command(wanted.value[0], wanted.value[1], data)


def address_and_value(data: str) -> tuple[str, str]:
    """The address of a data set and what stands in its brackets. Raises DecodeError."""
    match = _ADDRESS.fullmatch(data)
    if match is None:
        raise DecodeError("no address with brackets", expected="address(value)", got=data[:40], clause=CLAUSE)
    return match[1].strip(), match[2]


def in_brackets(text: str) -> str:
    """A password, or the reason of a refusal. Raises LocalProtocolError for characters that brackets cannot hold."""
    if not text.isascii() or not text.isprintable() or set(text) & set("()/!"):
        raise LocalProtocolError("a text that brackets cannot hold", expected="printable, none of ()/!", clause=CLAUSE)
    return f"({text})"


class MessageReader:
    """Finds messages in a live stream. What is none is dropped, octet by octet; a wrong check character is told by None."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def rest(self) -> bytes:
        """What has come and is no whole message yet."""
        return bytes(self._held)

    def forget(self) -> None:
        """Drop a message that has stopped: what comes from now on is another."""
        self._held.clear()

    def receive(self, octets: bytes) -> Iterator[Message | None]:
        """The messages that are whole now; None for one that was not to be read."""
        self._held += octets
        while self._held:
            first = self._held[0]
            if first in (ACK, NAK):
                del self._held[0]
                yield Sign(first)
            elif first not in (SOH, STX):
                del self._held[0]
            else:
                end = self._end()
                if end is None:
                    if len(self._held) <= PROGRAMMING_MESSAGE_OCTETS_MAX:
                        return
                    self._held.clear()
                    yield None
                    return
                octets = bytes(self._held[: end + 2])
                del self._held[: end + 2]
                yield _message(octets)

    def _end(self) -> int | None:
        """Where ETX or EOT stands, with the check character behind it; None where the message is not whole."""
        ends = [end for mark in ENDS if (end := self._held.find(mark)) >= 0]
        end = min(ends, default=len(self._held))
        return end if end + 1 < len(self._held) else None


def _message(octets: bytes) -> Message | None:
    if octets[-1] != block_check(octets[1:-1]):
        return None
    if octets[0] == SOH:
        match = _COMMAND.fullmatch(octets[:-1])
        if match is None or match[4] == bytes((EOT,)):
            return None
        return Command(match[1].decode(), match[2].decode(), (match[3] or b"").decode())
    match = _BLOCK.fullmatch(octets[:-1])
    return None if match is None else Block(match[1].decode(), match[2] == bytes((ETX,)))


def _text(data: str) -> bytes:
    octets = data.encode("ascii", "replace")
    if not re.fullmatch(rb"[\x20-\x7e\r\n]*", octets) or octets.decode() != data:
        raise LocalProtocolError("a message has other characters than those of seven bits", clause=CLAUSE)
    if len(octets) > PROGRAMMING_MESSAGE_OCTETS_MAX - COMMAND_HEAD_OCTETS - 3:
        expected = f"at most {PROGRAMMING_MESSAGE_OCTETS_MAX} octets with its frame"
        raise LocalProtocolError("a message is too long", expected=expected, got=len(octets), clause=CLAUSE)
    return octets
