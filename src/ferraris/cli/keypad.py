"""The keypads of a fleet in service: a local socket in the fleet's directory, through which people stand before the meters.

It needs no network, so a token can be typed when a meter's link is away, and only the fleet's owner can open it. A line is a
JSON object, and so is its answer:

    {"number": 7, "token": "1234 5678 9012 3456 7890"}    what the meter says to a token
    {"number": 7, "press": "emergency"}                   select emergency credit, or "reconnect"
    {"number": 7}                                         what the display shows
    {}                                                    the displays of all prepayment meters, in a list as "displays"

    {"number": 7, "credit": "3.2 kWh", "credit_wh": 3200, "supplied": true, "result": "accept", "display": ["accept", …]}
    {"error": "…"}

`credit_wh` is null where credit is money. A meter without power shows nothing: `credit` is null and `supplied` false.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import KEYPAD_CONNECTIONS_MAX, KEYPAD_LINE_OCTETS_MAX
from ferraris.meter import FleetService

SOCKET: Final = "keypad.sock"
ANSWER_OCTETS_MAX: Final = 16 * 1024 * 1024
TIMEOUT_S: Final = 30.0


class Keypads:
    """The keypads of a fleet, from outside its process. One connection for each line."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def type(self, number: int, token: str) -> dict[str, Any]:
        """Type a token at meter `number`. Raises ConfigError where there is no such keypad, or nobody runs the meters."""
        return self._asked({"number": number, "token": token})

    def press(self, number: int, button: str) -> dict[str, Any]:
        """Press `emergency` or `reconnect`. Raises ConfigError."""
        return self._asked({"number": number, "press": button})

    def display(self, number: int) -> dict[str, Any]:
        """What meter `number` shows. Raises ConfigError."""
        return self._asked({"number": number})

    def displays(self) -> list[dict[str, Any]]:
        """What all prepayment meters show. Raises ConfigError."""
        displays: list[dict[str, Any]] = self._asked({})["displays"]
        return displays

    def _asked(self, line: dict[str, Any]) -> dict[str, Any]:
        try:
            with _place(self._directory) as place, socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(TIMEOUT_S)
                connection.connect(place)
                connection.sendall(json.dumps(line).encode() + b"\n")
                octets = connection.makefile("rb").readline(ANSWER_OCTETS_MAX)
            answer = read_json_object(octets, "an answer of a keypad")
        except (OSError, ValueError, ConfigError):
            raise ConfigError(
                "no keypad answers", expected=f"prepayment meters being served in {self._directory}"
            ) from None
        if "error" in answer:
            raise ConfigError(str(answer["error"]))
        return answer


def keypad_text(answer: dict[str, Any]) -> str:
    """A meter's answer, as its display shows it."""
    credit = "no power" if answer["credit"] is None else f"credit {answer['credit']}"
    shown = answer.get("display") or [credit]
    return "\n".join([*shown, "supplied" if answer["supplied"] else "disconnected"])


@asynccontextmanager
async def keypads_served(service: FleetService, directory: Path) -> AsyncIterator[None]:
    """Serve the keypads of a fleet's prepayment meters, if it has any."""
    if not service.prepayment_meters:
        yield
        return
    answering = _Answering(service)
    server = await asyncio.start_unix_server(answering.serve, sock=_bound(directory), limit=KEYPAD_LINE_OCTETS_MAX)
    try:
        yield
    finally:
        server.close()
        answering.close()
        (directory / SOCKET).unlink(missing_ok=True)


def _bound(directory: Path) -> socket.socket:
    """The fleet's socket, which none but its owner can open. One that is there is of a process that died."""
    (directory / SOCKET).unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    others = os.umask(0o177)
    try:
        with _place(directory) as place:
            bound.bind(place)
    finally:
        os.umask(others)
    return bound


@contextmanager
def _place(directory: Path) -> Iterator[str]:
    """A path to the socket that is short enough for a socket, however deep the directory lies."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


class _Answering:
    """The serving end."""

    def __init__(self, service: FleetService) -> None:
        self._service = service
        self._open: set[asyncio.StreamWriter] = set()

    def close(self) -> None:
        for writer in self._open:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= KEYPAD_CONNECTIONS_MAX:
            writer.close()
            return
        self._open.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, OSError):
            pass  # a line without an end, or a peer that is gone: either way there is nobody to talk with
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return self._asked(read_json_object(line, "a line for a keypad", expected="a JSON object"))
        except FerrarisError as error:
            return {"error": str(error)}

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        service = self._service
        if "number" not in asked:
            return {"displays": [service.keypad_display(number) for number in service.prepayment_meters]}
        number, token, button = asked["number"], asked.get("token"), asked.get("press")
        if type(number) is not int:
            raise ConfigError("a keypad that there is not", expected="the number of a prepayment meter")
        if button is not None:
            done = service.press(number, str(button))
            return service.keypad_display(number) | {"done": done}
        if token is None:
            return service.keypad_display(number)
        outcome = service.enter_token(number, str(token))
        told = {"result": outcome.result.value, "display": list(outcome.display)}
        return service.keypad_display(number) | told
