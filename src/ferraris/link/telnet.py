"""Telnet as far as RFC 2217 needs it, without I/O: octets of the line and what the two ends agree on, in one stream (RFC 854).

The octet 0xFF (IAC) begins a command; as an octet of the line it is doubled. Options are agreed upon by WILL and DO, refused by
WONT and DONT. Only a change of state is answered, so that two ends cannot answer one another for ever.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import TELNET_SUBNEGOTIATION_OCTETS_MAX

CLAUSE: Final = "RFC 854"
IAC, DONT, DO, WONT, WILL, SB, SE = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF0
NEGOTIATION: Final = (DONT, DO, WONT, WILL)
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
WANTED: Final = (BINARY, SUPPRESS_GO_AHEAD, COM_PORT)
IAC_OCTET: Final = bytes((IAC,))
ESCAPED_IAC: Final = bytes((IAC, IAC))


class _Place(Enum):
    """Where in the stream the next octet stands."""

    DATA = auto()
    COMMAND = auto()
    OPTION = auto()
    SUBNEGOTIATION = auto()
    SUBNEGOTIATION_COMMAND = auto()


def escaped(octets: bytes) -> bytes:
    """Octets of the line as they stand in the stream."""
    return octets.replace(IAC_OCTET, ESCAPED_IAC) if IAC in octets else octets


def subnegotiation(option: int, content: bytes) -> bytes:
    """What is said about an option that both ends have agreed upon."""
    return bytes((IAC, SB, option)) + escaped(content) + bytes((IAC, SE))


class Telnet:
    """One end of a telnet stream."""

    def __init__(self) -> None:
        self._place = _Place.DATA
        self._verb = 0
        self._pending = bytearray()
        self._data = bytearray()
        self._outgoing = bytearray()
        self._subnegotiations: list[bytes] = []
        self._ours: dict[int, bool] = {}
        self._theirs: dict[int, bool] = {}

    def offer(self, options: tuple[int, ...]) -> None:
        """Ask for options in both directions."""
        for option in options:
            self._ours[option] = self._theirs[option] = True
            self._outgoing += bytes((IAC, WILL, option, IAC, DO, option))

    def refused(self, option: int) -> bool:
        """Whether the other end will not have us do it."""
        return self._ours.get(option) is False

    def receive(self, octets: bytes) -> None:
        """Take octets of the stream. Raises RemoteProtocolError for a command without an end."""
        start = 0
        while start < len(octets):
            if self._place is _Place.DATA:
                end = octets.find(IAC, start)
                self._data += octets[start:] if end < 0 else octets[start:end]
                if end < 0:
                    return
                self._place = _Place.COMMAND
                start = end + 1
            else:
                self._command(octets[start])
                start += 1

    def data(self) -> bytes:
        """The octets of the line that came since the last call."""
        data, self._data = bytes(self._data), bytearray()
        return data

    def subnegotiations(self) -> list[bytes]:
        """What was said about options since the last call: option, then content."""
        said, self._subnegotiations = self._subnegotiations, []
        return said

    def outgoing(self) -> bytes:
        """What is to be sent in answer."""
        outgoing, self._outgoing = bytes(self._outgoing), bytearray()
        return outgoing

    def _command(self, octet: int) -> None:
        match self._place:
            case _Place.COMMAND if octet == IAC:
                self._data.append(IAC)
                self._place = _Place.DATA
            case _Place.COMMAND if octet in NEGOTIATION:
                self._verb = octet
                self._place = _Place.OPTION
            case _Place.COMMAND:
                self._place = _Place.SUBNEGOTIATION if octet == SB else _Place.DATA
            case _Place.OPTION:
                self._negotiate(self._verb, octet)
                self._place = _Place.DATA
            case _Place.SUBNEGOTIATION if octet == IAC:
                self._place = _Place.SUBNEGOTIATION_COMMAND
            case _Place.SUBNEGOTIATION:
                self._collect(octet)
            case _Place.SUBNEGOTIATION_COMMAND if octet == IAC:
                self._collect(IAC)
                self._place = _Place.SUBNEGOTIATION
            case _:
                self._subnegotiations.append(bytes(self._pending))
                self._pending.clear()
                self._place = _Place.DATA

    def _collect(self, octet: int) -> None:
        if len(self._pending) >= TELNET_SUBNEGOTIATION_OCTETS_MAX:
            expected = f"at most {TELNET_SUBNEGOTIATION_OCTETS_MAX} octets"
            raise RemoteProtocolError("a telnet subnegotiation has no end", expected=expected, clause=CLAUSE)
        self._pending.append(octet)

    def _negotiate(self, verb: int, option: int) -> None:
        about_us = verb in (DO, DONT)
        asked = verb in (DO, WILL)
        states = self._ours if about_us else self._theirs
        granted = asked and option in WANTED
        if states.get(option, False) == granted and (granted or option in states or not asked):
            return
        states[option] = granted
        answer = (WILL if granted else WONT) if about_us else (DO if granted else DONT)
        self._outgoing += bytes((IAC, answer, option))
