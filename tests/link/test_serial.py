"""Serial lines on pseudo-terminals."""

from __future__ import annotations

import asyncio
import termios
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import uvloop

from ferraris.kernel.errors import LinkClosedError, LinkUnreachableError
from ferraris.link import MBUS_SETTINGS, SerialSettings, open_serial
from tests.link.conformance import LinkConformance, Pair, receive_octets
from tests.link.pty_line import serial_line, serial_pair


class TestSerial(LinkConformance):
    knows_peer = False
    tells_end = False

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return serial_pair()


class TestSerialUvloop(TestSerial):
    loop_factory = uvloop.new_event_loop


def test_the_line_is_opened_as_asked_and_adjusted_later() -> None:
    async def scenario() -> None:
        with serial_line() as line:
            link = await open_serial(line.devices[0], SerialSettings(300))
            other = await open_serial(line.devices[1])
            port = link._transport.get_extra_info("serial")
            assert termios.tcgetattr(port.fd)[4] == termios.B300
            await link.send(b"before")
            await link.adjust(SerialSettings(9600))
            assert termios.tcgetattr(port.fd)[4] == termios.B9600
            assert (port.bytesize, port.parity, port.stopbits) == (8, "N", 1)
            await link.send(b"behind")
            assert await receive_octets(other, 12) == b"beforebehind"
            await link.aclose()
            with pytest.raises(LinkClosedError):
                await link.adjust(SerialSettings(300))
            await other.aclose()

    asyncio.run(scenario())


def test_a_line_without_parity_is_opened_again_and_again() -> None:
    async def scenario() -> None:
        with serial_line() as line:
            for _ in range(3):
                link = await open_serial(line.devices[0], MBUS_SETTINGS)
                await link.aclose()

    asyncio.run(scenario())


def test_what_is_no_line_is_unreachable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    told = {
        "/nowhere/ttyUSB0": "No such file or directory",
        str(file): "Could not configure port: (25, 'Inappropriate ioctl for device')",
        str(tmp_path): "Is a directory",
        "": "No such file or directory",
    }
    for device, why in told.items():
        with pytest.raises(LinkUnreachableError) as refused:
            asyncio.run(open_serial(device))
        assert str(refused.value) == f"The serial line {device} cannot be opened: {why}"


def test_one_line_is_for_one_link() -> None:
    async def scenario() -> None:
        with serial_line() as line:
            link = await open_serial(line.devices[0])
            with pytest.raises(LinkUnreachableError, match=r"cannot be opened: another program has it$"):
                await open_serial(line.devices[0])
            await link.aclose()

    asyncio.run(scenario())


@pytest.mark.parametrize("settings", [SerialSettings(-1), SerialSettings(data_bits=9), SerialSettings(parity="Z")])
def test_settings_that_no_line_has_are_refused(settings: SerialSettings) -> None:
    async def scenario() -> None:
        with serial_line() as line, pytest.raises(LinkUnreachableError):
            await open_serial(line.devices[0], settings)

    asyncio.run(scenario())
