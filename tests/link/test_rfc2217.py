"""Serial lines behind pyserial's own RFC 2217 server, and servers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import serial
import serial.rfc2217

from ferraris.kernel.errors import LinkClosedError, LinkError, LinkTimeoutError, LinkUnreachableError
from ferraris.link import Link, SerialSettings, open_rfc2217, open_serial, serve_tcp
from tests.link.conformance import receive_octets
from tests.link.pty_line import serial_line


class PortWithoutModem(serial.Serial):
    """A pseudo-terminal has no modem lines to ask for."""

    cts = dsr = ri = cd = False


class Converter:
    """A serial server made with pyserial's PortManager: telnet on one side, a serial line on the other."""

    def __init__(self, device: str) -> None:
        self.port = PortWithoutModem(device, timeout=0)
        self._outgoing = bytearray()

    def write(self, octets: bytes) -> None:
        """What PortManager has to say to the network."""
        self._outgoing += octets

    async def serve(self, link: Link) -> None:
        manager = serial.rfc2217.PortManager(self.port, self)
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        loop.add_reader(self.port.fd, arrived.set)

        async def from_line() -> None:
            while True:
                await arrived.wait()
                arrived.clear()
                await link.send(b"".join(manager.escape(self.port.read(4_096))))

        task = asyncio.create_task(from_line())
        try:
            while True:
                octets = await link.receive()
                self.port.write(b"".join(manager.filter(octets)))
                said, self._outgoing = bytes(self._outgoing), bytearray()
                await link.send(said)
        finally:
            task.cancel()
            loop.remove_reader(self.port.fd)


def test_a_line_behind_a_foreign_server_is_set_and_carries_every_octet() -> None:
    async def scenario() -> None:
        with serial_line() as line:
            converter = Converter(line.devices[0])
            end = await open_serial(line.devices[1])
            server = await serve_tcp("127.0.0.1", 0, converter.serve)
            link = await open_rfc2217(server.host, server.port, SerialSettings(300))
            assert converter.port.baudrate == 300
            await link.adjust(SerialSettings(9600))
            assert converter.port.baudrate == 9600
            everything = bytes(range(256)) + b"\xff\xff\xff\x00"
            await link.send(everything)
            assert await receive_octets(end, len(everything)) == everything
            await end.send(everything)
            assert await receive_octets(link, len(everything)) == everything
            await link.aclose()
            await end.aclose()
            await server.aclose()
            converter.port.close()

    asyncio.run(scenario())


def opening(handler: Callable[[Link], Coroutine[Any, Any, None]], timeout_s: float = 20) -> None:
    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, handler)
        try:
            link = await open_rfc2217(server.host, server.port, SerialSettings(), timeout_s)
            await link.aclose()
        finally:
            await server.aclose()

    asyncio.run(scenario())


async def silent(link: Link) -> None:
    await asyncio.Event().wait()


async def without_option(link: Link) -> None:
    await link.receive()
    await link.send(b"\xff\xfe\x2c")
    await asyncio.Event().wait()


async def endless(link: Link) -> None:
    while True:
        await link.send(b"\xff\xfa" + bytes(5_000))


async def other_speed(link: Link) -> None:
    await link.receive()
    for command, value in ((101, (300).to_bytes(4, "big")), (102, b"\x08"), (103, b"\x01"), (104, b"\x01")):
        await link.send(b"\xff\xfa\x2c" + bytes((command,)) + value + b"\xff\xf0")
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("handler", "error"),
    [(without_option, LinkUnreachableError), (other_speed, LinkUnreachableError), (endless, LinkClosedError)],
)
def test_servers_that_do_not_do_it_are_refused(handler: Any, error: type[LinkError]) -> None:
    with pytest.raises(error):
        opening(handler)


def test_a_silent_server_is_given_up() -> None:
    with pytest.raises(LinkTimeoutError, match="does not set"):
        opening(silent, 0.05)
