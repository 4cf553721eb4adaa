"""The serial server's end of RFC 2217: a network port behind which there is a line, its speed set by whoever connects.

There need be no line of copper: a virtual meter is served here as if one led to it. What comes while the two ends of that line
are set differently is noise to the meter, and is dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from ferraris.kernel.errors import LinkClosedError, RemoteProtocolError
from ferraris.link.contract import Link, LinkServer
from ferraris.link.middleware import Middleware
from ferraris.link.rfc2217 import FROM_SERVER, PARITIES, SET_BAUD, SET_DATA_BITS, SET_PARITY, SET_STOP_BITS
from ferraris.link.serial import AdjustableLine, SerialSettings
from ferraris.link.tcp import serve_tcp
from ferraris.link.telnet import COM_PORT, IAC, IAC_OCTET, SE, Telnet, escaped, subnegotiation

LineHandler: TypeAlias = Callable[[AdjustableLine], Awaitable[None]]
"""Serves what is connected to the line, as long as somebody is connected to the port."""
END_OF_SUBNEGOTIATION: Final = bytes((IAC, SE))
PARITY_LETTERS: Final = {number: letter for letter, number in PARITIES.items()}
DATA_BITS: Final = (7, 8)
STOP_BITS: Final = (1, 2)
ECHOED: Final = frozenset({5, 10, 11, 12})
"""Control lines, masks of notifications, purging: there is nothing of the kind here, and all of it is granted."""


class Rfc2217Line(Middleware):
    """The far end of the line behind a network port, for one connection to that port."""

    def __init__(self, link: Link, settings: SerialSettings) -> None:
        """`settings` are those of both ends to begin with."""
        super().__init__(link)
        self.settings = settings
        """As this end is set."""
        self.port_settings = settings
        """As the one who is connected has set his end."""
        self.dropped = 0
        """Octets that came in another form than this end is set to."""
        self._telnet = Telnet()
        self._unfinished = b""
        """An IAC whose command has not come yet."""

    async def adjust(self, settings: SerialSettings) -> None:
        """Set this end."""
        self.settings = settings

    async def send(self, octets: bytes) -> None:
        await self._link.send(escaped(octets))

    async def receive(self) -> bytes:
        held = bytearray()
        while not held:
            octets = self._unfinished + await self._link.receive()
            whole = octets if (len(octets) - len(octets.rstrip(IAC_OCTET))) % 2 == 0 else octets[:-1]
            self._unfinished = octets[len(whole) :]
            for piece in _pieces(whole):
                held += await self._take(piece)
        return bytes(held)

    async def _take(self, piece: bytes) -> bytes:
        """What a piece of the stream brings for the line. Its subnegotiation, if it has one, stands behind the octets of the line."""
        try:
            self._telnet.receive(piece)
        except RemoteProtocolError as error:
            raise LinkClosedError(f"{self.peer} speaks no telnet: {error}") from error
        octets = self._telnet.data()
        if octets and self.port_settings != self.settings:
            self.dropped += len(octets)
            octets = b""
        answer = self._telnet.outgoing()
        for said in self._telnet.subnegotiations():
            if len(said) > 1 and said[0] == COM_PORT:
                answer += self._answer(said[1], said[2:])
        if answer:
            await self._link.send(answer)
        return octets

    def _answer(self, command: int, value: bytes) -> bytes:
        """Carry out one command, and confirm what holds now. A value of 0 only asks."""
        if command in ECHOED:
            return _confirmed(command, value)
        number, settings = int.from_bytes(value, "big"), self.port_settings
        match command:
            case _ if command not in (SET_BAUD, SET_DATA_BITS, SET_PARITY, SET_STOP_BITS):
                return b""
            case _ if not number:
                pass
            case _ if command == SET_BAUD and len(value) == 4:
                settings = replace(settings, baud=number)
            case _ if command == SET_DATA_BITS and number in DATA_BITS:
                settings = replace(settings, data_bits=number)
            case _ if command == SET_PARITY and number in PARITY_LETTERS:
                settings = replace(settings, parity=PARITY_LETTERS[number])
            case _ if command == SET_STOP_BITS and number in STOP_BITS:
                settings = replace(settings, stop_bits=number)
        self.port_settings = settings
        holds = {
            SET_BAUD: settings.baud.to_bytes(4, "big"),
            SET_DATA_BITS: bytes((settings.data_bits,)),
            SET_PARITY: bytes((PARITIES[settings.parity],)),
            SET_STOP_BITS: bytes((settings.stop_bits,)),
        }
        return _confirmed(command, holds[command])


def _confirmed(command: int, value: bytes) -> bytes:
    return subnegotiation(COM_PORT, bytes((command + FROM_SERVER,)) + value)


def _pieces(octets: bytes) -> Iterator[bytes]:
    """Cut behind every subnegotiation: what stands before one was sent at the old settings."""
    *pieces, rest = octets.split(END_OF_SUBNEGOTIATION)
    yield from (piece + END_OF_SUBNEGOTIATION for piece in pieces)
    if rest:
        yield rest


async def serve_rfc2217(
    host: str, port: int, handler: LineHandler, settings: SerialSettings | None = None
) -> LinkServer:
    """A network port with a line behind it; `handler` serves each connection. Raises LinkUnreachableError."""

    async def serve(link: Link) -> None:
        await handler(Rfc2217Line(link, settings or SerialSettings()))

    return await serve_tcp(host, port, serve)
