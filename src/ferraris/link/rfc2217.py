"""A serial line at the far end of a network, whose speed and parity can be set from here: telnet's COM port option (RFC 2217).

Serial servers and optical heads with a network port speak it. A converter that only passes octets on is an ordinary TCP link.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError, LinkUnreachableError, RemoteProtocolError
from ferraris.kernel.limits import LINK_CONNECT_TIMEOUT_S
from ferraris.link.contract import Link
from ferraris.link.middleware import Middleware
from ferraris.link.serial import SerialSettings
from ferraris.link.tcp import open_tcp
from ferraris.link.telnet import COM_PORT, WANTED, Telnet, escaped, subnegotiation

SET_BAUD, SET_DATA_BITS, SET_PARITY, SET_STOP_BITS = 1, 2, 3, 4
FROM_SERVER: Final = 100
"""A server's answer has its command's number and this."""
PARITIES: Final = {"N": 1, "O": 2, "E": 3}


class Rfc2217Link(Middleware):
    """Octets of a far serial line over a telnet stream. Receiving and adjusting are not for two tasks at a time."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._telnet = Telnet()
        self._held = bytearray()
        """Octets of the line that nobody has taken yet."""
        self._said: dict[int, bytes] = {}
        """What the server has said last, by its command."""
        self._closed = False

    async def send(self, octets: bytes) -> None:
        await self._link.send(escaped(octets))

    async def receive(self) -> bytes:
        while not self._held or self._closed:
            await self._take()
        held, self._held = bytes(self._held), bytearray()
        return held

    async def aclose(self) -> None:
        self._closed = True
        await super().aclose()

    async def adjust(self, settings: SerialSettings, timeout_s: float = LINK_CONNECT_TIMEOUT_S) -> None:
        """Set the far line. Raises LinkTimeoutError when the server does not confirm, LinkUnreachableError when it refuses."""
        wanted = {
            SET_BAUD: settings.baud.to_bytes(4, "big"),
            SET_DATA_BITS: bytes((settings.data_bits,)),
            SET_PARITY: bytes((PARITIES[settings.parity],)),
            SET_STOP_BITS: bytes((settings.stop_bits,)),
        }
        self._said.clear()
        request = b"".join(subnegotiation(COM_PORT, bytes((command,)) + value) for command, value in wanted.items())
        await self._link.send(request)
        try:
            async with asyncio.timeout(timeout_s):
                while not all(command + FROM_SERVER in self._said for command in wanted):
                    await self._take()
        except TimeoutError:
            raise LinkTimeoutError(f"{self.peer} does not set its serial line within {timeout_s:g} s") from None
        if any(self._said[command + FROM_SERVER] != value for command, value in wanted.items()):
            raise LinkUnreachableError(f"{self.peer} cannot set its serial line to {settings}")

    async def negotiate(self) -> None:
        """Ask for a binary stream and for the COM port option."""
        self._telnet.offer(WANTED)
        await self._link.send(self._telnet.outgoing())

    async def _take(self) -> None:
        octets = await self._link.receive()
        try:
            self._telnet.receive(octets)
        except RemoteProtocolError as error:
            await self._link.aclose()
            raise LinkClosedError(f"{self.peer} speaks no telnet: {error}") from error
        self._held += self._telnet.data()
        for said in self._telnet.subnegotiations():
            if len(said) >= 2 and said[0] == COM_PORT:
                self._said[said[1]] = said[2:]
        if self._telnet.refused(COM_PORT):
            raise LinkUnreachableError(f"{self.peer} has no COM port option")
        answer = self._telnet.outgoing()
        if answer:
            await self._link.send(answer)


async def open_rfc2217(
    host: str, port: int, settings: SerialSettings | None = None, timeout_s: float = LINK_CONNECT_TIMEOUT_S
) -> Rfc2217Link:
    """Connect to a serial server and set its line. Raises LinkUnreachableError, LinkTimeoutError, LinkClosedError."""
    link = Rfc2217Link(await open_tcp(host, port, timeout_s))
    try:
        await link.negotiate()
        await link.adjust(settings or SerialSettings(), timeout_s)
    except BaseException:
        await link.aclose()
        raise
    return link
