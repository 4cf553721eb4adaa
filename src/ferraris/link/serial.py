"""Serial lines: RS-485 and RS-232 ports and optical heads, through pyserial.

Sending waits until the operating system has taken everything, so that a change of speed does not meet octets that were still
to be sent at the old one. Bits on the wire are counted by the hardware: 7 data bits with even parity are a matter of
`SerialSettings`, not of the octets.
"""

from __future__ import annotations

import asyncio
import errno
import os
import termios
from dataclasses import dataclass
from typing import Any, Final, Protocol

import serial  # type: ignore[import-untyped]  # pyserial has no annotations
from serial_asyncio_fast import SerialTransport

from ferraris.kernel.errors import LinkUnreachableError
from ferraris.link.contract import STREAM_OCTETS_MAX, Link, LinkCapabilities
from ferraris.link.stream import StreamLink
from ferraris.link.tcp import reason_text

SERIAL_CAPABILITIES: Final = LinkCapabilities(
    uplink_octets_max=STREAM_OCTETS_MAX,
    downlink_octets_max=STREAM_OCTETS_MAX,
    ordered=True,
    reliable=False,
    keeps_boundaries=False,
    round_trip_ms=300,
)
PSEUDO_TERMINALS: Final = range(136, 144)
"""Their major device numbers on Linux."""
CANNOT_BE_SET: Final = (OSError, ValueError, OverflowError, termios.error)
"""What pyserial raises for a device that is not there, is no serial line, or does not know the settings."""


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Speed and form of the characters on a line."""

    baud: int = 9600
    data_bits: int = 8
    parity: str = "N"
    """N, E or O."""
    stop_bits: int = 1


MBUS_SETTINGS: Final = SerialSettings(2400, 8, "E")
"""How wired M-Bus is spoken unless meters were set to another speed."""


class AdjustableLine(Link, Protocol):
    """A link to a serial line, near or far, whose settings can be changed while it is open."""

    async def adjust(self, settings: SerialSettings) -> None:
        """From now on speak so. What was sent before has gone out at the old settings."""
        ...


class _Port(serial.Serial):  # type: ignore[misc]
    """A port whose write never waits: pyserial's own spins while the line is busy, and would hold up the event loop.

    A pseudo-terminal has characters of eight bits without parity, and refuses to be set when nothing else is left to be changed:
    it is set so.
    """

    def _reconfigure_port(self, force_update: bool = False) -> None:
        if os.major(os.fstat(self.fd).st_rdev) in PSEUDO_TERMINALS:
            self._parity, self._bytesize = serial.PARITY_NONE, serial.EIGHTBITS
        super()._reconfigure_port(force_update)

    def write(self, octets: bytes) -> int:
        return os.write(self.fd, octets)


class SerialLink(StreamLink):
    """One open serial line."""

    capabilities = SERIAL_CAPABILITIES

    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device

    @property
    def local(self) -> str:
        return f"serial:{self._device}"

    @property
    def peer(self) -> str:
        """Who is at the other end of a line, nobody knows."""
        return f"line:{self._device}"

    async def adjust(self, settings: SerialSettings) -> None:
        """Raises LinkUnreachableError when the line cannot be set so."""
        self._inbox.check_open()
        port = self._transport.get_extra_info("serial")
        await asyncio.get_running_loop().run_in_executor(None, port.flush)
        try:
            port.apply_settings(_port_settings(settings))
        except CANNOT_BE_SET as error:
            raise LinkUnreachableError(
                f"The serial line {self._device} cannot be set to {settings}: {error}"
            ) from error


def _why(error: Exception) -> str:
    """Why a line cannot be opened, once: pyserial says it in its own words and in the system's."""
    if isinstance(error, OSError) and error.errno == errno.EAGAIN:
        return "another program has it"
    return reason_text(error)


async def open_serial(device: str, settings: SerialSettings | None = None) -> SerialLink:
    """Open a serial line, such as `/dev/ttyUSB0`, for this process alone. Raises LinkUnreachableError."""
    loop = asyncio.get_running_loop()
    wanted = _port_settings(settings or SerialSettings())
    try:
        port = await loop.run_in_executor(None, lambda: _Port(device, exclusive=True, **wanted))
    except CANNOT_BE_SET as error:
        raise LinkUnreachableError(f"The serial line {device} cannot be opened: {_why(error)}") from error
    link = SerialLink(device)
    transport = SerialTransport(loop, link, port)
    transport.set_write_buffer_limits(high=0)
    link.connection_made(transport)  # asyncio will say so only in the loop's next turn
    return link


def _port_settings(settings: SerialSettings) -> dict[str, Any]:
    return {
        "baudrate": settings.baud,
        "bytesize": settings.data_bits,
        "parity": settings.parity,
        "stopbits": settings.stop_bits,
        "timeout": 0,
        "write_timeout": 0,
    }
