"""What opens a dialogue of IEC 62056-21: request, identification, acknowledgement and the speeds that they agree upon.

    request          / ? address ! CR LF
    identification   / MMM Z identification CR LF     MMM manufacturer, Z speed; \\W before the rest: mode E
    acknowledgement  ACK V Z Y CR LF                  V protocol, Z speed, Y what for

The speed's character says the mode: a digit is mode C (E, if \\2 follows), a letter mode B, anything else mode A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.kernel.errors import DecodeError, LocalProtocolError

CLAUSE: Final = "IEC 62056-21 6.3"
ACK, STX, ETX, SOH, EOT = 0x06, 0x02, 0x03, 0x01, 0x04
CR_LF: Final = b"\r\n"
FIRST_BAUD: Final = 300


DIGIT_BAUD: Final = {str(index): baud for index, baud in enumerate((300, 600, 1200, 2400, 4800, 9600, 19200))}
LETTER_BAUD: Final = dict(zip("ABCDEF", (600, 1200, 2400, 4800, 9600, 19200), strict=True))
HDLC_ENHANCEMENT: Final = "2"
_REQUEST: Final = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n")
_IDENTIFICATION: Final = re.compile(
    rb"/([A-Za-z]{3})([\x20\x22-\x2e\x30-\x7e])((?:\\[\x20\x22-\x2e\x30-\x7e])*)([\x20\x22-\x2e\x30-\x5b\x5d-\x7e]{0,32})\r\n"
)
_ACKNOWLEDGEMENT: Final = re.compile(rb"\x06([0-9])([0-9])([0-9A-Z])\r\n")


class Mode(Enum):
    """How a dialogue goes on after the identification."""

    A = "A"
    """Data at once, at the first speed."""
    B = "B"
    """Data at once, at a speed that the meter has chosen."""
    C = "C"
    """The reader acknowledges a speed and says what it wants."""
    E = "E"
    """As mode C, and HDLC can be chosen."""


class Choice(Enum):
    """What an acknowledgement asks for: its protocol and mode characters."""

    READOUT = "0", "0"
    PROGRAMMING = "0", "1"
    HDLC = "2", "2"


@dataclass(frozen=True, slots=True)
class Identification:
    """Who answers, and what it can do."""

    manufacturer: str
    speed: str
    """The speed's character."""
    text: str
    enhancements: str = ""
    """The characters that stood behind a backslash."""

    @property
    def mode(self) -> Mode:
        if self.speed in DIGIT_BAUD:
            return Mode.E if HDLC_ENHANCEMENT in self.enhancements else Mode.C
        return Mode.B if self.speed in LETTER_BAUD else Mode.A

    @property
    def baud(self) -> int:
        """The speed offered."""
        return DIGIT_BAUD.get(self.speed) or LETTER_BAUD.get(self.speed) or FIRST_BAUD

    def encode(self) -> bytes:
        enhancements = "".join(f"\\{character}" for character in self.enhancements)
        octets = f"/{self.manufacturer}{self.speed}{enhancements}{self.text}".encode() + CR_LF
        if not _IDENTIFICATION.fullmatch(octets):
            raise LocalProtocolError("no identification of a meter", got=octets, clause=CLAUSE)
        return octets


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The reader's choice of speed and of what follows."""

    choice: Choice
    speed: str

    @property
    def baud(self) -> int:
        return DIGIT_BAUD[self.speed]

    def encode(self) -> bytes:
        protocol, wanted = self.choice.value
        return bytes((ACK,)) + f"{protocol}{self.speed}{wanted}".encode() + CR_LF


def encode_request(address: str = "") -> bytes:
    """The request message. Raises LocalProtocolError for an address that no meter has."""
    octets = f"/?{address}!".encode("ascii", "replace") + CR_LF
    if not _REQUEST.fullmatch(octets):
        raise LocalProtocolError("no address of a meter", expected="up to 32 letters and digits", got=address)
    return octets


def decode_request(octets: bytes) -> str:
    """The address in a request; empty when any meter is to answer. Leading zeros say nothing. Raises DecodeError."""
    match = _REQUEST.fullmatch(octets)
    if match is None:
        raise _refused("no request message", octets)
    return match[1].decode().lstrip("0")


def decode_identification(octets: bytes) -> Identification:
    """Raises DecodeError."""
    match = _IDENTIFICATION.fullmatch(octets)
    if match is None:
        raise _refused("no identification message", octets)
    manufacturer, speed, enhancements, text = (part.decode("ascii", "replace") for part in match.groups())
    return Identification(manufacturer, speed, text, enhancements[1::2])


def decode_acknowledgement(octets: bytes) -> Acknowledgement:
    """Raises DecodeError, also for a choice or a speed that the standard does not have."""
    match = _ACKNOWLEDGEMENT.fullmatch(octets)
    if match is not None:
        protocol, speed, wanted = (part.decode() for part in match.groups())
        for choice in Choice:
            if choice.value == (protocol, wanted) and speed in DIGIT_BAUD:
                return Acknowledgement(choice, speed)
    raise _refused("no acknowledgement message", octets)


def _refused(summary: str, octets: bytes) -> DecodeError:
    return DecodeError(summary, got=octets[:40].hex(), offset=0, clause=CLAUSE)
