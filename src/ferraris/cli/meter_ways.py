"""Where virtual meters answer beside their own addresses: a serial bus, a wired M-Bus, a gateway, an optical head."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Annotated, Final, TypeAlias

import typer

from ferraris.iec62056_21 import OPENING, UNSOLICITED_FORM, LineForm, Mode
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.network_address import read_place
from ferraris.link import MBUS_SETTINGS, AdjustableLine, SerialSettings, open_serial, serve_rfc2217
from ferraris.meter import FleetService

_BAUD: Final = re.compile("[0-9]{3,7}")


class OpticalMode(Enum):
    """How the optical head speaks."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"


SerialOption: TypeAlias = Annotated[
    str, typer.Option(metavar="DEVICE[:BAUD]", help="Answer on this serial line too: HDLC, physical addresses from 17.")
]
MbusOption: TypeAlias = Annotated[
    str, typer.Option(metavar="DEVICE[:BAUD]", help="Answer on this wired M-Bus too, primary addresses from 1.")
]
GatewayOption: TypeAlias = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="Be a gateway to the meters here: network 0, serials as addresses.")
]
OpticalOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="DEVICE|HOST:PORT", help="Meter 1 has an optical head: on this line, or behind a port of RFC 2217."
    ),
]
OpticalModeOption: TypeAlias = Annotated[
    OpticalMode, typer.Option(help="How it speaks (IEC 62056-21); d sends every ten seconds, unasked.")
]


@dataclass(frozen=True, slots=True)
class MoreWays:
    """Where meters answer beside their own addresses; empty where they do not."""

    serial: str = ""
    mbus: str = ""
    gateway: str = ""
    optical: str = ""
    """A device, or host and port of a serial server."""
    optical_mode: OpticalMode = OpticalMode.E
    unasked_every_s: int = 10

    def check(self) -> None:
        """Raises ConfigError for what is no place."""
        serial_line("--serial", self.serial, SerialSettings())
        serial_line("--mbus", self.mbus, MBUS_SETTINGS)
        address_of("--gateway", self.gateway)
        if not self.optical.startswith("/"):
            address_of("--optical", self.optical)

    async def serve(self, service: FleetService) -> None:
        """Until the service or one of the lines ends."""
        async with AsyncExitStack() as stack:
            serving: list[Callable[[], Awaitable[None]]] = [service.run]
            if self.gateway:
                server = await service.serve_gateway(*address_of("--gateway", self.gateway))
                stack.push_async_callback(server.aclose)
            serial = serial_line("--serial", self.serial, SerialSettings())
            if serial is not None:
                serving.append(partial(service.serve_bus, await _opened(stack, *serial)))
            mbus = serial_line("--mbus", self.mbus, MBUS_SETTINGS)
            if mbus is not None:
                serving.append(partial(service.serve_mbus, await _opened(stack, *mbus)))
            if self.optical:
                serving += await self._optical_head(service, stack)
            await asyncio.gather(*(begin() for begin in serving))

    async def _optical_head(self, service: FleetService, stack: AsyncExitStack) -> list[Callable[[], Awaitable[None]]]:
        async def serve(line: AdjustableLine) -> None:
            if self.optical_mode is OpticalMode.D:
                await service.send_unasked(line, self.unasked_every_s)
            else:
                await service.serve_optical_head(line, Mode(self.optical_mode.name))

        form = _settings(UNSOLICITED_FORM if self.optical_mode is OpticalMode.D else OPENING)
        if self.optical.startswith("/"):
            return [partial(serve, await _opened(stack, self.optical, form))]
        server = await serve_rfc2217(*address_of("--optical", self.optical), serve, form)
        stack.push_async_callback(server.aclose)
        return []


async def _opened(stack: AsyncExitStack, device: str, settings: SerialSettings) -> AdjustableLine:
    line = await open_serial(device, settings)
    stack.push_async_callback(line.aclose)
    return line


def _settings(form: LineForm) -> SerialSettings:
    return SerialSettings(form.baud, form.data_bits, form.parity)


def address_of(option: str, text: str) -> tuple[str, int]:
    """Host and port; no host and port 0 for no text. Raises ConfigError."""
    return read_place(text, option) if text else ("", 0)


def serial_line(option: str, text: str, settings: SerialSettings) -> tuple[str, SerialSettings] | None:
    """A device and how it is set; None for no text. Raises ConfigError."""
    if not text:
        return None
    device, _, baud = text.partition(":")
    if not device or (baud and not _BAUD.fullmatch(baud)):
        raise ConfigError(option, expected="DEVICE[:BAUD]", got=text)
    return device, replace(settings, baud=int(baud)) if baud else settings
